"""Candid: a bounded decoder that needs nothing but the wire's own type table.

A message describes its own types, so it can be decoded completely without knowing the interface; `Typed` then
reads the parts that are wanted by name and refuses a part of another type. Every count on the wire is checked
against what is left of the message before anything is built from it. Source: dfinity/candid, spec/Candid.md
("Binary Format", "Deserialisation").
"""

from __future__ import annotations

import struct
from typing import Final

from auditkit.errors import EvidenceError
from auditkit.ic.candid.types import (
    FUNC,
    MAGIC,
    OPT,
    RECORD,
    SERVICE,
    VARIANT,
    VEC,
    CompositeType,
    Opt,
    Primitive,
    RawValue,
    Record,
    Reference,
    Typed,
    TypeRef,
    TypeTable,
    Variant,
    Vec,
)
from auditkit.limits import LIMITS, Limits

_PRIMITIVES: Final = frozenset(int(kind) for kind in Primitive)

_FIXED: Final = {
    Primitive.NAT8: struct.Struct("<B"),
    Primitive.NAT16: struct.Struct("<H"),
    Primitive.NAT32: struct.Struct("<I"),
    Primitive.NAT64: struct.Struct("<Q"),
    Primitive.INT8: struct.Struct("<b"),
    Primitive.INT16: struct.Struct("<h"),
    Primitive.INT32: struct.Struct("<i"),
    Primitive.INT64: struct.Struct("<q"),
    Primitive.FLOAT32: struct.Struct("<f"),
    Primitive.FLOAT64: struct.Struct("<d"),
}


def decode(data: bytes, *, limits: Limits = LIMITS) -> tuple[Typed, ...]:
    """Decodes a whole Candid message into its values.

    Raises:
        EvidenceError: malformed, beyond a limit, or with bytes after the end; ``where`` names the offset.
    """
    reader = _Reader(data, limits)
    try:
        table, types = reader.header()
        values = [Typed(table, ref, reader.value(table, ref, limits.candid_depth)) for ref in types]
        if reader.offset != len(data):
            raise EvidenceError(f"{len(data) - reader.offset} bytes after the end of the message")
    except EvidenceError as error:
        raise error.at(f"Candid byte {reader.offset}") from None
    return tuple(values)


