"""Verifying a signed report folder: who signed, whether everything is what they signed, and what that leaves open."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal

from auditkit.audit import SENTENCES, Claim, Judgement, Verdict, in_order, judge, qualifications_of
from auditkit.checks import PROVENANCE_ATTESTED
from auditkit.decision import Decision, Outcome, Qualification
from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.report import (
    DOCUMENT_NAME,
    NOTEBOOK_NAME,
    SIGNATURES_NAME,
    AuditDocument,
    ReportFolder,
    read_report_folder,
)
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

_NOT_REPLAYED: Final = (
    "Whether the audit decided rightly: signatures say who made the report. Add --replay to decide again."
)
_NOT_ATTESTED: Final = (
    "That nobody attested the build: no answer that there is no attestation is signed, so that one that was left out "
    "is not missed. Ask again with `auditkit verify-provenance`."
)


@dataclass(frozen=True, slots=True)
class ReportVerification:
    """What the checks of a signed report decided.

    Attributes:
        decisions: in the order of their numbers.
        signatures: those that count, in the order in which they were made.
        document: what `audit.json` says; None when it cannot be read.
        not_covered: what the signatures leave open, one sentence each.
        document_sha256: of the bytes of `audit.json`, 64 hex digits; None when it cannot be read.
    """

    decisions: tuple[Decision, ...]
    signatures: tuple[Signature, ...]
    document: AuditDocument | None
    not_covered: tuple[str, ...]
    document_sha256: str | None = None

    @property
    def judgement(self) -> Judgement:
        """PASS where the report is authentic and consistent, and has the verdict that is required, if one is; FAIL
        where it is not, TROUBLE where nobody can know."""
        made = {decision.id for decision in self.decisions}
        policy = checks.verification_policy(
            required=checks.REQUIRED.id in made, replayed=checks.REPLAY.id in made
        )
        return judge(self.decisions, policy)

    @property
    def authenticity(self) -> Judgement:
        """The same, whatever verdict is required."""
        kept = tuple(decision for decision in self.decisions if decision.id != checks.REQUIRED.id)
        replayed = any(decision.id == checks.REPLAY.id for decision in kept)
        return judge(kept, checks.verification_policy(required=False, replayed=replayed))

    @property
    def authentic(self) -> bool:
        """Whether the report is authentic and consistent, whatever its verdict."""
        return self.authenticity.verdict is Verdict.PASS

    @property
    def cite_as(self) -> str | None:
        """A line that names the report, who vouches for it, and its digest; None where it is not authentic."""
        document = self.document
        if document is None or not self.authentic:
            return None
        subject = document.subject
        election = subject.kind == "election"
        signers = dict.fromkeys(f"{one.principal} ({one.keyid})" for one in self.signatures)
        return (
            f"auditkit report on {'election' if election else 'recovery'} proposal {subject.proposal_id or 'unknown'}, "
            f"{'release' if election else 'base release'} {subject.base_version or 'unknown'}: {self.claim}, "
            f"policy {document.policy.id}, stage {subject.stage}, as of {document.run.started}, "
            f"signed by {', '.join(signers)}, audit.json SHA-256 {self.document_sha256}"
        )

    @property
    def claim(self) -> Claim | None:
        """What the report says, qualified by what it says itself and by what verifying it showed."""
        if self.document is None:
            return None
        told = self.document.claim
        return Claim(told.verdict, in_order((*told.qualifications, *qualifications_of(self.decisions))))

    def with_decision(self, decision: Decision) -> ReportVerification:
        """The verification with one more decision; a replay answers what was left open without it."""
        decisions = sorted((*self.decisions, decision), key=lambda made: made.number)
        answered = {_NOT_REPLAYED} if decision.id == checks.REPLAY.id else set()
        left = tuple(text for text in self.not_covered if text not in answered)
        return replace(self, decisions=tuple(decisions), not_covered=left)

    def requiring(
        self,
        verdict: Verdict,
        accepted: Iterable[Qualification] = (),
        stage: Literal["vote", "recover"] | None = None,
    ) -> ReportVerification:
        """The verification with the demand that the report says ``verdict`` (check 9).

        Args:
            accepted: what may be missing from the meaning of a PASS.
            stage: whom the report has to be for: who votes on the proposal, or who acts on what was adopted; None
                takes either.
        """
        claim, document = self.claim, self.document
        if claim is None or document is None:
            return self
        observed, expected = str(claim), f"{verdict}"
        if stage is not None:
            observed, expected = f"{claim} at stage {document.subject.stage}", f"{verdict} at stage {stage}"
        if claim.verdict is not verdict:
            decision = checks.REQUIRED.failed(
                str(claim), "The report does not have the verdict that you require.", expected=expected
            )
        elif stage is not None and document.subject.stage != stage:
            decision = checks.REQUIRED.failed(
                observed,
                "The report answers another question: whether to vote for a proposal is asked while people can still "
                "reject it, and whether to act on it when it was carried out.",
                expected=expected,
            )
        elif open_ones := [item for item in claim.qualifications if item not in set(accepted)]:
            decision = (
                checks.REQUIRED.passed(observed, "It is the required verdict.", expected=expected)
                if verdict is not Verdict.PASS
                else checks.REQUIRED.failed(
                    str(claim),
                    "The PASS is qualified, and you did not accept that: "
                    + "; ".join(f"{item}: {SENTENCES[item]}" for item in open_ones),
                    expected="PASS, unqualified but for what you accept",
                )
            )
        else:
            decision = checks.REQUIRED.passed(observed, "It is the required verdict.", expected=expected)
        return self.with_decision(decision)


def verify_report(
    folder: Path,
    trust: TrustList,
    *,
    at_least: int = 1,
    now: float | None = None,
) -> ReportVerification:
    """Verifies a report folder and its signatures, without the network.

    A signature by a key that is not in the trust list, was revoked, or is outside its validity does not count; it is
    told with a warning. A signature that a key of the trust list is said to have made and did not, fails.

    Args:
        trust: whose signatures count.
        at_least: how many different auditors must have signed, from 1.
        now: seconds since 1970, for the validity of keys; the clock by default.

    Raises:
        SourceError: there is no report folder, or something in it cannot be read.
        EvidenceError: the folder holds more evidence than a report may.
    """
    decisions: list[Decision] = []
    report = _document(folder, decisions)
    files = read_folder_files(folder, report.document if report else None)
    if report is not None:
        decisions.append(check_evidence(report.document, files, folder))
        decisions.append(check_renderings(report.document, folder))
    found = judge_signatures(folder, files, trust, time.time() if now is None else now, decisions)
    decisions.append(enough_signed(at_least, found))
    statements = [statement for _, _, statement in found.counted]
    decisions.append(_subjects(statements, files, folder, open_signature=bool(found.open)))
    if report is not None:
        decisions.append(_content(report.document, statements, found.pairs, files))
    return ReportVerification(
        tuple(sorted(decisions, key=lambda decision: decision.number)),
        tuple(signature for _, signature, _ in found.counted),
        report.document if report is not None else None,
        _left_open(report.document, found, files.digests) if report is not None else (),
        sha256(report.document_bytes).hexdigest() if report is not None else None,
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
        if said.policy_version == 1 and not said.qualifications and not document.qualifications:
            # of before qualifications; what they should tell is told beside the verdict
            wanted = wanted.model_copy(update={"qualifications": ()})
        if said != wanted:
            names = [name for name in type(said).model_fields if getattr(said, name) != getattr(wanted, name)]
            return check.failed(
                f"another {', '.join(names)}", f"A signed statement does not say what {DOCUMENT_NAME} says."
            )
    for pair in pairs:
        summary = pair.summary.predicate
        try:
            wanted_summary = summary_statement(pair.report, pair.envelopes[0].to_line()).predicate
        except ParameterError as error:
            return check.failed(error.what, "A signed statement names a policy that nobody knows.")
        if document.tool.version != __version__:  # whose policy of that name may have demanded other checks
            wanted_summary = wanted_summary.model_copy(update={"policy": summary.policy})
        if summary != wanted_summary or pair.summary.subject != _document_subject(pair.report):
            return check.failed(
                f"result {summary.verification_result}, policy {summary.policy.uri}"[:300],
                "A verification summary does not say what the statement before it says.",
            )
    if not told:
        return check.skipped("No statement counts, so none was compared.")
    return check.passed(f"{document.claim} in every statement", "Auditors and report say the same.")


def _document_subject(report: ReportStatement) -> tuple[object, ...]:
    return tuple(subject for subject in report.subject if subject.name == DOCUMENT_NAME)


def _left_open(document: AuditDocument, found: FoundSignatures, names: Iterable[str]) -> tuple[str, ...]:
    unbound = [NOTEBOOK_NAME] if NOTEBOOK_NAME in names else []
    absent = [record.name for record in document.evidence if not record.stored]
    told = [
        _NOT_REPLAYED,
        "When it was audited and signed: the times are the auditors' to write. Votes and certificates are judged as of "
        f"{document.run.started}.",
    ]
    if unbound:
        told.append(
            f"What {NOTEBOOK_NAME} shows: it is the notebook as it was run, and nothing but the auditor's word ties "
            "its outputs to audit.json."
        )
    if absent:
        told.append(
            f"The content of {', '.join(absent)}: it is named by its digest. What was read from it (version, "
            "checksums, dm-verity root) stands in evidence/replay.yaml and is taken from there."
        )
    if document.outcomes.get(PROVENANCE_ATTESTED.id) in (Outcome.WARN, Outcome.FAIL):
        told.append(_NOT_ATTESTED)
    if found.unchecked:
        told.append("Signatures that could not be checked: they could have been changed, added or removed.")
    if found.unknown:
        told.append(
            "Signatures of keys outside the trust list: they could have been changed, added or removed."
        )
    return tuple(told)
