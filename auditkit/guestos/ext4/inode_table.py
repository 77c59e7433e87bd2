"""Finds inodes: the descriptor of a block group names the table, the number the place in it."""

from __future__ import annotations

from auditkit.errors import EvidenceError
from auditkit.guestos.ext4.checksums import Checksums
from auditkit.guestos.ext4.fields import joined, u32
from auditkit.guestos.ext4.image_file import ImageFile
from auditkit.guestos.ext4.inode import ROOT_INODE, Inode, inode_generation, parse_inode
from auditkit.guestos.ext4.superblock import Superblock


class InodeTable:
    """The inodes of one file system.

    Args:
        image: the file system.
        superblock: its geometry.
        checksums: its metadata checksums.
        remember: keep every inode that was read in memory, for a tree that is gone through more than once.
    """

    def __init__(
        self, image: ImageFile, superblock: Superblock, checksums: Checksums, *, remember: bool = False
    ) -> None:
        self._image = image
        self._superblock = superblock
        self._checksums = checksums
        self._tables: dict[int, int] = {}
        self._remembered: dict[int, Inode] | None = {} if remember else None

    def inode(self, number: int) -> Inode:
        """The inode of a number that a directory names, its checksum verified.

        Raises:
            EvidenceError: no name may lead to it, or it is damaged.
        """
        if self._remembered is None:
            return self._read(number)
        found = self._remembered.get(number)
        if found is None:
            found = self._remembered[number] = self._read(number)
        return found

    def _read(self, number: int) -> Inode:
        sb = self._superblock
        if not (number == ROOT_INODE or sb.first_inode <= number <= sb.inodes_count):
            raise EvidenceError("a directory names an inode that cannot exist", observed=str(number))
        group, index = divmod(number - 1, sb.inodes_per_group)
        offset = self.first_block(group) * sb.block_size + index * sb.inode_size
        data = self._image.read_at(offset, sb.inode_size)
        seed = self._checksums.inode_seed(number, inode_generation(data))
        self._checksums.check_inode(number, seed, data)
        return parse_inode(number, data, block_sectors=sb.block_sectors, checksum_seed=seed)

    @property
    def blocks(self) -> int:
        """Blocks of each group's inode table."""
        sb = self._superblock
        return -(-sb.inodes_per_group * sb.inode_size // sb.block_size)

    def first_block(self, group: int) -> int:
        """First block of a group's inode table.

        Raises:
            EvidenceError: the descriptor of the group is damaged.
        """
        if group not in self._tables:
            sb = self._superblock
            start = (sb.first_data_block + 1) * sb.block_size
            data = self._image.read_at(start + group * sb.descriptor_size, sb.descriptor_size)
            self._checksums.check_descriptor(group, data)
            high = u32(data, 0x28) if sb.descriptor_size >= 64 else 0
            block = joined(high, u32(data, 0x08), low_bits=32)
            if block <= sb.first_data_block or block + self.blocks > sb.blocks_count:
                raise EvidenceError(f"the inode table of block group {group} is outside the file system")
            self._tables[group] = block
        return self._tables[group]
