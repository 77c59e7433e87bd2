"""Writes Candid values of stated types, as the practice governance canister answers.

Types are Python objects: a `Primitive`, or `OptType`, `VecType`, `RecordType`, `VariantType` around others.
    Values
are Python objects: None or the content of an opt; lists; dicts by field name; a pair of case name and
    content.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from auditkit.ic.candid import MAGIC, Primitive, label_hash


@dataclass(frozen=True)
class OptType:
    """``opt content``."""

    content: WireType


@dataclass(frozen=True)
class VecType:
    """``vec content``; bytes are written as a ``vec nat8``."""

    content: WireType


@dataclass(frozen=True)
class RecordType:
    """``record``, or a tuple when the names are numbers from 0 on."""

    fields: tuple[tuple[str | int, WireType], ...]


@dataclass(frozen=True)
class VariantType:
    """``variant``."""

    cases: tuple[tuple[str | int, WireType], ...]


WireType: TypeAlias = Primitive | OptType | VecType | RecordType | VariantType

BLOB: Final = VecType(Primitive.NAT8)


def record(**fields: WireType) -> RecordType:
    """A record type from field names."""
    return RecordType(tuple(fields.items()))


def encode(wire_type: WireType, value: object) -> bytes:
    """One Candid message that holds ``value`` as ``wire_type``."""
    table = _TypeTable()
    ref = table.ref(wire_type)
    header = MAGIC + uleb128(len(table.entries)) + b"".join(table.entries)
    return header + b"\x01" + sleb128(ref) + _encode_value(wire_type, value)


def uleb128(number: int) -> bytes:
    """Unsigned LEB128."""
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(encoded) + bytes([number])


def sleb128(number: int) -> bytes:
    """Signed LEB128."""
    encoded = bytearray()
    while not -0x40 <= number < 0x40:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(encoded) + bytes([number & 0x7F])


def _label(name: str | int) -> int:
    return name if isinstance(name, int) else label_hash(name)


def _sorted(fields: tuple[tuple[str | int, WireType], ...]) -> list[tuple[str | int, WireType]]:
    return sorted(fields, key=lambda entry: _label(entry[0]))


@dataclass
class _TypeTable:
    entries: list[bytes] = field(default_factory=list)
    _places: dict[WireType, int] = field(default_factory=dict)

    def ref(self, wire_type: WireType) -> int:
        if isinstance(wire_type, Primitive):
            return int(wire_type)
        if wire_type not in self._places:
            # The place is taken before the parts are, so that every part comes after what holds it.
            self._places[wire_type] = len(self.entries)
            self.entries.append(b"")
            self.entries[self._places[wire_type]] = self._definition(wire_type)
        return self._places[wire_type]

    def _definition(self, wire_type: WireType) -> bytes:
        match wire_type:
            case OptType(content):
                return sleb128(-18) + sleb128(self.ref(content))
            case VecType(content):
                return sleb128(-19) + sleb128(self.ref(content))
            case RecordType(fields):
                return sleb128(-20) + self._fields(fields)
            case VariantType(cases):
                return sleb128(-21) + self._fields(cases)
            case _:
                raise TypeError(f"{wire_type} has no definition")

    def _fields(self, fields: tuple[tuple[str | int, WireType], ...]) -> bytes:
        parts = [uleb128(_label(name)) + sleb128(self.ref(content)) for name, content in _sorted(fields)]
        return uleb128(len(parts)) + b"".join(parts)


_FIXED: Final = {
    Primitive.NAT8: "<B",
    Primitive.NAT32: "<I",
    Primitive.NAT64: "<Q",
    Primitive.INT32: "<i",
    Primitive.INT64: "<q",
}


def _encode_value(wire_type: WireType, value: Any) -> bytes:
    match wire_type:
        case Primitive.NULL | Primitive.RESERVED:
            return b""
        case Primitive.TEXT:
            data = str(value).encode("utf-8")
            return uleb128(len(data)) + data
        case Primitive.PRINCIPAL:
            return b"\x01" + uleb128(len(value)) + bytes(value)
        case Primitive.BOOL:
            return bytes([bool(value)])
        case Primitive():
            return struct.pack(_FIXED[wire_type], value)
        case OptType(content):
            return b"\x00" if value is None else b"\x01" + _encode_value(content, value)
        case VecType(content):
            if content is Primitive.NAT8:
                return uleb128(len(value)) + bytes(value)
            return uleb128(len(value)) + b"".join(_encode_value(content, item) for item in value)
        case RecordType(fields):
            known: Mapping[str | int, Any] = value
            return b"".join(_encode_value(content, known[name]) for name, content in _sorted(fields))
        case VariantType(cases):
            name, content_value = value
            for place, (case, content) in enumerate(_sorted(cases)):
                if case == name:
                    return uleb128(place) + _encode_value(content, content_value)
            raise KeyError(name)
