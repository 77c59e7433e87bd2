"""The one place where decisions become a verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from auditkit.audit.verdict.policy import Policy
from auditkit.decision import JSON_PART, Decision, Outcome, Sentence


class Verdict(StrEnum):
    """PASS, FAIL (a check ran and failed), or TROUBLE (it could not be determined)."""

    PASS = "PASS"  # noqa: S105  (a verdict, not a password)
    FAIL = "FAIL"
    TROUBLE = "TROUBLE"

    @property
    def exit_status(self) -> int:
        """0, 1 or 2, the exit status of every command that reaches this verdict."""
        return {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.TROUBLE: 2}[self]

    @property
    def symbol(self) -> str:
        """The mark that stands before the word wherever verdicts are shown."""
        return {Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.TROUBLE: "?"}[self]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something could not be determined: what happened, where, and what to do about it."""

    __pydantic_config__: ClassVar[dict[str, Any]] = JSON_PART

    what: Sentence
    where: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and what it rests on.

    Attributes:
        policy: name and version of the policy that was applied.
        verdict: the verdict.
        deciding: the first decision that failed; None on PASS and TROUBLE.
        missing: ids of demanded checks without an answer, in no case empty on TROUBLE.
        reason: one sentence for a voter.
    """

    policy: str
    verdict: Verdict
    deciding: Decision | None
    missing: tuple[str, ...]
    reason: str


def judge(decisions: Iterable[Decision], policy: Policy) -> Judgement:
    """The verdict of ``policy`` over ``decisions``.

    FAIL if a demanded check failed; else TROUBLE if a demanded check is missing, was decided twice, or was skipped
    although the policy cannot waive it; else PASS. Warnings and other skips change nothing.
    """
    made = sorted(decisions, key=lambda decision: decision.number)
    demanded = policy.demanded
    failed = [d for d in made if d.outcome is Outcome.FAIL and d.id in demanded]
    counts = Counter(decision.id for decision in made)
    unanswered = {d.id for d in made if d.outcome is Outcome.SKIP and d.id in policy.answered}
    missing = tuple(check.id for check in policy.checks if counts[check.id] != 1 or check.id in unanswered)
    if failed:
        first = failed[0]
        return Judgement(policy.id, Verdict.FAIL, first, missing, first.reason)
    if missing:
        skipped = next((d for d in made if d.id == missing[0] and d.outcome is Outcome.SKIP), None)
        why = f": {skipped.reason}" if skipped else ""
        many = (
            f"{len(missing)} of the checks that were asked for have no answer, the first being {missing[0]}"
        )
        one = f"the check {missing[0]} has no answer"
        return Judgement(
            policy.id, Verdict.TROUBLE, None, missing, f"{one if len(missing) == 1 else many}{why}"
        )
    return Judgement(policy.id, Verdict.PASS, None, (), policy.promise)
