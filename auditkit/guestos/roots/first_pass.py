"""The first pass over a root file system: its dm-verity root, the digest of each block, and the tables of inodes.

What else is needed to read the tree is known only when the inodes are: it comes in a second pass. Blocks that look like
nodes of extent trees are kept at once, since a third pass would be needed for what only they lead to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from auditkit.errors import EvidenceError
from auditkit.guestos.ext4 import SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE, Superblock, parse_superblock
from auditkit.guestos.ext4.checksums import Checksums
from auditkit.guestos.ext4.image_file import ImageFile
from auditkit.guestos.ext4.inode_table import InodeTable
from auditkit.guestos.roots.kept_blocks import KeptBlocks
from auditkit.guestos.roots.source import Piece, RootSource
from auditkit.guestos.verity import BLOCK_SIZE, RootImageHasher, VerityRoot
from auditkit.limits import LIMITS, MIB, Limits

_START: Final = 257  # blocks at the start: the superblock's, and room for 16,384 group descriptors
_NODES_MAX: Final = 4 * MIB // BLOCK_SIZE
_NODE_MAGIC: Final = b"\x0a\xf3"
_NODE_ENTRIES: Final = ((BLOCK_SIZE - 12) // 12).to_bytes(2, "little")


@dataclass(frozen=True, slots=True)
class FirstPass:
    """What the first pass over a root file system found.

    Attributes:
        verity: the dm-verity root.
        superblock: of the file system.
        kept: the blocks that were kept.
    """

    verity: VerityRoot
    superblock: Superblock
    kept: KeptBlocks


def first_pass(source: RootSource, *, limits: Limits = LIMITS) -> FirstPass:
    """Passes over a root file system for the first time.

    Raises:
        SourceError: it cannot be read, or is cut short.
        EvidenceError: no root file system that this reader reads, or dm-verity covers only a part of it.
    """
    hasher: RootImageHasher | None = None
    keeper: _Keeper | None = None
    try:
        for piece in source.pieces():
            if hasher is None or keeper is None:
                hasher, keeper = RootImageHasher(piece.image_size), _Keeper(piece.image_size, limits)
            hasher.feed(piece.offset, piece.data)
            keeper.take(piece)
        if hasher is None or keeper is None:
            raise EvidenceError("root.img is empty")
        verity = hasher.finish()
        superblock = keeper.finish()
        if superblock.size > verity.data_blocks * BLOCK_SIZE:
            raise EvidenceError(
                "dm-verity covers only a part of the root file system",
                expected=f"{superblock.size} bytes",
                observed=f"{verity.data_blocks * BLOCK_SIZE} bytes",
            )
        keeper.kept.know_leaves(hasher.leaves)
        return FirstPass(verity, superblock, keeper.kept)
    finally:
        if hasher is not None:
            hasher.__exit__(None, None, None)


class _Keeper:
    """Keeps of each piece what is needed."""

    def __init__(self, image_size: int, limits: Limits) -> None:
        self.kept = KeptBlocks(image_size, most=limits.root_kept_bytes)
        self._image_size = image_size
        self._superblock: Superblock | None = None
        self._tables: list[range] = []
        self._nodes = 0

    def take(self, piece: Piece) -> None:
        """Keeps what is needed of a piece; pieces come in order."""
        first, last = piece.offset // BLOCK_SIZE, (piece.offset + len(piece.data) - 1) // BLOCK_SIZE
        for block in range(first, min(last + 1, _START)):
            self.kept.keep(block, piece)
        if last < _START - 1:
            return
        if self._superblock is None:
            self._locate()
        for table in self._tables:
            for block in range(max(first, table.start, _START), min(last + 1, table.stop)):
                self.kept.keep(block, piece)
        self._keep_nodes(piece)

    def finish(self) -> Superblock:
        """The superblock, once every piece was taken."""
        return self._superblock or self._locate()

    def _locate(self) -> Superblock:
        """Finds the tables of inodes by the blocks at the start."""
        image = ImageFile(self.kept.as_file())
        superblock = parse_superblock(
            image.read_at(SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE), image_size=self._image_size
        )
        if superblock.block_size != BLOCK_SIZE:
            raise EvidenceError(
                "the root file system has blocks of another size than dm-verity's",
                expected=f"{BLOCK_SIZE} bytes",
                observed=f"{superblock.block_size} bytes",
            )
        if superblock.groups_count * superblock.descriptor_size > (_START - 1) * BLOCK_SIZE:
            raise EvidenceError(
                "the root file system has more block groups than any real one",
                observed=str(superblock.groups_count),
            )
        table = InodeTable(image, superblock, Checksums(superblock))
        firsts = [table.first_block(group) for group in range(superblock.groups_count)]
        self._tables = sorted(
            (range(first, first + table.blocks) for first in firsts), key=lambda one: one.start
        )
        self._superblock = superblock
        return superblock

    def _keep_nodes(self, piece: Piece) -> None:
        """Keeps the blocks that begin as the nodes of extent trees do."""
        at = -piece.offset % BLOCK_SIZE
        seconds = bytes(piece.data[at + 1 :: BLOCK_SIZE])
        found = seconds.find(_NODE_MAGIC[1:])
        while found >= 0:
            start = at + found * BLOCK_SIZE
            head = bytes(piece.data[start : start + 6])
            if head[:2] == _NODE_MAGIC and head[4:] == _NODE_ENTRIES and self._nodes < _NODES_MAX:
                self._nodes += 1
                self.kept.keep((piece.offset + start) // BLOCK_SIZE, piece)
            found = seconds.find(_NODE_MAGIC[1:], found + 1)
