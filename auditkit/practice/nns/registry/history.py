"""The history of the practice registry: its versions, what changed in each, and how it was at any of them.

Source: dfinity/ic, rs/registry/transport.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from hashlib import sha256
from typing import Final, TypeAlias

from auditkit.practice.nns.elections import WORLD
from auditkit.practice.nns.keys import KeyPair
from auditkit.practice.nns.protobuf_writer import (
    bytes_field,
    message_field,
    number_field,
    repeated_bytes,
)
from auditkit.practice.nns.registry.records import (
    data_center_record,
    node_operator_record,
    replica_version_key,
    replica_version_record,
    subnet_record,
)
from auditkit.practice.nns.releases import release
from auditkit.practice.scenarios import OTHER_COMMIT, RETIRED_COMMIT, RegistrySays

FIRST_VERSION: Final = 60_001
"""The first version of which the practice registry tells anything; in those before, nothing changed."""

_NANOSECONDS: Final = 10**9
_DAY: Final = 86_400
_CHUNKS: Final = 3


class MutationKind(IntEnum):
    """What a mutation does, as the registry numbers it."""

    INSERT = 0
    UPDATE = 1
    DELETE = 2
    UPSERT = 4


@dataclass(frozen=True, slots=True)
class Mutation:
    """A change of one key.

    Attributes:
        kind: what it does.
        key: whose record is changed.
        value: the new record; empty for a deletion.
        chunks: how many pieces the record is kept in; 0 for one that is kept whole.
    """

    kind: MutationKind
    key: bytes
    value: bytes = b""
    chunks: int = 0

    def pieces(self) -> tuple[bytes, ...]:
        """The record in pieces; none when it is kept whole."""
        if not self.chunks:
            return ()
        length = -(-len(self.value) // self.chunks)
        return tuple(self.value[at : at + length] for at in range(0, len(self.value), length))

    def content(self) -> bytes:
        """The fields of a reply or of a mutation that hold the record: itself, or the digests of its pieces."""
        if self.kind is MutationKind.DELETE:
            return b""
        if self.chunks:
            return message_field(4, repeated_bytes(1, (sha256(piece).digest() for piece in self.pieces())))
        return bytes_field(3, self.value, explicit=True)

    def encoded(self) -> bytes:
        """The message RegistryMutation."""
        return number_field(1, self.kind) + bytes_field(2, self.key) + self.content()


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the registry.

    Attributes:
        number: which.
        timestamp_ns: when it was made, nanoseconds since 1970.
        mutations: what changed, all at once.
    """

    number: int
    timestamp_ns: int
    mutations: tuple[Mutation, ...]

    def encoded(self) -> bytes:
        """The message RegistryAtomicMutateRequest."""
        changes = (mutation.encoded() for mutation in self.mutations)
        return repeated_bytes(1, changes) + number_field(6, self.timestamp_ns)


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """What the registry holds: versions without gaps, the oldest first.

    Those before the first of them are *quiet*: they are there, and change nothing.
    """

    versions: tuple[Version, ...]

    @property
    def first(self) -> int:
        """The first version that is not quiet."""
        return self.versions[0].number

    @property
    def latest(self) -> int:
        """The newest version."""
        return self.versions[-1].number

    def encoded(self, version: int) -> bytes:
        """The message RegistryAtomicMutateRequest of a version, from 1 on."""
        return b"" if version < self.first else self.versions[version - self.first].encoded()

    def last_change(self, key: bytes, at: int) -> tuple[Version, Mutation] | None:
        """The last change of a key up to version ``at``; None when it was deleted then, or not there yet."""
        last: tuple[Version, Mutation] | None = None
        for version in self.versions:
            for mutation in version.mutations:
                if version.number <= at and mutation.key == key:
                    last = None if mutation.kind is MutationKind.DELETE else (version, mutation)
        return last

    def piece(self, digest: bytes) -> bytes | None:
        """The piece of a record with this SHA-256; None when there is none."""
        pieces = (piece for version in self.versions for one in version.mutations for piece in one.pieces())
        return next((piece for piece in pieces if sha256(piece).digest() == digest), None)


_Change: TypeAlias = tuple[int, tuple[Mutation, ...]]


@cache
def registry_history(server: str, about: str = "", says: RegistrySays = RegistrySays.ELECTED) -> History:
    """The history of the practice registry.

    Args:
        server: the address of the release server, which the records name.
        about: the GuestOS version whose record is as ``says``; all others have the right ones.
        says: what the registry says of it.
    """
    changes = [(seconds, mutations) for seconds, mutations in _changes(server, about, says) if mutations]
    return History(
        tuple(
            Version(number, seconds * _NANOSECONDS, mutations)
            for number, (seconds, mutations) in enumerate(changes, FIRST_VERSION)
        )
    )


def _changes(server: str, about: str, says: RegistrySays) -> Iterator[_Change]:
    """When something changed, and what. Each election is executed at once; life goes on in between."""
    life_between = (_first_deployment, _data_center, _second_deployment)
    for election, life in zip(WORLD, life_between, strict=True):
        own = says if election.version == about else RegistrySays.ELECTED
        elected = () if own is RegistrySays.ABSENT else (_insert(server, election.version, own),)
        retired = tuple(
            Mutation(MutationKind.DELETE, replica_version_key(version)) for version in election.retires
        )
        yield election.decided_seconds, elected + retired
        yield from life(election.decided_seconds + _DAY)
    if says is RegistrySays.UNELECTED:
        seconds = WORLD[-1].decided_seconds + 5 * _DAY
        yield seconds, (Mutation(MutationKind.DELETE, replica_version_key(about)),)


def _insert(server: str, version: str, says: RegistrySays) -> Mutation:
    record = replica_version_record(release(version, server), says)
    chunks = _CHUNKS if says is RegistrySays.CHUNKED else 0
    return Mutation(MutationKind.INSERT, replica_version_key(version), record, chunks)


def _first_deployment(seconds: int) -> Iterator[_Change]:
    yield seconds, (Mutation(MutationKind.UPSERT, _subnet_key(), subnet_record(RETIRED_COMMIT)),)


def _data_center(seconds: int) -> Iterator[_Change]:
    record = data_center_record("pr1", "Europe,CH,Zurich", "Practice Data Centers")
    yield seconds, (Mutation(MutationKind.INSERT, b"data_center_record_pr1", record),)


def _second_deployment(seconds: int) -> Iterator[_Change]:
    yield seconds, (Mutation(MutationKind.UPDATE, _subnet_key(), subnet_record(OTHER_COMMIT)),)
    operator, provider = (KeyPair(f"practice {name}").subnet_id for name in ("operator", "provider"))
    record = node_operator_record(operator, provider, "pr1")
    key = f"node_operator_record_{operator}".encode()
    yield seconds + _DAY, (Mutation(MutationKind.INSERT, key, record),)


def _subnet_key() -> bytes:
    return f"subnet_record_{KeyPair('system subnet').subnet_id}".encode()
