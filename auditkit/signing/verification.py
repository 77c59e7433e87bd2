"""Verifying a signed report folder: who signed, whether everything is what they signed, and what that leaves open."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from auditkit.audit import Verdict
from auditkit.decision import Decision, Outcome
from auditkit.errors import EvidenceError, SourceError
from auditkit.report import AuditDocument, ReportFolder, read_report_folder
from auditkit.report.folder import DOCUMENT_NAME, SIGNATURES_NAME
from auditkit.signing import report_checks as checks
from auditkit.signing.bundle import SignedPair
from auditkit.signing.folder_files import (
    FolderFiles,
    check_document,
    check_evidence,
    check_renderings,
    read_folder_files,
)
from auditkit.signing.line_ends import hint, how_changed
from auditkit.signing.signatures import FoundSignatures, Signature, enough_signed, judge_signatures
from auditkit.signing.statement import ReportStatement, report_statement, summary_statement
from auditkit.signing.trust_list import TrustList
from auditkit.version import __version__


@dataclass(frozen=True, slots=True)
class ReportVerification:
    """What the checks of a signed report decided.

    Attributes:
        decisions: in the order of their numbers.
        signatures: those that count, in the order in which they were made.
        document: what `audit.json` says; None when it cannot be read.
        not_covered: what the signatures leave open, one sentence each.
    """

    decisions: tuple[Decision, ...]
    signatures: tuple[Signature, ...]
    document: AuditDocument | None
    not_covered: tuple[str, ...]

    @property
    def authentic(self) -> bool:
        """Whether no check failed, and it could be told who signed."""
        failed = any(decision.outcome is Outcome.FAIL for decision in self.decisions)
        return not failed and not self.open_signers

    @property
    def open_signers(self) -> bool:
        """Whether signatures that could not be checked decide if enough auditors signed."""
        return any(
            decision.id == checks.SIGNERS.id and decision.outcome is Outcome.SKIP
            for decision in self.decisions
        )


def verify_report(
    folder: Path,
    trust: TrustList,
    *,
    at_least: int = 1,
    require: Verdict | None = None,
    now: float | None = None,
) -> ReportVerification:
    """Verifies a report folder and its signatures, without the network.

    A signature by a key that is not in the trust list, was revoked, or is outside its validity does not count; it is
    told with a warning. A signature that a key of the trust list is said to have made and did not, fails.

    Args:
        trust: whose signatures count.
        at_least: how many different auditors must have signed, from 1.
        require: the verdict that the report must have, if any.
        now: seconds since 1970, for the validity of keys; the clock by default.

    Raises:
        SourceError: there is no report folder, or something in it cannot be read.
    """
    files = read_folder_files(folder)
    decisions: list[Decision] = []
    report = _document(folder, decisions)
    if report is not None:
        decisions.append(check_evidence(report.document, files, folder))
        decisions.append(check_renderings(report.document, folder))
    found = judge_signatures(folder, files, trust, time.time() if now is None else now, decisions)
    decisions.append(enough_signed(at_least, found))
    statements = [statement for _, _, statement in found.counted]
    decisions.append(_subjects(statements, files, folder, open_signature=bool(found.open)))
    if report is not None:
        decisions.append(_content(report.document, statements, found.pairs, files))
        if require is not None:
            decisions.append(_required(report.document, require))
    return ReportVerification(
        tuple(sorted(decisions, key=lambda decision: decision.number)),
        tuple(signature for _, signature, _ in found.counted),
        report.document if report is not None else None,
        _left_open(report.document, found) if report is not None else (),
    )


def _document(folder: Path, decisions: list[Decision]) -> ReportFolder | None:
    try:
        report = read_report_folder(folder)
    except (EvidenceError, SourceError) as error:
        if isinstance(error, SourceError) and not (folder / SIGNATURES_NAME).exists():
            raise
        decisions.append(checks.DOCUMENT.failed(str(error), "There is no report that can be read."))
        return None
    decisions.append(check_document(report))
    return report


def _subjects(
    statements: list[ReportStatement], files: FolderFiles, folder: Path, *, open_signature: bool
) -> Decision:
    """Check 7."""
    check = checks.SUBJECTS
    if files.strange:
        return check.failed(", ".join(files.strange[:5]), "The folder holds something that nobody signed.")
    if not statements and open_signature:
        return check.skipped("No signature of anybody you trust could be checked, so no file was compared.")
    if not statements:
        return check.failed(
            "no statement that counts", "Nothing in the folder is signed by anybody you trust."
        )
    problems: list[str] = []
    for statement in statements:
        signed = {subject.name: subject.digest.sha256 for subject in statement.subject}
        if len(signed) != len(statement.subject):
            problems.append("a statement names a file twice")
        problems += [f"{name} is missing" for name in sorted(signed.keys() - files.digests.keys())]
        problems += [f"{name} was not signed" for name in sorted(files.digests.keys() - signed.keys())]
        both = signed.keys() & files.digests.keys()
        problems += [
            f"{name} was changed{how_changed(folder / name, signed[name])}"
            for name in sorted(both)
            if signed[name] != files.digests[name]
        ]
    if problems:
        shown = "; ".join(dict.fromkeys(problems))[:600]
        return check.failed(shown, f"The folder is not as it was when it was signed.{hint(problems)}")
    return check.passed(f"{len(files.digests)} files", "Every file is as it was signed.")


def _content(
    document: AuditDocument,
    statements: Iterable[ReportStatement],
    pairs: Iterable[SignedPair],
    files: FolderFiles,
) -> Decision:
    """Check 8."""
    check = checks.CONTENT
    told = 0
    for statement in statements:
        told += 1
        said = statement.predicate
        wanted = report_statement(document, files.digests, said.auditor, said.signed_at).predicate
        if said != wanted:
            names = [name for name in type(said).model_fields if getattr(said, name) != getattr(wanted, name)]
            return check.failed(
                f"another {', '.join(names)}", f"A signed statement does not say what {DOCUMENT_NAME} says."
            )
    for pair in pairs:
        summary = pair.summary.predicate
        wanted_summary = summary_statement(pair.report, pair.envelopes[0].to_line()).predicate
        if document.tool.version != __version__:  # whose policy of that name may have demanded other checks
            wanted_summary = wanted_summary.model_copy(update={"policy": summary.policy})
        if summary != wanted_summary or pair.summary.subject != _document_subject(pair.report):
            return check.failed(
                f"result {summary.verification_result}, policy {summary.policy.uri}"[:300],
                "A verification summary does not say what the statement before it says.",
            )
    if not told:
        return check.skipped("No statement counts, so none was compared.")
    return check.passed(f"{document.verdict} in every statement", "Auditors and report say the same.")


def _document_subject(report: ReportStatement) -> tuple[object, ...]:
    return tuple(subject for subject in report.subject if subject.name == DOCUMENT_NAME)


def _required(document: AuditDocument, require: Verdict) -> Decision:
    """Check 9."""
    if document.verdict is not require:
        return checks.REQUIRED.failed(
            document.verdict.value,
            "The report is of another verdict than you require.",
            expected=require.value,
        )
    return checks.REQUIRED.passed(
        document.verdict.value, "It is the required verdict.", expected=require.value
    )


def _left_open(document: AuditDocument, found: FoundSignatures) -> tuple[str, ...]:
    absent = [record.name for record in document.evidence if not record.stored]
    told = [
        "Whether the audit decided rightly: signatures say who made the report. Add --replay to decide again.",
        "When the auditors signed: the times are theirs to write.",
    ]
    if absent:
        told.append(
            f"The content of {', '.join(absent)}: it is named by its digest. What was read from it (version, "
            "checksums, dm-verity root) stands in evidence/replay.yaml and is taken from there."
        )
    if found.unchecked:
        told.append("Signatures that could not be checked: they could have been changed, added or removed.")
    if found.unknown:
        told.append(
            "Signatures of keys outside the trust list: they could have been changed, added or removed."
        )
    return tuple(told)
