"""What SQLite says, in our words, and what it gives, of the type that it should have."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from auditkit.errors import EvidenceError, SourceError

SYNC_AGAIN: Final = "remove the folder and sync again"


def number_of(value: object) -> int:
    """A number as a row should hold it.

    Raises:
        EvidenceError: it holds something else.
    """
    if not isinstance(value, int) or value < 0:
        raise EvidenceError(
            "the store of the registry holds something else where a number should be", hint=SYNC_AGAIN
        )
    return value


def bytes_of(value: object) -> bytes:
    """Bytes as a row should hold them.

    Raises:
        EvidenceError: it holds something else.
    """
    if not isinstance(value, bytes):
        raise EvidenceError("the store of the registry holds something else than bytes", hint=SYNC_AGAIN)
    return value


def key_behind(prefix: bytes) -> bytes | None:
    """The first key that is behind all those that begin with ``prefix``; None where there is none."""
    shortened = prefix.rstrip(b"\xff")
    return shortened[:-1] + bytes([shortened[-1] + 1]) if shortened else None


@contextmanager
def asking(path: Path) -> Iterator[None]:
    """Turns what SQLite says in the block into an error about the file.

    Raises:
        SourceError: it cannot be read or written.
        EvidenceError: it is damaged, or no such file.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise _in_our_words(error, path) from None


def _in_our_words(error: sqlite3.Error, path: Path) -> EvidenceError | SourceError:
    name = getattr(error, "sqlite_errorname", "")
    where = str(path)
    if name.startswith("SQLITE_NOTADB"):
        return EvidenceError("this is not the store of a synced registry", where=where, hint=SYNC_AGAIN)
    if name.startswith("SQLITE_BUSY"):
        return SourceError("another process has it locked", where=where, hint="run this again")
    if name.startswith("SQLITE_INTERRUPT"):
        return EvidenceError(
            "the store takes more steps to read than any real one", where=where, hint=SYNC_AGAIN
        )
    if name.startswith("SQLITE_FULL"):
        return SourceError("it cannot be written: no space is left", where=where)
    if isinstance(error, sqlite3.OperationalError) and not name.startswith(
        ("SQLITE_CORRUPT", "SQLITE_ERROR")
    ):
        return SourceError(f"it cannot be read or written: {error}", where=where)
    return EvidenceError(f"the store of the registry is damaged: {error}", where=where, hint=SYNC_AGAIN)
