"""What is new in the root file system, in a document: the sums, and the first differences in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from auditkit.guestos.roots import (
    ChangeKind,
    Counts,
    FolderCounts,
    Notable,
    ReasonCount,
    RootDifference,
    fair_part,
    in_words,
    setting_in_words,
)
from auditkit.numbers import Count
from auditkit.report.field_types import Part, Sha256

if TYPE_CHECKING:
    from auditkit.guestos.roots import RootComparison

_LISTED = 400  # differences
_TEXTS = 60  # of those that have some, with the lines that differ
_LINES = 40  # of one text


class RootChange(Part):
    """One name on which the two root file systems differ.

    Attributes:
        path: with a leading slash; bytes that are not UTF-8, and backslashes, as backslash escapes.
        kind: added, removed, changed, or in metadata alone.
        notable: why it stands at the top; empty where it does not.
        told: all of it on one line, what others wrote made visible.
        lines: the first lines that differ, as ``diff -u`` shows them; empty where none are shown.
        more_lines: how many there are besides.
    """

    path: str
    kind: ChangeKind
    notable: tuple[Notable, ...]
    told: str
    lines: tuple[str, ...]
    more_lines: Count

    @classmethod
    def of(cls, found: RootDifference, *, with_lines: bool) -> Self:
        """A difference, in words."""
        lines = found.text.lines[:_LINES] if found.text and with_lines else ()
        rest = len(found.text.lines) - len(lines) + found.text.omitted if found.text else 0
        return cls(
            path=found.path,
            kind=found.kind,
            notable=found.notable,
            told=in_words(found),
            lines=lines,
            more_lines=rest,
        )


class RootChanges(Part):
    """What is new in the root file system of a recovery image. The evidence has all of it.

    Attributes:
        base_root, recovery_root: dm-verity roots that were computed, 64 hex digits.
        base_names, recovery_names: how many names each tree has.
        counts: how many names differ.
        reasons: how many of them stand at the top for each reason, whether listed or not.
        settings: what differs in the superblocks, a line each, what others wrote made visible.
        folders: where they are, each counted once.
        differences: the first of them for each reason, then the first of the rest, each part by path.
        unlisted: differences that are counted and not in ``differences``.
        unseen: what the comparison cannot see, a sentence each.
    """

    base_root: Sha256
    recovery_root: Sha256
    base_names: Count
    recovery_names: Count
    counts: Counts
    reasons: tuple[ReasonCount, ...]
    settings: tuple[str, ...]
    folders: tuple[FolderCounts, ...]
    differences: tuple[RootChange, ...]
    unlisted: Count
    unseen: tuple[str, ...]

    @classmethod
    def of(cls, found: RootComparison) -> Self:
        """A comparison, cut to what a person reads."""
        groups = [
            [one for one in found.differences if (one.notable[0] if one.notable else None) is reason]
            for reason in (*Notable, None)
        ]
        shown = fair_part(groups, _LISTED)
        with_lines = set([one.path for one in shown if one.text][:_TEXTS])
        return cls(
            base_root=found.base.root_hash,
            recovery_root=found.recovery.root_hash,
            base_names=found.base.names,
            recovery_names=found.recovery.names,
            counts=found.counts,
            reasons=found.reasons,
            settings=tuple(map(setting_in_words, found.settings)),
            folders=found.folders,
            differences=tuple(RootChange.of(one, with_lines=one.path in with_lines) for one in shown),
            unlisted=found.counts.total - len(shown),
            unseen=found.unseen,
        )
