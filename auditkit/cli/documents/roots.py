"""The document of ``auditkit compare-roots``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from auditkit.cli.documents.document import PrintedDocument
from auditkit.guestos.roots import (
    ComparedRoot,
    Counts,
    FolderCounts,
    ReasonCount,
    RootDifference,
    SettingDifference,
)
from auditkit.numbers import Count


class CompareRoots(PrintedDocument):
    """``auditkit compare-roots --json``: every name on which two root file systems differ. Information, no verdict.

    Attributes:
        base, recovery: the two.
        counts: how many names differ.
        reasons: how many of them stand at the top for each reason, in the order of how much they matter.
        settings: what differs in the superblocks but sizes, times and counts.
        other_times: names that both have, with another time of the last change; these are not differences.
        folders: where the differences are, each counted once.
        differences: what is notable first, by the first of its reasons, then the rest, each part by path; where there
            are too many, the first of each part.
        unlisted: differences that are counted and not in ``differences``.
        unseen: what this comparison cannot see, a sentence each.
    """

    schema_id: Literal["auditkit/compare-roots/v1"] = Field(
        default="auditkit/compare-roots/v1", alias="schema"
    )
    base: ComparedRoot
    recovery: ComparedRoot
    counts: Counts
    reasons: tuple[ReasonCount, ...]
    settings: tuple[SettingDifference, ...]
    other_times: Count
    folders: tuple[FolderCounts, ...]
    differences: tuple[RootDifference, ...]
    unlisted: Count
    unseen: tuple[str, ...]
