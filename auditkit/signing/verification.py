"""Verifying a signed report folder: who signed, whether everything is what they signed, and what that leaves open."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from auditkit.audit import Verdict
from auditkit.decision import Decision, Outcome
from auditkit.errors import AuditkitError, EvidenceError, SigningError, SourceError
from auditkit.evidence import read_file
from auditkit.report import AuditDocument, ReportFolder, read_report_folder
from auditkit.report.folder import DOCUMENT_NAME, SIGNATURES_NAME
from auditkit.signing import report_checks as checks
from auditkit.signing.allowed_signers import AllowedSigner, TrustList, distinct_auditors
from auditkit.signing.bundle import BUNDLE_BYTES, SignedPair, parse_bundle
from auditkit.signing.companion import Companion, allowed_principal, is_intact, read_companion
from auditkit.signing.folder_files import (
    FolderFiles,
    check_document,
    check_evidence,
    check_renderings,
    read_folder_files,
)
from auditkit.signing.ssh_keys import signed_by
from auditkit.signing.statement import ReportStatement, report_statement, summary_statement
from auditkit.version import __version__


@dataclass(frozen=True, slots=True)
class Signature:
    """An auditor's valid signature.

    Attributes:
        principal: the identity that the trust list gives the key.
        keyid: the key's fingerprint.
        name: what the auditor calls themself; nothing proves it.
        signed_at: when, by the auditor's own clock.
        form: ``DSSE`` or ``SSH``.
    """

    principal: str
    keyid: str
    name: str | None
    signed_at: str
    form: str


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
        """Whether no check failed."""
        return all(decision.outcome is not Outcome.FAIL for decision in self.decisions)


@dataclass(slots=True)
class _Found:
    """What the signatures came to, before it becomes decisions."""

    counted: list[tuple[AllowedSigner, Signature, ReportStatement]]
    pairs: list[SignedPair]
    problems: list[str]
    unknown: list[str]


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
    decisions: list[Decision] = []
    report = _document(folder, decisions)
    files = read_folder_files(folder, report.document if report else None)
    if report is not None:
        decisions.append(check_evidence(report.document, files, folder))
        decisions.append(check_renderings(report.document, folder))
    found = _signatures(folder, files, trust, time.time() if now is None else now, decisions)
    signers = [signer for signer, _, _ in found.counted]
    decisions.append(_enough(signers, at_least, found))
    statements = [statement for _, _, statement in found.counted]
    decisions.append(_subjects(statements, files))
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


def _signatures(
    folder: Path, files: FolderFiles, trust: TrustList, now: float, decisions: list[Decision]
) -> _Found:
    """Checks 4 and 5."""
    found = _Found([], [], [], [])
    malformed: list[str] = []
    pairs: tuple[SignedPair, ...] = ()
    place = folder / SIGNATURES_NAME
    if place.exists() or not files.companions:
        try:
            pairs = parse_bundle(read_file(place, BUNDLE_BYTES))
        except AuditkitError as error:
            malformed.append(
                f"{SIGNATURES_NAME}: {error}" if isinstance(error, EvidenceError) else str(error)
            )
    for pair in pairs:
        _judge_pair(pair, trust, now, found)
    names = sorted({name.removesuffix(".sig") for name in files.companions})
    for name in names:
        try:
            _judge_companion(folder, read_companion(folder, name), trust, now, found)
        except EvidenceError as error:
            malformed.append(str(error))
    made = f"{len(pairs)} in {SIGNATURES_NAME}, {len(names)} beside it"
    decisions.append(
        checks.FORM.failed("; ".join(malformed)[:600], "What should be signatures is missing or damaged.")
        if malformed
        else checks.FORM.passed(made, "Every signature has the form that auditkit writes.")
    )
    if found.problems:
        decided = checks.KEYS.failed(
            "; ".join(found.problems)[:600], "Something was changed after it was signed."
        )
    elif found.unknown:
        decided = checks.KEYS.warned(
            "; ".join(found.unknown)[:600], "A signature by somebody you do not trust counts for nothing."
        )
    else:
        decided = checks.KEYS.passed(
            f"{len(found.counted)} valid", "The keys that are named made the signatures."
        )
    decisions.append(decided)
    return found


def _judge_pair(pair: SignedPair, trust: TrustList, now: float, found: _Found) -> None:
    signer = trust.find(pair.keyid, now)
    if signer is None:
        # The key id is only a hint: a changed one must not turn a trusted signature into an unknown one.
        made_by = [
            known
            for known in trust.signers
            if any(signed_by(known.public_key, e.signature, e.signed_bytes) for e in pair.envelopes)
        ]
        if made_by:
            found.problems.append(f"a signature of {made_by[0].keyid} says that it is of {pair.keyid}")
        else:
            found.unknown.append(f"{pair.keyid} is not in the trust list")
        return
    for envelope in pair.envelopes:
        if not signed_by(signer.public_key, envelope.signature, envelope.signed_bytes):
            found.problems.append(f"a signature said to be of {_who(signer)} is not valid")
            return
    objection = "it was revoked" if signer.public_key in trust.revoked else signer.objection(now)
    if objection:
        found.unknown.append(f"the key of {_who(signer)} does not count: {objection}")
        return
    found.pairs.append(pair)
    found.counted.append((signer, _signature(signer, pair.report, "DSSE"), pair.report))


def _judge_companion(folder: Path, companion: Companion, trust: TrustList, now: float, found: _Found) -> None:
    try:
        if not is_intact(folder, companion):
            found.problems.append(f"{companion.name}.sig is not a signature over {companion.name}")
            return
        principal = allowed_principal(folder, companion, trust)
    except SigningError as error:
        found.unknown.append(f"{companion.name}.sig was not checked: {error.what}")
        return
    listed = trust.find(companion.keyid, now)
    if principal is None or (listed is not None and listed.objection(now)):
        found.unknown.append(f"{companion.keyid} ({companion.kind}) may not sign by the trust list")
        return
    signer = listed or AllowedSigner((principal,), companion.public_key)
    found.counted.append((signer, _signature(signer, companion.statement, "SSH"), companion.statement))


def _signature(signer: AllowedSigner, statement: ReportStatement, form: str) -> Signature:
    said = statement.predicate
    return Signature(",".join(signer.principals), signer.keyid, said.auditor.name, said.signed_at, form)


def _who(signer: AllowedSigner) -> str:
    return f"{','.join(signer.principals)} ({signer.keyid})"


def _enough(signers: list[AllowedSigner], at_least: int, found: _Found) -> Decision:
    """Check 6."""
    count = distinct_auditors(signers)
    wanted = f"at least {at_least} different auditor{'s' if at_least > 1 else ''} of the trust list"
    names = ", ".join(sorted({",".join(signer.principals) for signer in signers})) or "nobody"
    shown = f"{count}: {names}"
    if count < at_least:
        why = "; ".join(found.unknown) or "Nobody else signed"
        return checks.SIGNERS.failed(
            shown, f"Too few auditors whom you trust have signed. {why}.", expected=wanted
        )
    return checks.SIGNERS.passed(shown, "Enough auditors signed.", expected=wanted)


def _subjects(statements: list[ReportStatement], files: FolderFiles) -> Decision:
    """Check 7."""
    check = checks.SUBJECTS
    if files.strange:
        return check.failed(", ".join(files.strange[:5]), "The folder holds something that nobody signed.")
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
        problems += [f"{name} was changed" for name in sorted(both) if signed[name] != files.digests[name]]
    if problems:
        shown = "; ".join(dict.fromkeys(problems))[:600]
        return check.failed(shown, "The folder is not as it was when it was signed.")
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


def _left_open(document: AuditDocument, found: _Found) -> tuple[str, ...]:
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
    if found.unknown:
        told.append(
            "Signatures of keys outside the trust list: they could have been changed, added or removed."
        )
    return tuple(told)
