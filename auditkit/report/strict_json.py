"""JSON that two readers cannot read differently."""

from __future__ import annotations

import json
from typing import NoReturn

from pydantic import ValidationError


def read_json(data: bytes) -> object:
    """The value of a UTF-8 JSON text in which no object names a field twice and every number is one.

    Raises:
        ValueError: it is not such a text.
        RecursionError: it is nested too deeply.
    """
    return json.loads(data.decode(), object_pairs_hook=_no_repetition, parse_constant=_refuse_constant)


def first_fault(error: ValidationError) -> tuple[str, str]:
    """Where a document first left its form, with dots between the names, and how; nothing of its content."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return ".".join(str(part) for part in first["loc"]), first["msg"]


def _no_repetition(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("an object with two fields of the same name")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
