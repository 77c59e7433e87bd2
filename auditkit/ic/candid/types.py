"""Candid's types as a message describes them, and decoded values that know their type.

Source: dfinity/candid, spec/Candid.md ("Types", "Binary Format").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, TypeAlias

from auditkit.errors import EvidenceError

MAGIC: Final = b"DIDL"
"""What every message begins with."""

# The opcodes of composite types.
OPT: Final = -18
VEC: Final = -19
RECORD: Final = -20
VARIANT: Final = -21
FUNC: Final = -22
SERVICE: Final = -23


class Primitive(IntEnum):
    """The types that the wire names by one negative number."""

    NULL = -1
    BOOL = -2
    NAT = -3
    INT = -4
    NAT8 = -5
    NAT16 = -6
    NAT32 = -7
    NAT64 = -8
    INT8 = -9
    INT16 = -10
    INT32 = -11
    INT64 = -12
    FLOAT32 = -13
    FLOAT64 = -14
    TEXT = -15
    RESERVED = -16
    EMPTY = -17
    PRINCIPAL = -24


# A reference to a type: a number of `Primitive` below zero, or an index into the type table.
TypeRef: TypeAlias = int


@dataclass(frozen=True, slots=True)
class Opt:
    """``opt T``."""

    content: TypeRef


@dataclass(frozen=True, slots=True)
class Vec:
    """``vec T``; a ``vec nat8`` is decoded to bytes."""

    content: TypeRef


@dataclass(frozen=True, slots=True)
class Record:
    """``record``: field ids (hashes of the names), strictly increasing, and their types."""

    fields: tuple[tuple[int, TypeRef], ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """``variant``: case ids (hashes of the names), strictly increasing, and their types."""

    cases: tuple[tuple[int, TypeRef], ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """A function or service reference, or a type this version of Candid does not know; decoded to bytes."""

    opcode: int


CompositeType: TypeAlias = Opt | Vec | Record | Variant | Reference
TypeTable: TypeAlias = tuple[CompositeType, ...]

# null, reserved: None · opt: None or a 1-tuple · vec: tuple or bytes · record: tuple in the order of the
# type's fields · variant: (place of the case, value) · reference, principal: bytes
RawValue: TypeAlias = "bool | int | float | str | bytes | tuple[RawValue, ...] | None"


def label_hash(name: str) -> int:
    """The field id of a field or case name."""
    value = 0
    for byte in name.encode("utf-8"):
        value = (value * 223 + byte) & 0xFFFFFFFF
    return value


@dataclass(frozen=True, slots=True)
class Typed:
    """A decoded value with its type. The readers accept what is a subtype of what they read, and refuse the
    rest.

    Unlike a Candid client, a wrong type inside an ``opt`` is an error here and not a silent null.
    """

    table: TypeTable
    ref: TypeRef
    raw: RawValue

    def _kind(self) -> CompositeType | Primitive:
        return Primitive(self.ref) if self.ref < 0 else self.table[self.ref]

    def _mismatch(self, wanted: str) -> EvidenceError:
        kind = self._kind()
        found = kind.name.lower() if isinstance(kind, Primitive) else type(kind).__name__.lower()
        return EvidenceError("the answer holds a value of another type", expected=wanted, observed=found)

    def number(self, kind: Primitive) -> int:
        """A number of exactly this type."""
        if self.ref != kind or not isinstance(self.raw, int):
            raise self._mismatch(kind.name.lower())
        return self.raw

    def text(self) -> str:
        """A text."""
        if not isinstance(self.raw, str):
            raise self._mismatch("text")
        return self.raw

    def blob(self) -> bytes:
        """A ``vec nat8``."""
        kind = self._kind()
        if isinstance(kind, Vec) and kind.content == Primitive.NAT8 and isinstance(self.raw, bytes):
            return self.raw
        raise self._mismatch("vec nat8")

    def elements(self) -> Sequence[Typed]:
        """The elements of a ``vec``."""
        kind = self._kind()
        if not isinstance(kind, Vec):
            raise self._mismatch("vec")
        if isinstance(self.raw, bytes):
            return [Typed(self.table, kind.content, byte) for byte in self.raw]
        if not isinstance(self.raw, tuple):
            raise self._mismatch("vec")
        return [Typed(self.table, kind.content, item) for item in self.raw]

    def optional(self) -> Typed | None:
        """What an ``opt`` holds; null and reserved hold nothing; any other value stands for itself (``t <:
        opt t``).
        """
        kind = self._kind()
        if kind in (Primitive.NULL, Primitive.RESERVED):
            return None
        if not isinstance(kind, Opt):
            return self
        return Typed(self.table, kind.content, self.raw[0]) if isinstance(self.raw, tuple) else None

    def field(self, name: str) -> Typed:
        """The field of a record; an absent one reads as null, which only `optional` accepts."""
        kind = self._kind()
        if not isinstance(kind, Record) or not isinstance(self.raw, tuple):
            raise self._mismatch("record")
        wanted = label_hash(name)
        for (field, ref), value in zip(kind.fields, self.raw, strict=True):
            if field == wanted:
                return Typed(self.table, ref, value)
        return Typed((), Primitive.NULL, None)

    def field_ids(self) -> frozenset[int]:
        """The ids of a record's fields."""
        kind = self._kind()
        if not isinstance(kind, Record):
            raise self._mismatch("record")
        return frozenset(field for field, _ in kind.fields)

    def case(self) -> tuple[int, Typed]:
        """The case id and the value of a variant."""
        kind = self._kind()
        if isinstance(kind, Variant) and isinstance(self.raw, tuple):
            place, value = self.raw
            if isinstance(place, int):
                identifier, ref = kind.cases[place]
                return identifier, Typed(self.table, ref, value)
        raise self._mismatch("variant")
