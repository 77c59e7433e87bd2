"""The ext4 inode: what a file is, whose it is, and where its content starts.

Layout: kernel documentation, "Index Nodes" (``Documentation/filesystems/ext4/inodes.rst``).
"""

from __future__ import annotations

import stat
import struct
from dataclasses import dataclass
from enum import StrEnum

from auditkit.errors import EvidenceError
from auditkit.guestos.ext4.fields import joined, u16, u32

FLAG_INDEX = 0x1000
FLAG_HUGE_FILE = 0x40000
FLAG_EXTENTS = 0x80000
FLAG_INLINE_DATA = 0x10000000
_FLAGS_REFUSED = {
    0x800: "encrypted",
    0x100000: "fs-verity",
    0x200000: "attribute inode",
    0x40000000: "casefold",
}

ROOT_INODE = 2
_FIXED_BYTES = 128  # fields that every inode has; the number of those behind them stands where they start


class FileType(StrEnum):
    """What an inode is."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    CHARACTER_DEVICE = "character-device"
    BLOCK_DEVICE = "block-device"
    FIFO = "fifo"
    SOCKET = "socket"


_TYPE_OF_MODE = {
    stat.S_IFREG: FileType.FILE,
    stat.S_IFDIR: FileType.DIRECTORY,
    stat.S_IFLNK: FileType.SYMLINK,
    stat.S_IFCHR: FileType.CHARACTER_DEVICE,
    stat.S_IFBLK: FileType.BLOCK_DEVICE,
    stat.S_IFIFO: FileType.FIFO,
    stat.S_IFSOCK: FileType.SOCKET,
}


@dataclass(frozen=True, slots=True)
class Inode:
    """A checked inode.

    Attributes:
        number: from 1.
        type: what it is.
        mode: permission bits, setuid, setgid and sticky, without the type.
        uid, gid: numeric owner.
        links: directory entries that name it.
        size: bytes of content.
        mtime_ns: last change of the content, nanoseconds since 1970, negative before.
        sectors: 512-byte sectors that content and attribute block take.
        flags: the raw flags.
        attribute_block: block of extended attributes, or 0.
        block_area: the 60 bytes that hold block map, extent root, inline content or a short link target.
        inline_attributes: the bytes behind the fixed fields, where small attributes live.
        checksum_seed: where the checksums of its blocks start.
    """

    number: int
    type: FileType
    mode: int
    uid: int
    gid: int
    links: int
    size: int
    mtime_ns: int
    sectors: int
    flags: int
    attribute_block: int
    block_area: bytes
    inline_attributes: bytes
    checksum_seed: int

    @property
    def device(self) -> tuple[int, int]:
        """Major and minor number of a device inode."""
        old, new = struct.unpack_from("<II", self.block_area)
        if old:
            return old >> 8 & 0xFF, old & 0xFF
        return new >> 8 & 0xFFF, new & 0xFF | new >> 12 & 0xFFF00


def inode_generation(data: bytes) -> int:
    """The generation number in an inode's bytes; it goes into the seed of its checksums."""
    return u32(data, 0x64)


def extra_size(data: bytes) -> int:
    """Bytes of the fields behind the fixed ones of an inode; 0 where it has no room for any."""
    return u16(data, _FIXED_BYTES) if data[_FIXED_BYTES:] else 0


def parse_inode(number: int, data: bytes, *, block_sectors: int, checksum_seed: int) -> Inode:
    """Reads an inode whose checksum was verified.

    Args:
        number: its number.
        data: its bytes, 128 or more.
        block_sectors: 512-byte sectors of a block of the file system.
        checksum_seed: kept in the result.

    Raises:
        EvidenceError: a deleted inode, an unknown type or flag, or an impossible field.
    """
    mode, uid_low, size_low, _, _, mtime, _, gid_low, links, sectors_low, flags = struct.unpack_from(
        "<HHIIIiIHHII", data
    )
    attributes_low, size_high = struct.unpack_from("<II", data, 0x68)
    sectors_high, attributes_high, uid_high, gid_high = struct.unpack_from("<HHHH", data, 0x74)
    where = f"inode {number}"
    file_type = _TYPE_OF_MODE.get(stat.S_IFMT(mode))
    if file_type is None:
        raise EvidenceError("the type of a file is unknown", where=where, observed=f"mode {mode:#o}")
    if not links:
        raise EvidenceError("a directory names a deleted file", where=where)
    for bit, name in _FLAGS_REFUSED.items():
        if flags & bit:
            raise EvidenceError(
                "a file uses a feature that this reader does not read", where=where, observed=name
            )
    if size_high and file_type is not FileType.FILE:
        raise EvidenceError("something that is not a regular file has an impossible size", where=where)
    extra = extra_size(data)
    if extra & 3 or _FIXED_BYTES + extra > len(data):
        raise EvidenceError("an inode is larger than its slot", where=where)
    seconds, nanoseconds = mtime, 0
    if extra >= 12:
        mtime_extra = u32(data, 0x88)
        seconds += (mtime_extra & 3) << 32
        nanoseconds = mtime_extra >> 2
    if nanoseconds >= 1_000_000_000:
        raise EvidenceError("a time has more than a second of nanoseconds", where=where)
    sectors = joined(sectors_high, sectors_low, low_bits=32)
    return Inode(
        number=number,
        type=file_type,
        mode=stat.S_IMODE(mode),
        uid=joined(uid_high, uid_low, low_bits=16),
        gid=joined(gid_high, gid_low, low_bits=16),
        links=links,
        size=joined(size_high, size_low, low_bits=32),
        mtime_ns=seconds * 1_000_000_000 + nanoseconds,
        sectors=sectors * block_sectors if flags & FLAG_HUGE_FILE else sectors,
        flags=flags,
        attribute_block=joined(attributes_high, attributes_low, low_bits=32),
        block_area=data[0x28:0x64],
        inline_attributes=data[_FIXED_BYTES + extra :] if extra else b"",
        checksum_seed=checksum_seed,
    )
