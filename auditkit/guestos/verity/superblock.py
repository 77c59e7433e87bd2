"""The dm-verity superblock, and the constants that dfinity's build puts into it.

Format: cryptsetup's "DMVerity" page (on-disk format). Source of the constants: ``ic-os/defs.bzl`` in dfinity/ic.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from auditkit.errors import EvidenceError
from auditkit.guestos.verity.block_digests import BLOCK_SIZE, SALT

HASH_OFFSET = 10_603_200_512
UUID = "1736291d-aceb-42d7-b044-43ee31d86cd4"
VERITY_MAGIC = b"verity\0\0"


@dataclass(frozen=True, slots=True)
class VeritySuperblock:
    """The fields of a dm-verity superblock; `parse_verity_superblock` reads it."""

    version: int
    hash_type: int
    uuid: str
    algorithm: str
    data_block_size: int
    hash_block_size: int
    data_blocks: int
    salt: bytes

    def problems(self) -> list[str]:
        """Where the superblock deviates from dfinity's build."""
        found = []
        for name, value, wanted in (
            ("version", self.version, 1),
            ("hash type", self.hash_type, 1),
            ("UUID", self.uuid, UUID),
            ("hash algorithm", self.algorithm, "sha256"),
            ("data block size", self.data_block_size, BLOCK_SIZE),
            ("hash block size", self.hash_block_size, BLOCK_SIZE),
            ("salt", self.salt.hex(), SALT.hex()),
        ):
            if value != wanted:
                found.append(f"the {name} of the dm-verity superblock is {value}, and dfinity's is {wanted}")
        return found


def parse_verity_superblock(data: bytes) -> VeritySuperblock:
    """Reads a dm-verity superblock.

    Args:
        data: its first 512 bytes.

    Raises:
        EvidenceError: there is none, or a field is impossible.
    """
    if len(data) < 512 or data[:8] != VERITY_MAGIC:
        raise EvidenceError("root.img has no dm-verity superblock where dfinity's build puts it")
    version, hash_type = struct.unpack_from("<II", data, 8)
    data_block_size, hash_block_size, data_blocks, salt_size = struct.unpack_from("<IIQH", data, 64)
    algorithm = data[32:64].rstrip(b"\0")
    if salt_size > 256 or not algorithm.isascii() or not 0 < data_blocks <= HASH_OFFSET // BLOCK_SIZE:
        raise EvidenceError("the dm-verity superblock of root.img is impossible")
    uuid = data[16:32].hex()
    return VeritySuperblock(
        version=version,
        hash_type=hash_type,
        uuid="-".join((uuid[:8], uuid[8:12], uuid[12:16], uuid[16:20], uuid[20:])),
        algorithm=algorithm.decode("ascii"),
        data_block_size=data_block_size,
        hash_block_size=hash_block_size,
        data_blocks=data_blocks,
        salt=data[88 : 88 + salt_size],
    )


def format_verity_superblock(data_blocks: int) -> bytes:
    """The block of 4096 bytes with the superblock that dfinity's build writes in front of a hash tree.

    Args:
        data_blocks: blocks of 4096 bytes that the tree covers.
    """
    uuid = bytes.fromhex(UUID.replace("-", ""))
    sizes = (BLOCK_SIZE, BLOCK_SIZE, data_blocks, len(SALT))
    fields = struct.pack("<II16s32sIIQH6x", 1, 1, uuid, b"sha256", *sizes)
    return (VERITY_MAGIC + fields + SALT).ljust(BLOCK_SIZE, b"\0")
