"""Cases: each the smallest input that leads to one decision, and every value of that decision."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from auditkit.decision import Check, Decision, Outcome, Qualification


@dataclass(frozen=True)
class Case:
    """One outcome of one check, for one reason.

    Attributes:
        check: which check decides.
        name: what is broken, or missing, or well.
        make: makes decisions; exactly one of them is that of the check.
        expected: empty where it is the one of the catalogue.
    """

    check: Check
    name: str
    make: Callable[[], Decision | Iterable[Decision]]
    outcome: Outcome
    observed: str
    reason: str
    expected: str = ""
    qualifications: tuple[Qualification, ...] = ()
    evidence: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.check.id}: {self.outcome}: {self.name}"

    def decision(self) -> Decision:
        """The decision that the code makes."""
        made = self.make()
        decisions = (made,) if isinstance(made, Decision) else tuple(made)
        (ours,) = [decision for decision in decisions if decision.id == self.check.id]
        return ours

    @property
    def wanted(self) -> tuple[object, ...]:
        """The values that `told` has to give."""
        return (
            self.check.number,
            self.outcome,
            self.expected or self.check.expected,
            self.observed,
            self.reason,
            self.qualifications,
            self.evidence,
        )


def told(decision: Decision) -> tuple[object, ...]:
    """What a decision says, but for its question."""
    return (
        decision.number,
        decision.outcome,
        decision.expected,
        decision.observed,
        decision.reason,
        decision.qualifications,
        decision.evidence,
    )


def resting_on(evidence: tuple[str, ...], *cases: Case) -> tuple[Case, ...]:
    """The cases, with the evidence that each of their decisions names."""
    return tuple(replace(case, evidence=evidence) for case in cases)


def passes(check: Check, name: str, make, observed: str, reason: str, *, expected: str = "") -> Case:
    return Case(check, name, make, Outcome.PASS, observed, reason, expected)


def fails(check: Check, name: str, make, observed: str, reason: str, *, expected: str = "") -> Case:
    return Case(check, name, make, Outcome.FAIL, observed, reason, expected)


def warns(
    check: Check,
    name: str,
    make,
    observed: str,
    reason: str,
    *qualifications: Qualification,
    expected: str = "",
) -> Case:
    return Case(check, name, make, Outcome.WARN, observed, reason, expected, qualifications)


def skips(check: Check, name: str, make, reason: str) -> Case:
    return Case(check, name, make, Outcome.SKIP, "not checked", reason)
