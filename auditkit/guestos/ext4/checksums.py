"""Metadata checksums of ext4 (``metadata_csum``): which bytes go into each, and where each is stored.

Layout: kernel documentation, "Checksums" (``Documentation/filesystems/ext4/checksums.rst``). Without the
feature every method accepts everything; `Ext4.has_checksums` tells which of the two it was.
"""

from __future__ import annotations

import struct

from auditkit.errors import EvidenceError
from auditkit.guestos.ext4.crc import crc16, crc32c
from auditkit.guestos.ext4.fields import joined, u16, u32
from auditkit.guestos.ext4.inode import Inode, extra_size
from auditkit.guestos.ext4.superblock import Superblock

_DIRECTORY_TAIL = (
    0,
    12,
    0,
    0xDE,
)  # inode, rec_len, name_len, file_type of the false entry at the end of a block


class Checksums:
    """Verifies the metadata of one file system."""

    def __init__(self, superblock: Superblock) -> None:
        self._superblock = superblock
        self.present = superblock.has_checksums

    def check_descriptor(self, group: int, data: bytes) -> None:
        """Raises EvidenceError unless group descriptor ``group`` with content ``data`` is undamaged."""
        stored = u16(data, 0x1E)
        number = struct.pack("<I", group)
        if self.present:
            register = crc32c(self._superblock.checksum_seed, number + data[:0x1E] + b"\0\0" + data[0x20:])
        elif self._superblock.has_descriptor_checksums:
            register = crc16(0xFFFF, self._superblock.uuid + number + data[:0x1E] + data[0x20:])
        else:
            return
        if register & 0xFFFF != stored:
            raise EvidenceError(f"the checksum of block group {group} is wrong")

    def inode_seed(self, number: int, generation: int) -> int:
        """Where the checksums of an inode and of its extent and directory blocks start."""
        return crc32c(self._superblock.checksum_seed, struct.pack("<II", number, generation))

    def check_inode(self, number: int, seed: int, data: bytes) -> None:
        """Raises EvidenceError unless the inode's bytes are undamaged."""
        if not self.present:
            return
        wide = extra_size(data) >= 4
        stored = u16(data, 0x7C)
        blanked = data[:0x7C] + b"\0\0" + data[0x7E:]
        if wide:
            stored = joined(u16(data, 0x82), stored, low_bits=16)
            blanked = blanked[:0x82] + b"\0\0" + blanked[0x84:]
        if crc32c(seed, blanked) & (0xFFFFFFFF if wide else 0xFFFF) != stored:
            raise EvidenceError(f"the checksum of inode {number} is wrong")

    def check_extent_block(self, number: int, seed: int, data: bytes, end: int) -> None:
        """Raises EvidenceError unless a block of the inode's extent tree is undamaged.

        Args:
            number: the inode's.
            seed: where its checksums start.
            data: the block.
            end: where its entries end, however many of them there are; the checksum stands there.
        """
        if not self.present:
            return
        if crc32c(seed, data[:end]) != u32(data, end):
            raise EvidenceError(f"the checksum of an extent block of inode {number} is wrong")

    def check_directory_block(self, number: int, seed: int, data: bytes) -> int:
        """Raises EvidenceError unless a directory block is undamaged; returns how many bytes hold entries."""
        if not self.present:
            return len(data)
        end = len(data) - 12
        *tail, stored = struct.unpack_from("<IHBBI", data, end)
        if tuple(tail) != _DIRECTORY_TAIL or crc32c(seed, data[:end]) != stored:
            raise EvidenceError(f"the checksum of a block of directory inode {number} is wrong")
        return end

    def check_index_block(
        self, directory: Inode, data: bytes, *, offset: int, count: int, limit: int
    ) -> None:
        """Raises EvidenceError unless a block of a directory's hash index is undamaged.

        Args:
            directory: its inode.
            data: the block.
            offset: where the index entries start in the block.
            count: how many there are.
            limit: how many there could be; the checksum stands behind that many.
        """
        if not self.present:
            return
        tail = offset + 8 * limit
        if tail >= len(data):
            raise EvidenceError(
                f"the hash index of directory inode {directory.number} has no room for its checksum"
            )
        covered = data[: offset + 8 * count] + data[tail : tail + 4] + b"\0\0\0\0"
        if crc32c(directory.checksum_seed, covered) != u32(data, tail + 4):
            raise EvidenceError(
                f"the checksum of the hash index of directory inode {directory.number} is wrong"
            )

    def check_attribute_block(self, block: int, data: bytes) -> None:
        """Raises EvidenceError unless a block of extended attributes is undamaged."""
        if not self.present:
            return
        covered = struct.pack("<Q", block) + data[:0x10] + b"\0\0\0\0" + data[0x14:]
        if crc32c(self._superblock.checksum_seed, covered) != u32(data, 0x10):
            raise EvidenceError(f"the checksum of the extended attributes in block {block} is wrong")