class _Reader:
    """A position in a message. Methods raise `EvidenceError` and leave ``offset`` near the offending byte."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        self.data = data
        self.offset = 0
        self.limits = limits
        self.values = 0
        self.references = 0
        self.methods: set[TypeRef] = set()

    @property
    def left(self) -> int:
        return len(self.data) - self.offset

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise EvidenceError(f"{count} bytes are wanted where {self.left} are left")
        self.offset += count
        return self.data[self.offset - count : self.offset]

    def leb128(self, *, signed: bool = False) -> int:
        number, shift = 0, 0
        start = self.offset
        while True:
            if self.offset - start >= self.limits.leb128_bytes:
                raise EvidenceError(f"a number of more than {self.limits.leb128_bytes} bytes")
            if self.offset >= len(self.data):
                raise EvidenceError("the message ends inside a number")
            byte = self.data[self.offset]
            self.offset += 1
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number - (1 << shift) if signed and byte & 0x40 else number

    def count(self, *, bytes_each: int = 1, most: int | None = None) -> int:
        """A count of things that take at least ``bytes_each`` bytes each."""
        number = self.leb128()
        if most is not None and number > most:
            raise EvidenceError(f"a count of {number} is above the limit of {most}")
        if number * bytes_each > self.left:
            raise EvidenceError(f"a count of {number} where {self.left} bytes are left")
        return number

    def header(self) -> tuple[TypeTable, tuple[TypeRef, ...]]:
        if self.take(min(4, self.left)) != MAGIC:
            raise EvidenceError("not a Candid message: it does not start with DIDL")
        size = self.count(bytes_each=2, most=self.limits.candid_types)
        table = tuple(self._composite(size) for _ in range(size))
        # only now: a method may name a type that stands behind its service
        if any(ref < 0 or table[ref] != Reference(FUNC) for ref in self.methods):
            raise EvidenceError("a method of a service type is not a function")
        return table, tuple(self._ref(size) for _ in range(self.count(most=self.limits.candid_types)))

    def _ref(self, size: int) -> TypeRef:
        self.references += 1
        if self.references > self.limits.candid_references:
            raise EvidenceError(f"the types name more than {self.limits.candid_references} types")
        ref = self.leb128(signed=True)
        if 0 <= ref < size or ref in _PRIMITIVES:
            return ref
        raise EvidenceError(f"there is no type {ref}")

    def _composite(self, size: int) -> CompositeType:
        opcode = self.leb128(signed=True)
        if opcode == OPT:
            return Opt(self._ref(size))
        if opcode == VEC:
            return Vec(self._ref(size))
        if opcode == RECORD:
            return Record(self._fields(size))
        if opcode == VARIANT:
            return Variant(self._fields(size))
        if opcode == FUNC:
            for _ in range(2):
                for _ in range(self.count()):
                    self._ref(size)
            if any(not 1 <= byte <= 3 for byte in self.take(self.count())):
                raise EvidenceError("an unknown annotation of a function type")
            return Reference(FUNC)
        if opcode == SERVICE:
            last: bytes | None = None
            for _ in range(self.count(bytes_each=2)):
                name = self._text().encode("utf-8")
                if last is not None and name <= last:
                    raise EvidenceError("the methods of a service type are not in order")
                last = name
                self.methods.add(self._ref(size))
            return Reference(SERVICE)
        if opcode < Primitive.PRINCIPAL:
            self.take(self.count())  # a future type: the specification says how to skip its definition
            return Reference(opcode)
        raise EvidenceError(f"{opcode} does not stand for a composite type")

    def _fields(self, size: int) -> tuple[tuple[int, TypeRef], ...]:
        fields: list[tuple[int, TypeRef]] = []
        last = -1
        for _ in range(self.count(bytes_each=2)):
            field = self.leb128()
            if not last < field < 1 << 32:
                raise EvidenceError("field ids do not increase strictly within 32 bits")
            last = field
            fields.append((field, self._ref(size)))
        return tuple(fields)

    def _text(self) -> str:
        try:
            return self.take(self.leb128()).decode("utf-8")
        except UnicodeDecodeError:
            raise EvidenceError("text that is not UTF-8") from None

    def _flag(self, what: str) -> bool:
        byte = self.take(1)[0]
        if byte > 1:
            raise EvidenceError(f"{what} is neither 0 nor 1")
        return byte == 1

    def _principal(self) -> bytes:
        if not self._flag("the form of a reference"):
            raise EvidenceError("an opaque reference, which no reader outside the replica can follow")
        length = self.leb128()
        if length > 29:
            raise EvidenceError("a principal is too long")
        return self.take(length)

    def _spend(self) -> None:
        # Values that take no bytes (null, reserved, empty records) are what makes a small message explode.
        self.values += 1
        free = self.limits.candid_free_values + 4 * self.offset
        if self.values > min(self.limits.candid_values, free):
            raise EvidenceError("the message describes more values than its size justifies")

    def value(self, table: TypeTable, ref: TypeRef, depth: int) -> RawValue:
        """Decodes one value of type ``ref``."""
        self._spend()
        if depth <= 0:
            raise EvidenceError("values are nested too deeply")
        if ref < 0:
            return self._primitive(Primitive(ref))
        kind = table[ref]
        match kind:
            case Record(fields):
                return tuple([self.value(table, field, depth - 1) for _, field in fields])
            case Opt(content):
                return (self.value(table, content, depth - 1),) if self._flag("the tag of an opt") else None
            case Vec(Primitive.NAT8):
                return self.take(self.leb128())
            case Vec(content):
                count = self.leb128()
                if count > self.left + self.limits.candid_free_values:
                    raise EvidenceError(f"a vec of {count} elements where {self.left} bytes are left")
                return tuple([self.value(table, content, depth - 1) for _ in range(count)])
            case Variant(cases):
                place = self.leb128()
                if place >= len(cases):
                    raise EvidenceError("a variant value names a case that its type does not have")
                return (place, self.value(table, cases[place][1], depth - 1))
            case Reference(opcode):
                return self._reference(opcode)

    def _reference(self, opcode: int) -> bytes:
        if opcode == FUNC:
            if not self._flag("the form of a reference"):
                raise EvidenceError("an opaque reference, which no reader outside the replica can follow")
            return self._principal() + self._text().encode("utf-8")
        if opcode == SERVICE:
            return self._principal()
        length = self.leb128()
        if self.leb128():
            raise EvidenceError("a value of a future type refers to memory")
        return self.take(length)

    def _primitive(self, kind: Primitive) -> RawValue:
        fixed = _FIXED.get(kind)
        if fixed is not None:
            number: int | float = fixed.unpack(self.take(fixed.size))[0]
            return number
        match kind:
            case Primitive.NULL | Primitive.RESERVED:
                return None
            case Primitive.BOOL:
                return self._flag("a bool")
            case Primitive.NAT:
                return self.leb128()
            case Primitive.INT:
                return self.leb128(signed=True)
            case Primitive.TEXT:
                return self._text()
            case Primitive.PRINCIPAL:
                return self._principal()
            case _:
                raise EvidenceError("a value of type empty, of which there is none")
