"""The documents of commands that take finished reports."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from auditkit.audit import Verdict
from auditkit.batch import Standing
from auditkit.cli.documents.document import PrintedDocument
from auditkit.decision import CheckId, Decision, Qualification
from auditkit.numbers import Count, ProposalNumber
from auditkit.report import Part, Sha256, Time
from auditkit.signing import Signature


class VerifyReport(PrintedDocument):
    """``auditkit verify-report --json``.

    Attributes:
        authentic: whether the report is what was signed, and consistent; a verdict that is required is not part of it.
        result: PASS, FAIL or TROUBLE, as the exit status: also whether the report has the verdict that is required.
        reason: why, in a sentence.
        verdict: what the report says; null where it cannot be read.
        stage: for whom: ``vote`` while people can still reject the proposal, ``recover`` for who acts on what was
            carried out; null where the report cannot be read.
        qualifications: of the verdict, and those that verifying it added.
        document_sha256: of `audit.json`; null where there is none.
        cite_as: a line that names the report, its auditors and its digest; null where it is not authentic.
        signatures: those that count, in the order in which they were made.
        not_covered: what the signatures leave open, a sentence each.
        decisions: checks 1 to 10 of verifying; those of the audit are in `audit.json`.
    """

    schema_id: Literal["auditkit/verify-report/v1"] = Field(
        default="auditkit/verify-report/v1", alias="schema"
    )
    authentic: bool
    result: Verdict
    reason: str
    verdict: Verdict | None
    stage: Literal["vote", "recover"] | None
    qualifications: tuple[Qualification, ...]
    document_sha256: Sha256 | None
    cite_as: str | None
    signatures: tuple[Signature, ...]
    not_covered: tuple[str, ...]
    decisions: tuple[Decision, ...]


class BuildSigner(Part):
    """A key of the trust list that signed the statement about a build; ``line`` is its line there, from 1."""

    principal: str
    keyid: str
    line: Count


class VerifyBuild(PrintedDocument):
    """``auditkit verify-report --statement --json``.

    Attributes:
        verdict: PASS, FAIL or TROUBLE, as the exit status.
        qualifications: what the root key that the statement names takes from the verdict.
        reason: why, in a sentence.
        image_name, image_sha256: the image that the statement is about; null where it is none.
        proposal_id, rootfs_hash, root_key: what the statement says that the image was built for.
        signers: whose signatures count, in the order in which they were made.
        not_covered: what the signatures leave open, a sentence each.
        decisions: the checks of verifying a statement.
    """

    schema_id: Literal["auditkit/verify-build/v1"] = Field(default="auditkit/verify-build/v1", alias="schema")
    verdict: Verdict
    qualifications: tuple[Qualification, ...]
    reason: str
    image_name: str | None
    image_sha256: Sha256 | None
    proposal_id: ProposalNumber | None
    rootfs_hash: Sha256 | None
    root_key: str | None
    signers: tuple[BuildSigner, ...]
    not_covered: tuple[str, ...]
    decisions: tuple[Decision, ...]


class ComparedReport(Part):
    """One report of a comparison: the place that was named, and what it says."""

    report: str
    verdict: Verdict
    qualifications: tuple[Qualification, ...]


class DifferenceRow(Part):
    """One thing in which the reports differ.

    Attributes:
        part: which part of the report, such as ``decision``.
        name: which one, such as the id of a check.
        question: what the check asks; empty where it is none.
        weighs: whether it changes what was decided, or about what.
        told: what each report tells, in their order; null where it tells nothing.
    """

    part: str
    name: str
    question: str
    weighs: bool
    told: tuple[str | None, ...]


class DiffDocument(PrintedDocument):
    """``auditkit diff --json``.

    Attributes:
        same: whether nothing but the times and machines of the runs differs.
        same_decisions: whether the reports decide alike.
    """

    schema_id: Literal["auditkit/diff/v1"] = Field(default="auditkit/diff/v1", alias="schema")
    same: bool
    same_decisions: bool
    reports: Annotated[tuple[ComparedReport, ...], Field(min_length=2)]
    differences: tuple[DifferenceRow, ...]


class StatusSubject(Part):
    """What a report is about; see `auditkit.batch.AuditSubject`."""

    proposal_id: ProposalNumber | None
    base_version: str | None
    kind: Literal["recovery", "election"]
    stage: Literal["vote", "recover"]
    policy: str
    root_key: str
    recovery_image: bool
    attestation: bool
    tcb_min: str
    chosen: tuple[Qualification, ...]
    matrix: tuple[str, ...]


class StatusEntry(Part):
    """One subject, or one report that belongs to none.

    Attributes:
        verdict: what it adds to the whole: that of the report, but TROUBLE for a PASS that is stale.
        standing: why.
        subject: null where no report tells it.
        folder: below the folder that was searched.
        finished, age_seconds: null where there is no finished report, or its time cannot be.
        deciding: id of the check that the verdict turns on.
        older_reports: how many older ones there are of the subject.
    """

    verdict: Verdict
    qualifications: tuple[Qualification, ...]
    standing: Standing
    subject: StatusSubject | None
    folder: str
    finished: Time | None
    age_seconds: Count | None
    deciding: CheckId | None
    reason: str
    older_reports: Count


class StatusDocument(PrintedDocument):
    """``auditkit status --json``."""

    schema_id: Literal["auditkit/status/v1"] = Field(default="auditkit/status/v1", alias="schema")
    verdict: Verdict
    qualifications: tuple[Qualification, ...]
    reason: str
    checked_at: Time
    max_age_seconds: Count
    links_not_followed: Count
    subjects: tuple[StatusEntry, ...]
