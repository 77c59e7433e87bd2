"""`report.md`, ready to be posted in a forum, and the few lines of a CI job summary."""

from __future__ import annotations

from typing import Final

from auditkit.audit import Relation, short_chip
from auditkit.audit.verdict import Verdict
from auditkit.report.document import AuditDocument
from auditkit.report.rendering import machines, new_root, summary
from auditkit.report.rendering.answers import Answer, answers, cite_as
from auditkit.report.rendering.check_again import steps
from auditkit.report.rendering.explanations import explained
from auditkit.report.rendering.groups import pressing, release_name, tally_of, unanswered
from auditkit.report.rendering.markdown.decided import decision_table
from auditkit.report.rendering.markdown.words import code, inline, prose, table
from auditkit.report.rendering.meaning import limits_of_meaning, meaning
from auditkit.report.rendering.next_steps import what_now
from auditkit.report.rendering.tables import builder

_ROWS_LIMIT: Final = 24
_REASON: Final = 220  # characters of a reason; a forum post holds 32,000
_FOLDED_REASON: Final = 120
_TROUBLES_LIMIT: Final = 5
_MACHINES_LIMIT: Final = 16
_CHANGES_LIMIT: Final = 6
_PARAGRAPH: Final = "\n\n"
_EXPLANATIONS_LIMIT: Final = 12
_BADGES: Final = {"PASS": "✅", "FAIL": "❌", "TROUBLE": "❔"}
_TOLD_OF_THE_BUILD: Final = ("repository", "commit", "branch", "run", "logged")


