"""The one place where decisions become a verdict."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from auditkit.audit.policy import Policy
from auditkit.checks import ALL_CHECKS
from auditkit.decision import Decision, Outcome


class Verdict(StrEnum):
    """PASS, FAIL (a check ran and failed), or TROUBLE (nobody could tell)."""

    PASS = "PASS"  # noqa: S105  (a verdict, not a password)
    FAIL = "FAIL"
    TROUBLE = "TROUBLE"

    @property
    def exit_status(self) -> int:
        """0, 1 or 2, the exit status of every command that reaches this verdict."""
        return {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.TROUBLE: 2}[self]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something could not be told: what happened, where, and what to do about it."""

    what: str
    where: str
    hint: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and what it rests on.

    Attributes:
        policy: name of the policy that was applied.
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
    failed = [d for d in made if d.outcome is Outcome.FAIL and d.id in policy.demanded]
    counts: dict[str, int] = {}
    for decision in made:
        answered = decision.outcome is not Outcome.SKIP or decision.id not in policy.answered
        counts[decision.id] = counts.get(decision.id, 0) + answered
    missing = tuple(
        check.id for check in ALL_CHECKS if check.id in policy.demanded and counts.get(check.id, 0) != 1
    )
    if failed:
        first = failed[0]
        return Judgement(policy.name, Verdict.FAIL, first, missing, first.reason)
    if missing:
        return Judgement(
            policy.name,
            Verdict.TROUBLE,
            None,
            missing,
            f"{len(missing)} of the checks that this policy demands have no answer, the first being {missing[0]}",
        )
    return Judgement(policy.name, Verdict.PASS, None, (), policy.promise)
