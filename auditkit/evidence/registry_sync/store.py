"""The file that holds a synced registry: SQLite with a rollback journal, which also works on NFS.

    answer     the registry's answers as they came, one after another: what each certifies, and its bytes
    record     the keys of records
    change     which version changed which record, and where in the bytes of which answer its value stands
    node_chip  which chip the record of a node names, as of which version
    chunk      the parts of large records, by their digests
    registry   under which root key all of it was verified

Only ``answer`` and ``chunk`` hold evidence; the rest is an index, which follows from them. Every transaction leaves
whole answers behind, whatever ends the program. Nothing in the file is believed here.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from auditkit.errors import EvidenceError, SourceError, in_words
from auditkit.evidence.files import only_writer
from auditkit.evidence.registry_sync.sqlite_words import SYNC_AGAIN, asking
from auditkit.limits import KIB, LIMITS, Limits

STORE: Final = "registry.sqlite"
LOCK: Final = ".lock"

_APPLICATION: Final = int.from_bytes(b"aukr", "big")
_FORMAT: Final = 2
_TABLES: Final = (
    "CREATE TABLE registry(root_key BLOB NOT NULL)",
    "CREATE TABLE answer(first INTEGER PRIMARY KEY, last INTEGER NOT NULL, newest INTEGER NOT NULL, "
    "time_ns INTEGER NOT NULL, bytes BLOB NOT NULL)",
    "CREATE TABLE record(id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE)",
    "CREATE TABLE change(version INTEGER NOT NULL, record INTEGER NOT NULL, kind INTEGER NOT NULL, "
    "place INTEGER NOT NULL, size INTEGER NOT NULL, time_ns INTEGER, parts BLOB)",
    "CREATE INDEX change_of_record ON change(record, version)",
    "CREATE TABLE node_chip(record INTEGER NOT NULL, version INTEGER NOT NULL, chip BLOB)",
    "CREATE INDEX node_of_chip ON node_chip(chip, record)",
    "CREATE INDEX chip_of_node ON node_chip(record, version)",
    "CREATE TABLE chunk(id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, bytes BLOB NOT NULL)",
)
_PAGE_BYTES: Final = 8 * KIB
_SMALLEST_PAGE: Final = 512
_CACHE_KIB: Final = 8 * KIB
_STEPS: Final = 1_000_000  # that SQLite takes before it asks whether to go on
_WAIT_SECONDS: Final = 60.0  # for a reader or a writer of the same file
_SYNC: Final = "run `auditkit registry sync`"

# What ends a rollback journal that names another file, which SQLite would remove ("The SQLite file format", section
# 3): ours never do, and a folder that somebody handed over must not choose one.
_NAMES_ANOTHER_FILE: Final = bytes.fromhex("d9d505f920a163d7")


def require_store(folder: Path) -> None:
    """Makes sure that a folder holds the store of a registry, by its name and size; nothing is opened.

    Raises:
        SourceError: there is none, or it cannot be read.
        EvidenceError: it is none.
    """
    _require_file(folder / STORE, LIMITS)


@contextmanager
def reading(folder: Path, root_key: bytes, *, limits: Limits = LIMITS) -> Iterator[sqlite3.Connection]:
    """The store of a folder as it is now; what others write meanwhile is not seen.

    Args:
        folder: as `writing` fills it, or as somebody handed it over.
        root_key: DER, 133 bytes; under which everything in it should have been verified.

    Raises:
        SourceError: there is none, or none of its answers has come, it cannot be read, or it is another network's.
        EvidenceError: it is no such store, or damaged.
    """
    path = folder / STORE
    _require_file(path, limits)
    with asking(path):
        try:
            connection = _connect(path, "ro", limits)
        except sqlite3.OperationalError as error:
            if not _is_half_written(error):
                raise
            _roll_back(path, limits)
            connection = _connect(path, "ro", limits)
    with closing(connection):
        with asking(path):
            connection.execute("BEGIN")
            empty = not _tables(connection)
        if empty:
            raise _no_registry(folder)
        _require_own(connection, path, root_key)
        with asking(path):
            if connection.execute("SELECT 1 FROM answer LIMIT 1").fetchone() is None:
                raise _no_registry(folder)
            yield connection


@contextmanager
def writing(folder: Path, root_key: bytes, *, limits: Limits = LIMITS) -> Iterator[sqlite3.Connection]:
    """The store of a folder to write to, made if need be; nobody else writes to it meanwhile.

    Args, errors: those of `reading`; also SourceError where it cannot be written to, or another process does.
    """
    path = folder / STORE
    with only_writer(folder, LOCK, "registry"):
        if os.path.lexists(path):
            _require_file(path, limits)
            _require_plain_journal(path)
        with asking(path):
            connection = _connect(path, "rwc", limits)
        with closing(connection):
            with asking(path):
                if not _tables(connection):
                    _create(connection, root_key)
            _require_own(connection, path, root_key)
            with asking(path):
                yield connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """What the block writes is kept whole or not at all."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _connect(path: Path, mode: str, limits: Limits) -> sqlite3.Connection:
    """Opens the file; the first question is asked here, so that a file that cannot be read fails here."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=_WAIT_SECONDS
    )
    try:
        # A file can be made so that one page is reached by a million ways.
        steps = iter(range(limits.registry_store_steps))
        connection.set_progress_handler(lambda: next(steps, None) is None, _STEPS)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, limits.registry_value_bytes)
        for setting in (
            "trusted_schema = OFF",
            "cell_size_check = ON",
            "mmap_size = 0",
            f"page_size = {_PAGE_BYTES}",
            f"cache_size = -{_CACHE_KIB}",
            "temp_store = MEMORY",
            "synchronous = FULL",
        ):
            connection.execute(f"PRAGMA {setting}")
        _tables(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _tables(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
    return connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name").fetchall()


def _create(connection: sqlite3.Connection, root_key: bytes) -> None:
    with transaction(connection):
        connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        connection.execute(f"PRAGMA user_version = {_FORMAT}")
        for table in _TABLES:
            connection.execute(table)
        connection.execute("INSERT INTO registry VALUES (?)", (root_key,))


def _require_own(connection: sqlite3.Connection, path: Path, root_key: bytes) -> None:
    """Makes sure that the file is laid out as ours are, and was filled under this root key."""
    with asking(path):
        application, form, journal = (
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("application_id", "user_version", "journal_mode")
        )
        tables = _tables(connection)
    if application != _APPLICATION or journal != "delete":
        raise EvidenceError("this is not the store of a synced registry", where=str(path))
    if form != _FORMAT:
        raise SourceError(
            "this version of auditkit does not know the layout of this registry",
            where=str(path),
            hint=SYNC_AGAIN,
            expected=f"layout {_FORMAT}",
            observed=f"layout {form}",
        )
    if tables != _own_tables():
        raise EvidenceError("the store of the registry has other tables than its own", where=str(path))
    with asking(path):
        keys = connection.execute("SELECT root_key FROM registry LIMIT 2").fetchall()
    if keys != [(root_key,)]:
        raise SourceError(
            "this registry was synced under another root key than the one that was given",
            where=str(path.parent),
            hint="give its --root-key, or choose another folder",
        )


def _own_tables() -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(":memory:")) as connection:
        for table in _TABLES:
            connection.execute(table)
        return _tables(connection)


def _no_registry(folder: Path) -> SourceError:
    there, hint = folder.exists(), f"{_SYNC[:-1]} {folder}`"
    if not there:
        return SourceError("there is no such folder", where=str(folder), hint=f"to fill it, {hint}")
    return SourceError("there is no registry here", where=str(folder), hint=hint)


def _require_file(path: Path, limits: Limits) -> None:
    """Looks at the file without opening it: to close it again would end the locks that this process has on it."""
    try:
        found = os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        raise _no_registry(path.parent) from None
    except (OSError, ValueError) as error:
        what = in_words(error)
        raise SourceError(f"the registry cannot be read: {what}", where=str(path)) from None
    if not stat.S_ISREG(found.st_mode):
        raise SourceError("this is not a regular file", where=str(path))
    if 0 < found.st_size < _SMALLEST_PAGE:  # which SQLite would take for an empty store, and write over
        raise EvidenceError("this is not the store of a synced registry", where=str(path))
    if found.st_size > limits.registry_store_bytes:
        raise EvidenceError(
            "the store is larger than that of any registry",
            where=str(path),
            expected=f"at most {limits.registry_store_bytes} bytes",
            observed=f"{found.st_size} bytes",
        )


def _is_half_written(error: sqlite3.OperationalError) -> bool:
    """Whether a file cannot be read because a writer was killed, and what it left has to be taken back first."""
    return error.sqlite_errorname in ("SQLITE_READONLY_ROLLBACK", "SQLITE_READONLY_RECOVERY")


def _roll_back(path: Path, limits: Limits) -> None:
    """Takes back what a writer had not finished when it was killed."""
    _require_plain_journal(path)
    try:
        _connect(path, "rw", limits).close()
    except sqlite3.OperationalError as error:
        raise SourceError(
            f"a sync was ended in the middle, and what it left cannot be cleared away: {error}",
            where=str(path),
            hint=f"{_SYNC} where the folder can be written to",
        ) from None


def _require_plain_journal(path: Path) -> None:
    journal = path.with_name(f"{path.name}-journal")
    try:
        if not stat.S_ISREG(os.stat(journal, follow_symlinks=False).st_mode):
            raise SourceError("this is not a regular file", where=str(journal))
        with journal.open("rb") as file:
            file.seek(-min(len(_NAMES_ANOTHER_FILE), file.seek(0, os.SEEK_END)), os.SEEK_END)
            ending = file.read()
    except FileNotFoundError:
        return
    except OSError as error:
        raise SourceError(f"it cannot be read: {in_words(error)}", where=str(journal)) from None
    if ending == _NAMES_ANOTHER_FILE:
        raise EvidenceError(
            "the journal of the registry names another file", where=str(journal), hint=SYNC_AGAIN
        )
