"""Where the differences are: counts by folder, as few folders as a person reads, those with many changes divided."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from auditkit.guestos.roots.described import name_as_text
from auditkit.numbers import Count

_FOLDERS_MAX: Final = 40


class ChangeKind(StrEnum):
    """How a name differs. `METADATA` is for owner, mode, label and the like alone."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    METADATA = "metadata"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many names differ, by the kinds of `ChangeKind`."""

    added: Count
    removed: Count
    changed: Count
    metadata: Count

    @property
    def total(self) -> int:
        """All of them."""
        return self.added + self.removed + self.changed + self.metadata

    @property
    def in_words(self) -> str:
        """Those that are not zero, such as ``3 added, 1 removed``; empty where nothing differs."""
        parts = (
            (self.added, "added"),
            (self.removed, "removed"),
            (self.changed, "changed"),
            (self.metadata, "in metadata alone"),
        )
        return ", ".join(f"{count:,} {what}" for count, what in parts if count)


@dataclass(frozen=True, slots=True)
class FolderCounts:
    """How many names differ in a folder.

    Attributes:
        folder: with a leading slash.
        below: whether those in its folders are counted too; else only those that stand in it.
        counts: how many.
    """

    folder: str
    below: bool
    counts: Counts


class FolderTally:
    """Counts differences by the folder that they are in."""

    def __init__(self) -> None:
        self._in: dict[bytes, Counter[ChangeKind]] = defaultdict(Counter)

    def add(self, path: bytes, kind: ChangeKind) -> None:
        """Counts one difference."""
        self._in[path.rpartition(b"/")[0] if path else b""][kind] += 1

    def total(self) -> Counts:
        """How many there are in all."""
        return _counts(sum(self._in.values(), Counter()))

    def folders(self) -> tuple[FolderCounts, ...]:
        """At most 40 folders that together hold all differences, each counted once; sorted by name."""
        inner: dict[bytes, set[bytes]] = defaultdict(set)
        for folder in self._in:
            at = folder
            while at and at not in inner[outer := at.rpartition(b"/")[0]]:
                inner[outer].add(at)
                at = outer
        below = {folder: Counter(self._in.get(folder, ())) for folder in {*self._in, *inner}}
        for folder in sorted(below, key=lambda one: one.count(b"/"), reverse=True):
            if folder:
                below[folder.rpartition(b"/")[0]].update(below[folder])
        whole: set[bytes] = {b""} if below else set()
        alone: set[bytes] = set()
        tried: set[bytes] = set()
        while waiting := [one for one in whole if one not in tried and one in inner]:
            largest = max(waiting, key=lambda one: (below[one].total(), one))
            tried.add(largest)
            stands_in = largest in self._in
            if len(whole) - 1 + len(alone) + stands_in + len(inner[largest]) > _FOLDERS_MAX:
                continue
            whole = (whole - {largest}) | inner[largest]
            alone |= {largest} if stands_in else set()
        found = [(one, True, below[one]) for one in whole] + [(one, False, self._in[one]) for one in alone]
        return tuple(
            FolderCounts("/" + name_as_text(folder), is_below, _counts(counts))
            for folder, is_below, counts in sorted(found, key=lambda one: one[0])
        )


def _counts(counter: Counter[ChangeKind]) -> Counts:
    return Counts(*(counter[kind] for kind in ChangeKind))
