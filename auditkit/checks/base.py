"""Checks 18 to 22: is the base image the released one, and is it whole?"""

from __future__ import annotations

from typing import Final

from auditkit.decision import Check

BASE_DIGEST: Final = Check(
    18,
    "base.digest",
    "Is the base image the one that was published?",
    "the SHA-256 that was pinned or published",
    matters="The measurements are computed from this image, so it has to be the one that was released.",
    failure="What was downloaded is not what was named: it was damaged or exchanged on its way, or the digest"
    " belongs to another image.",
    advice="Download it again, from another address. If the digest was pinned in the parameters, check it "
    "against the release's own page.",
    unanswered="The image could not be had. Try again later, or give a copy of your own: `-p base_image=FILE`.",
    election_advice="Download it again, from another address of the proposal. If that fails too, ask the proposer: the "
    "proposal names another image than the one that lies there.",
)
BASE_VERSION: Final = Check(
    19,
    "base.version",
    "Does the base image say it is the version asked for?",
    "version.txt names the base version",
    matters="Comparing with another release would explain nothing about this one.",
    failure="The image is that of another version than the one that was asked about.",
    advice="Check `base_version` and `base_image`: they have to be about one release.",
    election_advice="Ask the proposer: the image that the proposal names says that it is another version.",
)
BASE_FILE_SYSTEM: Final = Check(
    20,
    "base.file-system",
    "Is the boot file system undamaged?",
    "every metadata checksum that was read is right",
    matters="Files out of a damaged file system could be other files than those that nodes start with.",
    advice="Download the image again. If it fails again, ask who published it.",
)
BASE_BOOT_ARGS: Final = Check(
    21,
    "base.boot-args",
    "Do the build and the host read the same kernel command lines?",
    "both grammars agree on every line of boot_args",
    matters="The command lines are measured. If the build and the host read them differently, the machine "
    "starts with another line than the one that was measured.",
    failure="Build and host do not start the same guest from this release: its measurements may be those of a"
    " machine that never runs.",
    advice="Show this to the developers of the release: their build and their host disagree about it.",
)
BASE_ROOT_HASH: Final = Check(
    22,
    "base.root-hash",
    "Is the base root file system the one its command lines name?",
    "the dm-verity root of root.img equals root_hash= in boot_args",
    matters="The measurement covers the command line, and the command line names the root file system. This "
    "closes the chain from the chip to every file.",
    failure="The root file system in the image is not the one that its measured command lines name.",
    advice="Download the image again. If it fails again, do not use the release before its developers "
    "explain it.",
)
