"""What every step of an audit has, and what stands in its place when an earlier one did not get through."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from auditkit import checks
from auditkit.audit import Trouble
from auditkit.decision import Check, Decision, Outcome, first_stop, why_not_reached
from auditkit.errors import ParameterError
from auditkit.evidence import Evidence
from auditkit.pipeline.records import Unkept
from auditkit.pipeline.steps.showing import step_html, step_text


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Step:
    """A part of an audit. In a notebook it shows itself as a table, elsewhere as text.

    What a step cannot do because an earlier one failed is skipped, visibly; what it cannot do because of trouble has no
    decision, and so the verdict is TROUBLE.

    Attributes:
        decisions: of its checks, in their order.
        trouble: why something could not be determined.
        evidence: the files that the decisions rest on.
        unkept: files that are not kept, since they do not have their form.
        obstacle: what stood in the way when an earlier step did, in one sentence; empty when the step was reached.
    """

    title: ClassVar[str] = "An earlier step"

    decisions: tuple[Decision, ...] = ()
    trouble: tuple[Trouble, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    unkept: tuple[Unkept, ...] = ()
    obstacle: str = ""

    @classmethod
    def unreached(cls, before: Step, members: Iterable[Check]) -> Self:
        """The step where the one before has not the result that it needs.

        Its checks are skipped when the step before failed; when that met trouble, they have no decision.
        """
        if before.trouble:
            first = before.trouble[0]
            where = f"{first.where}: " if first.where else ""
            return cls(
                obstacle=f"Not reached, because of trouble with {before.title.lower()}: {where}{first.what}."
            )
        if not before.decisions:
            return cls(obstacle=before.obstacle)
        stop = first_stop(before.decisions)
        return cls(decisions=not_reached(members, stop), obstacle=_why(stop))

    def __repr__(self) -> str:
        return step_text(self)

    def _repr_html_(self) -> str:
        return step_html(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))


@dataclass(frozen=True, slots=True)
class Asks:
    """The checks of each step that depend on what is audited."""

    election: tuple[Check, ...]
    base: tuple[Check, ...]


ASKS: Final = {
    "recovery": Asks(
        (checks.ELECTION_ANSWER, checks.ELECTION_ELECTED), (*checks.BASE_CHECKS, checks.ELECTION_DIGEST)
    ),
    "election": Asks((checks.ELECTION_RECORD,), (*checks.BASE_CHECKS, checks.ELECTION_IMAGE)),
}


def not_reached(members: Iterable[Check], because: Decision) -> tuple[Decision, ...]:
    """Skips of ``members``, but of the failed check itself, that name the check that stopped the audit."""
    reason = _why(because)
    return tuple(check.skipped(reason) for check in members if check.id != because.id)


def _why(stop: Decision) -> str:
    """Why what comes after ``stop`` was not reached; a skip says it already."""
    return why_not_reached(stop) if stop.outcome is Outcome.FAIL else stop.reason


def first_failure(decisions: Iterable[Decision]) -> Decision:
    """The first failed decision.

    Raises:
        ParameterError: none failed; the caller promised one.
    """
    for decision in decisions:
        if decision.outcome is Outcome.FAIL:
            return decision
    raise ParameterError("internal error: a step stopped without a failed decision")
