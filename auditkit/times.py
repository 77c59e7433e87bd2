"""Times as our documents write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Final, TypeAlias

from pydantic import StringConstraints

LAST_SECOND: Final = 253_402_300_799
"""The end of the year 9999 in seconds since 1970: the last time that RFC 3339 and `datetime` know."""
_FORM: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


Moment: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")
]
"""A time in a document, as `rfc3339` writes it."""


def rfc3339(seconds: float) -> str:
    """Seconds since 1970, from 0 to `LAST_SECOND`, as RFC 3339 with Z, to the second."""
    return datetime.fromtimestamp(int(seconds // 1), UTC).isoformat().replace("+00:00", "Z")


def rfc3339_if_possible(seconds: int | None) -> str | None:
    """Seconds since 1970, any 64-bit number that others wrote; None without one and for times after the year 9999."""
    return None if seconds is None or seconds > LAST_SECOND else rfc3339(seconds)


def is_rfc3339(text: str) -> bool:
    """Whether a text is a time as `rfc3339` writes it: such texts are in the order of the times that they tell."""
    return _FORM.fullmatch(text) is not None
