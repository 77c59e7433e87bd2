"""JSON that two readers cannot read differently."""

from __future__ import annotations

import json
import re
from typing import Final, NoReturn

from pydantic import ValidationError

from auditkit.limits import LIMITS, Limits

_MARKS: Final = b",:[{"
_TEXT_OR_MARK: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[,:\[{]', re.DOTALL)


def read_json(data: bytes, *, limits: Limits = LIMITS) -> object:
    """The value of a UTF-8 JSON text in which no object names a field twice and every number is one.

    Raises:
        ValueError: it is not such a text, or holds more values than any real one.
        RecursionError: it is nested too deeply.
    """
    require_few_values(data, limits=limits)
    return json.loads(data.decode(), object_pairs_hook=_no_repetition, parse_constant=_refuse_constant)


def require_few_values(data: bytes, *, limits: Limits = LIMITS) -> None:
    """Makes sure, before anything is made of it, that a JSON text holds no more values than any real one.

    A list takes two bytes of a text and a hundred in memory.

    Raises:
        ValueError: it holds more.
    """
    if sum(data.count(mark) for mark in _MARKS) <= limits.json_marks:
        return
    marks = 0  # those in texts are none
    for found in _TEXT_OR_MARK.finditer(data):
        if data[found.start()] in _MARKS:
            marks += 1
            if marks > limits.json_marks:
                raise ValueError("it holds more values than any real one")


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
