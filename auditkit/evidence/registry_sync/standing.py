"""How far a synced registry has come."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from auditkit.evidence.registry_sync.sqlite_words import number_of


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a synced registry has come, by what its answers say.

    Attributes:
        version: the last version of the registry that is there with all before it; 0 for none.
        newest: the newest one that any answer tells of.
        as_of_ns: when the last certificate was signed that says that ``version`` is the newest, nanoseconds since 1970;
            None where none does, since a sync was ended.
        answers: how many answers there are.
    """

    version: int
    newest: int
    as_of_ns: int | None
    answers: int

    @property
    def complete(self) -> bool:
        """Whether nothing is missing that the registry held at `as_of_ns`."""
        return self.as_of_ns is not None and self.version == self.newest


def standing_of(connection: sqlite3.Connection) -> Standing:
    """How far a store has come.

    Raises:
        EvidenceError: it is damaged.
    """
    version, newest, answers = connection.execute(
        "SELECT COALESCE(MAX(last), 0), COALESCE(MAX(newest), 0), COUNT(*) FROM answer"
    ).fetchone()
    (signed,) = connection.execute("SELECT MAX(time_ns) FROM answer WHERE newest = ?", (version,)).fetchone()
    return Standing(
        number_of(version),
        number_of(newest),
        None if signed is None else number_of(signed),
        number_of(answers),
    )
