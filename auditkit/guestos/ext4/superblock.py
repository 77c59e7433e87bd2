"""The ext4 superblock: geometry, features, and the refusal of everything that is not understood.

Layout: kernel documentation, "Super Block" (``Documentation/filesystems/ext4/super.rst``).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from auditkit.errors import EvidenceError
from auditkit.guestos.ext4.crc import crc32c
from auditkit.guestos.ext4.fields import joined, u16, u32

SUPERBLOCK_OFFSET = 1024
SUPERBLOCK_SIZE = 1024
MAGIC = 0xEF53


INCOMPAT_FILETYPE = 0x2
INCOMPAT_RECOVER = 0x4
INCOMPAT_EXTENTS = 0x40
INCOMPAT_64BIT = 0x80
INCOMPAT_FLEX_BG = 0x200
INCOMPAT_CSUM_SEED = 0x2000
INCOMPAT_INLINE_DATA = 0x8000
_INCOMPAT_READ = {
    INCOMPAT_FILETYPE,
    INCOMPAT_EXTENTS,
    INCOMPAT_64BIT,
    INCOMPAT_FLEX_BG,
    INCOMPAT_CSUM_SEED,
    INCOMPAT_INLINE_DATA,
}
_INCOMPAT_NAMES = {
    0x1: "compression",
    0x8: "journal_dev",
    0x10: "meta_bg",
    0x100: "mmp",
    0x400: "ea_inode",
    0x1000: "dirdata",
    0x4000: "large_dir",
    0x10000: "encrypt",
    0x20000: "casefold",
}

RO_COMPAT_GDT_CSUM = 0x10
RO_COMPAT_METADATA_CSUM = 0x400
RO_COMPAT_ORPHAN_PRESENT = 0x10000
# sparse_super, large_file, huge_file, gdt_csum, dir_nlink, extra_isize, quota, metadata_csum, readonly,
# project, and shared_blocks (what Android's deduplication sets): none of them changes where bytes are found.
_RO_COMPAT_READ = {
    *(0x1, 0x2, 0x8, RO_COMPAT_GDT_CSUM, 0x20, 0x40, 0x100),
    *(RO_COMPAT_METADATA_CSUM, 0x1000, 0x2000, 0x4000),
}
_RO_COMPAT_NAMES = {0x200: "bigalloc", 0x8000: "verity", RO_COMPAT_ORPHAN_PRESENT: "orphan_present"}

_INODE_SIZES = {128, 256, 512, 1024, 2048, 4096}

_STATE_CLEAN = 0x1
_STATE_ERRORS = 0x2


@dataclass(frozen=True, slots=True)
class Superblock:
    """What the reader needs of a superblock that passed every check.

    Attributes:
        block_size: bytes of a block: 1024, 2048 or 4096.
        blocks_count: blocks of the file system.
        first_data_block: the block that holds the superblock: 1 with 1 KiB blocks, 0 otherwise.
        blocks_per_group: blocks of every group but the last.
        inodes_count: number of inodes; inode numbers start at 1.
        inodes_per_group: inodes of every group.
        inode_size: bytes of an inode, a power of two from 128.
        first_inode: the first inode number that is not reserved.
        descriptor_size: bytes of a group descriptor.
        has_file_types: whether directory entries carry the type of what they name.
        has_checksums: whether metadata carries CRC-32C checksums (``metadata_csum``).
        has_descriptor_checksums: whether group descriptors carry the older CRC-16 (``uninit_bg``).
        checksum_seed: what every metadata checksum starts from.
        uuid: 16 bytes.
        volume_name: the label, without padding.
    """

    block_size: int
    blocks_count: int
    first_data_block: int
    blocks_per_group: int
    inodes_count: int
    inodes_per_group: int
    inode_size: int
    first_inode: int
    descriptor_size: int
    has_file_types: bool
    has_checksums: bool
    has_descriptor_checksums: bool
    checksum_seed: int
    uuid: bytes
    volume_name: bytes

    @property
    def size(self) -> int:
        """Bytes of the file system, which may be less than those of its image."""
        return self.blocks_count * self.block_size

    @property
    def block_sectors(self) -> int:
        """512-byte sectors of a block."""
        return self.block_size >> 9

    @property
    def groups_count(self) -> int:
        """Number of block groups."""
        return -(-(self.blocks_count - self.first_data_block) // self.blocks_per_group)


def _names_of_unread(features: int, read: set[int], names: dict[int, str]) -> str:
    bits = [1 << n for n in range(features.bit_length())]
    return ", ".join(names.get(bit, f"{bit:#x}") for bit in bits if features & bit and bit not in read)


def _refuse_features(incompat: int, ro_compat: int) -> None:
    if incompat & INCOMPAT_RECOVER:
        raise EvidenceError(
            "the file system was not unmounted cleanly: its journal still has to be replayed",
            hint="an image in this state can be read in two ways, so it is refused",
        )
    unread = _names_of_unread(incompat, _INCOMPAT_READ, _INCOMPAT_NAMES)
    unread = unread or _names_of_unread(ro_compat, _RO_COMPAT_READ, _RO_COMPAT_NAMES)
    if unread:
        raise EvidenceError("the file system uses features that this reader does not read", observed=unread)
    if ro_compat & RO_COMPAT_GDT_CSUM and ro_compat & RO_COMPAT_METADATA_CSUM:
        raise EvidenceError("the superblock claims two kinds of group descriptor checksums at once")


def file_system_settings(data: bytes) -> dict[str, str]:
    """What a superblock says of how its file system is used, and who it is, in words; not its sizes, times and counts.

    Args:
        data: the 1024 bytes at offset 1024 of the image.
    """

    def text(offset: int, size: int) -> str:
        return data[offset : offset + size].rstrip(b"\0").decode("utf-8", "backslashreplace") or "none"

    return {
        "compatible features": f"{u32(data, 0x5C):#x}",
        "incompatible features": f"{u32(data, 0x60):#x}",
        "read-only compatible features": f"{u32(data, 0x64):#x}",
        "default mount options": f"{u32(data, 0x100):#x}",
        "mount options": text(0x200, 64),
        "behaviour after errors": str(u16(data, 0x3C)),
        "flags": f"{u32(data, 0x160):#x}",
        "hash seed of folders": data[0xEC:0xFC].hex(),
        "hash version of folders": str(data[0xFC]),
        "owner of reserved blocks": f"{u16(data, 0x50)}:{u16(data, 0x52)}",
        "label": text(0x78, 16),
        "UUID": data[0x68:0x78].hex(),
    }


def parse_superblock(data: bytes, *, image_size: int | None = None) -> Superblock:
    """Reads and checks an ext4 superblock.

    Args:
        data: the 1024 bytes at offset 1024 of the image.
        image_size: bytes of the image; the file system must fit. ``None`` leaves that out.

    Raises:
        EvidenceError: not ext4, a wrong checksum, an unclean state, an unknown feature or impossible
            geometry.
    """
    if len(data) != SUPERBLOCK_SIZE:
        raise EvidenceError("the image is too short for an ext4 superblock")
    if u16(data, 0x38) != MAGIC:
        raise EvidenceError("this is not an ext4 image: there is no ext4 superblock at offset 1024")
    incompat, ro_compat = struct.unpack_from("<II", data, 0x60)
    has_checksums = bool(ro_compat & RO_COMPAT_METADATA_CSUM)
    if has_checksums and (data[0x175] != 1 or crc32c(0xFFFFFFFF, data[:0x3FC]) != u32(data, 0x3FC)):
        raise EvidenceError("the checksum of the ext4 superblock is wrong")
    _refuse_features(incompat, ro_compat)
    _refuse_state(data)

    inodes_count, blocks_low = struct.unpack_from("<II", data, 0x00)
    first_data_block, log_block_size, log_cluster_size = struct.unpack_from("<III", data, 0x14)
    blocks_per_group, _, inodes_per_group = struct.unpack_from("<III", data, 0x20)
    first_inode, inode_size = struct.unpack_from("<IH", data, 0x54)
    wide = bool(incompat & INCOMPAT_64BIT)
    blocks_high = u32(data, 0x150) if wide else 0
    uuid = data[0x68:0x78]
    seed = u32(data, 0x270) if incompat & INCOMPAT_CSUM_SEED else crc32c(0xFFFFFFFF, uuid)
    if log_block_size > 2 or log_cluster_size != log_block_size:
        raise EvidenceError("the block size is not 1, 2 or 4 KiB")
    superblock = Superblock(
        block_size=1024 << log_block_size,
        blocks_count=joined(blocks_high, blocks_low, low_bits=32),
        first_data_block=first_data_block,
        blocks_per_group=blocks_per_group,
        inodes_count=inodes_count,
        inodes_per_group=inodes_per_group,
        inode_size=inode_size,
        first_inode=first_inode,
        descriptor_size=u16(data, 0xFE) if wide else 32,
        has_file_types=bool(incompat & INCOMPAT_FILETYPE),
        has_checksums=has_checksums,
        has_descriptor_checksums=bool(ro_compat & RO_COMPAT_GDT_CSUM),
        checksum_seed=seed,
        uuid=uuid,
        volume_name=data[0x78:0x88].rstrip(b"\0"),
    )
    _refuse_geometry(superblock, wide=wide, image_size=image_size)
    return superblock


def _refuse_state(data: bytes) -> None:
    state, creator, revision, last_orphan = u16(data, 0x3A), u32(data, 0x48), u32(data, 0x4C), u32(data, 0xE8)
    if state & _STATE_ERRORS or not state & _STATE_CLEAN:
        raise EvidenceError("the file system says that it is not clean", observed=f"state {state:#x}")
    if creator != 0:
        raise EvidenceError("the file system was not made for Linux", observed=f"creator {creator}")
    if revision != 1:
        raise EvidenceError("the ext4 revision is unknown", expected="1", observed=str(revision))
    if last_orphan:
        raise EvidenceError("the file system has unfinished deletions")


def _refuse_geometry(superblock: Superblock, *, wide: bool, image_size: int | None) -> None:
    sb = superblock
    in_one_bitmap = range(1, 8 * sb.block_size + 1)
    wrong = ""
    if sb.inode_size not in _INODE_SIZES or sb.inode_size > sb.block_size:
        wrong = f"inodes of {sb.inode_size} bytes"
    elif sb.first_data_block != (1 if sb.block_size == 1024 else 0):
        wrong = f"first data block {sb.first_data_block}"
    elif sb.blocks_per_group not in in_one_bitmap or sb.inodes_per_group not in in_one_bitmap:
        wrong = f"groups of {sb.blocks_per_group} blocks and {sb.inodes_per_group} inodes"
    elif sb.blocks_count <= sb.first_data_block:
        wrong = f"{sb.blocks_count} blocks"
    elif sb.inodes_count != sb.groups_count * sb.inodes_per_group:
        wrong = f"{sb.inodes_count} inodes in {sb.groups_count} groups of {sb.inodes_per_group}"
    elif sb.first_inode < 11 or sb.first_inode > sb.inodes_count:
        wrong = f"first inode {sb.first_inode}"
    elif wide and sb.descriptor_size != 64:
        wrong = f"group descriptors of {sb.descriptor_size} bytes"
    if wrong:
        raise EvidenceError("the geometry of the ext4 superblock is impossible", observed=wrong)
    if image_size is not None and sb.size > image_size:
        raise EvidenceError(
            "the image is shorter than the file system in it",
            expected=f"at least {sb.size} bytes",
            observed=f"{image_size} bytes",
        )
