"""CRC-32C (Castagnoli), the checksum of ext4 metadata, and CRC-16, its predecessor in group descriptors.

Both are the bare register updates that the kernel's ``ext4_chksum`` and ``crc16`` make: no final inversion,
and the caller chooses the first value.
"""

from __future__ import annotations

import google_crc32c

_ALL_ONES = 0xFFFFFFFF
_ANSI = 0xA001


def crc32c(register: int, data: bytes) -> int:
    """The CRC-32C register after ``data``.

    Args:
        register: the register before, such as ``0xFFFFFFFF`` or an earlier result.
        data: any number of bytes.
    """
    # the library inverts the register before and after
    return int(google_crc32c.extend(register ^ _ALL_ONES, data)) ^ _ALL_ONES


def crc16(register: int, data: bytes) -> int:
    """The CRC-16 (ANSI, reflected) register after ``data``."""
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ (_ANSI if register & 1 else 0)
    return register
