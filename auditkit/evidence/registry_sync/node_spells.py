"""Which nodes had a chip when, and how many nodes there are, by the index of a synced registry."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from auditkit.errors import EvidenceError
from auditkit.evidence.registry_sync.node_chips import UNREADABLE
from auditkit.evidence.registry_sync.sqlite_words import bytes_of, key_behind, number_of
from auditkit.ic.registry import MutationType
from auditkit.limits import LIMITS, Limits


@dataclass(frozen=True, slots=True)
class NodeSpell:
    """A time through which the record of a node named one chip.

    Attributes:
        key: of the node's record.
        since: the version of the registry that gave the node this chip.
        since_ns: when, nanoseconds since 1970; None where the registry did not keep it.
        until, until_ns: the version that ended it, alike; None for both while it lasts.
        removed: whether the node was removed then.
    """

    key: bytes
    since: int
    since_ns: int | None
    until: int | None = None
    until_ns: int | None = None
    removed: bool = False


@dataclass(frozen=True, slots=True)
class NodeCounts:
    """How many nodes there are at a version.

    Attributes:
        nodes: all of them.
        without_chip: those whose record names no chip.
        unreadable: records of nodes, of any version, whose layout is not known.
    """

    nodes: int
    without_chip: int
    unreadable: int


def spells_of(
    connection: sqlite3.Connection, chip: bytes, at: int, *, limits: Limits = LIMITS
) -> tuple[NodeSpell, ...]:
    """When the records of nodes named a chip, up to version ``at``; none for an empty one, which no record names.

    Raises:
        EvidenceError: more often than there are nodes, as only an index says that somebody made up.
    """
    if chip == UNREADABLE:
        return ()
    most = limits.listed_nodes
    records = connection.execute(
        "SELECT DISTINCT record, key FROM node_chip JOIN record ON record.id = node_chip.record "
        "WHERE chip = ? AND version <= ? LIMIT ?",
        (chip, at, most),
    ).fetchall()
    spells = (
        spell
        for record, key in records
        for spell in _spells(connection, chip, at, number_of(record), bytes_of(key))
    )
    found = tuple(islice(spells, most))
    if most in (len(records), len(found)):
        raise EvidenceError("the index of the registry gives a chip to more nodes than there are")
    return found


def chips_beginning(connection: sqlite3.Connection, start: bytes, most: int) -> tuple[bytes, ...]:
    """The chips that a record of a node ever named and that begin so, in order, ``most`` of them."""
    found = connection.execute(
        "SELECT DISTINCT chip FROM node_chip WHERE chip >= :low AND (:high IS NULL OR chip < :high) "
        "AND chip != :unreadable ORDER BY chip LIMIT :most",
        {"low": start, "high": key_behind(start), "unreadable": UNREADABLE, "most": most},
    )
    return tuple(bytes_of(chip) for (chip,) in found)


def node_counts(connection: sqlite3.Connection, at: int) -> NodeCounts:
    """How many nodes there are at version ``at``, and how many chips nobody knows."""
    (unreadable,) = connection.execute(
        "SELECT COUNT(*) FROM node_chip WHERE chip = ? AND version <= ?", (UNREADABLE, at)
    ).fetchone()
    nodes, without = connection.execute(
        "SELECT COUNT(*), COALESCE(SUM(chip IS NULL), 0) FROM "
        "(SELECT record AS node, MAX(version) AS written FROM node_chip WHERE version <= :at GROUP BY record) "
        "JOIN node_chip ON record = node AND version = written WHERE NOT EXISTS "
        "(SELECT 1 FROM change WHERE change.record = node AND change.version > written AND change.version <= :at)",
        {"at": at},
    ).fetchone()
    return NodeCounts(number_of(nodes), number_of(without), number_of(unreadable))


def _spells(
    connection: sqlite3.Connection, chip: bytes, at: int, record: int, key: bytes
) -> Iterator[NodeSpell]:
    lasting: NodeSpell | None = None
    for version, time_ns, kind, named in connection.execute(
        "SELECT change.version, time_ns, kind, chip FROM change LEFT JOIN node_chip "
        "ON node_chip.record = change.record AND node_chip.version = change.version "
        "WHERE change.record = ? AND change.version <= ? ORDER BY change.version",
        (record, at),
    ):
        if lasting is not None and named != chip:
            removed = kind == MutationType.DELETE
            yield replace(lasting, until=version, until_ns=time_ns, removed=removed)
            lasting = None
        elif lasting is None and named == chip:
            lasting = NodeSpell(key, version, time_ns)
    if lasting is not None:
        yield lasting
