"""`report.md`, ready to be posted in a forum, and the few lines of a CI job summary.

Text that others wrote cannot become markup: it is shown as it is only where every character is harmless, and
as a code span everywhere else, where neither mentions nor links, images, HTML or emoji exist.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from auditkit.audit import Relation
from auditkit.audit.verdict import Verdict
from auditkit.decision import Outcome
from auditkit.display import one_line, without_ci_commands
from auditkit.report.document import AuditDocument
from auditkit.report.rendering import summary

_TEXT_LIMIT: Final = 220  # characters of one text; a forum post holds 32,000
_ROWS_LIMIT: Final = 24
_TROUBLES_LIMIT: Final = 5
# No bare domain or URL, no colon pair (emoji), no @, #, _, *, `, |, <, [ or backslash.
_HARMLESS: Final = re.compile(r"(?:[A-Za-z0-9 ,;()'\"=%+/–—’“”…-]|[.:!?](?= |$|[\"')]))*")
_OUTCOMES: Final = {
    Outcome.PASS: "✅ pass",
    Outcome.FAIL: "❌ **fail**",
    Outcome.WARN: "⚠️ warn",
    Outcome.SKIP: "➖ skip",
}
_BADGES: Final = {"PASS": "✅", "FAIL": "❌", "TROUBLE": "❔"}


def render_markdown(document: AuditDocument) -> str:
    """The report as GitHub-flavoured Markdown that Discourse renders too, under 32,000 characters."""
    parts = [
        _heading(document),
        _subject(document),
        _trouble(document),
        "## Decisions\n\n" + _decisions(document),
        _overlap(document),
        _meaning(document),
        _verify(document),
        f"*auditkit {code(document.tool.version, 40)} · every decision in full, with its evidence, is in"
        " `audit.json` and `report.html` of the report folder.*",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def render_job_summary(document: AuditDocument) -> str:
    """A few lines of Markdown for the summary page of a CI job."""
    return _heading(document) + f"\n\n{summary.tally(document.decisions).capitalize()}.\n"


def code(text: str, limit: int = _TEXT_LIMIT) -> str:
    """``text`` as a code span that nothing inside can end and that stands in a table too."""
    shown = without_ci_commands(one_line(text, limit)).replace("`", "⟨U+0060⟩").replace("|", "⟨U+007C⟩")
    return f"`{shown}`" if shown.strip() else "*(empty)*"


def prose(text: str, limit: int = _TEXT_LIMIT) -> str:
    """``text`` as it is where every character is harmless, else as a code span."""
    shown = one_line(text, limit)
    return shown if shown.strip() and _HARMLESS.fullmatch(shown) else code(text, limit)


def _heading(document: AuditDocument) -> str:
    subject = document.subject
    what = f"proposal {subject.proposal_id}" if subject.proposal_id is not None else "a proposal"
    lines = [
        f"# {_BADGES[document.verdict]} {document.claim.heading}: audit of {what}",
        summary.headline(document),
        f"**Why:** {prose(summary.why(document), 600)}",
    ]
    if deciding := summary.deciding_check(document):
        lines.append(f"**Decided by:** {code(deciding)}")
    verdicts = " · ".join(
        f"{name} {_BADGES[verdict]} {verdict}" for name, verdict in summary.policies(document)
    )
    heading = "Policy" if subject.kind == "election" else "Both policies"
    lines.append(
        f"**{heading}:** {verdicts} (this audit: {code(document.policy.id, 40)}, stage {subject.stage})"
    )
    if told := summary.qualifications(document):
        lines.append(
            f"⚠️ **This {document.verdict} is qualified:**\n\n"
            + "\n".join(f"- `{name}`: {sentence}" for name, sentence in told)
        )
    if (key := summary.foreign_root_key(document)) is not None:
        lines.append(f"⚠️ **Not the built-in mainnet key:** this audit trusts the root key {code(key, 60)}.")
    return "\n\n".join(lines)


def _subject(document: AuditDocument) -> str:
    subject = document.subject
    tally = subject.tally
    rows = [
        ("Title", subject.proposal_title),
        ("Status", subject.status),
        ("Certified at", subject.certificate_time),
        ("Signed under", subject.certified_by),
        (summary.release_name(document), subject.base_version),
        ("Elected by", subject.elected_by),
        *((name.capitalize(), value) for name, value in summary.facts(document)),
        ("Recovery root hash", subject.rootfs_hash),
        ("Chips", str(len(subject.chip_ids)) if subject.chip_ids is not None else None),
        ("Votes (e8s)", f"{tally.yes} yes, {tally.no} no, of {tally.total}" if tally else None),
        ("Voting ends", subject.deadline),
    ]
    return _table(("Subject", ""), [(name, code(value)) for name, value in rows if value is not None])


def _trouble(document: AuditDocument) -> str:
    if not document.trouble:
        return ""
    lines = [
        f"- {prose(trouble.what)}"
        + (f" ({code(trouble.where)})" if trouble.where else "")
        + (f"; {prose(trouble.hint)}" if trouble.hint else "")
        for trouble in document.trouble[:_TROUBLES_LIMIT]
    ]
    return "## What could not be determined\n\n" + "\n".join(lines)


def _decisions(document: AuditDocument) -> str:
    if not document.decisions:
        return "No check was reached."
    rows = [
        (str(decision.number), code(decision.id), _OUTCOMES[decision.outcome], prose(decision.reason))
        for decision in document.decisions
    ]
    table = _table(("No.", "Check", "Outcome", "Why"), rows)
    missing = summary.unanswered(document)
    if missing:
        table += f"\n\nNot reached: {', '.join(code(check.id) for check in missing)}."
    return table


def _overlap(document: AuditDocument) -> str:
    if not document.overlap:
        return ""
    rows = []
    for row in document.overlap[:_ROWS_LIMIT]:
        blessed = computed = "–"
        if row.blessed is not None:
            blessed = code(row.blessed.vcpu_type, 40) if row.blessed.vcpu_type is not None else "*(no label)*"
        if row.computed is not None:
            setting = row.computed
            computed = code(f"{setting.vcpu_type}, {setting.vcpus} vCPUs, {setting.boot_args}", 80)
        rows.append((Relation(row.relation).in_words, f"`{row.measurement[:16]}…`", blessed, computed))
    told = "## Overlap\n\n" + _table(
        ("Relation", "Measurement", "Proposal says", summary.release_name(document)), rows
    )
    for row in [row for row in document.overlap if row.relation == "blessed-only"][:5]:
        told += f"\n\n`{row.measurement[:16]}…`: {prose(row.explanation or 'no explanation')}"
    if len(document.overlap) > _ROWS_LIMIT:
        told += f"\n\n{len(document.overlap) - _ROWS_LIMIT:,} more rows are in `audit.json`."
    return told


def _meaning(document: AuditDocument) -> str:
    proven = "\n".join(f"- {line}" for line in summary.meaning(document))
    unproven = "\n".join(f"- {line}" for line in summary.limits_of_meaning(document))
    would = "" if document.verdict is Verdict.PASS else "would "
    proves, does = ("proves", "does") if not would else ("would prove", "would")
    return f"## What a PASS {proves}\n\n{proven}\n\n## What it {does} not prove\n\n{unproven}"


def _verify(document: AuditDocument) -> str:
    steps = summary.steps(document)
    if not steps:
        return ""
    return "## How to check this without trusting us\n\n" + "\n\n".join(
        f"{step.caption}\n\n" + "\n".join(f"    {line}" for line in step.command.splitlines())
        for step in steps
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)
