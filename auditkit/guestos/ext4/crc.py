"""CRC-32C (Castagnoli), the checksum of ext4 metadata, and CRC-16, its predecessor in group descriptors.

Both are the bare register updates that the kernel's ``ext4_chksum`` and ``crc16`` make: no final inversion,
and the caller chooses the first value.
"""

from __future__ import annotations

import struct
from functools import cache

_CASTAGNOLI = 0x82F63B78
_ANSI = 0xA001


def _shift(value: int, polynomial: int, bits: int) -> int:
    for _ in range(bits):
        value = (value >> 1) ^ (polynomial if value & 1 else 0)
    return value


def _linear_table(values: list[int]) -> list[int]:
    """All xor combinations of ``values``: the register update is linear, so sixteen bits span a table."""
    table = [0]
    for value in values:
        table += [entry ^ value for entry in table]
    return table


@cache
def _word_tables() -> tuple[list[int], list[int]]:
    """What four bytes do to the register, for the lower and the upper half of (register xor word)."""
    column = [_shift(1 << bit, _CASTAGNOLI, 32) for bit in range(32)]
    return _linear_table(column[:16]), _linear_table(column[16:])


@cache
def _byte_table(polynomial: int) -> list[int]:
    return _linear_table([_shift(1 << bit, polynomial, 8) for bit in range(8)])


def crc32c(register: int, data: bytes | memoryview) -> int:
    """The CRC-32C register after ``data``.

    Args:
        register: the register before, such as ``0xFFFFFFFF`` or an earlier result.
        data: any number of bytes.
    """
    low, high = _word_tables()
    whole = len(data) & ~3
    for word in struct.unpack(f"<{whole >> 2}I", data[:whole]):
        mixed = register ^ word
        register = low[mixed & 0xFFFF] ^ high[mixed >> 16]
    table = _byte_table(_CASTAGNOLI)
    for byte in data[whole:]:
        register = table[(register ^ byte) & 0xFF] ^ (register >> 8)
    return register


def crc16(register: int, data: bytes) -> int:
    """The CRC-16 (ANSI, reflected) register after ``data``."""
    table = _byte_table(_ANSI)
    for byte in data:
        register = table[(register ^ byte) & 0xFF] ^ (register >> 8)
    return register
