"""Tables of decisions in Markdown."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Final

from auditkit.decision import Decision, Outcome
from auditkit.report.rendering.groups import SKIPS, state, unasked
from auditkit.report.rendering.markdown.words import code, prose, table

_HEAD: Final = ("No.", "Check", "Outcome", "Why")
_OUTCOMES: Final = {
    Outcome.PASS: "✅ pass",
    Outcome.FAIL: "❌ **fail**",
    Outcome.WARN: "⚠️ warn",
}


def decision_table(
    decisions: Sequence[Decision], answered: Collection[str], *, reason: int, together: bool = False
) -> str:
    """A row for each decision.

    Args:
        answered: ids of the checks that the policy wants an answer to.
        reason: characters of a reason.
        together: whether the checks that were skipped for one and the same reason share a row.
    """
    shared = {one.decisions[0].id: one.decisions for one in unasked(decisions, answered)} if together else {}
    left_out = {decision.id for members in shared.values() for decision in members[1:]}
    return table(
        _HEAD,
        [
            _row(shared.get(decision.id, (decision,)), answered, reason)
            for decision in decisions
            if decision.id not in left_out
        ],
    )


def _row(members: Sequence[Decision], answered: Collection[str], reason: int) -> tuple[str, ...]:
    first = members[0]
    more = f" and {len(members) - 1} more" if len(members) > 1 else ""
    return (
        _numbers([decision.number for decision in members]),
        f"{code(first.id)}{more}",
        _OUTCOMES.get(first.outcome) or f"➖ {SKIPS[state(first, answered)]}",
        prose(first.reason, reason),
    )


def _numbers(numbers: Sequence[int]) -> str:
    """Numbers of checks, such as ``12, 64–66``."""
    starts = [numbers[0], *(here for before, here in pairwise(numbers) if here != before + 1)]
    ends = [*(before for before, here in pairwise(numbers) if here != before + 1), numbers[-1]]
    spans = zip(starts, ends, strict=True)
    return ", ".join(f"{start}" if start == end else f"{start}–{end}" for start, end in spans)
