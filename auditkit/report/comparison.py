"""Two reports side by side: on what do two auditors, or an audit and its replay, differ?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from auditkit.decision import Decision
from auditkit.display import one_line
from auditkit.report.document import AuditDocument
from auditkit.report.measurement_records import OverlapRecord
from auditkit.report.records import EvidenceRecord
from auditkit.report.rendering import code, prose

_TEXT: Final = 300
_DECISION_FIELDS: Final = ("question", "expected", "observed", "reason", "evidence", "qualifications")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which two reports differ.

    Attributes:
        part: ``verdict``, ``decision``, ``subject``, ``parameter``, ``overlap``, ``evidence``, ``trouble`` or ``tool``.
        name: which one, such as the id of a check.
        first, second: what each report tells; None where it tells nothing.
        weighs: whether it changes what the audit decided; the others are details such as where a file came from.
    """

    part: str
    name: str
    first: str | None
    second: str | None
    weighs: bool


def compare_reports(first: AuditDocument, second: AuditDocument) -> tuple[Difference, ...]:
    """Everything outside ``run`` on which two reports differ: first what weighs, then the details."""
    found = [
        *_verdicts(first, second),
        *_decisions(first.decisions, second.decisions),
        *_overlap(first.overlap, second.overlap),
        *_mapping("subject", first.subject.model_dump(mode="json"), second.subject.model_dump(mode="json")),
        *_mapping("parameter", first.parameters, second.parameters),
        *_mapping(
            "evidence",
            {record.name: _evidence(record) for record in first.evidence},
            {record.name: _evidence(record) for record in second.evidence},
        ),
        *_mapping(
            "trouble",
            {f"{number}": item.what for number, item in enumerate(first.trouble, 1)},
            {f"{number}": item.what for number, item in enumerate(second.trouble, 1)},
        ),
        *_mapping("tool", _tool(first), _tool(second)),
        *_mapping("measured", _measured(first), _measured(second)),
    ]
    return tuple(sorted(found, key=lambda difference: not difference.weighs))


def _evidence(record: EvidenceRecord) -> str:
    kept = "" if record.stored else ", kept by its digest"
    return f"SHA-256 {record.sha256}, {record.size} bytes, from {record.origin}{kept}"


def differences_text(differences: Sequence[Difference]) -> str:
    """The differences for a terminal."""
    if not differences:
        return "The reports say the same."
    lines = []
    for difference in differences:
        lines.append(
            f"{'!' if difference.weighs else ' '} {difference.part} {one_line(difference.name, 120)}"
        )
        lines.append(f"    first:  {_shown(difference.first)}")
        lines.append(f"    second: {_shown(difference.second)}")
    weighing = sum(difference.weighs for difference in differences)
    lines.append(f"{len(differences)} differences, {weighing} of them in what was decided (marked !)")
    return "\n".join(lines)


def differences_markdown(differences: Sequence[Difference]) -> str:
    """The differences as a table in GitHub-flavoured Markdown."""
    if not differences:
        return "The two reports say the same.\n"
    rows = [
        f"| {'**decided**' if difference.weighs else 'detail'} | {difference.part} {code(difference.name, 120)}"
        f" | {_cell(difference.first)} | {_cell(difference.second)} |"
        for difference in differences
    ]
    return "\n".join(["| | What | First report | Second report |", "| --- | --- | --- | --- |", *rows]) + "\n"


def differences_json(differences: Iterable[Difference]) -> list[dict[str, Any]]:
    """The differences as plain values."""
    return [asdict(difference) for difference in differences]


def _shown(text: str | None) -> str:
    return "(nothing)" if text is None else one_line(text, _TEXT)


def _cell(text: str | None) -> str:
    return "*(nothing)*" if text is None else prose(text)


def _verdicts(first: AuditDocument, second: AuditDocument) -> list[Difference]:
    sides = [
        {
            "verdict": document.verdict.value,
            "qualifications": ", ".join(document.claim.qualifications),
            "policy": document.policy.id,
            "strict": document.verdicts.strict.value,
            "overlap": str(document.verdicts.overlap or "none"),
            "deciding": (document.deciding.decision or "trouble") if document.deciding else "none",
        }
        for document in (first, second)
    ]
    return _mapping("verdict", sides[0], sides[1], weighs=True)


def _decisions(first: Iterable[Decision], second: Iterable[Decision]) -> list[Difference]:
    sides = [{decision.id: decision for decision in decisions} for decisions in (first, second)]
    found = []
    for name in sides[0] | sides[1]:
        one, other = sides[0].get(name), sides[1].get(name)
        if one is None or other is None or one.outcome is not other.outcome:
            found.append(Difference("decision", name, _in_words(one), _in_words(other), True))
            continue
        for field in _DECISION_FIELDS:
            if getattr(one, field) != getattr(other, field):
                values = str(getattr(one, field)), str(getattr(other, field))
                found.append(Difference("decision", f"{name} ({field})", *values, False))
    return found


def _in_words(decision: Decision | None) -> str | None:
    return None if decision is None else f"{decision.outcome}: {decision.observed}. {decision.reason}"


def _overlap(first: Sequence[OverlapRecord], second: Sequence[OverlapRecord]) -> list[Difference]:
    sides = [
        {
            f"{number}, {row.measurement}": row.model_dump_json(exclude={"explanation"})
            for number, row in enumerate(rows, 1)
        }
        for rows in (first, second)
    ]
    explanations = [
        {f"{number}, {row.measurement}": row.explanation for number, row in enumerate(rows, 1)}
        for rows in (first, second)
    ]
    both = explanations[0].keys() & explanations[1].keys()
    return [
        *_mapping("overlap", sides[0], sides[1], weighs=True),
        *_mapping(
            "explanation",
            {name: text for name, text in explanations[0].items() if name in both},
            {name: text for name, text in explanations[1].items() if name in both},
        ),
    ]


def _tool(document: AuditDocument) -> dict[str, Any]:
    return {document.tool.name: document.tool.version, **document.tool.libraries}


def _measured(document: AuditDocument) -> dict[str, Any]:
    return document.measured.model_dump(mode="json") if document.measured is not None else {}


def _mapping(part: str, first: Any, second: Any, *, weighs: bool = False) -> list[Difference]:
    return [
        Difference(part, name, _text(first, name), _text(second, name), weighs)
        for name in {**first, **second}
        if (name in first, first.get(name)) != (name in second, second.get(name))
    ]


def _text(values: Any, name: str) -> str | None:
    return None if name not in values else str(values[name])
