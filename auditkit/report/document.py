"""`audit.json`: what an audit found, as one versioned document.

HTML, Markdown, console text and signatures are renderings of this document and of nothing else. Everything
outside ``run`` depends on the evidence and the parameters alone: two auditors with the same evidence get the
same bytes. (So a parameter that names a place on the auditor's machine does not belong in ``parameters``.)

Schema: ``docs/schemas/audit-report-v1.json`` (written from `schema`, kept in step by a test).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, Final, Literal, Self

from pydantic import ConfigDict, Field, ValidationError, model_validator

from auditkit import checks
from auditkit.audit import RELEASE_MATRIX, Matrix
from auditkit.audit.verdict import (
    FOREIGN_WORLDS,
    STRICT,
    STRICT_1,
    Claim,
    Policy,
    Trouble,
    Verdict,
    in_order,
    is_attested,
    judge,
    policy_version,
    qualifications_of,
)
from auditkit.decision import Decision, Outcome, Qualification
from auditkit.errors import EvidenceError, ParameterError
from auditkit.ic.registry import ChipsInRegistry
from auditkit.limits import LIMITS, Limits
from auditkit.report.build_record import BuildRecord
from auditkit.report.field_types import ParameterValue, Part
from auditkit.report.measurement_records import MeasuredInputs, OverlapRecord
from auditkit.report.records import Deciding, EvidenceRecord, PolicyIds, PolicyVerdicts, Run, Subject, Tool
from auditkit.report.root_records import RootChanges
from auditkit.report.strict_json import first_fault, read_json

_DECISIONS: Final = 256  # there are 76 checks; whoever lists more wants to keep a reader busy
SCHEMA_ID: Final = "auditkit/audit-report/v1"
SCHEMA_URI: Final = "urn:auditkit:audit-report:v1"


class AuditDocument(Part):
    """`audit.json`. Build it from Python values, or read it with `from_json`.

    A document that contradicts itself is refused, whichever version of auditkit made it: both verdicts have to follow
    from the decisions by the policies that are named, the qualifications from the decisions and the parameters;
    decisions stand in their order and appear once, and evidence that a decision names has to be listed.

    Raises:
        pydantic.ValidationError: such a document, or a value that none has. `from_json` raises EvidenceError instead.
    """

    model_config = ConfigDict(
        title="auditkit audit report, version 1", validate_by_name=True, validate_by_alias=True
    )

    schema_id: Literal["auditkit/audit-report/v1"] = Field(default=SCHEMA_ID, alias="schema")
    verdict: Verdict
    qualifications: tuple[Qualification, ...] = ()
    subject: Subject
    verdicts: PolicyVerdicts
    policies: PolicyIds = PolicyIds()
    deciding: Deciding | None
    parameters: dict[str, ParameterValue]
    tool: Tool
    decisions: Annotated[tuple[Decision, ...], Field(max_length=_DECISIONS)]
    trouble: tuple[Trouble, ...] = ()
    overlap: tuple[OverlapRecord, ...] = ()
    measured: MeasuredInputs | None = None
    chips: ChipsInRegistry | None = None
    provenance: BuildRecord | None = None
    roots: RootChanges | None = None
    evidence: tuple[EvidenceRecord, ...] = ()
    run: Run

    @property
    def claim(self) -> Claim:
        """The verdict with its qualifications, also with those that an older report does not state itself."""
        carried = qualifications_of(self.decisions)
        return Claim(self.verdict, in_order((*self.qualifications, *carried, *implied_qualifications(self))))

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """The outcome of each decision, by the id of its check."""
        return {decision.id: decision.outcome for decision in self.decisions}

    @property
    def policy(self) -> Policy:
        """The policy that decides the verdict, in the version that the report names, for what was asked about."""
        return self._asked(self.subject.policy)

    def _asked(self, name: str) -> Policy:
        return policy_version(getattr(self.policies, name)).asking(
            recovery_image=self.parameters.get("recovery_image") is not None,
            attestation=self.parameters.get("attestation_report") is not None,
            subject=self.subject.kind,
            executed=self.subject.status == "executed",
            chips=self.parameters.get("chips_source") is not None,
            provenance=self.parameters.get("provenance_source") is not None,
            attested=is_attested(self.decisions),
        )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if any(one.qualifications and one.outcome is not Outcome.WARN for one in self.decisions):
            raise ValueError("only a warning carries qualifications")
        if self.verdict is not getattr(self.verdicts, self.subject.policy):
            raise ValueError(f"the verdict is not that of the policy {self.subject.policy}")
        self._judge_again()
        self._same_subject()
        told = {*qualifications_of(self.decisions), *implied_qualifications(self)}
        if self.policies.strict != STRICT_1.id:
            # A report of a policy that was the newest then could not say that it is an older one.
            told.discard(Qualification.OLDER_POLICY)
        # Reports of before qualifications tell none; what they should tell is in `claim`.
        silent = self.policies.strict == STRICT_1.id and not self.qualifications
        if not silent and (set(self.qualifications) != told or len(self.qualifications) != len(told)):
            raise ValueError("the qualifications do not follow from the decisions and the parameters")
        numbers = [decision.number for decision in self.decisions]
        if any(later <= earlier for earlier, later in pairwise(numbers)):
            raise ValueError("decisions out of order or repeated")
        if len({decision.id for decision in self.decisions}) != len(self.decisions):
            raise ValueError("two decisions with the same id")
        names = [record.name for record in self.evidence]
        if len(set(names)) != len(names):
            raise ValueError("two pieces of evidence with the same name")
        for decision in self.decisions:
            for name in decision.evidence:
                if name not in names:
                    raise ValueError(f"decision {decision.id} rests on evidence that is not listed: {name}")
        return self

    def _same_subject(self) -> None:
        """Refuses a subject that is not the one of the parameters."""
        asked: dict[str, str | int | None] = {
            "subject": self.subject.kind,
            "proposal_id": self.subject.proposal_id,
            "stage": self.subject.stage,
            "policy": self.subject.policy,
        }
        for name, told in asked.items():
            parameter = self.parameters.get(name, told)
            if parameter != told and not (name == "stage" and parameter == "auto"):
                raise ValueError(f"the subject and the parameters name another {name}")
        practising = Qualification.PRACTICE_NETWORK in self.qualifications
        if (
            self.subject.story is not None
            and not practising
            and self.parameters.get("root_key") != "practice"
        ):
            raise ValueError("only a report of the practice network tells a story")
        if "subject" not in self.parameters and self.subject.kind != "recovery":
            raise ValueError("the subject and the parameters name another subject")

    def _judge_again(self) -> None:
        """Refuses verdicts that do not follow from the decisions, by the policies that the document names."""
        if (self.verdicts.overlap is None) != (self.subject.kind == "election"):
            raise ValueError("a recovery has a verdict under the policy overlap, and an election has none")
        for name, claimed in (("strict", self.verdicts.strict), ("overlap", self.verdicts.overlap)):
            if claimed is None:
                continue
            try:
                judged = judge(self.decisions, self._asked(name))
            except ParameterError as error:
                raise ValueError(error.what) from None
            if judged.verdict is not claimed:
                raise ValueError(
                    f"it contradicts itself: by the policy {judged.policy} its decisions make {judged.verdict}, "
                    f"and it says {claimed}"
                )
            if name != self.subject.policy:
                continue
            if (self.deciding is None) != (claimed is Verdict.PASS):
                raise ValueError(
                    "it contradicts itself: a PASS has no deciding check, any other verdict has one"
                )
            if self.deciding is None or judged.deciding is None:
                continue
            if (self.deciding.decision, self.deciding.reason) != (judged.deciding.id, judged.deciding.reason):
                raise ValueError("it contradicts itself: another check than the one it names decides")


def implied_qualifications(document: AuditDocument) -> tuple[Qualification, ...]:
    """The qualifications that follow from a document's parameters and outcomes, whether or not a decision carries them.

    A report of policy version 1 has no decisions about its own settings, and one that was made up may leave them out.
    """
    parameters = document.parameters
    outcomes = document.outcomes
    found: set[Qualification] = set()
    if parameters.get("root_key", "mainnet") != "mainnet":
        carried = qualifications_of(document.decisions)
        found.add(next((item for item in carried if item in FOREIGN_WORLDS), Qualification.OTHER_ROOT_KEY))
    if document.subject.policy != "strict":
        found.add(Qualification.POLICY_OVERLAP)
    if parameters.get("depth", "image") != "image":
        found.add(Qualification.DEPTH_CERTIFICATES)
    if matrix_of(parameters).changes:
        found.add(Qualification.MATRIX_CHANGED)
    if outcomes.get(checks.REPLY_REQUEST.id) is Outcome.WARN:
        found.add(Qualification.NO_REQUEST)
    if document.policies.strict != STRICT.id:
        found.add(Qualification.OLDER_POLICY)
    if document.policies.strict == STRICT_1.id:
        if checks.BASE_DIGEST.id in outcomes:
            pinned = parameters.get("base_image_sha256") is not None
            found.add(Qualification.PINNED_DIGEST if pinned else Qualification.SERVER_DIGEST)
        if outcomes.get(checks.BASE_ROOT_HASH.id) is Outcome.SKIP:
            found.add(Qualification.NO_ROOT_IMAGE)
    return in_order(found)


def matrix_of(parameters: Mapping[str, ParameterValue]) -> Matrix:
    """The settings of an audit by its parameters; those that are not given are those of releases."""

    def values(name: str, released: tuple[Any, ...]) -> tuple[Any, ...]:
        value = parameters.get(name, released)
        return value if isinstance(value, tuple) else (value,)

    features = parameters.get("guest_features", RELEASE_MATRIX.guest_features)
    return Matrix(
        values("vcpus", RELEASE_MATRIX.vcpus),
        values("vcpu_types", RELEASE_MATRIX.vcpu_types),
        values("boot_args", RELEASE_MATRIX.boot_args),
        features if isinstance(features, int) and not isinstance(features, bool) else -1,
    )


def to_json(document: AuditDocument) -> bytes:
    """The bytes of `audit.json`: UTF-8, two-space indent, fields in the schema's order, a newline last."""
    value = document.model_dump(mode="json", by_alias=True)
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False).encode() + b"\n"


def from_json(data: bytes, *, limits: Limits = LIMITS) -> AuditDocument:
    """The document in the bytes of an `audit.json`.

    Raises:
        EvidenceError: not JSON, a repeated or unknown field, a wrong type, a contradiction, or too large.
    """
    if len(data) > limits.report_bytes:
        raise EvidenceError("audit.json is too large", expected=f"at most {limits.report_bytes:,} bytes")
    try:
        # pydantic would silently keep the last of two equal keys, and two readers could see two documents
        read_json(data, limits=limits)
        return AuditDocument.model_validate_json(data, by_alias=True, by_name=False)
    except ValidationError as error:
        where, fault = first_fault(error)
        raise EvidenceError(f"audit.json does not follow its schema: {fault}", where=where[:200]) from None
    except (ValueError, RecursionError) as error:
        raise EvidenceError(f"audit.json is not a JSON document: {error}"[:300]) from None


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of `audit.json`."""
    body = AuditDocument.model_json_schema(by_alias=True, mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_URI, **body}
