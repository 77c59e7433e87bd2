"""What is new in the root file system, for reading: the sums, and what decides what runs first."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final, NamedTuple

from auditkit.guestos.roots import Notable
from auditkit.report.root_records import RootChange, RootChanges

CAVEAT: Final = (
    "This tells which bytes and names are new, and never that they are harmless. All of it is in the evidence, in "
    "root-comparison.json."
)
_RUN: Final = 4  # equal lines that are told by their number


class Part(NamedTuple):
    """Changes that belong together: those that are listed, and how many there are."""

    title: str
    changes: tuple[RootChange, ...]
    total: int

    @property
    def number(self) -> str:
        """How many there are, and how many of them are listed."""
        listed = len(self.changes)
        return f"{self.total:,}" if listed == self.total else f"{self.total:,}, the first {listed:,} listed"


def parts(roots: RootChanges) -> tuple[Part, ...]:
    """The changes by why they stand at the top, and then all others."""
    totals = {one.reason: one.names for one in roots.reasons}
    found = [
        Part(
            str(reason),
            tuple(one for one in roots.differences if one.notable and one.notable[0] is reason),
            totals.get(reason, 0),
        )
        for reason in Notable
    ]
    others = tuple(one for one in roots.differences if not one.notable)
    found.append(Part("all others", others, roots.counts.total - sum(totals.values())))
    return tuple(part for part in found if part.total)


def new_inside(roots: RootChanges) -> str:
    """What is new, in half a sentence: sums alone."""
    total = roots.counts.total
    if not total and roots.settings:
        return "no name differs, but settings of the file system do"
    if not total:
        return "nothing: every name, right and content is the base release's"
    first = sum(one.names for one in roots.reasons)
    told = f"{total:,} of {roots.recovery_names:,} names differ"
    return (
        f"{told}, {first:,} of them in what runs, with which rights, or whom the system trusts"
        if first
        else told
    )


def lead(roots: RootChanges) -> str:
    """The sums, in a sentence."""
    total = roots.counts.total
    if not total:
        return f"No name, right or content differs: both hold the same {roots.recovery_names:,} names."
    of = roots.recovery_names + roots.counts.removed  # every name that either of them has
    return f"{total:,} of {of:,} names {'differs' if total == 1 else 'differ'}: {roots.counts.in_words}."


def collapsed(lines: Sequence[str]) -> tuple[str, ...]:
    """The lines of a text, runs of equal ones told by their number."""
    found: list[str] = []
    for line, run in groupby(lines):
        number = sum(1 for _ in run)
        found += [line] * number if number < _RUN else [line, f"… {number - 1:,} more such lines"]
    return tuple(found)
