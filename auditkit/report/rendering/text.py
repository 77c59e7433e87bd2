"""The report on a console: verdict, reason and decisions, in plain text or with a little colour."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Final

from auditkit.audit import short_chip
from auditkit.audit.verdict import Verdict
from auditkit.decision import Decision, Outcome
from auditkit.display import one_line
from auditkit.report.document import AuditDocument
from auditkit.report.rendering import machines, new_root, summary
from auditkit.report.rendering.answers import answers
from auditkit.report.rendering.groups import groups, pressing, tally_of, unanswered, unasked
from auditkit.report.rendering.next_steps import what_now
from auditkit.report.rendering.tables import builder

_TEXT_LIMIT: Final = 1_000  # characters of one text
_COLOURS: Final = {"pass": "32", "fail": "31", "warn": "33", "trouble": "33", "skip": "2"}
_ROWS_LIMIT: Final = 20
_CHANGES_LIMIT: Final = 8


def render_text(document: AuditDocument, *, colour: bool = False, width: int = 100) -> str:
    """The report as lines of text that end in a newline.

    Text that others wrote is shown on its own line's part with every control character spelled out, so it can
    neither move the cursor nor start an escape sequence.

    Args:
        colour: use ANSI colours; leave it off where the output is not a terminal.
        width: columns to wrap at.
    """
    width = max(width, 40)
    subject = document.subject
    lines = [
        f"{_paint(document.verdict, colour, document.claim.heading)}  {summary.headline(document)}",
        "",
        *_what_now(document, width),
        *_field("why", summary.why(document), width),
    ]
    if deciding := summary.deciding_check(document):
        lines += _field("no answer" if document.verdict is Verdict.TROUBLE else "decided by", deciding, width)
    verdicts = ", ".join(f"{name} {_paint(verdict, colour)}" for name, verdict in summary.policies(document))
    lines += [
        f"  policies     {verdicts} (this audit: {document.policy.id}, stage {subject.stage})",
        *_field("", summary.policy_difference(document), width),
        *(
            line
            for name, sentence in summary.qualifications(document)
            for line in _field("qualified", f"{name}: {sentence}", width)
        ),
        *_subject(document, width),
    ]
    if document.subject.story is not None:
        lines += ["", *_field("the case", document.subject.story, width)]
    for trouble in document.trouble[:_ROWS_LIMIT]:
        lines += ["", *_field("trouble", trouble.what, width)]
        lines += _field("where", trouble.where, width) if trouble.where else []
        lines += _field("what to do", trouble.hint, width) if trouble.hint else []
    lines += ["", *_field("checks", tally_of(document), width)]
    looked = pressing(document)
    for decision in looked:
        lines += _decision(decision, colour, width)
    lines += _build(document, width)
    lines += _machines(document, width)
    lines += _new_root(document, width)
    for group in groups(document):
        lines += ["", f"{group.title}: {group.summary}"]
        told = unasked(group.decisions, document.policy.answered)
        elsewhere = {*looked, *(decision for part in told for decision in part.decisions)}
        for decision in group.decisions:
            lines += _decision(decision, colour, width) if decision not in elsewhere else []
        for part in told:
            numbers = ", ".join(str(decision.number) for decision in part.decisions)
            lines += _wrapped(f"{numbers}: {part.reason}", "     – ", width)
    if missing := unanswered(document):
        lines += ["", *_field("not reached", ", ".join(check.id for check in missing), width)]
    return "\n".join(lines) + "\n"


def render_answers(document: AuditDocument, *, width: int = 100) -> str:
    """What to do now, and what else people ask first, for the end of an audit; as safe to print as `render_text`."""
    width = max(width, 40)
    return "\n".join((*_what_now(document, width), *_fields(_answers(document), width))) + "\n"


def _build(document: AuditDocument, width: int) -> list[str]:
    told = builder.build_facts(document.provenance)
    if not told:
        return []
    lines = ["", "Who built it, by the attestation:"]
    for name, value in told:
        lines += _wrapped(f"{name}: {value}", "     ", width)
    return [*lines, *_wrapped(builder.CAVEAT, "     ", width)]


def _machines(document: AuditDocument, width: int) -> list[str]:
    rows = machines.machine_rows(document.chips)
    if not rows:
        return []
    lines = ["", f"Machines: {machines.as_of(document.chips)}"]
    for row in rows[:_ROWS_LIMIT]:
        lines += _wrapped(f"chip {short_chip(row.chip)}  node {row.node}", "     ", width)
        told = (
            ("operator", row.operator),
            ("provider", row.provider),
            ("place", ", ".join(filter(None, (row.place, row.owner)))),
            ("subnet", f"{row.subnet} ({row.role})" if row.role else row.subnet),
            ("since", row.since),
            ("before", row.former),
        )
        for name, value in told:
            lines += _wrapped(f"{name} {value}", " " * 12, width) if value else []
    if len(rows) > _ROWS_LIMIT:
        lines += [f"     {len(rows) - _ROWS_LIMIT:,} more are in audit.json"]
    return [*lines, *_wrapped(machines.CAVEAT, "     ", width)]


def _new_root(document: AuditDocument, width: int) -> list[str]:
    roots = document.roots
    if roots is None:
        return []
    lines = ["", *_wrapped(f"New root file system: {new_root.lead(roots)}", "", width)]
    for setting in roots.settings:
        lines += _wrapped(f"The file system itself: {setting}", "  ", width)
    for part in new_root.parts(roots):
        lines.append(f"  {part.title} ({part.number})")
        for change in part.changes[:_CHANGES_LIMIT]:
            lines += _wrapped(change.told, "     ", width)
        if len(part.changes) > _CHANGES_LIMIT:
            lines.append(f"     and {len(part.changes) - _CHANGES_LIMIT:,} more")
    if roots.unlisted:
        lines.append(f"  and {roots.unlisted:,} that are only counted here")
    return [*lines, *_wrapped(new_root.CAVEAT, "  ", width)]


def _subject(document: AuditDocument, width: int) -> list[str]:
    subject = document.subject
    key = summary.foreign_root_key(document)
    told = [
        ("proposal", None if subject.proposal_id is None else str(subject.proposal_id)),
        ("title", subject.proposal_title),
        ("status", subject.status),
        ("certified at", summary.readable_time(subject.certificate_time)),
        ("signed under", subject.certified_by),
        *_answers(document),
        *summary.facts(document),
        ("votes", summary.votes(document) or None),
        *([(voting[0].lower(), voting[1])] if (voting := summary.voting_end(document)) else []),
        ("root key", f"{key} (not mainnet's)" if key not in (None, "practice") else None),
    ]
    return _fields(told, width)


def _what_now(document: AuditDocument, width: int) -> list[str]:
    now = what_now(document)
    return [
        *_field("what now", now.lead, width),
        *(line for step in now.steps for line in _field("", step, width)),
    ]


def _answers(document: AuditDocument) -> list[tuple[str, str]]:
    return [
        (answer.question.lower(), f"{answer.text} {answer.quoted}".strip()) for answer in answers(document)
    ]


def _fields(told: Iterable[tuple[str, str | None]], width: int) -> list[str]:
    return [line for name, value in told if value is not None for line in _field(name, value, width)]


def _decision(decision: Decision, colour: bool, width: int) -> list[str]:
    word = "no answer" if decision.outcome is Outcome.SKIP else decision.outcome
    mark = _paint(decision.outcome, colour, f"{decision.outcome.symbol} {word}")
    lines = [f"  {decision.number:>2} {mark}  {one_line(decision.id, 80)}"]
    indent = " " * 12
    lines += _wrapped(decision.reason, indent, width)
    if decision.outcome in {Outcome.FAIL, Outcome.WARN}:
        lines += _wrapped(f"expected: {decision.expected}", indent, width)
        lines += _wrapped(f"observed: {decision.observed}", indent, width)
    return lines


def _field(name: str, text: str, width: int) -> list[str]:
    first, *rest = _wrapped(text, " " * 15, width) or [""]
    if not first:
        return []
    return [f"  {name:<13}{first.strip()}", *rest]


def _wrapped(text: str, indent: str, width: int) -> list[str]:
    shown = one_line(text, _TEXT_LIMIT)
    return textwrap.wrap(
        shown, width, initial_indent=indent, subsequent_indent=" " * len(indent), break_on_hyphens=False
    )


def _paint(word: Outcome | Verdict, colour: bool, text: str = "") -> str:
    shown = text or str(word)
    return f"\x1b[1;{_COLOURS[word.lower()]}m{shown}\x1b[0m" if colour else shown
