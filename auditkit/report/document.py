"""`audit.json`: what an audit found, as one versioned document.

HTML, Markdown, console text and signatures are renderings of this document and of nothing else. Everything
outside ``run`` depends on the evidence and the parameters alone: two auditors with the same evidence get the
same bytes. (So a parameter that names a place on the auditor's machine does not belong in ``parameters``.)

Schema: ``docs/schemas/audit-report-v1.json`` (written from `schema`, kept in step by a test).
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any, Final, Literal, Self

from pydantic import ConfigDict, Field, ValidationError, model_validator

from auditkit.audit.verdict import Verdict
from auditkit.decision import Outcome
from auditkit.errors import EvidenceError
from auditkit.limits import LIMITS
from auditkit.report.records import (
    Deciding,
    DecisionRecord,
    EvidenceRecord,
    MeasuredInputs,
    OverlapRecord,
    ParameterValue,
    Part,
    PolicyVerdicts,
    Run,
    Subject,
    Tool,
    TroubleRecord,
)
from auditkit.report.strict_json import first_fault, read_json

SCHEMA_ID: Final = "auditkit/audit-report/v1"
SCHEMA_URI: Final = "urn:auditkit:audit-report:v1"


class AuditDocument(Part):
    """`audit.json`. Build it from Python values, or read it with `from_json`.

    A document that contradicts itself is refused: the verdict has to be that of the chosen policy, a FAIL
    needs a failed decision, decisions stand in their order and appear once, and evidence that a decision
    names has to be listed.
    """

    model_config = ConfigDict(
        title="auditkit audit report, version 1", validate_by_name=True, validate_by_alias=True
    )

    schema_id: Literal["auditkit/audit-report/v1"] = Field(default=SCHEMA_ID, alias="schema")
    verdict: Verdict
    subject: Subject
    verdicts: PolicyVerdicts
    deciding: Deciding | None
    parameters: dict[str, ParameterValue]
    tool: Tool
    decisions: tuple[DecisionRecord, ...]
    trouble: tuple[TroubleRecord, ...] = ()
    overlap: tuple[OverlapRecord, ...] = ()
    measured: MeasuredInputs | None = None
    evidence: tuple[EvidenceRecord, ...] = ()
    run: Run

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.verdict is not getattr(self.verdicts, self.subject.policy):
            raise ValueError(f"the verdict is not that of the policy {self.subject.policy}")
        failed = any(decision.outcome is Outcome.FAIL for decision in self.decisions)
        if not failed and Verdict.FAIL in (self.verdicts.strict, self.verdicts.overlap):
            raise ValueError("a verdict of FAIL without a failed decision")
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


def to_json(document: AuditDocument) -> bytes:
    """The bytes of `audit.json`: UTF-8, two-space indent, fields in the schema's order, a newline last."""
    value = document.model_dump(mode="json", by_alias=True)
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False).encode() + b"\n"


def from_json(data: bytes) -> AuditDocument:
    """The document in the bytes of an `audit.json`.

    Raises:
        EvidenceError: not JSON, a repeated or unknown field, a wrong type, a contradiction, or too large.
    """
    if len(data) > LIMITS.report_bytes:
        raise EvidenceError("audit.json is too large", expected=f"at most {LIMITS.report_bytes:,} bytes")
    try:
        # pydantic would silently keep the last of two equal keys, and two readers could see two documents
        read_json(data)
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
