"""The hash tree of dm-verity: salted digests of blocks, digests of blocks of digests, up to one.

Format: cryptsetup's "DMVerity" page (hash tree) and the kernel's ``verity.rst``.
"""

from __future__ import annotations

from auditkit.guestos.verity.block_digests import BLOCK_SIZE, DIGEST_SIZE, digest_blocks


def hash_tree(leaves: bytes) -> tuple[bytes, list[bytes]]:
    """The hash tree over the digests of the data blocks.

    Args:
        leaves: 32 bytes for each data block, at least one.

    Returns:
        The 32-byte root hash, and the levels as they are stored, the top one first.
    """
    levels = []
    digests = leaves
    while len(digests) > DIGEST_SIZE:  # the digest of a single block is the root itself, without a tree
        level = digests + bytes(-len(digests) % BLOCK_SIZE)
        levels.append(level)
        digests = digest_blocks(level)
    return digests, levels[::-1]


def tree_size(data_blocks: int) -> int:
    """Bytes of the stored hash tree over ``data_blocks`` blocks."""
    size, count = 0, data_blocks
    while count > 1:
        count = -(-count * DIGEST_SIZE // BLOCK_SIZE)
        size += count * BLOCK_SIZE
    return size
