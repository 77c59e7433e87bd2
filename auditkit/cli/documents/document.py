"""What every ``--json`` has in common: a ``schema``, and how it is printed and published."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from auditkit.audit import Verdict
from auditkit.decision import Decision, Qualification
from auditkit.report import Part

Size = Annotated[int, Field(ge=0)]
"""Bytes or blocks, as a file says; a hostile one may say more than a JSON number holds exactly."""


class PrintedDocument(Part):
    """One JSON document on standard output. Each kind begins with the field ``schema``, which names and versions it."""

    model_config = ConfigDict(
        validate_by_name=True, validate_by_alias=True, json_schema_serialization_defaults_required=True
    )


class TroubleFound(Part):
    """Why nobody could tell.

    Attributes:
        what: one sentence.
        where: file, address or check that it is about; empty where ``what`` says it.
        hint: what to do; empty where there is nothing.
    """

    what: str
    where: str
    hint: str


class AnswerDocument(PrintedDocument):
    """What checks decided about files.

    Attributes:
        verdict: PASS, FAIL or TROUBLE, as the exit status.
        qualifications: what keeps the verdict from meaning all that the word alone means.
        error: null unless the verdict is TROUBLE.
        decisions: every check that was made, in the order of their numbers.
    """

    verdict: Verdict
    qualifications: tuple[Qualification, ...]
    error: TroubleFound | None
    decisions: tuple[Decision, ...]


def to_text(document: PrintedDocument) -> str:
    """The document as it is printed: with an indent of two spaces, its schema first, and what is long last."""
    fields = document.model_dump(mode="json", by_alias=True)
    ordered = {"schema": fields.pop("schema"), **fields}
    if "decisions" in ordered:
        ordered["decisions"] = ordered.pop("decisions")
    return json.dumps(ordered, ensure_ascii=False, indent=2)


def schema_of(kind: type[PrintedDocument]) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a kind of document."""
    body = kind.model_json_schema(by_alias=True, mode="serialization")
    _, name, version = body["properties"]["schema"]["const"].split("/")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:auditkit:{name}:{version}",
        **body,
    }
