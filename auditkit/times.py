"""Times as our documents tell them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

LAST_SECOND: Final = 253_402_300_799
"""The end of the year 9999, in seconds since 1970: later times have no form in RFC 3339."""


def rfc3339(seconds: float) -> str:
    """Seconds since 1970 as RFC 3339 with Z, to the second."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
