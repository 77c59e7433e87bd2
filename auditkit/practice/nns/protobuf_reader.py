"""Reads the two requests of the registry that are Protocol Buffers: as much of the wire as they need."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.errors import EvidenceError

_LONGEST_VARINT = 10
_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5


def number_in(data: bytes, number: int) -> int:
    """The field ``number`` of type uint64; 0 when it is absent, the last one when it is there several times.

    Raises:
        EvidenceError: not a message of the wire, or the field has another type.
    """
    last = 0
    for field, value in _fields(data):
        if field == number:
            if not isinstance(value, int):
                raise EvidenceError(f"field {number} is no number")
            last = value
    return last


def bytes_in(data: bytes, number: int) -> bytes | None:
    """The field ``number`` of type bytes or a message; None when it is absent.

    Raises:
        EvidenceError: as `number_in`.
    """
    last: bytes | None = None
    for field, value in _fields(data):
        if field == number:
            if isinstance(value, int):
                raise EvidenceError(f"field {number} holds no bytes")
            last = value
    return last


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    offset = 0
    while offset < len(data):
        tag, offset = _varint(data, offset)
        number, kind = tag >> 3, tag & 7
        if number == 0:
            raise EvidenceError("there is no field 0")
        if kind == _VARINT:
            value, offset = _varint(data, offset)
            yield number, value
            continue
        if kind == _LENGTH:
            length, offset = _varint(data, offset)
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            length = 8 if kind == _EIGHT_BYTES else 4
        else:
            raise EvidenceError(f"there is no wire type {kind}")
        if length > len(data) - offset:
            raise EvidenceError("the message ends inside a field")
        yield number, data[offset : offset + length]
        offset += length


def _varint(data: bytes, offset: int) -> tuple[int, int]:
    value = 0
    for place, byte in enumerate(data[offset : offset + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value & (1 << 64) - 1, offset + place + 1
    raise EvidenceError("the message ends inside a number")
