"""LEB128: unsigned numbers, seven bits a byte, the lowest first; and the signed ones of Candid.

Source: DWARF 4, section 7.6; IC interface specification, "State tree"; dfinity/candid, spec/Candid.md.
"""

from __future__ import annotations

from auditkit.errors import EvidenceError


def unsigned(number: int) -> bytes:
    """A number from 0 on in as few bytes as it needs; protocol buffers call it a varint."""
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def signed(number: int) -> bytes:
    """Any number in as few bytes as it needs."""
    encoded = bytearray()
    while not -0x40 <= number < 0x40:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number & 0x7F)
    return bytes(encoded)


def read_unsigned(encoded: bytes, what: str) -> int:
    """The number that these bytes and no others stand for: 64 bits, in as few bytes as it needs.

    Args:
        what: what the number is, for errors.

    Raises:
        EvidenceError: anything else.
    """
    if not 1 <= len(encoded) <= 10 or any(byte < 0x80 for byte in encoded[:-1]) or encoded[-1] >= 0x80:
        raise EvidenceError(f"{what} is not one LEB128 number", observed=encoded[:16].hex())
    if len(encoded) > 1 and encoded[-1] == 0:
        raise EvidenceError(f"{what} takes more bytes than it needs", observed=encoded.hex())
    number = sum((byte & 0x7F) << (7 * place) for place, byte in enumerate(encoded))
    if number >= 1 << 64:
        raise EvidenceError(f"{what} does not fit 64 bits", observed=encoded.hex())
    return number
