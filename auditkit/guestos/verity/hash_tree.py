"""The hash tree of dm-verity: salted digests of blocks, digests of blocks of digests, up to one.

Format: cryptsetup's "DMVerity" page (hash tree) and the kernel's ``verity.rst``.
"""

from __future__ import annotations

import hashlib

from auditkit.guestos.verity.superblock import BLOCK_SIZE, SALT

DIGEST_SIZE = 32
_ZERO_BLOCK = bytes(BLOCK_SIZE)
_SALTED = hashlib.sha256(SALT)
ZERO_DIGEST = hashlib.sha256(SALT + _ZERO_BLOCK).digest()
"""The salted digest of a block of zeros."""


def digest_blocks(data: bytes | memoryview) -> bytes:
    """The salted digests of the blocks in ``data``, one behind the other."""
    digests = []
    view = memoryview(data)
    salted = _SALTED.copy
    for at in range(0, len(view), BLOCK_SIZE):
        block = view[at : at + BLOCK_SIZE]
        # comparing costs a copy, so only a block that could be zeros is compared
        if not block[0] and not block[-1] and bytes(block) == _ZERO_BLOCK:
            digests.append(ZERO_DIGEST)
            continue
        digest = salted()
        digest.update(block)
        digests.append(digest.digest())
    return b"".join(digests)


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
