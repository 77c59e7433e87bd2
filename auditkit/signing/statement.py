"""What an auditor signs: two in-toto statements about a report folder.

The first names every file of the folder with its SHA-256 and repeats the verdict with every decision. The second is a
SLSA Verification Summary that points at the line of the first, for programs that read no other predicate.

Sources: in-toto attestation framework v1 (spec/v1/statement.md); slsa.dev/spec/v1.1/verification_summary. Schema of the
first predicate: ``docs/schemas/signed-report-v1.json`` (written from `predicate_schema`, kept in step by a test).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel

from auditkit.audit import FOREIGN_WORLDS, Policy, Verdict, policy_version
from auditkit.decision import CheckId, Decision, Qualification
from auditkit.errors import EvidenceError
from auditkit.numbers import Count, ProposalNumber
from auditkit.report import (
    DOCUMENT_NAME,
    AuditDocument,
    Sha256,
    Time,
    first_fault,
    read_json,
)

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
REPORT_PREDICATE: Final = "urn:auditkit:signed-report:v1"
SUMMARY_PREDICATE: Final = "https://slsa.dev/verification_summary/v1"
NAME_CHARACTERS: Final = 200
_VOTES_UNTOLD: Final = re.compile(r"0\.(?:[0-5]\.[0-9]+|6\.[01])")
"""The versions whose summaries do not tell that the vote was still open."""

KeyId = Annotated[str, StringConstraints(pattern=r"^SHA256:[A-Za-z0-9+/]{43}$")]
AuditorName = Annotated[str, StringConstraints(min_length=1, max_length=NAME_CHARACTERS)]


class StatementPart(BaseModel):
    """A part of a statement: camel case in JSON, and nothing that is not named."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
    )


class Digest(StatementPart):
    """Digests of one file."""

    sha256: Sha256


class FileSubject(StatementPart):
    """A file that a statement is about, by its path in the report folder."""

    name: str
    digest: Digest


class Auditor(StatementPart):
    """Who signed: the fingerprint of the key, and the name that the auditor gave, which nothing proves."""

    keyid: KeyId
    name: AuditorName | None


class PolicyResults(StatementPart):
    """The verdict under each policy; an election knows ``strict`` alone."""

    strict: Verdict
    overlap: Verdict | None


class NotCovered(StatementPart):
    """Evidence that is not in the folder: the statement names it by its digest alone."""

    name: str
    digest: Digest
    size: Count


class ToolVersion(StatementPart):
    """The program that made the report."""

    name: str
    version: str


class ReportPredicate(StatementPart):
    """What an auditor says about an audit.

    Attributes:
        signed_at: by the auditor's own clock.
        qualifications: what keeps the verdict from meaning all that the word alone means.
        policy_version: of the policy by which the verdict was reached.
        kind: whether the proposal blesses a recovery or elects a release.
        deciding: the check that the verdict turns on.
        not_covered: evidence that only its digest stands for.
    """

    model_config = ConfigDict(title="auditkit signed report, version 1")

    auditor: Auditor
    signed_at: Time
    verdict: Verdict
    qualifications: tuple[Qualification, ...] = ()
    verdicts: PolicyResults
    policy: Literal["strict", "overlap"]
    policy_version: Annotated[int, Field(ge=1)] = 1
    stage: Literal["vote", "recover"]
    kind: Literal["recovery", "election"] = "recovery"
    proposal_id: ProposalNumber | None
    base_version: str | None
    rootfs_hash: str | None
    certificate_time: Time | None
    root_key: str
    deciding: CheckId | None
    tool: ToolVersion
    decisions: tuple[Decision, ...]
    not_covered: tuple[NotCovered, ...]


class Verifier(StatementPart):
    """Who verified, as the Verification Summary has it."""

    id: str
    version: dict[str, str]


class PolicyReference(StatementPart):
    """The policy that was applied, with a digest of the list of checks that it demands."""

    uri: str
    digest: Digest


class InputAttestation(StatementPart):
    """The line of the first statement."""

    digest: Digest


class SummaryPredicate(StatementPart):
    """A SLSA Verification Summary, version 1."""

    verifier: Verifier
    time_verified: Time
    resource_uri: str
    policy: PolicyReference
    input_attestations: tuple[InputAttestation, ...]
    verification_result: Literal["PASSED", "FAILED"]
    verified_levels: tuple[str, ...]


class Statement(StatementPart):
    """An in-toto statement, version 1, about files."""

    type: Literal["https://in-toto.io/Statement/v1"] = Field(default=STATEMENT_TYPE, alias="_type")
    subject: tuple[FileSubject, ...]


_Form = TypeVar("_Form", bound=Statement)


class ReportStatement(Statement):
    """The first statement of an auditor."""

    predicate_type: Literal["urn:auditkit:signed-report:v1"] = REPORT_PREDICATE
    predicate: ReportPredicate


class SummaryStatement(Statement):
    """The second statement of an auditor."""

    predicate_type: Literal["https://slsa.dev/verification_summary/v1"] = SUMMARY_PREDICATE
    predicate: SummaryPredicate


