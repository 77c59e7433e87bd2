"""Checks 25 to 28: does the proposal bless what the base release measures to?"""

from __future__ import annotations

from typing import Final

from auditkit.decision import Check

OVERLAP_ANY: Final = Check(
    25,
    "overlap.any",
    "Is at least one blessed measurement one of the base release?",
    "at least one equal measurement (dfinity's own gate)",
    matters="Without one equal measurement no node that runs the base release could use the recovery.",
    failure="Nothing that the proposal blesses is the base release in a setting that nodes are started with.",
    advice="Ask the proposer which release the measurements belong to, and in which setting they were made.",
)
OVERLAP_EXPLAINED: Final = Check(
    26,
    "overlap.explained",
    "Is every blessed measurement one of the base release?",
    "every blessed measurement computed from the base release",
    matters="Each blessed measurement is a door to the secrets of the named machines. A measurement that "
    "nobody can explain is a door that nobody has seen behind.",
    failure="The proposal blesses at least one guest that is not the base release as nodes start it.",
    advice="Ask the proposer what each unexplained measurement is.",
)
OVERLAP_LABELS: Final = Check(
    27,
    "overlap.labels",
    "Do the proposal's labels describe the measurements they stand beside?",
    "no label that contradicts the computed setting",
    matters="Voters read the labels; processors compare only the bytes. A wrong label tells voters something "
    "that is not so.",
    failure="The bytes are those of the base release, but their description in the proposal is wrong.",
    advice="Ask the proposer for another proposal, with right labels. The bytes themselves are listed below.",
)
OVERLAP_COVERAGE: Final = Check(
    28,
    "overlap.coverage",
    "Is every setting of the base release blessed?",
    "every computed measurement blessed",
    matters="Machines whose CPU type is left out cannot be recovered with this proposal.",
    advice="If you run such machines, ask the proposer to add them.",
)
