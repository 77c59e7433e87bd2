"""The few blocks of a root file system that are kept in memory, to be read as if they were all of it.

Each block was compared with its digest in the dm-verity tree that was computed in the first pass, so what is read here
is what the root hash covers, in whichever pass it was kept.
"""

from __future__ import annotations

import hashlib
import os
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import BinaryIO, Final, cast

from auditkit.errors import EvidenceError, SourceError
from auditkit.guestos.roots.source import Piece
from auditkit.guestos.verity import BLOCK_SIZE, DIGEST_SIZE, ZERO_DIGEST, digest_blocks

_ZEROS: Final = bytes(BLOCK_SIZE)


class NotKeptError(EvidenceError):
    """A block is needed that was not kept; ``block`` is its number."""

    def __init__(self, block: int) -> None:
        super().__init__("a part of the root file system is needed that was not read", where=f"block {block}")
        self.block = block


class KeptBlocks:
    """Blocks of 4096 bytes of one root file system, by number.

    Args:
        size: apparent bytes of root.img.
        most: bytes that may be kept.
    """

    def __init__(self, size: int, *, most: int) -> None:
        self._size = size
        self._most = most
        self._blocks: dict[int, bytes] = {}
        self._begun: dict[int, bytearray] = {}
        self._leaves = memoryview(b"")
        self._position = 0

    def keep(self, block: int, piece: Piece) -> None:
        """Keeps what ``piece`` holds of a block; what comes before the leaves are known is compared with them later.

        Raises:
            EvidenceError: too much would be kept.
        """
        start = block * BLOCK_SIZE - piece.offset
        if start >= 0 and start + BLOCK_SIZE <= len(piece.data):
            self._store(block, bytes(piece.data[start : start + BLOCK_SIZE]))
            return
        begun = self._begun.setdefault(block, bytearray(BLOCK_SIZE))
        low, high = max(start, 0), min(start + BLOCK_SIZE, len(piece.data))
        begun[low - start : high - start] = piece.data[low:high]

    def know_leaves(self, leaves: bytes) -> None:
        """Ends the first pass: compares all that was kept with the leaves of the hash tree.

        Raises:
            EvidenceError: too much would be kept.
        """
        self._leaves = memoryview(leaves)
        begun, self._begun = self._begun, {}
        for block, part in begun.items():
            self._store(block, bytes(part))
        covered = len(leaves) // DIGEST_SIZE
        self._blocks = {block: data for block, data in self._blocks.items() if block < covered}
        for block, data in self._blocks.items():
            self._compare(block, data)

    def gather(
        self,
        pieces: Iterable[Piece],
        kept: set[int],
        ends: Mapping[int, Iterable[int]],
        wanted: Sequence[int],
    ) -> dict[tuple[int, int], bytes]:
        """Keeps blocks of a later pass, and digests the beginnings of others.

        Args:
            pieces: the pass.
            kept: the blocks to keep.
            ends: of which blocks to digest the beginning, and the numbers of bytes that count.
            wanted: all of these blocks, ascending.

        Returns:
            SHA-256 of each beginning, by block and number of bytes.

        Raises:
            SourceError: the pass has other bytes than the first one.
            EvidenceError: too much would be kept.
        """
        digests: dict[tuple[int, int], bytes] = {}
        begun: dict[int, bytearray] = {}

        def take(block: int, data: bytes) -> None:
            self._compare(block, data)
            if block in kept:
                self._store(block, data)
            for length in ends.get(block, ()):
                digests[block, length] = hashlib.sha256(data[:length]).digest()

        for piece in pieces:
            size = len(piece.data)
            first, last = piece.offset // BLOCK_SIZE, (piece.offset + size - 1) // BLOCK_SIZE
            for block in wanted[bisect_left(wanted, first) : bisect_right(wanted, last)]:
                start = block * BLOCK_SIZE - piece.offset
                if start >= 0 and start + BLOCK_SIZE <= size:
                    take(block, bytes(piece.data[start : start + BLOCK_SIZE]))
                    continue
                low, high = max(start, 0), min(start + BLOCK_SIZE, size)
                part = begun.setdefault(block, bytearray(BLOCK_SIZE))
                part[low - start : high - start] = piece.data[low:high]
        for block, part in begun.items():
            take(block, bytes(part))
        return digests

    def leaf(self, block: int) -> bytes:
        """The salted digest of a block; empty where the root hash does not cover it."""
        return bytes(self._leaves[block * DIGEST_SIZE : (block + 1) * DIGEST_SIZE])

    def leaves(self, first: int, count: int) -> memoryview:
        """The salted digests of ``count`` blocks from ``first`` on."""
        return self._leaves[first * DIGEST_SIZE : (first + count) * DIGEST_SIZE]

    def stored(self, blocks: range) -> list[tuple[int, bytes]]:
        """Those of ``blocks`` that are kept and hold more than zeros, with their bytes."""
        return [(block, self._blocks[block]) for block in blocks if block in self._blocks]

    def knows(self, block: int) -> bool:
        """Whether `block` gives this block."""
        return block in self._blocks or self.leaf(block) == ZERO_DIGEST

    def block(self, block: int) -> bytes:
        """The bytes of a block.

        Raises:
            NotKeptError: it was not kept.
        """
        data = self._blocks.get(block)
        if data is not None:
            return data
        if not self._leaves:  # in the first pass, what was not kept is zeros as far as anybody knows
            return bytes(self._begun.get(block, _ZEROS))
        if self.leaf(block) != ZERO_DIGEST:
            raise NotKeptError(block)
        return _ZEROS

    def as_file(self) -> BinaryIO:
        """The blocks as a file of the size of the image, in which only they can be read."""
        return cast("BinaryIO", self)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Moves to an offset; only the start and the end can be what it counts from."""
        self._position = self._size if whence == os.SEEK_END else offset
        return self._position

    def read(self, size: int) -> bytes:
        """The next ``size`` bytes, fewer at the end.

        Raises:
            NotKeptError: some of them were not kept.
        """
        start = self._position
        end = min(start + size, self._size)
        first, last = start // BLOCK_SIZE, (end - 1) // BLOCK_SIZE
        data = self.block(first)
        if last > first:
            data = b"".join((data, *(self.block(block) for block in range(first + 1, last + 1))))
        self._position = max(start, end)
        at = start % BLOCK_SIZE
        return data[at : at + max(end - start, 0)]

    def _compare(self, block: int, data: bytes) -> None:
        if digest_blocks(data) != self.leaf(block):
            raise SourceError(
                "the image has other bytes than when it was read before",
                where=f"block {block} of root.img",
                hint="wait until nobody writes to it and run this again",
            )

    def _store(self, block: int, data: bytes) -> None:
        if data == _ZEROS:  # its leaf tells
            return
        self._blocks[block] = data
        if len(self._blocks) * BLOCK_SIZE > self._most:
            raise EvidenceError(
                "the root file system describes its files at greater length than any real one",
                expected=f"at most {self._most} bytes of inodes, directories and attributes",
            )
