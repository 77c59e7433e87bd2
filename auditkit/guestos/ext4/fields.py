"""Numbers in ext4's structures: little-endian, some in two halves that were given room at different times."""

from __future__ import annotations

import struct


def u16(data: bytes, offset: int) -> int:
    """The 16-bit number at an offset."""
    (number,) = struct.unpack_from("<H", data, offset)
    return int(number)


def u32(data: bytes, offset: int) -> int:
    """The 32-bit number at an offset."""
    (number,) = struct.unpack_from("<I", data, offset)
    return int(number)


def joined(high: int, low: int, *, low_bits: int) -> int:
    """One number of an upper and a lower half; the lower one has ``low_bits`` bits."""
    return high << low_bits | low
