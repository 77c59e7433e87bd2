"""`batch.json`: how the audits of one batch ended.

Schema: ``docs/schemas/batch-v1.json`` (written from `batch_schema`, kept in step by a test).
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Final, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from auditkit.audit import Claim, Verdict
from auditkit.batch.reports import combine
from auditkit.decision import CheckId, Qualification, Sentence
from auditkit.numbers import ProposalNumber
from auditkit.report import Part, Run

BATCH_NAME: Final = "batch.json"
OVERVIEW_NAME: Final = "overview.ipynb"
BATCH_SCHEMA: Final = "auditkit/batch/v1"
FolderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._+-]{0,99}$")]


class BatchSubject(Part):
    """What an audit was about; ``base_version`` is null where it was to be found out and was not."""

    proposal_id: ProposalNumber | None
    base_version: str | None
    kind: Literal["recovery", "election"] = "recovery"
    stage: Literal["vote", "recover", "auto"]
    policy: Literal["strict", "overlap"]


class BatchEntry(Part):
    """One audit.

    Attributes:
        folder: its report folder, below the folder of `batch.json`.
        verdict: the verdict in its `audit.json`; TROUBLE where there is none that can be relied on.
        qualifications: what keeps the verdict from meaning all that the word alone means.
        deciding: id of the check that the verdict turns on.
        exit_status: of the last attempt; negative where a signal ended it, null where none was started.
        attempts: how often the audit was started.
    """

    folder: FolderName
    verdict: Verdict
    qualifications: tuple[Qualification, ...] = ()
    subject: BatchSubject
    deciding: CheckId | None
    reason: Sentence
    exit_status: int | None
    attempts: Annotated[int, Field(ge=0)]


class BatchTool(Part):
    """The program that ran the batch."""

    name: str
    version: str


class BatchDocument(Part):
    """`batch.json`. A document whose verdict does not follow from those of its audits is refused."""

    model_config = ConfigDict(
        title="auditkit batch, version 1", validate_by_name=True, validate_by_alias=True
    )

    schema_id: Literal["auditkit/batch/v1"] = Field(default=BATCH_SCHEMA, alias="schema")
    verdict: Verdict
    qualifications: tuple[Qualification, ...] = ()
    audits: Annotated[tuple[BatchEntry, ...], Field(min_length=1)]
    tool: BatchTool
    run: Run

    @property
    def claim(self) -> Claim:
        """The verdict with the qualifications of all audits."""
        return Claim(self.verdict, self.qualifications)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.verdict is not combine(entry.verdict for entry in self.audits):
            raise ValueError("the verdict does not follow from those of the audits")
        if set(self.qualifications) != {item for entry in self.audits for item in entry.qualifications}:
            raise ValueError("the qualifications are not those of the audits")
        if len({entry.folder for entry in self.audits}) != len(self.audits):
            raise ValueError("two audits with the same folder")
        return self


def batch_json(document: BatchDocument) -> bytes:
    """The bytes of `batch.json`."""
    value = document.model_dump(mode="json", by_alias=True)
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False).encode() + b"\n"


def batch_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of `batch.json`."""
    body = BatchDocument.model_json_schema(by_alias=True, mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:auditkit:batch:v1",
        **body,
    }
