"""Checks 29 to 34: is the recovery image the base release with a blessed root?"""

from __future__ import annotations

from typing import Final

from auditkit.decision import Check

RECOVERY_TREE: Final = Check(
    29,
    "recovery.tree",
    "Is the recovery boot tree the base's tree with the proposal added, and nothing else?",
    "every name, type and content of the base, and /alternative_guestos_proposal.cbor",
    matters="What is added to the boot files is not measured, and what is changed starts another machine.",
    failure="The recovery image starts something other than the base release, or carries files that nobody "
    "voted about.",
    advice="Ask whoever built the image for one that is the base release with the proposal, and nothing "
    "else.",
)
RECOVERY_METADATA: Final = Check(
    30,
    "recovery.metadata",
    "Do the files of the recovery boot tree have the modes, owners and labels of the base's?",
    "the same mode, owner and attributes",
    matters="A file with other owners or rights can do other things with the same contents.",
    advice="Ask whoever built the image how it was made; dfinity's build keeps them as they are.",
)
RECOVERY_PROPOSAL: Final = Check(
    31,
    "recovery.proposal",
    "Is the proposal inside the recovery image the one that is audited?",
    "a valid certificate of the same proposal",
    matters="The node follows the proposal inside the image, whichever one you audited.",
    failure="The proposal inside the recovery image is not the one that this audit is about, or is no valid "
    "certificate.",
    advice="Ask whoever built the image for one with this proposal inside.",
)
RECOVERY_MEASUREMENTS: Final = Check(
    32,
    "recovery.measurements",
    "Does the recovery image measure to what the base release measures to, and is that blessed?",
    "the measurements of the base release, some of them blessed",
    matters="This is what the processor will measure when the image is started.",
    failure="The recovery image measures to something that the proposal does not bless: no node would open "
    "its secrets to it.",
    advice="Ask whoever built the image which base release it was made from.",
)
RECOVERY_ROOT_HASH: Final = Check(
    33,
    "recovery.root-hash",
    "Is the recovery root file system the one that the NNS blessed?",
    "the dm-verity root of its root.img equals rootfs_hash",
    matters="The root file system is what the recovered node runs. The vote named one by its hash.",
    failure="The root file system of the image is not the one that the NNS blessed.",
    advice="Ask whoever built the image for the root file system that was voted on.",
)
RECOVERY_VERSION: Final = Check(
    34,
    "recovery.version",
    "Which version does the recovery image say it is?",
    "VERSION.TXT and version.txt",
    matters="A node tells others which version it runs by this name.",
    advice="Ask whoever built the image which version it was meant to be.",
)
