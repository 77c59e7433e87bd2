"""Directory blocks: names, and the hash index that large directories carry.

Layout: kernel documentation, "Directory Entries" (``Documentation/filesystems/ext4/directory.rst``).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from auditkit.errors import EvidenceError
from auditkit.guestos.ext4.checksums import Checksums
from auditkit.guestos.ext4.fields import u16, u32
from auditkit.guestos.ext4.inode import FLAG_INDEX, FileType, Inode

_TYPES = {
    1: FileType.FILE,
    2: FileType.DIRECTORY,
    3: FileType.CHARACTER_DEVICE,
    4: FileType.BLOCK_DEVICE,
    5: FileType.FIFO,
    6: FileType.SOCKET,
    7: FileType.SYMLINK,
}
_INDEX_LEVELS_MAX = 2


@dataclass(frozen=True, slots=True)
class Name:
    """One name in a directory: bytes without ``/`` and NUL, the inode it names, and the type it claims."""

    name: bytes
    inode: int
    type: FileType | None


def parse_directory(
    directory: Inode, content: bytes, *, block_size: int, has_file_types: bool, checksums: Checksums
) -> tuple[int, list[Name]]:
    """Reads the blocks of a directory.

    Args:
        directory: its inode.
        content: all its blocks, at least one.
        block_size: bytes of a block.
        has_file_types: whether entries carry types.
        checksums: verifies each block.

    Returns:
        The inode number of ``..``, and the names in stored order without ``.`` and ``..``.

    Raises:
        EvidenceError: a wrong checksum, a damaged block, or an index that does not cover every block once.
    """
    where = f"directory inode {directory.number}"
    blocks = [content[at : at + block_size] for at in range(0, len(content), block_size)]
    index: set[int] = set()
    if directory.flags & FLAG_INDEX:
        index = _index_blocks(directory, blocks, checksums)
    names: list[Name] = []
    for number, block in enumerate(blocks):
        if number in index:
            if number == 0:
                names += _root_dots(block, has_file_types, where)
            continue
        end = checksums.check_directory_block(directory.number, directory.checksum_seed, block)
        names += _chain(block[:end], has_file_types, where)
    return _without_dots(directory, names, where)


def parse_inline_directory(directory: Inode, content: bytes, has_file_types: bool) -> tuple[int, list[Name]]:
    """Reads a directory that lives in its inode: the parent's number, then entries in two areas.

    Args:
        directory: its inode.
        content: the inline content; the first 60 bytes are one area and the rest another.
        has_file_types: whether entries carry types.
    """
    where = f"directory inode {directory.number}"
    if len(content) < 60:
        raise EvidenceError("an inline directory is too short", where=where)
    names = _chain(content[4:60], has_file_types, where) + _chain(content[60:], has_file_types, where)
    _refuse_odd_names(names, where)
    return u32(content, 0), names


def _chain(area: bytes, has_file_types: bool, where: str) -> list[Name]:
    """Entries that fill ``area`` exactly, each saying how far the next one is."""
    known = (0, *_TYPES) if has_file_types else (0,)  # without types the byte belongs to a length below 256
    names: list[Name] = []
    offset = 0
    while offset < len(area):
        if offset + 8 > len(area):
            raise EvidenceError("a directory entry leaves its block", where=where)
        inode, length, name_length, type_code = struct.unpack_from("<IHBB", area, offset)
        if length < 8 or length & 3 or offset + length > len(area):
            raise EvidenceError("a directory entry leaves its block", where=where)
        if inode:
            if 8 + name_length > length or type_code not in known:
                raise EvidenceError("a directory entry is damaged", where=where)
            name = area[offset + 8 : offset + 8 + name_length]
            names.append(Name(name, inode, _TYPES.get(type_code)))
        offset += length
    return names


def _root_dots(block: bytes, has_file_types: bool, where: str) -> list[Name]:
    """``.`` and ``..`` at the start of an index root; the second one's length hides the index itself."""
    if u16(block, 4) != 12 or u16(block, 16) != len(block) - 12:
        raise EvidenceError("the root of a hash index is damaged", where=where)
    return _chain(block, has_file_types, where)


def _index_blocks(directory: Inode, blocks: list[bytes], checksums: Checksums) -> set[int]:
    """Which blocks are index and not names, after checking that the index covers every other block once."""
    where = f"directory inode {directory.number}"
    reserved, _, info_length, levels, _ = struct.unpack_from("<IBBBB", blocks[0], 0x18)
    if reserved or info_length != 8 or levels > _INDEX_LEVELS_MAX:
        raise EvidenceError("the root of a hash index is damaged", where=where)
    index: set[int] = {0}
    front = _index_targets(directory, blocks[0], 0x20, checksums, where)
    for _ in range(levels):
        following: list[int] = []
        for number in front:
            if number >= len(blocks) or number in index:
                raise EvidenceError("a hash index names an impossible block", where=where)
            index.add(number)
            inode, length = struct.unpack_from("<IH", blocks[number])
            if inode or length != len(blocks[number]):
                raise EvidenceError("a block of a hash index is damaged", where=where)
            following += _index_targets(directory, blocks[number], 8, checksums, where)
        front = following
    if sorted(front) != [number for number in range(len(blocks)) if number not in index]:
        raise EvidenceError("a hash index does not cover every block of its directory once", where=where)
    return index


def _index_targets(
    directory: Inode, block: bytes, offset: int, checksums: Checksums, where: str
) -> list[int]:
    limit, count = struct.unpack_from("<HH", block, offset)
    if count not in range(1, limit + 1) or offset + 8 * limit > len(block):
        raise EvidenceError("a hash index claims an impossible number of entries", where=where)
    checksums.check_index_block(directory, block, offset=offset, count=count, limit=limit)
    entries = [struct.unpack_from("<II", block, offset + 8 * n) for n in range(count)]
    hashes = [name_hash for name_hash, _ in entries[1:]]  # the first has limit and count in its place
    if hashes != sorted(hashes):
        raise EvidenceError("the entries of a hash index are out of order", where=where)
    return [number & 0x0FFFFFFF for _, number in entries]


def _without_dots(directory: Inode, names: list[Name], where: str) -> tuple[int, list[Name]]:
    match names:
        case [Name(name=b".", inode=directory.number), Name(name=b"..", inode=parent), *others]:
            _refuse_odd_names(others, where)
            return parent, others
    raise EvidenceError("a directory does not start with . and ..", where=where)


def _refuse_odd_names(names: list[Name], where: str) -> None:
    seen: set[bytes] = set()
    for name in names:
        if name.name in (b"", b".", b"..") or b"/" in name.name or b"\0" in name.name:
            raise EvidenceError("a directory holds an impossible name", where=where, observed=repr(name.name))
        if name.name in seen:
            raise EvidenceError(
                "a directory holds the same name twice", where=where, observed=repr(name.name)
            )
        seen.add(name.name)