def render_markdown(document: AuditDocument) -> str:
    """The report as GitHub-flavoured Markdown that Discourse renders too, under 32,000 characters."""
    parts = [
        _heading(document),
        _story(document),
        _subject(document),
        _trouble(document),
        _pressing(document),
        _build(document),
        _new_root(document),
        _machines(document),
        _overlap(document),
        _others(document),
        _meaning(document),
        _verify(document),
        f"Cite as: {code(cite_as(document), 400)}. Every decision in full, with its evidence, is in"
        " `audit.json` and `report.html` of the report folder.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def render_job_summary(document: AuditDocument) -> str:
    """A few lines of Markdown for the summary page of a CI job."""
    return _heading(document) + f"\n\n{tally_of(document).capitalize()}.\n"


def _heading(document: AuditDocument) -> str:
    subject, now = document.subject, what_now(document)
    number = subject.proposal_id if subject.proposal_id is not None else "(unknown)"
    told = " ".join(inline(sentence) for sentence in (now.lead, *now.steps))
    deciding = summary.deciding_check(document)
    decided = f" ({code(deciding)})" if deciding else ""
    facts = [f"- **Why:** {inline(summary.headline(document))} {prose(summary.why(document), 600)}{decided}"]
    facts += [f"- **{answer.question}:** {_answer(answer)}" for answer in answers(document)]
    verdicts = " · ".join(
        f"{name} {_BADGES[verdict]} {verdict}" for name, verdict in summary.policies(document)
    )
    policies = (
        f"- **{'Policy' if subject.kind == 'election' else 'Policies'}:** {verdicts} (this audit: "
        f"{code(document.policy.id, 40)}, stage {subject.stage}). {summary.policy_difference(document)}"
    )
    facts.append(policies.rstrip())
    facts += [
        f"- ⚠️ **Qualified:** {sentence} (`{name}`)" for name, sentence in summary.qualifications(document)
    ]
    key = summary.foreign_root_key(document)
    if key is not None and key != "practice":
        facts.append(f"- ⚠️ **Not the built-in mainnet key:** this audit trusts the root key {code(key, 60)}.")
    return "\n".join(
        (
            f"# {_BADGES[document.verdict]} {document.claim.heading}: audit of {subject.kind} proposal {number}",
            "",
            f"**What now:** {told}",
            "",
            *facts,
        )
    )


def _story(document: AuditDocument) -> str:
    story = document.subject.story
    return f"**A case to practise with.** {prose(story, 2_000)}" if story is not None else ""


def _answer(answer: Answer) -> str:
    return f"{inline(answer.text)} {prose(answer.quoted, 400) if answer.quoted else ''}".strip()


def _subject(document: AuditDocument) -> str:
    subject = document.subject
    rows = [
        ("Title", subject.proposal_title),
        ("Status", subject.status),
        ("Certified at", summary.readable_time(subject.certificate_time)),
        ("Signed under", subject.certified_by),
        *((name.capitalize(), value) for name, value in summary.facts(document)),
        ("Recovery root hash", subject.rootfs_hash),
        ("Chips", f"{len(subject.chip_ids)} named" if subject.chip_ids is not None else None),
        ("Votes", summary.votes(document) or None),
        *([voting] if (voting := summary.voting_end(document)) else []),
    ]
    told = [(name, prose(value)) for name, value in rows if value is not None]
    return table(("Subject", ""), told) if told else ""


def _trouble(document: AuditDocument) -> str:
    if not document.trouble:
        return ""
    lines = [
        f"- {prose(trouble.what)}"
        + (f" ({code(trouble.where)})" if trouble.where else "")
        + (f"; {prose(trouble.hint)}" if trouble.hint else "")
        for trouble in document.trouble[:_TROUBLES_LIMIT]
    ]
    more = len(document.trouble) - _TROUBLES_LIMIT
    lines += [f"- {more} more are in `audit.json`."] if more > 0 else []
    return "## What could not be determined\n\n" + "\n".join(lines)


def _pressing(document: AuditDocument) -> str:
    looked = pressing(document)
    return (
        "## What to look at\n\n" + decision_table(looked, document.policy.answered, reason=_REASON)
        if looked
        else ""
    )


def _others(document: AuditDocument) -> str:
    looked = {decision.id for decision in pressing(document)}
    left = [decision for decision in document.decisions if decision.id not in looked]
    told = (
        decision_table(left, document.policy.answered, reason=_FOLDED_REASON, together=True)
        if left
        else "No other check was reached."
    )
    if missing := unanswered(document):
        told += f"\n\nNot reached: {', '.join(code(check.id) for check in missing)}."
    return _folded(f"All checks: {tally_of(document)}", told)


def _build(document: AuditDocument) -> str:
    told = builder.build_facts(document.provenance)
    if not told:
        return ""
    few = [(name, prose(value, 80)) for name, value in told if name in _TOLD_OF_THE_BUILD]
    shown = table(("The attestation says", ""), few)
    return f"## Who built it\n\n{shown}\n\n{builder.CAVEAT}"


def _new_root(document: AuditDocument) -> str:
    roots = document.roots
    if roots is None:
        return ""
    told = []
    for part in new_root.parts(roots):
        lines = [f"- {prose(change.told, 160)}" for change in part.changes[:_CHANGES_LIMIT]]
        more = len(part.changes) - _CHANGES_LIMIT
        lines += [f"- {more:,} more are in `report.html`."] if more > 0 else []
        told.append(f"**{part.title}** ({part.number})\n\n" + "\n".join(lines))
    head = f"## What is new in the root file system\n\n{new_root.lead(roots)} {inline(new_root.CAVEAT)}"
    head += "".join(f"\n\nThe file system itself: {prose(setting, 160)}" for setting in roots.settings)
    return f"{head}\n\n{_folded('The first changes', _PARAGRAPH.join(told))}" if told else head


def _machines(document: AuditDocument) -> str:
    rows = machines.machine_rows(document.chips)
    if not rows:
        return ""
    shown = table(
        ("Chip", "Node", "Provider", "Place", "Subnet", "Since"),
        [
            (
                code(short_chip(row.chip), 20),
                *(prose(machines.short_principal(name), 80) for name in (row.node, row.provider)),
                prose(row.place, 80),
                prose(
                    " ".join((machines.short_principal(row.subnet), f"({row.role})" if row.role else "")), 120
                ),
                prose(row.since, 80),
            )
            for row in rows[:_MACHINES_LIMIT]
        ],
    )
    if len(rows) > _MACHINES_LIMIT:
        shown += f"\n\n{len(rows) - _MACHINES_LIMIT:,} more are in `audit.json`."
    full = "\n".join(
        f"- chip {code(row.chip, 140)}: "
        + "; ".join(f"{name} {code(value, 80)}" for name, value in row.principals)
        for row in rows[:_MACHINES_LIMIT]
    )
    shown += "\n\n" + _folded("Every id and principal in full", full)
    return f"## Whose machines\n\n{inline(machines.as_of(document.chips))}\n\n{shown}\n\n{machines.CAVEAT}"


def _overlap(document: AuditDocument) -> str:
    if not document.overlap:
        return ""
    rows = []
    for row in document.overlap[:_ROWS_LIMIT]:
        blessed = computed = "–"
        if row.blessed is not None:
            blessed = (
                prose(row.blessed.vcpu_type, 40) if row.blessed.vcpu_type is not None else "*(no label)*"
            )
        if row.computed is not None:
            setting = row.computed
            computed = prose(f"{setting.vcpu_type}, {setting.vcpus} vCPUs, {setting.boot_args}", 80)
        rows.append((Relation(row.relation).in_words, f"`{row.measurement[:16]}…`", blessed, computed))
    shown = table(("Relation", "Measurement", "Proposal says", release_name(document)), rows)
    if len(document.overlap) > _ROWS_LIMIT:
        shown += f"\n\n{len(document.overlap) - _ROWS_LIMIT:,} more rows are in `audit.json`."
    if all(row.relation == "matched" for row in document.overlap):
        return _folded(
            f"Overlap: all {len(document.overlap)} measurements are in the proposal and computed", shown
        )
    told = [
        f"- {one.amount}, from `{one.measurements[0][:16]}…` on: {prose(one.text)}"
        for relation in ("blessed-only", "metadata-differs")
        for one in explained(document, relation)
    ]
    if len(told) > _EXPLANATIONS_LIMIT:
        told = [
            *told[:_EXPLANATIONS_LIMIT],
            f"- {len(told) - _EXPLANATIONS_LIMIT} more explanations are in `audit.json`.",
        ]
    return "\n\n".join(("## Overlap", *(["\n".join(told)] if told else []), shown))


def _meaning(document: AuditDocument) -> str:
    proven = "\n".join(f"- {line}" for line in meaning(document))
    unproven = "\n".join(f"- {line}" for line in limits_of_meaning(document))
    if document.verdict is Verdict.PASS:
        return _folded(
            "What this PASS proves, and what it does not",
            f"It proves:\n\n{proven}\n\nIt does not prove:\n\n{unproven}",
        )
    return _folded(
        "What a PASS would prove, and what it would not",
        f"It would prove:\n\n{proven}\n\nIt would not prove:\n\n{unproven}",
    )


def _verify(document: AuditDocument) -> str:
    told = "\n\n".join(
        f"{step.caption}\n\n" + "\n".join(f"    {line}" for line in step.command.splitlines())
        for step in steps(document)
    )
    return _folded("How to check this without trusting us", told) if told else ""


def _folded(caption: str, text: str) -> str:
    """A part that a reader opens, on GitHub as in a forum."""
    return f"<details><summary>{caption}</summary>\n\n{text}\n\n</details>"
