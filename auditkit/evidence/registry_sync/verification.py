"""Verifies a synced registry again, without any network: every answer, and that the index is what follows from them."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from auditkit.errors import EvidenceError
from auditkit.evidence.registry_sync.batch import Batch, Row, read_batch, row_of
from auditkit.evidence.registry_sync.node_chips import chip_of, is_of_node
from auditkit.evidence.registry_sync.sqlite_words import SYNC_AGAIN, bytes_of
from auditkit.evidence.registry_sync.standing import Standing, standing_of
from auditkit.evidence.registry_sync.store import STORE, reading
from auditkit.limits import LIMITS, Limits
from auditkit.progress import Progress, progress_here


@dataclass(frozen=True, slots=True)
class VerifiedFolder:
    """What was verified.

    Attributes:
        standing: how far the registry has come, as the answers certify.
        size: bytes of all answers.
        changes: how many changes of records the index holds.
        records: how many records there are at the last version.
    """

    standing: Standing
    size: int
    changes: int
    records: int


def verify_folder(
    folder: Path, root_key: bytes, *, progress: Progress | None = None, limits: Limits = LIMITS
) -> VerifiedFolder:
    """Verifies all answers of a synced registry, and that its index says what they say, no more and no less.

    Guaranteed then: the answers follow each other without a gap from the first version on, each is certified under
    ``root_key``, the parts of large records are those that were certified, and every look-up gives what the registry
    held at that version.

    Args:
        folder: as `sync_registry` fills it, or as somebody handed it over.
        root_key: DER, 133 bytes.
        progress: told how far it has come.

    Raises:
        SourceError: there is no registry, it cannot be read, or it was synced under another key.
        EvidenceError: something does not verify; ``where`` says what.
    """
    told = progress or progress_here()
    with reading(folder, root_key, limits=limits) as connection:
        return verify_store(connection, folder / STORE, root_key, progress=told, limits=limits)


def verify_store(
    connection: sqlite3.Connection, path: Path, root_key: bytes, *, progress: Progress, limits: Limits
) -> VerifiedFolder:
    """The same of a store that is open: what is looked up in it afterwards is what was verified.

    Args:
        connection: from `reading`.
        path: of the store, for errors.
    """
    found = _Verifying(connection, path, root_key, progress, limits)
    found.file()
    found.answers()
    return VerifiedFolder(standing_of(connection), found.size, found.changes, len(found.live))


class _Verifying:
    """One verification, which counts what it sees."""

    def __init__(
        self, connection: sqlite3.Connection, path: Path, root_key: bytes, progress: Progress, limits: Limits
    ) -> None:
        self._connection, self._path, self._root_key = connection, path, root_key
        self._progress, self._limits = progress, limits
        self._index, self._chips = self._indexed(), self._indexed_chips()
        self.size = self.changes = 0
        self.live: set[bytes] = set()
        self._keys: set[bytes] = set()

    def file(self) -> None:
        """That the file is sound: that each page has one place, and what is looked up is what will be compared."""
        self._progress.step("verifying the registry: the file")
        (found,) = self._connection.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            raise EvidenceError(
                f"the store of the registry is damaged: {found}", where=str(self._path), hint=SYNC_AGAIN
            )

    def answers(self) -> None:
        """Every answer, in order, and the index beside it."""
        last = newest = 0
        (total,) = self._connection.execute("SELECT COALESCE(SUM(length(bytes)), 0) FROM answer").fetchone()
        for stored in self._connection.execute(
            "SELECT first, last, newest, time_ns, bytes FROM answer ORDER BY first"
        ):
            data = bytes_of(stored[4])
            where = f"{self._path}, answer from version {last + 1}"
            try:
                batch = read_batch(data, root_key=self._root_key, since=last, limits=self._limits)
            except EvidenceError as error:
                raise error.at(where) from None
            if stored[:4] != (batch.first, batch.last, batch.newest, batch.time_ns):
                raise EvidenceError(
                    "an answer is kept as another one than it is", where=where, hint=SYNC_AGAIN
                )
            if batch.newest < newest:
                raise EvidenceError("an answer is older than one before it", where=where, hint=SYNC_AGAIN)
            self._compare(batch, where)
            last, newest = batch.last, batch.newest
            self.size += len(data)
            self._progress.bytes_done(f"verifying the registry: version {last:,}", self.size, total)
        if next(self._index, None) is not None or next(self._chips, None) is not None:
            raise EvidenceError(
                "the index holds changes that no answer certifies", where=str(self._path), hint=SYNC_AGAIN
            )
        (records,) = self._connection.execute("SELECT COUNT(*) FROM record").fetchone()
        if records != len(self._keys):
            raise EvidenceError(
                "the index holds records that no answer names", where=str(self._path), hint=SYNC_AGAIN
            )

    def _compare(self, batch: Batch, where: str) -> None:
        for row in batch.rows:
            if next(self._index, None) != row:
                raise EvidenceError(
                    "the index says something else than the answer certifies",
                    where=f"{where}, version {row.version}",
                    hint=SYNC_AGAIN,
                )
            if is_of_node(row) and next(self._chips, None) != (
                row.key,
                row.version,
                chip_of(row, batch.data),
            ):
                raise EvidenceError(
                    "the index names another chip for a node than the answer certifies",
                    where=f"{where}, version {row.version}",
                    hint=SYNC_AGAIN,
                )
            self.changes += 1
            self._keys.add(row.key)
            if row.removes:
                self.live.discard(row.key)
            else:
                self.live.add(row.key)
            if row.parts is not None:
                self._verify_parts(row, where)

    def _verify_parts(self, row: Row, where: str) -> None:
        for digest in row.part_digests:
            found = self._connection.execute("SELECT bytes FROM chunk WHERE digest = ?", (digest,)).fetchone()
            if found is None or hashlib.sha256(bytes_of(found[0])).digest() != digest:
                raise EvidenceError(
                    "a part of a large record is missing, or is another one",
                    where=f"{where}, version {row.version}",
                    expected=f"SHA-256 {digest.hex()}",
                    hint=SYNC_AGAIN,
                )

    def _indexed(self) -> Iterator[Row]:
        """The index, in the order in which it was made."""
        query = (
            "SELECT version, key, kind, place, size, time_ns, parts "
            "FROM change LEFT JOIN record ON record.id = change.record ORDER BY change.rowid"
        )
        for row in self._connection.execute(query):
            yield row_of(row)

    def _indexed_chips(self) -> Iterator[tuple[object, ...]]:
        """The chips of nodes in the index, in the order in which it was made."""
        return (
            self._connection.execute(  # which `yield from` would close, when the connection is closed already
                "SELECT key, version, chip FROM node_chip LEFT JOIN record ON record.id = node_chip.record "
                "ORDER BY node_chip.rowid"
            )
        )