def report_statement(
    document: AuditDocument, files: Mapping[str, str], auditor: Auditor, signed_at: str
) -> ReportStatement:
    """What an auditor says about a report folder.

    Args:
        files: SHA-256 of every file of the folder, by its path in it.
        signed_at: RFC 3339 with Z.
    """
    subject = document.subject
    return ReportStatement(
        subject=tuple(
            FileSubject(name=name, digest=Digest(sha256=digest)) for name, digest in sorted(files.items())
        ),
        predicate=ReportPredicate(
            auditor=auditor,
            signed_at=signed_at,
            verdict=document.verdict,
            # what an older policy leaves open is told beside the statement: when it was signed, it was the newest
            qualifications=tuple(
                item for item in document.claim.qualifications if item is not Qualification.OLDER_POLICY
            ),
            verdicts=PolicyResults(strict=document.verdicts.strict, overlap=document.verdicts.overlap),
            policy=subject.policy,
            policy_version=document.policy.version,
            stage=subject.stage,
            kind=subject.kind,
            proposal_id=subject.proposal_id,
            base_version=subject.base_version,
            rootfs_hash=subject.rootfs_hash,
            certificate_time=subject.certificate_time,
            root_key=str(document.parameters.get("root_key", "mainnet")),
            deciding=document.deciding.decision if document.deciding else None,
            tool=ToolVersion(name=document.tool.name, version=document.tool.version),
            decisions=document.decisions,
            not_covered=tuple(
                NotCovered(name=record.name, digest=Digest(sha256=record.sha256), size=record.size)
                for record in document.evidence
                if not record.stored
            ),
        ),
    )


def summary_statement(report: ReportStatement, first_line: bytes) -> SummaryStatement:
    """The Verification Summary that goes with a report statement.

    Args:
        first_line: the envelope of ``report``, without a line feed.
    """
    said = report.predicate
    # Programs that read nothing but this statement must not take another world's verdict for one about mainnet.
    passed = said.verdict is Verdict.PASS and FOREIGN_WORLDS.isdisjoint(said.qualifications)
    policy = policy_version(f"{said.policy}/{said.policy_version}")
    elections = said.kind == "election"
    # That a proposal may be voted for is no leave to act on it: people can still reject it.
    vote = "VOTE_" if said.stage == "vote" and not _VOTES_UNTOLD.fullmatch(said.tool.version) else ""
    level = f"AUDITKIT_{vote}{'ELECTION_' if elections else ''}{said.policy.upper()}" if passed else "FAILED"
    return SummaryStatement(
        subject=tuple(subject for subject in report.subject if subject.name == DOCUMENT_NAME),
        predicate=SummaryPredicate(
            verifier=Verifier(
                id=f"urn:auditkit:auditor:{said.auditor.keyid}", version={said.tool.name: said.tool.version}
            ),
            time_verified=said.signed_at,
            resource_uri=f"urn:auditkit:proposal:{said.proposal_id if said.proposal_id is not None else 'unknown'}",
            policy=PolicyReference(
                uri=f"urn:auditkit:policy:{policy.id}{'/election' if elections else ''}",
                digest=Digest(sha256=_policy_digest(policy)),
            ),
            input_attestations=(InputAttestation(digest=Digest(sha256=sha256(first_line).hexdigest())),),
            verification_result="PASSED" if passed else "FAILED",
            verified_levels=(level, *(item.value for item in said.qualifications)),
        ),
    )


def _policy_digest(policy: Policy) -> str:
    rule = {
        "policy": policy.id,
        "demanded": sorted(policy.demanded),
        "answered": sorted(policy.answered),
    }
    return sha256(json.dumps(rule, separators=(",", ":")).encode()).hexdigest()


def statement_bytes(statement: Statement) -> bytes:
    """The payload of an envelope: compact JSON in the order of the fields."""
    value = statement.model_dump(mode="json", by_alias=True)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def parse_report_statement(payload: bytes) -> ReportStatement:
    """The report statement in a payload.

    Raises:
        EvidenceError: it is none.
    """
    return parse_statement(ReportStatement, payload)


def parse_summary_statement(payload: bytes) -> SummaryStatement:
    """The Verification Summary in a payload.

    Raises:
        EvidenceError: it is none.
    """
    return parse_statement(SummaryStatement, payload)


def predicate_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the predicate of a report statement."""
    body = ReportPredicate.model_json_schema(by_alias=True, mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": REPORT_PREDICATE, **body}


def parse_statement(form: type[_Form], payload: bytes) -> _Form:
    """The statement of a kind in a payload.

    Raises:
        EvidenceError: it is none.
    """
    try:
        read_json(payload)
        return form.model_validate_json(payload, by_alias=True, by_name=False)
    except ValidationError as error:
        where, fault = first_fault(error)
        raise EvidenceError(f"not a statement that auditkit knows: {where}: {fault}"[:300]) from None
    except (ValueError, RecursionError) as error:
        raise EvidenceError(f"a signed statement is not JSON: {error}") from None
