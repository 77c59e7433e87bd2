"""What ``auditkit check --json`` prints of a TROUBLE: an `audit.json` with the field ``error`` besides."""

from __future__ import annotations

from typing import Any, Final

from auditkit.report import schema

CHECK_TROUBLE: Final = "auditkit/check-trouble/v1"


def check_trouble_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12): that of `audit.json`, with ``error`` as in every document of a trouble."""
    made = schema()
    text = {"type": "string"}
    names = ("what", "where", "hint")
    error = {
        "type": "object",
        "properties": dict.fromkeys(names, text),
        "required": list(names),
        "additionalProperties": False,
    }
    told = {
        "schema": {"const": CHECK_TROUBLE, "type": "string"},
        "verdict": {"const": "TROUBLE"},
        "error": error,
    }
    return {
        **made,
        "$id": "urn:auditkit:check-trouble:v1",
        "title": "auditkit check, trouble, version 1",
        "properties": {**told, **{name: one for name, one in made["properties"].items() if name not in told}},
        "required": ["schema", "error", *made["required"]],
    }
