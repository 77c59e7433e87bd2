"""Extended attributes: inside the inode and in a block of their own, SELinux labels among them.

Layout: kernel documentation, "Extended Attributes" (``Documentation/filesystems/ext4/attributes.rst``).
Values are given as they are stored.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from auditkit.errors import EvidenceError
from auditkit.guestos.ext4.fields import u32

_MAGIC = 0xEA020000
_PREFIXES = {
    1: b"user.",
    2: b"system.posix_acl_access",
    3: b"system.posix_acl_default",
    4: b"trusted.",
    6: b"security.",
    7: b"system.",
    8: b"system.richacl",
}
_NAMELESS = {2, 3, 8}
INLINE_DATA_NAME = b"system.data"


def inode_attributes(data: bytes, where: str) -> Mapping[bytes, bytes]:
    """Attributes in the space behind an inode's fixed fields.

    Args:
        data: that space, to the end of the inode.
        where: what an error names.

    Raises:
        EvidenceError: entries or values that overlap or leave the space.
    """
    if len(data) < 4 or u32(data, 0) != _MAGIC:
        return {}
    return _entries(data[4:], 0, where)


def block_attributes(data: bytes, where: str) -> Mapping[bytes, bytes]:
    """Attributes in a block of their own, whose checksum was verified.

    Raises:
        EvidenceError: not an attribute block, or entries or values that overlap or leave it.
    """
    magic, references, blocks = struct.unpack_from("<III", data)
    if magic != _MAGIC or blocks != 1 or not references:
        raise EvidenceError("the block of extended attributes is damaged", where=where)
    return _entries(data, 32, where)


def _entries(data: bytes, offset: int, where: str) -> dict[bytes, bytes]:
    """Entries from ``offset`` on; their values are addressed from the start of ``data``."""
    found: dict[bytes, bytes] = {}
    spans: list[tuple[int, int]] = []
    while True:
        if data[offset : offset + 4] == b"\0\0\0\0":
            break
        if offset + 16 > len(data):
            raise EvidenceError("the list of extended attributes does not end", where=where)
        name_length, prefix, value_offset, value_inode, value_size = struct.unpack_from(
            "<BBHII", data, offset
        )
        name_end = offset + 16 + name_length
        if (
            prefix not in _PREFIXES
            or value_inode
            or name_end > len(data)
            or bool(name_length) == (prefix in _NAMELESS)
        ):
            raise EvidenceError("an extended attribute is damaged or of an unknown kind", where=where)
        name = _PREFIXES[prefix] + data[offset + 16 : name_end]
        if name in found or b"\0" in name:
            raise EvidenceError("an extended attribute has an impossible name", where=where)
        if value_size:
            if value_offset + value_size > len(data):
                raise EvidenceError("the value of an extended attribute leaves its place", where=where)
            spans.append((value_offset, value_offset + value_size))
        found[name] = data[value_offset : value_offset + value_size] if value_size else b""
        offset += 16 + (name_length + 3 & ~3)
    end = offset + 4
    for start, stop in sorted(spans):
        if start < end:
            raise EvidenceError("the values of extended attributes overlap", where=where)
        end = stop
    return found
