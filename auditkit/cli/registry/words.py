"""How commands about a synced registry name versions, times and counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditkit.evidence.registry_sync import Standing


def standing_in_words(standing: Standing) -> str:
    """Which version the folder holds, and whether it is the newest."""
    if standing.complete:
        return f"version {standing.version:,} of the registry, the newest as of {time_in_words(standing.as_of_ns or 0)}"
    return (
        f"version {standing.version:,} of the registry, whose newest is {standing.newest:,} or later: "
        "run `auditkit registry sync`"
    )


def time_in_words(time_ns: int) -> str:
    """A time in nanoseconds since 1970, by the calendar where it has that time."""
    from auditkit.times import rfc3339_of_ns

    return rfc3339_of_ns(time_ns) or f"{time_ns // 10**9} seconds after 1970"


def when(time_ns: int | None) -> str:
    """The same behind a sentence; nothing where nobody knows."""
    return "" if time_ns is None else f" at {time_in_words(time_ns)}"


def count(number: int, what: str) -> str:
    """A number of things."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
