"""Writing to the store of a synced registry: each verified answer with its index, whole or not at all."""

from __future__ import annotations

import sqlite3

from auditkit.evidence.registry_sync.batch import Batch
from auditkit.evidence.registry_sync.node_chips import chip_of, is_of_node
from auditkit.evidence.registry_sync.sqlite_words import number_of
from auditkit.evidence.registry_sync.store import transaction


class Keeping:
    """Keeps what was verified. Errors are those of SQLite.

    Args:
        connection: of a store that nobody else writes to.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._ids: dict[bytes, int] = {}

    def keep(self, batch: Batch) -> None:
        """Keeps an answer that goes on where the last one ends; one without changes takes the place of another such."""
        with transaction(self._connection):
            if batch.last < batch.first and self._is_known(batch):
                return
            self._connection.execute(
                "INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?)",
                (batch.first, batch.last, batch.newest, batch.time_ns, batch.data),
            )
            self._connection.executemany(
                "INSERT INTO change VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    (row.version, self._id_of(row.key), row.kind, row.place, row.size, row.time_ns, row.parts)
                    for row in batch.rows
                ),
            )
            self._connection.executemany(
                "INSERT INTO node_chip VALUES (?, ?, ?)",
                (
                    (self._id_of(row.key), row.version, chip_of(row, batch.data))
                    for row in batch.rows
                    if is_of_node(row)
                ),
            )

    def size_of_chunk(self, digest: bytes) -> int | None:
        """The size in bytes of a part that is there; None where it is not."""
        found = self._connection.execute(
            "SELECT length(bytes) FROM chunk WHERE digest = ?", (digest,)
        ).fetchone()
        return None if found is None else number_of(found[0])

    def keep_chunk(self, digest: bytes, chunk: bytes) -> None:
        """Keeps a part of a large record, which has this SHA-256."""
        with transaction(self._connection):
            self._connection.execute("INSERT INTO chunk (digest, bytes) VALUES (?, ?)", (digest, chunk))

    def _is_known(self, batch: Batch) -> bool:
        """Whether a later certificate says already that nothing is newer."""
        found = self._connection.execute(
            "SELECT 1 FROM answer WHERE newest = ? AND time_ns >= ?", (batch.newest, batch.time_ns)
        )
        return found.fetchone() is not None

    def _id_of(self, key: bytes) -> int:
        known = self._ids.get(key)
        if known is None:
            found = self._connection.execute("SELECT id FROM record WHERE key = ?", (key,)).fetchone()
            if found is None:
                new = self._connection.execute("INSERT INTO record (key) VALUES (?)", (key,)).lastrowid
                known = number_of(new)
            else:
                known = number_of(found[0])
            self._ids[key] = known
        return known
