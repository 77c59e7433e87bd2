"""Reports side by side: on what do auditors, or an audit and its replay, differ?

Auditors who ask the Internet Computer at different times get other certificate bytes, times and votes. So what was
*decided*, and about what, is told apart from the *details*; `compare_reports` gives both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from auditkit.audit import Relation
from auditkit.decision import Decision
from auditkit.display import one_line
from auditkit.report.document import AuditDocument
from auditkit.report.field_types import Part
from auditkit.report.measurement_records import OverlapRecord
from auditkit.report.records import EvidenceRecord
from auditkit.report.rendering import code, prose

_TEXT: Final = 600
_DECISION_FIELDS: Final = ("question", "expected", "observed", "reason", "evidence", "qualifications")
_IDENTITY: Final = frozenset(
    {
        "kind",
        "proposal_id",
        "base_version",
        "stage",
        "policy",
        "image_sha256",
        "unelects",
        "rootfs_hash",
        "chip_ids",
    }
)
"""Fields of the subject that are the same in every honest audit of one proposal, whenever it runs."""

_BELIEVED: Final = frozenset({"root_key", "tcb_min", "attested_node"})
"""Parameters that say who is believed and about what: two reports that differ in them answer two questions."""


_VERDICT_NAMES: Final = {
    "verdict": "verdict",
    "qualifications": "qualifications",
    "policy": "policy",
    "strict": "under strict",
    "overlap": "under overlap",
    "deciding": "deciding check",
}
"""What `_verdict` gives, as it is told to people."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which reports differ.

    Attributes:
        part: ``verdict``, ``decision``, ``subject``, ``parameter``, ``overlap``, ``explanation``, ``evidence``,
            ``trouble``, ``chips``, ``provenance``, ``roots``, ``tool`` or ``measured``.
        name: which one, such as the id of a check.
        told: what each report tells, in their order; None where it tells nothing.
        weighs: whether it changes what was decided, or about what; the others are details such as when it was.
        question: what the check asks, where it is one.
    """

    part: str
    name: str
    told: tuple[str | None, ...]
    weighs: bool
    question: str = ""


def compare_reports(*documents: AuditDocument) -> tuple[Difference, ...]:
    """Everything outside ``run`` on which reports differ: first what weighs, then the details.

    Args:
        documents: two or more.
    """
    found = [
        *_mapping("verdict", [_verdict(document) for document in documents], weighs=lambda _: True),
        *_decisions([document.decisions for document in documents]),
        *_overlap([document.overlap for document in documents]),
        *_mapping(
            "subject",
            [document.subject.model_dump(mode="json") for document in documents],
            weighs=lambda name: name in _IDENTITY,
        ),
        *_mapping(
            "parameter",
            [document.parameters for document in documents],
            weighs=lambda name: name in _BELIEVED,
        ),
        *_mapping(
            "evidence",
            [{record.name: _evidence(record) for record in document.evidence} for document in documents],
        ),
        *_mapping(
            "trouble",
            [
                {f"{number}": item.what for number, item in enumerate(document.trouble, 1)}
                for document in documents
            ],
        ),
        *_mapping("chips", [_chips(document) for document in documents], weighs=_is_chip),
        *_mapping("provenance", [_plain(document.provenance) for document in documents]),
        *_mapping("roots", [_plain(document.roots) for document in documents], weighs=lambda _: True),
        *_mapping("tool", [_tool(document) for document in documents]),
        *_mapping("measured", [_measured(document) for document in documents]),
    ]
    return tuple(sorted(found, key=lambda difference: not difference.weighs))


def differences_text(
    differences: Sequence[Difference], names: Sequence[str] = ("first", "second"), *, details: bool = True
) -> str:
    """The differences for a terminal, a row for each, and in it a line for each thing that is told.

    Args:
        names: what the reports are called, in their order.
        details: also those that do not weigh; without, they are counted.
    """
    if not differences:
        return "The reports say the same."
    lines = _other_proposals(differences)
    for difference in differences:
        if not (difference.weighs or details):
            continue
        asked = f": {one_line(difference.question, _TEXT)}" if difference.question else ""
        mark = "!" if difference.weighs else " "
        lines.append(
            f"{mark} {_called(difference) or f'{difference.part} {one_line(difference.name, 120)}'}{asked}"
        )
        lines += [f"    {who}: {_shown(told)}" for told, who in _tellers(difference, names)]
    return "\n".join([*lines, _summary(differences, details=details)])


def differences_markdown(
    differences: Sequence[Difference], names: Sequence[str] = ("first", "second"), *, details: bool = True
) -> str:
    """The differences as a table in GitHub-flavoured Markdown, with a column for each report."""
    if not differences:
        return "The reports say the same.\n"
    rows = [
        f"| {'**decided**' if difference.weighs else 'detail'}"
        f" | {_called(difference) or f'{difference.part} {code(difference.name, 120)}'}"
        f" | {' | '.join(_cell(told) for told in difference.told)} |"
        for difference in differences
        if difference.weighs or details
    ]
    table = [
        f"| | What | {' | '.join(code(name, 120) for name in names)} |",
        f"| --- | --- |{' --- |' * len(names)}",
        *rows,
        "",
    ]
    first = [line for told in _other_proposals(differences) for line in (told, "")]
    return "\n".join([*first, *(table if rows else []), _summary(differences, details=details)]) + "\n"


def _other_proposals(differences: Sequence[Difference]) -> list[str]:
    """A line that says so where the reports are about different proposals."""
    for difference in differences:
        if (difference.part, difference.name) == ("subject", "proposal_id"):
            *before, last = dict.fromkeys(_shown(told) for told in difference.told)
            return [f"These reports are about different proposals: {', '.join(before)} and {last}."]
    return []


def _called(difference: Difference) -> str:
    """What is said for a part and a name that would read badly together; empty for all others."""
    return _VERDICT_NAMES.get(difference.name, "") if difference.part == "verdict" else ""


def _summary(differences: Sequence[Difference], *, details: bool) -> str:
    weighing = sum(difference.weighs for difference in differences)
    others = len(differences) - weighing
    decided = (
        f"They differ in {weighing} {'thing that was' if weighing == 1 else 'things that were'} decided (marked !)."
        if weighing
        else "The reports decide alike."
    )
    if not others:
        return decided
    many = f"{others} {'detail differs' if others == 1 else 'details differ'}"
    where = "" if details else ", such as times, certificates and words: --exact lists them"
    return f"{decided} {many}{where}."


def _tellers(difference: Difference, names: Sequence[str]) -> list[tuple[str | None, str]]:
    """What is told, each once, with the reports that tell it."""
    who: dict[str | None, list[str]] = {}
    for name, told in zip(names, difference.told, strict=True):
        who.setdefault(told, []).append(one_line(name, 120))
    return [(told, ", ".join(tellers)) for told, tellers in who.items()]


def _shown(text: str | None) -> str:
    return "(nothing)" if text is None else one_line(text, _TEXT)


def _cell(text: str | None) -> str:
    return "*(nothing)*" if text is None else prose(text)


def _verdict(document: AuditDocument) -> dict[str, str]:
    return {
        "verdict": document.verdict.value,
        "qualifications": ", ".join(document.claim.qualifications) or "none",
        "policy": document.policy.id,
        "strict": document.verdicts.strict.value,
        "overlap": str(document.verdicts.overlap or "none"),
        "deciding": (document.deciding.decision or "trouble") if document.deciding else "none",
    }


def _decisions(sides: Iterable[Iterable[Decision]]) -> list[Difference]:
    by_name = [{decision.id: decision for decision in side} for side in sides]
    found = []
    for name in dict.fromkeys(name for side in by_name for name in side):
        made = [side.get(name) for side in by_name]
        present = [decision for decision in made if decision is not None]
        question = present[0].question
        if len(present) < len(made) or len({decision.outcome for decision in present}) > 1:
            found.append(
                Difference("decision", name, tuple(_in_words(decision) for decision in made), True, question)
            )
            continue
        for field in _DECISION_FIELDS:
            values = [getattr(decision, field) for decision in present]
            if any(value != values[0] for value in values):
                told = tuple(_value_in_words(value) for value in values)
                found.append(Difference("decision", f"{name} ({field})", told, False, question))
    return found


def _in_words(decision: Decision | None) -> str | None:
    return None if decision is None else f"{decision.outcome}: {decision.observed}. {decision.reason}"


def _overlap(sides: Sequence[Sequence[OverlapRecord]]) -> list[Difference]:
    """Rows are told apart by their measurement, and where it is listed more than once, by which of these it is."""
    rows = [_by_measurement(side) for side in sides]
    both = set(rows[0]).intersection(*rows[1:])
    explanations = [{name: row.explanation for name, row in side.items() if name in both} for side in rows]
    orders = [[name for name in side if name in both] for side in rows]
    moved = [] if all(order == orders[0] for order in orders) else [_order_in_words(one) for one in orders]
    return [
        *_mapping(
            "overlap",
            [{name: row.model_dump(exclude={"explanation"}) for name, row in side.items()} for side in rows],
            weighs=lambda _: True,
            told=[{name: _row_in_words(row) for name, row in side.items()} for side in rows],
        ),
        *([Difference("overlap", "order", tuple(moved), False)] if moved else []),
        *_mapping("explanation", explanations),
    ]


def _order_in_words(names: Iterable[str]) -> str:
    return ", ".join(f"{name[:8]}…" for name in names)


def _by_measurement(rows: Iterable[OverlapRecord]) -> dict[str, OverlapRecord]:
    found: dict[str, OverlapRecord] = {}
    for row in rows:
        name, again = row.measurement, 2
        while name in found:
            name, again = f"{row.measurement}, {again}", again + 1
        found[name] = row
    return found


def _row_in_words(row: OverlapRecord) -> str:
    blessed, computed = row.blessed, row.computed
    told = [Relation(row.relation).in_words]
    if blessed is not None:
        label = f"{blessed.vcpu_type or 'no CPU type'}, {blessed.kernel_cmdline or 'no command line'}"
        told.append(f"blessed as {label}")
    if computed is not None:
        told.append(
            f"computed for {computed.vcpu_type}, {computed.vcpus} vCPUs, guest features {computed.guest_features}, "
            f"{computed.boot_args} ({computed.kernel_cmdline})"
        )
    return "; ".join(told)


def _evidence(record: EvidenceRecord) -> str:
    kept = "" if record.stored else ", kept by its digest"
    return f"SHA-256 {record.sha256}, {record.size} bytes, from {record.origin}{kept}"


def _tool(document: AuditDocument) -> dict[str, Any]:
    return {document.tool.name: document.tool.version, **document.tool.libraries}


def _chips(document: AuditDocument) -> dict[str, Any]:
    """What the registry says of each chip, by its id, and the rest by its name."""
    told = document.model_dump(mode="json", include={"chips"})["chips"]
    if told is None:
        return {}
    return {**{f"chip {one['chip']}": one["nodes"] for one in told["chips"]}, **told}


def _is_chip(name: str) -> bool:
    return name.startswith("chip ")


def _plain(part: Part | None) -> dict[str, Any]:
    return {} if part is None else part.model_dump(mode="json")


def _measured(document: AuditDocument) -> dict[str, Any]:
    return document.measured.model_dump(mode="json") if document.measured is not None else {}


def _mapping(
    part: str,
    sides: Sequence[Mapping[str, Any]],
    *,
    weighs: Callable[[str], bool] = lambda _: False,
    told: Sequence[Mapping[str, str]] | None = None,
) -> list[Difference]:
    """A difference for each name under which not all sides hold the same value.

    Args:
        told: the values in words, where `_value_in_words` does not know better.
    """
    found = []
    for name in dict.fromkeys(name for side in sides for name in side):
        held = [(name in side, type(side.get(name)), side.get(name)) for side in sides]
        if all(value == held[0] for value in held):
            continue
        words = [
            None if not there else told[number][name] if told else _value_in_words(value)
            for number, (there, _, value) in enumerate(held)
        ]
        if len(set(words)) == 1:  # such as the number 1 and the text 1
            words = [repr(value) for _, _, value in held]
        found.append(Difference(part, name, tuple(words), weighs(name)))
    return found


def _value_in_words(value: Any) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case dict():
            return ", ".join(f"{name}: {_value_in_words(inside)}" for name, inside in value.items()) or "none"
        case list() | tuple():
            return "; ".join(map(_value_in_words, value)) or "none"
        case _:
            return str(value)
