"""The chip ids in the records of nodes, as the index of a synced registry holds them: one row for each such record.

There is no index from chips to nodes in the registry itself.
"""

from __future__ import annotations

from typing import Final

from auditkit.errors import EvidenceError
from auditkit.evidence.registry_sync.batch import Row
from auditkit.ic.registry import NODE_PREFIX, read_node

_PREFIX: Final = NODE_PREFIX.encode()
UNREADABLE: Final = b""
"""What stands in the place of the chip id of a record whose layout is not known."""


def is_of_node(row: Row) -> bool:
    """Whether a change writes the record of a node."""
    return row.key.startswith(_PREFIX) and not row.removes


def chip_of(row: Row, data: bytes) -> bytes | None:
    """The chip id in the record of a node; None where it has none, `UNREADABLE` where nobody can tell.

    Args:
        row: the change that writes the record.
        data: the answer that it stands in.
    """
    if row.parts is not None:
        return UNREADABLE
    try:
        return read_node(data[row.place : row.place + row.size]).chip_id
    except EvidenceError:
        return UNREADABLE
