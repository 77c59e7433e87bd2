"""The questions that people ask of a report, each with a sentence that answers it on the first screen."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from auditkit import checks
from auditkit.audit.verdict import Verdict
from auditkit.decision import Outcome
from auditkit.report.document import AuditDocument, to_json
from auditkit.report.records import RECORD_NAME
from auditkit.report.rendering.groups import release_name
from auditkit.report.rendering.machines import are_known, whose_machines
from auditkit.report.rendering.new_root import new_inside
from auditkit.report.rendering.summary import foreign_root_key
from auditkit.report.rendering.tables.builder import is_built, who_built

_ROOT = "what the recovery root file system holds"
_DASHBOARD = "https://dashboard.internetcomputer.org"


@dataclass(frozen=True, slots=True)
class Answer:
    """One question and its answer.

    Attributes:
        question: a word or two.
        text: the answer; a command stands between backticks.
        quoted: how it goes on, in words of the report that others may have written.
    """

    question: str
    text: str
    quoted: str = ""


def answers(document: AuditDocument) -> tuple[Answer, ...]:
    """Which release, who built it, whose machines are these, what is not proven, how to repeat it, who signed it."""
    machines, built = whose_machines(document), who_built(document)
    return (
        _release(document),
        *((Answer("Built by", *built),) if built else ()),
        *((Answer("Machines", "", machines),) if machines else ()),
        *((Answer("New inside", new_inside(document.roots)),) if document.roots else ()),
        Answer("Not proven", _not_proven(document)),
        Answer("Repeat it", _repeat(document)),
        Answer(
            "Signatures",
            "No report can say itself whether anybody signed it. In the report folder, `auditkit verify-report . "
            "--allowed-signers FILE` tells who did; FILE lists keys of auditors whom you trust.",
        ),
    )


def _release(document: AuditDocument) -> Answer:
    version, elected = document.subject.base_version, document.subject.elected_by
    name = release_name(document)
    if version is None:
        return Answer(name, "unknown")
    if document.subject.kind == "election":
        return Answer(name, f"{version}, which this proposal elects")
    if elected:
        return Answer(name, f"{version}, elected by", elected)
    return Answer(name, f"{version}; its election is not certified here")


def _not_proven(document: AuditDocument) -> str:
    told = _unproven(document)
    return told if document.verdict is Verdict.PASS else f"Whatever the verdict: {told[0].lower()}{told[1:]}"


def _unproven(document: AuditDocument) -> str:
    if document.subject.kind == "election":
        if is_built(document):
            return "That others who build this commit get the same image, and that it has no faults or back doors."
        return "That the image was built from the source code of this commit, and that it has no faults or back doors."
    read = document.outcomes.get(checks.RECOVERY_ROOT_HASH.id) is Outcome.PASS
    left = ["that what is new in the recovery root file system is harmless" if read else _ROOT]
    if document.subject.policy == "overlap":
        left.insert(0, "that the other blessed measurements are harmless")
    left.append(
        "that these machines are those that are meant"
        if are_known(document)
        else "that the chips belong to the nodes that are meant"
    )
    told = f"{', '.join(left)}, and that neither release nor recovery has back doors."
    return f"{told[0].upper()}{told[1:]}"


def _repeat(document: AuditDocument) -> str:
    stored = {record.name for record in document.evidence if record.stored}
    if stored == {RECORD_NAME}:
        return "Run the audit again: nothing that the NNS signed could be had, so there is nothing to repeat offline."
    if RECORD_NAME in stored:
        return f"Offline, in the report folder: `auditkit check evidence/{RECORD_NAME}`"
    return "Run the audit again with the parameters at the end of this report."


def cite_as(document: AuditDocument) -> str:
    """How to name this report so that nobody can mean another one."""
    subject = document.subject
    number = subject.proposal_id if subject.proposal_id is not None else "(unknown)"
    digest = sha256(to_json(document)).hexdigest()
    return (
        f"auditkit {document.tool.version}, audit of {subject.kind} proposal {number}, {document.claim.heading}, "
        f"{document.run.finished[:10]}, audit.json SHA-256 {digest}"
    )


def dashboard_links(document: AuditDocument) -> tuple[tuple[str, str], ...]:
    """Where the public dashboard shows proposal and release: names and addresses; none for another network."""
    if foreign_root_key(document) is not None:
        return ()
    subject = document.subject
    links = []
    if subject.proposal_id is not None:
        links.append((f"proposal {subject.proposal_id}", f"{_DASHBOARD}/proposal/{subject.proposal_id}"))
    if subject.base_version is not None:
        links.append((f"release {subject.base_version[:12]}", f"{_DASHBOARD}/release/{subject.base_version}"))
    return tuple(links)
