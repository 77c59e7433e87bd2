"""What the fields of a document can hold (numbers beyond 2^53, times, digests), and what its parts have in common."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

from auditkit.digests import SHA256
from auditkit.numbers import EXACT


def _nat64(value: object) -> object:
    """Takes a decimal string where JSON is read; Python callers pass an int."""
    if isinstance(value, str) and 0 < len(value) <= 20 and value.isascii() and value.isdigit():
        if value != "0" and value.startswith("0"):
            return value
        return int(value)
    return value


Nat64 = Annotated[
    int,
    BeforeValidator(_nat64),
    Field(ge=0, lt=1 << 64),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^(0|[1-9][0-9]{0,19})$"}),
]
"""A 64-bit number: an int in Python, decimal digits in JSON, whose numbers are only exact up to 2^53."""


def _on_the_calendar(text: str) -> str:
    datetime.fromisoformat(text)
    return text


Time = Annotated[
    str,
    StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$"),
    AfterValidator(_on_the_calendar),
]
Hex = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{2})*$")]
Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
Sha256 = Annotated[str, StringConstraints(pattern=f"^{SHA256}$")]
Scalar = str | Annotated[int, Field(gt=-EXACT, lt=EXACT)] | bool | None
ParameterValue = Scalar | tuple[Scalar, ...]


class Part(BaseModel):
    """A part of the document: frozen, without room for unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)
