"""A history of a registry: its versions, what changed in each, and how it was at any of them.

Source: dfinity/ic, rs/registry/transport.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256

from auditkit.practice.nns.protobuf_writer import (
    bytes_field,
    message_field,
    number_field,
    repeated_bytes,
)


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
