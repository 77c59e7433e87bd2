"""Where a file's content is: extent trees and the older block maps, both as one list of runs.

Layout: kernel documentation, "The Contents of inode.i_block" (``Documentation/filesystems/ext4/ifork.rst``).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from auditkit.errors import EvidenceError
from auditkit.guestos.ext4.checksums import Checksums
from auditkit.guestos.ext4.fields import joined, u16
from auditkit.guestos.ext4.inode import FLAG_EXTENTS, Inode
from auditkit.guestos.ext4.superblock import Superblock

_EXTENT_MAGIC = 0xF30A
_EXTENT_DEPTH_MAX = 5
_INITIALIZED_MAX = 32768  # a longer length marks an extent that is allocated and reads as zeros
_LOGICAL_END = 1 << 32
_DIRECT_BLOCKS = 12


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive blocks of a file that are consecutive in the file system; between runs there are holes.

    Attributes:
        logical: first block within the file.
        physical: first block within the file system.
        count: number of blocks, at least 1.
    """

    logical: int
    physical: int
    count: int


class BlockMap:
    """Lists the runs of the inodes of one file system.

    Args:
        superblock: its geometry.
        checksums: its metadata checksums.
        read_block: gives the bytes of a block; it is asked for blocks inside the file system only.
        budget: extents and block numbers that may be decoded in the life of this object.
    """

    def __init__(
        self,
        superblock: Superblock,
        checksums: Checksums,
        read_block: Callable[[int], bytes],
        *,
        budget: int,
    ) -> None:
        self._superblock = superblock
        self._checksums = checksums
        self._read_block = read_block
        self._budget = budget

    def runs(self, inode: Inode) -> list[Run]:
        """The runs that hold the inode's content, in order, none beyond its size.

        Raises:
            EvidenceError: a damaged tree, blocks outside the file system, overlaps, or too many runs.
        """
        found = self._extents(inode) if inode.flags & FLAG_EXTENTS else self._mapped(inode)
        blocks = -(-inode.size // self._superblock.block_size)
        runs: list[Run] = []
        for run in found:
            if run.logical >= blocks:
                break
            last = runs[-1] if runs else None
            if (
                last
                and last.logical + last.count == run.logical
                and last.physical + last.count == run.physical
            ):
                runs[-1] = Run(last.logical, last.physical, last.count + run.count)
            else:
                runs.append(run)
        return runs

    def _spend(self, items: int, inode: Inode) -> None:
        self._budget -= items
        if self._budget < 0:
            raise EvidenceError(
                "the files are in more pieces than any real image has", where=f"inode {inode.number}"
            )

    def _inside(self, first: int, count: int) -> bool:
        return self._superblock.first_data_block < first and first + count <= self._superblock.blocks_count

    # Extent trees

    def _extents(self, inode: Inode) -> Iterator[Run]:
        depth = u16(inode.block_area, 6)
        if depth > _EXTENT_DEPTH_MAX:
            raise _damaged(inode, f"extent tree of depth {depth}")
        return self._extent_node(inode, inode.block_area, depth, range(_LOGICAL_END))

    def _extent_node(self, inode: Inode, node: bytes, depth: int, span: range) -> Iterator[Run]:
        """Runs below ``node``, which must lie in ``span`` (blocks of the file)."""
        magic, entries, entries_max, node_depth = struct.unpack_from("<HHHH", node)
        if (
            magic != _EXTENT_MAGIC
            or node_depth != depth
            or entries > entries_max
            or _place(entries_max) > len(node)
        ):
            raise _damaged(inode, "extent node header")
        is_root = node is inode.block_area
        if not is_root:
            end = _place(entries_max)
            self._checksums.check_extent_block(inode.number, inode.checksum_seed, node, end)
        if not entries and (depth or not is_root):
            raise _damaged(inode, "empty extent node")
        self._spend(entries + 1, inode)
        if depth == 0:
            yield from self._leaf(inode, node, entries, span)
            return
        children = [struct.unpack_from("<IIH", node, _place(n)) for n in range(entries)]
        keys = [key for key, _, _ in children] + [span.stop]
        for (key, low, high), following in zip(children, keys[1:], strict=True):
            block, below = joined(high, low, low_bits=32), range(key, following)
            if key not in span or not below or not self._inside(block, 1):
                raise _damaged(inode, "extent index")
            yield from self._extent_node(inode, self._read_block(block), depth - 1, below)

    def _leaf(self, inode: Inode, node: bytes, entries: int, span: range) -> Iterator[Run]:
        start = span.start
        for n in range(entries):
            logical, length, high, low = struct.unpack_from("<IHHI", node, _place(n))
            unwritten = length > _INITIALIZED_MAX
            count = length - _INITIALIZED_MAX if unwritten else length
            physical = joined(high, low, low_bits=32)
            if (
                not count
                or logical < start
                or logical + count > span.stop
                or not self._inside(physical, count)
            ):
                raise _damaged(inode, "extent")
            start = logical + count
            if not unwritten:
                yield Run(logical, physical, count)

    # Block maps

    def _mapped(self, inode: Inode) -> Iterator[Run]:
        pointers = struct.unpack("<15I", inode.block_area)
        per_block = self._superblock.block_size // 4
        blocks = -(-inode.size // self._superblock.block_size)
        if blocks > sum((_DIRECT_BLOCKS, per_block, per_block**2, per_block**3)):
            raise _damaged(inode, "size beyond the block map")
        seen: set[int] = set()
        logical = 0
        below = partial(self._below, inode, blocks, seen)
        for pointer in pointers[:_DIRECT_BLOCKS]:
            yield from below(pointer, level=0, logical=logical)
            logical += 1
        for level, pointer in enumerate(pointers[_DIRECT_BLOCKS:], start=1):
            yield from below(pointer, level=level, logical=logical)
            logical += per_block**level

    def _below(
        self, inode: Inode, blocks: int, seen: set[int], pointer: int, *, level: int, logical: int
    ) -> Iterator[Run]:
        """Runs under a pointer of a block map; level 0 points to content, level n to a block of n - 1."""
        if pointer == 0 or logical >= blocks:
            return
        if not self._inside(pointer, 1):
            raise _damaged(inode, f"block {pointer} outside the file system")
        if level == 0:
            yield Run(logical, pointer, 1)
            return
        if pointer in seen:
            raise _damaged(inode, f"block map that names block {pointer} twice")
        seen.add(pointer)
        per_block = self._superblock.block_size // 4
        self._spend(per_block, inode)
        for child in struct.unpack(f"<{per_block}I", self._read_block(pointer)):
            yield from self._below(inode, blocks, seen, child, level=level - 1, logical=logical)
            logical += per_block ** (level - 1)


def _place(n: int) -> int:
    """Where entry ``n`` of an extent node starts: behind its header and those before it."""
    return 12 + 12 * n


def _damaged(inode: Inode, what: str) -> EvidenceError:
    return EvidenceError("the block list of a file is damaged", where=f"inode {inode.number}", observed=what)
