"""Times as our documents write them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final, TypeAlias

from pydantic import StringConstraints

LAST_SECOND: Final = 253_402_300_799
"""The end of the year 9999 in seconds since 1970: the last time that RFC 3339 and `datetime` know."""


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


def rfc3339_of_ns(nanoseconds: int | None) -> str | None:
    """The same of nanoseconds since 1970, as the Internet Computer signs them; to the second."""
    return rfc3339_if_possible(None if nanoseconds is None else nanoseconds // 10**9)
