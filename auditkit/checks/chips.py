"""Checks 64 to 66: whose machines does the proposal name (docs/chips.md)?"""

from __future__ import annotations

from typing import Final

from auditkit.decision import Check

CHIPS_KNOWN: Final = Check(
    64,
    "chips.known",
    "Does every blessed chip belong to a node of the registry?",
    "a node of the registry for each chip",
    matters="The proposal names machines by numbers of their processors. Only the registry ties such a number to a "
    "node, and to whoever owns it.",
    failure="The proposal lets a machine start the recovery image that never was a node of the Internet Computer.",
    advice="Ask the proposer whose machine it is that no node was found for, and why it is named. Do not vote yes "
    "before that is known.",
    unanswered="Bring the folder up to date with `auditkit registry sync`, and audit again.",
)
CHIPS_SUBNET: Final = Check(
    65,
    "chips.subnet",
    "Are all blessed chips in one subnet?",
    "nodes of one subnet",
    matters="A recovery is for one subnet. Machines of others could be started with its image as well.",
    advice="Look up which subnet each machine is in, and ask the proposer where it is not the one of the recovery.",
)
CHIPS_ATTESTED: Final = Check(
    66,
    "chips.attested",
    "Does the attested chip belong to the node that the report is said to come from?",
    "the chip that the registry holds for that node",
    matters="A genuine report of one machine proves nothing about another.",
    failure="The registry gives the chip of the report to another node.",
    advice="Ask the node's operator for the report of the machine that the node runs on.",
)
