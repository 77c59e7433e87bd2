"""What a synced registry says, at any of its versions, without any network.

A look-up goes by the index of the folder. `SyncedRegistry.prove` verifies the certified answer that a record stands in;
that no later answer changes it is what `verify_folder` establishes, which makes the index anew.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from auditkit.errors import EvidenceError, ParameterError
from auditkit.evidence.registry_sync.batch import Batch, Row, read_batch, row_of
from auditkit.evidence.registry_sync.node_spells import (
    NodeCounts,
    NodeSpell,
    chips_beginning,
    node_counts,
    spells_of,
)
from auditkit.evidence.registry_sync.sqlite_words import bytes_of, key_behind, number_of
from auditkit.evidence.registry_sync.standing import Standing, standing_of
from auditkit.evidence.registry_sync.store import STORE, reading
from auditkit.evidence.registry_sync.verification import verify_store
from auditkit.ic.registry import SUBNET_PREFIX, BatchDigest, MutationType
from auditkit.limits import LIMITS, Limits
from auditkit.progress import Progress, progress_here

_LAST_CHANGE: Final = """
SELECT version, record.key, kind, place, size, time_ns, parts
FROM record JOIN change ON change.rowid = (
    SELECT rowid FROM change WHERE record = record.id AND version <= :at ORDER BY version DESC LIMIT 1
)
"""
_DAMAGED: Final = "the index of the registry is damaged"
_REMEMBERED: Final = 64  # versions, or answers
_HINT: Final = "`auditkit registry verify` tells what is wrong with the folder"


@dataclass(frozen=True, slots=True)
class KeptRecord:
    """What became last of a record, up to a version.

    Attributes:
        key: of the record.
        version: the version of the registry that wrote or removed it.
        time_ns: when, nanoseconds since 1970; None where the registry did not keep it.
        value: the record; None when it was removed.
    """

    key: bytes
    version: int
    time_ns: int | None
    value: bytes | None


@contextmanager
def open_registry(
    folder: Path,
    root_key: bytes,
    *,
    verify: bool = False,
    progress: Progress | None = None,
    limits: Limits = LIMITS,
) -> Iterator[SyncedRegistry]:
    """The registry in a folder as it is now, to look things up in while the block runs.

    Args:
        folder: as `sync_registry` fills it, or as somebody handed it over.
        root_key: DER, 133 bytes; under which it was synced.
        verify: verify all of it first, as `verify_folder` does; else a look-up goes by the index of the folder.
        progress: told how far the verification has come.

    Raises:
        SourceError: there is none, it cannot be read, or it was synced under another key.
        EvidenceError: it is damaged.
    """
    with reading(folder, root_key, limits=limits) as connection:
        if verify:
            told = progress or progress_here()
            verify_store(connection, folder / STORE, root_key, progress=told, limits=limits)
        yield SyncedRegistry(connection, folder / STORE, root_key, limits)


class SyncedRegistry:
    """Look-ups in a synced registry. Any of them raises EvidenceError where the folder is damaged.

    Args:
        connection: of the store.
        path: of the store, for errors.
        root_key: DER, 133 bytes.
        limits: bounds on values and answers.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, root_key: bytes, limits: Limits) -> None:
        self._connection, self._path, self._root_key, self._limits = connection, path, root_key, limits
        self.standing: Standing = standing_of(connection)
        # What does not change while the block runs, and takes a look-up most of its time.
        self._counts = lru_cache(_REMEMBERED)(self._count_nodes)
        self._digests = lru_cache(_REMEMBERED)(self._digest)
        self._subnets = lru_cache(_REMEMBERED)(self._read_subnets)

    def record(self, key: bytes, at: int | None = None) -> KeptRecord | None:
        """What became last of a record; None where there never was one.

        Args:
            key: of the record.
            at: the version of the registry that is asked about; None for the last one that is there.

        Raises:
            ParameterError: that version is not there.
        """
        found = self._connection.execute(f"{_LAST_CHANGE} WHERE key = :key", self._bound(at, key=key))
        row = found.fetchone()
        return None if row is None else self._kept(row)

    def records(self, prefix: bytes = b"", at: int | None = None) -> Iterator[KeptRecord]:
        """The records that there are whose keys begin so, by their keys; args and errors are those of `record`."""
        bound = self._bound(at, low=prefix, high=key_behind(prefix))
        query = f"{_LAST_CHANGE} WHERE key >= :low AND (:high IS NULL OR key < :high) ORDER BY key"
        for row in self._connection.execute(query, bound):
            kept = self._kept(row)
            if kept.value is not None:
                yield kept

    def versions_of(self, key: bytes) -> tuple[int, ...]:
        """The versions that wrote or removed a record, the oldest first."""
        found = self._connection.execute(
            "SELECT version FROM change WHERE record = (SELECT id FROM record WHERE key = ?) ORDER BY version",
            (key,),
        )
        return tuple(number_of(version) for (version,) in found)

    def count(self) -> int:
        """How many records there are at the last version."""
        found = self._connection.execute(
            _LAST_CHANGE + "WHERE kind != :removal", self._bound(None, removal=int(MutationType.DELETE))
        )
        return sum(1 for _ in found)

    def spells_of(self, chip: bytes, at: int | None = None) -> tuple[NodeSpell, ...]:
        """When the records of nodes named a chip, each record by itself, the oldest first.

        Args:
            chip: its id; of an empty one no record has any.
            at: as in `record`; what came later is left out.
        """
        return spells_of(self._connection, chip, self._at(at), limits=self._limits)

    def chips_beginning(self, start: bytes, most: int = 9) -> tuple[bytes, ...]:
        """The chips that a record of a node ever named and that begin so, in order, ``most`` of them."""
        return chips_beginning(self._connection, start, most)

    def node_counts(self, at: int | None = None) -> NodeCounts:
        """How many nodes there are, and how many chips nobody knows; ``at`` is as in `record`."""
        return self._counts(self._at(at))

    def subnets(self, at: int | None = None) -> tuple[KeptRecord, ...]:
        """The records of all subnets, by their keys; ``at`` and errors are as in `record`."""
        return self._subnets(self._at(at))

    def ended_ns(self, version: int) -> int | None:
        """When a version was no longer the newest, nanoseconds since 1970; None where nobody can tell.

        Of the last one that is here: when it was last certified as the newest.

        Raises:
            ParameterError: that version is not there.
        """
        if self._at(version) == self.standing.version:
            return self.standing.as_of_ns
        (ended,) = self._connection.execute(
            "SELECT MIN(time_ns) FROM change WHERE version = ?", (version + 1,)
        ).fetchone()
        return None if ended is None else number_of(ended)

    def digest_of_answer(self, version: int) -> BatchDigest:
        """The certified answer that a version stands in, by its digest."""
        return self._digests(self._answer_number(version))

    def prove(self, record: KeptRecord) -> Batch:
        """The certified answer that a record, or its removal, stands in, verified.

        Raises:
            EvidenceError: the answer does not verify, or says something else about the record.
        """
        number, since, data = self._answer(record.version)
        where = f"{self._path}, answer from version {number}"
        try:
            batch = read_batch(data, root_key=self._root_key, since=since, limits=self._limits)
        except EvidenceError as error:
            raise error.at(where) from None
        said = [row for row in batch.rows if (row.version, row.key) == (record.version, record.key)]
        if not said or self._value(said[-1], data) != record.value or said[-1].time_ns != record.time_ns:
            raise EvidenceError(
                "the index of the registry says something else than the certified answer",
                where=where,
                hint=_HINT,
            )
        return batch

    def _count_nodes(self, at: int) -> NodeCounts:
        return node_counts(self._connection, at)

    def _read_subnets(self, at: int) -> tuple[KeptRecord, ...]:
        found: list[KeptRecord] = []
        room = self._limits.registry_value_bytes  # all of mainnet's take some 100 KB
        for kept in self.records(SUBNET_PREFIX.encode(), at):
            room -= len(kept.value or b"")
            if len(found) == self._limits.subnets or room < 0:
                raise EvidenceError(
                    "the index names more subnets than there are", where=str(self._path), hint=_HINT
                )
            found.append(kept)
        return tuple(found)

    def _digest(self, number: int) -> BatchDigest:
        last, data = self._connection.execute(
            "SELECT last, bytes FROM answer WHERE first = ?", (number,)
        ).fetchone()
        return BatchDigest(number, number_of(last), hashlib.sha256(bytes_of(data)).hexdigest())

    def _bound(self, at: int | None, **more: object) -> dict[str, object]:
        return {"at": self._at(at), **more}

    def _at(self, at: int | None) -> int:
        """The version that is meant."""
        last = self.standing.version
        if at is not None and not 0 <= at <= last:
            raise ParameterError(
                f"version {at} of the registry is not in this folder",
                where=str(self._path.parent),
                expected=f"0 to {last}",
                hint="`auditkit registry sync` fetches what is newer",
            )
        return last if at is None else at

    def _kept(self, row: tuple[Any, ...]) -> KeptRecord:
        told = row_of(row)
        return KeptRecord(told.key, told.version, told.time_ns, self._value(told))

    def _value(self, row: Row, data: bytes | None = None) -> bytes | None:
        """The value of a row, from its answer or from the parts; None for a removal."""
        if row.removes:
            return None
        if row.parts is not None:
            return self._joined(row)
        if data is not None:
            return data[row.place : row.place + row.size]
        if not row.size:
            return b""
        number = self._answer_number(row.version)
        with self._connection.blobopen("answer", "bytes", number, readonly=True) as blob:
            if row.place + row.size > len(blob):
                raise EvidenceError(_DAMAGED, where=str(self._path), hint=_HINT)
            blob.seek(row.place)
            return blob.read(row.size)

    def _joined(self, row: Row) -> bytes:
        parts: list[bytes] = []
        for digest in row.part_digests:
            found = self._connection.execute("SELECT bytes FROM chunk WHERE digest = ?", (digest,)).fetchone()
            part = b"" if found is None else bytes_of(found[0])
            if found is None or hashlib.sha256(part).digest() != digest:
                raise EvidenceError(
                    "a part of a large record is missing, or is another one",
                    where=f"version {row.version} of the registry",
                    expected=f"SHA-256 {digest.hex()}",
                    hint=_HINT,
                )
            parts.append(part)
            if sum(map(len, parts)) > self._limits.registry_value_bytes:
                raise EvidenceError(_DAMAGED, where=str(self._path), hint=_HINT)
        return b"".join(parts)

    def _answer_number(self, version: int) -> int:
        found = self._connection.execute(
            "SELECT first FROM answer WHERE first <= ? AND last >= ? ORDER BY first DESC LIMIT 1",
            (version, version),
        ).fetchone()
        if found is None:
            raise EvidenceError(_DAMAGED, where=str(self._path), hint=_HINT)
        return number_of(found[0])

    def _answer(self, version: int) -> tuple[int, int, bytes]:
        """The answer that holds a version: its first one, the one before it, and its bytes."""
        number = self._answer_number(version)
        (data,) = self._connection.execute("SELECT bytes FROM answer WHERE first = ?", (number,)).fetchone()
        return number, number - 1, bytes_of(data)
