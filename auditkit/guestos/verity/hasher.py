"""Computes the dm-verity root of a root.img from its data in order, and judges its superblock.

The superblock is not covered by the root hash, so nothing it says is believed: the root hash is computed with
dfinity's constants, and every deviation of the superblock is a problem. ``data_blocks`` matters most: the leaves of a
hash tree, taken for data of a smaller tree, have the same root hash.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from auditkit.errors import EvidenceError
from auditkit.guestos.ext4 import SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE, parse_superblock
from auditkit.guestos.verity.block_digests import BLOCK_SIZE
from auditkit.guestos.verity.hash_trees import hash_tree, tree_size
from auditkit.guestos.verity.leaves import BATCH, Leaves
from auditkit.guestos.verity.superblock import HASH_OFFSET, VeritySuperblock, parse_verity_superblock

_FEW = 1 << 16  # bytes up to which data is collected before it is digested
_HOLE = 1 << 14  # a hole up to this is cheaper to digest than to leave out
_START_SIZE = SUPERBLOCK_OFFSET + SUPERBLOCK_SIZE


@dataclass(frozen=True, slots=True)
class VerityRoot:
    """The dm-verity root of a root file system.

    Attributes:
        root_hash: 64 hex digits, computed over ``data_blocks`` blocks with dfinity's salt.
        salt: hex digits, as the superblock has it.
        uuid: as the superblock has it.
        algorithm: as the superblock has it.
        hash_type: as the superblock has it.
        data_block_size, hash_block_size: bytes, as the superblock has them.
        data_blocks: blocks of 4096 bytes that the root hash covers, as the superblock has it.
        hash_offset: where the superblock is, bytes from the start of the image.
        file_system_size: bytes of the ext4 file system at the start, ``None`` if there is none.
        problems: why the root hash must not be trusted to name this image; empty when all is well.
        warnings: oddities outside what the root hash covers and the kernel reads.
    """

    root_hash: str
    salt: str
    uuid: str
    algorithm: str
    hash_type: int
    data_block_size: int
    hash_block_size: int
    data_blocks: int
    hash_offset: int
    file_system_size: int | None
    problems: tuple[str, ...]
    warnings: tuple[str, ...]


class RootImageHasher:
    """Computes the `VerityRoot` of a root.img whose data is fed in order; holes are left out.

    Use as a context manager.

    Args:
        size: apparent bytes of root.img.

    Raises:
        EvidenceError: too small for a hash area.
    """

    def __init__(self, size: int) -> None:
        if size < HASH_OFFSET + BLOCK_SIZE:
            raise EvidenceError(
                "root.img has no dm-verity hash area where dfinity's build puts it",
                expected=f"at least {HASH_OFFSET + BLOCK_SIZE} bytes",
                observed=f"{size} bytes",
            )
        self._size = size
        self._position = 0
        self._start = bytearray()  # up to the end of the ext4 superblock
        self._batch = bytearray()
        self._leaves = Leaves()
        self._raw_superblock = bytearray()
        self._superblock: VeritySuperblock | None = None
        self._tree_left = 0
        self._tree_hash = hashlib.sha256()
        self._dirty_end = False
        self.leaves = b""
        """The salted digests of the blocks that the root hash covers, in order, once the tree was made."""
        self._tree: tuple[bytes, list[bytes], bool] | None = (
            None  # root, levels, and whether data lies behind
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaves.__exit__(kind, error, trace)

    def feed(self, offset: int, data: bytes | memoryview) -> None:
        """Takes data at ``offset``, which is not before the end of what was fed. The buffer may be used again.

        Raises:
            EvidenceError: there is no superblock where it should be.
        """
        self._zeros(offset)
        self._take(data)

    def hash_tree(self) -> tuple[bytes, list[bytes]]:
        """The root hash of what was fed, and the levels of its tree as they are stored, once the superblock was fed.

        Raises:
            EvidenceError: there was no superblock where it should be.
        """
        root, levels, _ = self._hash_tree()
        return root, levels

    def _hash_tree(self) -> tuple[bytes, list[bytes], bool]:
        if self._superblock is None:
            raise EvidenceError("root.img has no dm-verity superblock where dfinity's build puts it")
        if self._tree is None:
            self.leaves, behind = self._leaves.finish(self._superblock.data_blocks)
            self._tree = (*hash_tree(self.leaves), behind)
        return self._tree

    def finish(self) -> VerityRoot:
        """The result, once everything was fed.

        Raises:
            EvidenceError: there is no superblock where it should be.
        """
        self._zeros(self._size)
        superblock = self._superblock
        if superblock is None:
            raise EvidenceError("root.img has no dm-verity superblock where dfinity's build puts it")
        root, levels, behind = self._hash_tree()
        computed = hashlib.sha256()
        for level in levels:
            computed.update(level)
        problems = superblock.problems()
        file_system_size = self._file_system_size(problems)
        if file_system_size is not None and superblock.data_blocks * BLOCK_SIZE != file_system_size:
            problems.append(
                f"the dm-verity superblock covers {superblock.data_blocks * BLOCK_SIZE} bytes,"
                f" and the file system has {file_system_size}"
            )
        if self._tree_left or computed.digest() != self._tree_hash.digest():
            problems.append("the stored hash tree is not the one of the data")
        warnings = []
        if behind:
            warnings.append("there is data between the end of the file system and the hash area")
        if any(self._raw_superblock[82:88]) or any(self._raw_superblock[88 + len(superblock.salt) :]):
            warnings.append("there is data in the empty part of the dm-verity superblock's block")
        if self._dirty_end:
            warnings.append("there is data after the hash tree")
        return VerityRoot(
            root_hash=root.hex(),
            salt=superblock.salt.hex(),
            uuid=superblock.uuid,
            algorithm=superblock.algorithm,
            hash_type=superblock.hash_type,
            data_block_size=superblock.data_block_size,
            hash_block_size=superblock.hash_block_size,
            data_blocks=superblock.data_blocks,
            hash_offset=HASH_OFFSET,
            file_system_size=file_system_size,
            problems=tuple(problems),
            warnings=tuple(warnings),
        )

    def _file_system_size(self, problems: list[str]) -> int | None:
        try:
            return parse_superblock(bytes(self._start[SUPERBLOCK_OFFSET:])).size
        except EvidenceError as error:
            problems.append(f"the size of the root file system cannot be determined: {error.what}")
            return None

    def _zeros(self, end: int) -> None:
        """Takes the hole from the current position to ``end``."""
        while self._position < end:
            gap = min(end, HASH_OFFSET) - self._position
            if gap > _HOLE:
                self._take(bytes(-self._position % BLOCK_SIZE))
                self._flush()
                blocks = (min(end, HASH_OFFSET) - self._position) // BLOCK_SIZE
                self._leaves.add_zeros(blocks)
                self._position += blocks * BLOCK_SIZE
            elif self._superblock and not self._tree_left:
                self._position = end
            else:
                self._take(bytes(min(end - self._position, BATCH)))

    def _take(self, data: bytes | memoryview) -> None:
        if self._position == len(self._start) < _START_SIZE:
            self._start += data[: _START_SIZE - self._position]
        before = data[: max(HASH_OFFSET - self._position, 0)]
        if len(before) < _FEW:
            self._batch += before
        else:  # not copied, but for the block that was begun and the one that begins
            head = -len(self._batch) % BLOCK_SIZE
            self._batch += before[:head]
            self._flush()
            whole = len(before) - (len(before) - head) % BLOCK_SIZE
            self._leaves.add(before[head:whole])
            self._batch += before[whole:]
        self._position += len(data)
        if len(self._batch) >= BATCH or len(before) < len(data):
            self._flush()
        if len(before) < len(data):
            self._take_tree(data[len(before) :])

    def _flush(self) -> None:
        """Hashes the whole blocks of the batch."""
        whole = len(self._batch) - len(self._batch) % BLOCK_SIZE
        if not whole:
            return
        self._leaves.add(bytes(self._batch[:whole]))
        del self._batch[:whole]

    def _take_tree(self, data: bytes | memoryview) -> None:
        if self._superblock is None:
            head = data[: BLOCK_SIZE - len(self._raw_superblock)]
            self._raw_superblock += head
            data = data[len(head) :]
            if len(self._raw_superblock) < BLOCK_SIZE:
                return
            self._superblock = parse_verity_superblock(bytes(self._raw_superblock))
            self._tree_left = tree_size(self._superblock.data_blocks)
        tree = data[: self._tree_left]
        self._tree_hash.update(tree)
        self._tree_left -= len(tree)
        rest = data[len(tree) :]
        if bytes(rest).count(0) != len(rest):
            self._dirty_end = True
