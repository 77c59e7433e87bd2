"""Checks 12 to 17: is it the proposal that was asked for, and is it well formed?"""

from __future__ import annotations

from typing import Final

from auditkit.decision import Check

REPLY_REQUEST: Final = Check(
    12,
    "reply.request",
    "Is it the answer to our question, asked of the governance canister?",
    "one replied request whose id is that of the stored request",
    matters="A genuine answer to another question, or of another canister, would be signed just as well.",
    failure="The answer is genuine and belongs to another question: it says nothing about this proposal.",
    advice="Fetch the proposal again and keep both files that `auditkit fetch-proposal` writes: the answer "
    "and its request.",
)
PROPOSAL_REPLY: Final = Check(
    13,
    "proposal.reply",
    "Does the answer hold the proposal that was asked for?",
    "the proposal with the wanted id",
    matters="The answer could hold another proposal, or say that there is none.",
    failure="The network that was asked does not know a proposal with this number, or answered with another "
    "one.",
    advice="Check the number, and which network was asked (root_key, proposal_source).",
)
PROPOSAL_STAGE: Final = Check(
    14,
    "proposal.stage",
    "Does the proposal bless an alternative GuestOS, and does its status fit the stage?",
    "action BlessAlternativeGuestOsVersion in a fitting status",
    matters="Only a proposal of this kind lets a node open its secrets to a recovery GuestOS, and only once "
    "it was adopted.",
    failure="The proposal does something else, or it is not at the point where this audit expects it: an open"
    " proposal may yet be rejected, and a rejected one blesses nothing.",
    advice="Nothing may be built from it before it was adopted and executed. While it is open, "
    "`-p stage=vote` audits it for a vote.",
)
PROPOSAL_CHIP_IDS: Final = Check(
    15,
    "proposal.chip-ids",
    "Does the proposal name whole chips?",
    "at least one chip id, each of 64 bytes",
    matters="The chip ids are what keeps a blessed image on the broken machines. Elsewhere it must not open "
    "anything.",
    failure="A chip id cannot be that of an AMD processor: the machines cannot be recovered, or nobody knows "
    "which were meant.",
    advice="Ask the proposer for another proposal, with whole chip ids, 64 bytes each.",
)
PROPOSAL_ROOTFS_HASH: Final = Check(
    16,
    "proposal.rootfs-hash",
    "Is the recovery root hash a dm-verity root hash?",
    "64 hex digits",
    matters="This hash is all that ties the new root file system to the vote.",
    failure="No file system can have this hash: no node could start with it, or nobody knows what was meant.",
    advice="Ask the proposer for another proposal, with the dm-verity root hash, 64 hex digits.",
)
PROPOSAL_MEASUREMENTS: Final = Check(
    17,
    "proposal.measurements",
    "Does the proposal bless well-formed measurements?",
    "at least one, each of 48 bytes",
    matters="The measurements are what a processor compares before a node gets its secrets.",
    failure="A blessed measurement cannot be that of any machine, or there is none: the proposal recovers "
    "nothing.",
    advice="Ask the proposer for another proposal, with measurements of 48 bytes each.",
)
