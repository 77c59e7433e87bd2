"""Verifying a signed report folder: who signed, whether everything is what they signed, and what that leaves open."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from auditkit.audit import Verdict
from auditkit.decision import Decision, Outcome
from auditkit.errors import AuditkitError, EvidenceError, SigningError, SourceError
from auditkit.evidence import read_file
from auditkit.report import AuditDocument, ReportFolder, read_report_folder
from auditkit.report.folder import DOCUMENT_NAME, SIGNATURES_NAME
from auditkit.signing import report_checks as checks
from auditkit.signing.allowed_signers import Standing, TrustList, distinct_auditors
from auditkit.signing.bundle import BUNDLE_BYTES, SignedPair, parse_bundle
from auditkit.signing.companion import Companion, read_companion
from auditkit.signing.folder_files import (
    FolderFiles,
    check_document,
    check_evidence,
    check_renderings,
    read_folder_files,
)
from auditkit.signing.line_ends import hint, how_changed
from auditkit.signing.ssh_keygen import certificate_counts, is_revoked, made_signature
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


@dataclass(slots=True)
class _Found:
    """What the signatures came to, before it becomes decisions.

    Attributes:
        unchecked: signatures that could not be checked, with the reason.
        open: whose those are that would count.
    """

    counted: list[tuple[Standing, Signature, ReportStatement]] = field(default_factory=list)
    pairs: list[SignedPair] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    open: list[Standing] = field(default_factory=list)


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
    found = _signatures(folder, files, trust, time.time() if now is None else now, decisions)
    decisions.append(_enough([standing for standing, _, _ in found.counted], at_least, found))
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


def _signatures(
    folder: Path, files: FolderFiles, trust: TrustList, now: float, decisions: list[Decision]
) -> _Found:
    """Checks 4 and 5."""
    found = _Found()
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
            _judge_companion(read_companion(folder, name), trust, now, found)
        except EvidenceError as error:
            malformed.append(str(error))
    made = f"{len(pairs)} in {SIGNATURES_NAME}, {len(names)} beside it"
    decisions.append(
        checks.FORM.failed(
            "; ".join(malformed)[:600],
            f"What should be signatures is missing or damaged.{hint(malformed)}",
        )
        if malformed
        else checks.FORM.passed(made, "Every signature has the form that auditkit writes.")
    )
    if found.problems:
        decided = checks.KEYS.failed(
            "; ".join(found.problems)[:600], "Something was changed after it was signed."
        )
    elif found.unchecked:
        decided = checks.KEYS.warned(
            "; ".join(found.unchecked + found.unknown)[:600],
            "A signature that could not be checked counts for nothing.",
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
    standing = trust.standing(signer.public_key, now) if signer else None
    if signer is None or standing is None:
        # The key id is only a hint: a changed one must not turn a trusted signature into an unknown one.
        made_by = [
            known.keyid
            for known in trust.signers
            if not known.authority
            and any(signed_by(known.public_key, e.signature, e.signed_bytes) for e in pair.envelopes)
        ]
        if made_by:
            found.problems.append(f"a signature of {made_by[0]} says that it is of {pair.keyid}")
        else:
            found.unknown.append(f"{pair.keyid} is not in the trust list")
        return
    for envelope in pair.envelopes:
        if not signed_by(signer.public_key, envelope.signature, envelope.signed_bytes):
            found.problems.append(f"a signature said to be of {_who(standing)} is not valid")
            return
    try:
        objection = standing.objection or _revocation(trust, signer.public_key)
    except SigningError as error:
        found.unchecked.append(
            f"whether the key of {_who(standing)} was revoked was not checked: {error.what}"
        )
        found.open.append(standing)
        return
    if objection:
        found.unknown.append(f"the key of {_who(standing)} does not count: {objection}")
        return
    found.pairs.append(pair)
    found.counted.append((standing, _signature(standing, pair.report, "DSSE"), pair.report))


def _judge_companion(companion: Companion, trust: TrustList, now: float, found: _Found) -> None:
    standing = trust.standing(companion.public_key, now)
    payload, signature = companion.payload, companion.signature
    try:
        if not made_signature(signature, payload):
            found.problems.append(f"{companion.name}.sig is not a signature over {companion.name}")
            return
        if standing is None:
            found.unknown.append(f"{companion.keyid} ({companion.kind}) is not in the trust list")
            return
        objection = standing.objection or _revocation(trust, companion.public_key)
        if not objection and standing.certified_as:
            confirmed = certificate_counts(signature, payload, trust.text, standing.certified_as)
            objection = "" if confirmed else "ssh-keygen refuses its certificate"
    except SigningError as error:
        found.unchecked.append(f"{companion.name}.sig was not checked: {error.what}")
        if standing is not None and not standing.objection:
            found.open.append(standing)
        return
    if objection:
        found.unknown.append(f"the key of {_who(standing)} ({companion.kind}) does not count: {objection}")
        return
    found.counted.append((standing, _signature(standing, companion.statement, "SSH"), companion.statement))


def _revocation(trust: TrustList, public_key: bytes) -> str:
    revoked = trust.revocation_list is not None and is_revoked(trust.revocation_list, public_key)
    return "it was revoked" if revoked else ""


def _signature(standing: Standing, statement: ReportStatement, form: str) -> Signature:
    said = statement.predicate
    return Signature(",".join(standing.principals), standing.keyid, said.auditor.name, said.signed_at, form)


def _who(standing: Standing) -> str:
    return f"{','.join(standing.principals)} ({standing.keyid})"


def _enough(standings: list[Standing], at_least: int, found: _Found) -> Decision:
    """Check 6. It is left open where a signature that could not be checked would decide it."""
    count = distinct_auditors(standings)
    wanted = f"at least {at_least} different auditor{'s' if at_least > 1 else ''} of the trust list"
    names = ", ".join(sorted({",".join(standing.principals) for standing in standings})) or "nobody"
    shown = f"{count}: {names}"
    if count >= at_least:
        return checks.SIGNERS.passed(shown, "Enough auditors signed.", expected=wanted)
    if distinct_auditors([*standings, *found.open]) >= at_least:
        return checks.SIGNERS.skipped(
            f"It could not be told whether {wanted} signed: {'; '.join(found.unchecked)}"[:600] + "."
        )
    why = "; ".join(found.unchecked + found.unknown) or "Nobody else signed"
    return checks.SIGNERS.failed(
        shown, f"Too few auditors whom you trust have signed. {why}.", expected=wanted
    )


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
    if found.unchecked:
        told.append("Signatures that could not be checked: they could have been changed, added or removed.")
    if found.unknown:
        told.append(
            "Signatures of keys outside the trust list: they could have been changed, added or removed."
        )
    return tuple(told)
