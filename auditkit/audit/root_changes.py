"""What is new in the root file system of a recovery image (check 77): told, and never a verdict."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditkit import checks
from auditkit.decision import Decision

if TYPE_CHECKING:
    from auditkit.guestos.roots import ComparedRoot, RootComparison


def decide_root_changes(comparison: RootComparison, evidence: tuple[str, ...]) -> Decision:
    """Check 77: passes where no name differs, and warns where one does; what a change does, nobody can compute."""
    check = checks.ROOT_CHANGES
    odd = [*_oddities("base", comparison.base), *_oddities("recovery image", comparison.recovery)]
    counts = comparison.counts
    if not counts.total and not comparison.settings and not odd:
        return check.passed("no difference", "No name, right or content differs.", evidence=evidence)
    told = (
        f"{counts.added:,} added, {counts.removed:,} removed, {counts.changed:,} changed, "
        f"{counts.metadata:,} in metadata alone"
    )
    return check.warned(
        told, " ".join((_reason(comparison), *_settings(comparison), *odd)), evidence=evidence
    )


def decide_roots_not_compared(why: str) -> Decision:
    """Check 77 where the two could not be compared.

    Args:
        why: without a full stop.
    """
    return checks.ROOT_CHANGES.warned(
        "not compared", f"What is new in the root file system could not be found out: {why}."
    )


def _reason(comparison: RootComparison) -> str:
    total = comparison.counts.total
    if not total:
        return "No name, right or content differs."
    first = sum(one.names for one in comparison.reasons)
    names = "1 name differs" if total == 1 else f"{total:,} names differ"
    if not first:
        return (
            f"{names}; none stands in a place that auditkit knows to decide what runs, with which rights, or whom the "
            "system trusts."
        )
    return (
        f"{names}, and {first:,} of them {'decides' if first == 1 else 'decide'} what runs, with which rights, or whom "
        "the system trusts: look at these."
    )


def _settings(comparison: RootComparison) -> Iterator[str]:
    if comparison.settings:
        names = ", ".join(setting.name for setting in comparison.settings)
        yield f"The file system itself has another value of: {names}."


def _oddities(which: str, root: ComparedRoot) -> Iterator[str]:
    for problem in root.problems[:1]:
        yield f"The root hash does not vouch for all of the {which}: {problem}."
    for warning in root.warnings[:1]:
        yield f"Of the {which}: {warning}."
