"""JSON of others that two readers cannot read differently, with an error in our words."""

from __future__ import annotations

import json

from auditkit.errors import EvidenceError


def read_plain_json(data: bytes, what: str) -> object:
    """The value of a UTF-8 JSON text in which no object names a field twice.

    Args:
        what: what errors call it.

    Raises:
        EvidenceError: it is not such a text, or is nested too deeply.
    """
    try:
        return json.loads(data.decode(), object_pairs_hook=_no_repetition, parse_constant=_no_constant)
    except RecursionError:
        raise EvidenceError(f"{what} is nested too deeply") from None
    except ValueError as error:
        reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)[:100]
        raise EvidenceError(f"{what} is not JSON: {reason}") from None


def _no_repetition(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("an object names a field twice")
    return value


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no number of JSON")
