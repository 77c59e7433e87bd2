"""JSON of others that two readers cannot read differently, with an error in our words."""

from __future__ import annotations

import json
import math

from auditkit.errors import EvidenceError


class _AmbiguousError(ValueError):
    """Two readers could read it differently."""


def read_plain_json(data: bytes, what: str) -> object:
    """The value of a UTF-8 JSON text in which no object names a field twice.

    It can be written as such a text again: its numbers are finite, and its texts have no half of a character.

    Args:
        what: what errors call it.

    Raises:
        EvidenceError: it is not such a text, or is nested too deeply.
    """
    try:
        value: object = json.loads(
            data.decode(),
            object_pairs_hook=_no_repetition,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
        if b"\\u" in data:
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise EvidenceError(f"{what} is nested too deeply") from None
    except UnicodeDecodeError:
        raise EvidenceError(f"{what} is not UTF-8") from None
    except UnicodeEncodeError:
        raise EvidenceError(f"{what} holds half a character") from None
    except _AmbiguousError as error:
        raise EvidenceError(f"{what} is not JSON: {error}") from None
    except ValueError:
        raise EvidenceError(f"{what} is not JSON") from None
    return value


def _no_repetition(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _AmbiguousError("an object names a field twice")
    return value


def _no_constant(name: str) -> object:
    raise _AmbiguousError(f"{name} is no number of JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise _AmbiguousError("a number is greater than readers can hold")
    return value
