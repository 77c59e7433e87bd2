"""A batch: one certified answer of the registry with the changes of some versions, and where in it the values stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from auditkit.errors import EvidenceError
from auditkit.evidence.registry_sync.sqlite_words import bytes_of, number_of
from auditkit.ic.registry import MutationType, VersionChange, verify_certified_delta
from auditkit.limits import LIMITS, Limits

_LARGEST: Final = (1 << 63) - 1
_DIGEST_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Row:
    """What one version made of one record.

    Attributes:
        version: the version of the registry.
        key: of the record.
        kind: the last thing that was done to it in this version, a `MutationType`.
        place: where in the answer its value begins; 0 where there is none.
        size: of the value in bytes; of a large one, 0.
        time_ns: when the version was made, nanoseconds since 1970; None where the registry did not keep it.
        parts: of a large value, the digests of its parts, one after another; None for others.
    """

    version: int
    key: bytes
    kind: int
    place: int
    size: int
    time_ns: int | None
    parts: bytes | None

    @property
    def removes(self) -> bool:
        """Whether there is no such record from this version on."""
        return self.kind == MutationType.DELETE

    @property
    def part_digests(self) -> tuple[bytes, ...]:
        """SHA-256 of each part of a large value, in order."""
        parts = self.parts or b""
        return tuple(parts[at : at + _DIGEST_BYTES] for at in range(0, len(parts), _DIGEST_BYTES))


@dataclass(frozen=True, slots=True)
class Batch:
    """A verified answer.

    Attributes:
        first: the version after the one that was asked about.
        last: the last version that it holds; one less than ``first`` where there is nothing new.
        newest: the newest version of the registry when the answer was signed.
        time_ns: when it was signed, nanoseconds since 1970.
        data: the answer as it came.
        rows: what it changes, by version; within one, by when a record was changed first.
    """

    first: int
    last: int
    newest: int
    time_ns: int
    data: bytes
    rows: tuple[Row, ...]


def read_batch(data: bytes, *, root_key: bytes, since: int, limits: Limits = LIMITS) -> Batch:
    """The batch in an answer of ``get_certified_changes_since``, once all of it is certified.

    Args:
        data: the answer.
        root_key: DER, 133 bytes.
        since: the version that was asked about.

    Raises:
        EvidenceError: as `verify_certified_delta`, or a number that no registry reaches.
        ParameterError: ``root_key`` is not a key.
    """
    delta = verify_certified_delta(data, root_key=root_key, since=since, limits=limits)
    largest = max(delta.version, delta.time_ns, *(change.timestamp_ns or 0 for change in delta.changes), 0)
    if largest > _LARGEST:
        raise EvidenceError("a version or a time is beyond any real one", observed=str(largest))
    rows: list[Row] = []
    offset = 0
    for change in delta.changes:
        found, offset = _rows(change, data, offset)
        rows += found
    return Batch(since + 1, since + len(delta.changes), delta.version, delta.time_ns, data, tuple(rows))


def _rows(change: VersionChange, data: bytes, offset: int) -> tuple[list[Row], int]:
    """The rows of one version, whose values stand somewhere behind ``offset``, and the end of the last of them.

    Values follow each other in the answer as they do in what was read from it. Where the same bytes stand earlier they
    are as good.
    """
    rows: dict[bytes, Row] = {}
    for mutation in change.mutations:
        place = size = 0
        parts = None
        if mutation.type is not MutationType.DELETE:
            if mutation.chunk_digests is not None:
                parts = b"".join(mutation.chunk_digests)
            elif mutation.value:
                place, size = data.find(mutation.value, offset), len(mutation.value)
                if place >= 0:
                    offset = place + size
                else:  # whoever wrote the answer put the right half of a fork first
                    place = data.index(mutation.value)
        # of several changes of a record in one version, the last one counts
        rows[mutation.key] = Row(
            change.version, mutation.key, int(mutation.type), place, size, change.timestamp_ns, parts
        )
    return list(rows.values()), offset


def row_of(stored: tuple[Any, ...]) -> Row:
    """A row as the store holds it: version, key, kind, place, size, time and parts.

    Raises:
        EvidenceError: something else stands there.
    """
    version, key, kind, place, size, time_ns, parts = stored
    return Row(
        number_of(version),
        bytes_of(key),
        number_of(kind),
        number_of(place),
        number_of(size),
        None if time_ns is None else number_of(time_ns),
        None if parts is None else bytes_of(parts),
    )
