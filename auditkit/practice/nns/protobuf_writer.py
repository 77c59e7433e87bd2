"""Writes the wire of Protocol Buffers, as the practice registry answers.

A field that has its default value is left out, as proto3 has it, but where ``explicit`` says that it has presence.
Source: protobuf.dev, "Encoding".
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from auditkit.practice.nns.candid_writer import uleb128

_VARINT, _LENGTH, _FOUR_BYTES = 0, 2, 5


def number_field(number: int, value: int, *, explicit: bool = False) -> bytes:
    """A field of type uint64, bool or enum."""
    return uleb128(number << 3 | _VARINT) + uleb128(value) if value or explicit else b""


def float_field(number: int, value: float) -> bytes:
    """A field of type float."""
    return uleb128(number << 3 | _FOUR_BYTES) + struct.pack("<f", value) if value else b""


def bytes_field(number: int, value: bytes, *, explicit: bool = False) -> bytes:
    """A field of type bytes."""
    if not value and not explicit:
        return b""
    return uleb128(number << 3 | _LENGTH) + uleb128(len(value)) + value


def text_field(number: int, value: str, *, explicit: bool = False) -> bytes:
    """A field of type string."""
    return bytes_field(number, value.encode("utf-8"), explicit=explicit)


def message_field(number: int, content: bytes) -> bytes:
    """A field that holds a message; it is there although the message is empty."""
    return bytes_field(number, content, explicit=True)


def repeated_bytes(number: int, values: Iterable[bytes]) -> bytes:
    """A repeated field of bytes, strings or messages; each element is there although it is empty."""
    return b"".join(bytes_field(number, value, explicit=True) for value in values)
