"""What a file holds, by the digests of its blocks: two files are told equal or not without their bytes.

The digest of a block says all about it, but for the last one of a file: behind the end of the file it holds whatever
the disk held. So the last block's part is digested by itself where its leaf alone does not decide. A hole is as many
zeros.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from auditkit.guestos.ext4.blocks import Run
from auditkit.guestos.roots.kept_blocks import KeptBlocks
from auditkit.guestos.verity import BLOCK_SIZE, DIGEST_SIZE, ZERO_DIGEST

_EMPTY: Final = hashlib.sha256().digest()


@dataclass(frozen=True, slots=True)
class FileContent:
    """The content of a regular file.

    Attributes:
        size: bytes.
        whole: digest of the digests of the blocks that it fills.
        end_leaf: the salted digest of the block that it fills in part, SHA-256 of its bytes where they are in the
            inode, empty where there is none.
        end_block: the number of that block; None where it is a hole, in the inode, or there is none.
        end: SHA-256 of its bytes in that block, None where it is not known.
    """

    size: int
    whole: bytes
    end_leaf: bytes
    end_block: int | None
    end: bytes | None

    @property
    def end_size(self) -> int:
        """Bytes in the block that it fills in part."""
        return self.size % BLOCK_SIZE

    def equals(self, other: FileContent) -> bool:
        """Whether two files hold the same bytes; the ends of both are known where their leaves differ."""
        if (self.size, self.whole) != (other.size, other.whole):
            return False
        if self.end is not None and other.end is not None:
            return self.end == other.end
        return self.end_leaf == other.end_leaf


def inline_content(data: bytes) -> FileContent:
    """The content of a file that stands in its inode."""
    digest = hashlib.sha256(data).digest() if data else None
    return FileContent(size=len(data), whole=_EMPTY, end_leaf=digest or b"", end_block=None, end=digest)


def mapped_content(size: int, runs: Sequence[Run], kept: KeptBlocks) -> FileContent:
    """The content of a file of ``size`` bytes that stands in blocks.

    Args:
        runs: where, in order; none beyond the size.
        kept: knows the digest of each block.
    """
    full = size // BLOCK_SIZE
    if not full and len(runs) == 1:  # most files of a real system are that small
        first = runs[0].physical
        end_leaf = kept.leaf(first)
        end = hashlib.sha256(bytes(size)).digest() if end_leaf == ZERO_DIGEST else None
        return FileContent(size, _EMPTY, end_leaf, first, end)
    whole = _Whole()
    end_leaf, end_block = (ZERO_DIGEST if size % BLOCK_SIZE else b""), None
    position = 0
    for run in runs:
        whole.zeros(min(run.logical, full) - position)
        count = min(run.logical + run.count, full) - run.logical
        if count > 0:
            whole.blocks(kept.leaves(run.physical, count))
        position = max(min(run.logical + run.count, full), position)
        if run.logical <= full < run.logical + run.count:
            end_block = run.physical + full - run.logical
            end_leaf = kept.leaf(end_block)
    whole.zeros(full - position)
    # A hole, and a block of zeros, are known to the last byte.
    end = hashlib.sha256(bytes(size % BLOCK_SIZE)).digest() if end_leaf == ZERO_DIGEST else None
    return FileContent(size, whole.digest(), end_leaf, end_block, end)


class _Whole:
    """Digests the digests of blocks in one way, whether blocks of zeros are stored or are holes."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._zeros = 0

    def zeros(self, count: int) -> None:
        self._zeros += count

    def blocks(self, leaves: memoryview) -> None:
        if ZERO_DIGEST not in bytes(leaves):
            self._add(leaves)
            return
        for at in range(0, len(leaves), DIGEST_SIZE):
            leaf = leaves[at : at + DIGEST_SIZE]
            if leaf == ZERO_DIGEST:
                self._zeros += 1
            else:
                self._add(leaf)

    def digest(self) -> bytes:
        self._end_zeros()
        return self._digest.digest()

    def _add(self, leaves: memoryview) -> None:
        self._end_zeros()
        self._digest.update(leaves)

    def _end_zeros(self) -> None:
        # as long as a leaf, and nobody finds a SHA-256 that begins with 24 zeros
        if self._zeros:
            self._digest.update(self._zeros.to_bytes(DIGEST_SIZE, "big"))
            self._zeros = 0
