"""How commands that decide checks show what they decided."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NoReturn

from auditkit.audit import Claim, Verdict
from auditkit.cli.application import ExitStatus
from auditkit.cli.printing import complain, say, say_json
from auditkit.decision import Decision, Outcome

if TYPE_CHECKING:
    from auditkit.audit import Overlap
    from auditkit.cli.documents import AnswerDocument, PrintedDocument
    from auditkit.decision import Qualification
    from auditkit.pipeline import Answer
    from auditkit.trust import Trust

_MARKS = {Outcome.PASS: "ok  ", Outcome.FAIL: "FAIL", Outcome.WARN: "warn", Outcome.SKIP: "skip"}


def qualifications_by(trust: Trust) -> tuple[Qualification, ...]:
    """What whoever is believed takes from the meaning of a verdict; nothing for mainnet's key."""
    return () if trust.qualification is None else (trust.qualification,)


def end_with(
    answer: Answer, printed: type[AnswerDocument] | None = None, /, *, outcome: str = "", **more: Any
) -> NoReturn:
    """Tells the decisions and what their policy makes of them, and ends the command with 0, 1 or 2.

    Args:
        printed: the kind of JSON document to print; None prints lines for a reader.
        outcome: what became of what the command should make; the last line then tells the deciding check too.
        more: the fields that this kind has besides.
    """
    judgement, claim = answer.judgement, answer.claim
    troubled = claim.verdict is Verdict.TROUBLE
    if printed is not None:
        error = {"what": judgement.reason, "where": judgement.missing[0], "hint": ""} if troubled else None
        print_document(
            printed,
            verdict=claim.verdict,
            qualifications=claim.qualifications,
            error=error,
            decisions=answer.decisions,
            **more,
        )
    else:
        show_decisions(answer.decisions)
        deciding = judgement.deciding
        why = (
            ""
            if deciding is None or not outcome
            else f": {deciding.number} {deciding.id}: {_reason(deciding)}"
        )
        say(f"{claim}{why}{f'; {outcome}' if outcome else ''}")
    if troubled:
        complain(f"auditkit: {judgement.reason}")
    raise ExitStatus(claim.verdict.exit_status)


def _reason(decision: Decision) -> str:
    from auditkit.display import one_line

    return one_line(decision.reason, 600).removesuffix(".")


def print_document(kind: type[PrintedDocument], **fields: Any) -> None:
    """Prints a JSON document of ``kind`` as the one thing on standard output."""
    from auditkit.cli.documents import to_text

    say_json(to_text(kind.model_validate(fields)))


def show_qualifications(claim: Claim) -> None:
    """Prints one line for each qualification of a verdict."""
    for name, sentence in claim.sentences:
        say(f"  {name}: {sentence}")


def show_decisions(decisions: Iterable[Decision]) -> None:
    """Prints what was decided, with reasons where it was not a pass."""
    from auditkit.display import one_line

    for decision in decisions:
        mark = _MARKS[decision.outcome]
        say(f"{mark} {decision.number:2} {decision.id}: {one_line(decision.observed, 300)}")
        if decision.outcome in (Outcome.FAIL, Outcome.WARN):
            say(f"        {one_line(decision.reason, 600)}")
        if decision.outcome is Outcome.FAIL:
            say(f"        expected: {one_line(decision.expected, 300)}")


def show_overlap(rows: Iterable[Overlap]) -> None:
    """Prints one line per measurement, and below it an explanation where one is needed."""
    from auditkit.display import one_line

    for row in rows:
        side = row.blessed or row.computed
        label = side.vcpu_type if side else None
        say(f"{row.relation:17} {row.measurement.hex()} {one_line(label or 'no CPU type', 100)}")
        if row.explanation:
            say(f"                  {one_line(row.explanation, 600)}")


def overlap_row(row: Overlap) -> dict[str, Any]:
    """The fields of one measurement in a JSON document."""
    return {
        "relation": row.relation,
        "measurement": row.measurement.hex(),
        "blessed": _labels(row.blessed),
        "computed": _labels(row.computed),
        "explanation": row.explanation,
    }


def _labels(side: Any) -> dict[str, str | None] | None:
    return None if side is None else {"kernel_cmdline": side.kernel_cmdline, "vcpu_type": side.vcpu_type}
