"""dm-verity: the root hash of ``root.img``, and whether its superblock says what dfinity's build says.

Format: cryptsetup's "DMVerity" page (on-disk format, hash tree) and the kernel's ``verity.rst``. The
superblock is
not covered by the root hash, so nothing it says is believed: the root hash is computed with dfinity's
constants (``ic-os/defs.bzl``), and every deviation of the superblock is a problem. ``data_blocks`` matters
most: the leaves of a hash tree, taken for data of a smaller tree, have the same root hash.
"""

from __future__ import annotations

import hashlib
import os
import struct
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from auditkit.errors import EvidenceError, SourceError
from auditkit.guestos.ext4 import SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE, parse_superblock
from auditkit.limits import LIMITS, Limits

BLOCK_SIZE = 4096
HASH_OFFSET = 10_603_200_512
SALT = bytes.fromhex("89bc06702975f10b41dd53e26eb9aef0adde93bc13d73e8f26b496dddefe2483")
UUID = "1736291d-aceb-42d7-b044-43ee31d86cd4"

VERITY_MAGIC = b"verity\0\0"
_DIGEST_SIZE = 32
_ZERO_BLOCK = bytes(BLOCK_SIZE)
_BATCH = 1 << 20
_WAITING = 8  # batches between reading and hashing
_START_SIZE = SUPERBLOCK_OFFSET + SUPERBLOCK_SIZE
_SALTED = hashlib.sha256(SALT)
_ZERO_DIGEST = hashlib.sha256(SALT + _ZERO_BLOCK).digest()


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


def _digest_blocks(data: bytes) -> bytes:
    """The salted digests of the blocks in ``data``, one behind the other."""
    digests = []
    view = memoryview(data)
    salted = _SALTED.copy
    for at in range(0, len(data), BLOCK_SIZE):
        # comparing costs a copy, so only a block that could be zeros is compared
        if not data[at] and not data[at + BLOCK_SIZE - 1] and data[at : at + BLOCK_SIZE] == _ZERO_BLOCK:
            digests.append(_ZERO_DIGEST)
            continue
        digest = salted()
        digest.update(view[at : at + BLOCK_SIZE])
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
    while len(digests) > _DIGEST_SIZE:  # the digest of a single block is the root itself, without a tree
        level = digests + bytes(-len(digests) % BLOCK_SIZE)
        levels.append(level)
        digests = _digest_blocks(level)
    return digests, levels[::-1]


def tree_size(data_blocks: int) -> int:
    """Bytes of the stored hash tree over ``data_blocks`` blocks."""
    size, count = 0, data_blocks
    while count > 1:
        count = -(-count * _DIGEST_SIZE // BLOCK_SIZE)
        size += count * BLOCK_SIZE
    return size


class RootImageHasher:
    """Computes the `VerityRoot` of a root.img whose data is fed in order; holes are left out. A context
    manager.

    Args:
        size: apparent bytes of root.img.
        workers: threads that hash. More than two gain nothing: each holds the interpreter between blocks.

    Raises:
        EvidenceError: too small for a hash area.
    """

    def __init__(self, size: int, *, workers: int = 1) -> None:
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
        self._leaves: list[Future[bytes] | int] = []  # digests of blocks, or a number of zero blocks
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="verity")
        self._raw_superblock = bytearray()
        self._superblock: VeritySuperblock | None = None
        self._tree_left = 0
        self._tree_hash = hashlib.sha256()
        self._dirty_end = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def feed(self, offset: int, data: bytes) -> None:
        """Takes data at ``offset``, which is not before the end of what was fed.

        Raises:
            EvidenceError: there is no superblock where it should be.
        """
        self._zeros(offset)
        self._take(data)

    def finish(self) -> VerityRoot:
        """The result, once everything was fed.

        Raises:
            EvidenceError: there is no superblock where it should be.
        """
        self._zeros(self._size)
        superblock = self._superblock
        if superblock is None:
            raise EvidenceError("root.img has no dm-verity superblock where dfinity's build puts it")
        leaves, behind = self._digests(superblock.data_blocks)
        root, levels = hash_tree(leaves)
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
        if self._dirty_end:
            warnings.append("there is data behind the hash tree")
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

    def _digests(self, data_blocks: int) -> tuple[bytes, bool]:
        """The digests of the data blocks, and whether there is data between them and the hash area."""
        wanted = data_blocks * _DIGEST_SIZE
        leaves = bytearray()
        behind = False
        for part in self._leaves:
            room = wanted - len(leaves)
            if isinstance(part, int):
                leaves += _ZERO_DIGEST * min(part, room // _DIGEST_SIZE)
            else:
                digests = part.result()
                leaves += digests[:room]
                rest = digests[room:]
                behind = behind or rest != _ZERO_DIGEST * (len(rest) // _DIGEST_SIZE)
        return bytes(leaves), behind

    def _file_system_size(self, problems: list[str]) -> int | None:
        try:
            return parse_superblock(bytes(self._start[SUPERBLOCK_OFFSET:])).size
        except EvidenceError as error:
            problems.append(f"the size of the root file system cannot be told: {error.what}")
            return None

    def _zeros(self, end: int) -> None:
        """Takes the hole from the current position to ``end``."""
        while self._position < end:
            gap = min(end, HASH_OFFSET) - self._position
            if gap > _BATCH:
                self._take(bytes(-self._position % BLOCK_SIZE))
                self._flush()
                blocks = (min(end, HASH_OFFSET) - self._position) // BLOCK_SIZE
                self._leaves.append(blocks)
                self._position += blocks * BLOCK_SIZE
            elif self._superblock and not self._tree_left:
                self._position = end
            else:
                self._take(bytes(min(end - self._position, _BATCH)))

    def _take(self, data: bytes) -> None:
        if self._position == len(self._start) < _START_SIZE:
            self._start += data[: _START_SIZE - self._position]
        before = data[: max(HASH_OFFSET - self._position, 0)]
        if len(before) == _BATCH and not self._batch:  # as it comes from most sources: no need to copy it
            self._submit(before)
        else:
            self._batch += before
        self._position += len(data)
        if len(self._batch) >= _BATCH or len(before) < len(data):
            self._flush()
        if len(before) < len(data):
            self._take_tree(data[len(before) :])

    def _flush(self) -> None:
        """Hands the whole blocks of the batch to the workers."""
        whole = len(self._batch) - len(self._batch) % BLOCK_SIZE
        if not whole:
            return
        self._submit(bytes(self._batch[:whole]))
        del self._batch[:whole]

    def _submit(self, blocks: bytes) -> None:
        if len(self._leaves) >= _WAITING and not isinstance(early := self._leaves[-_WAITING], int):
            early.result()
        self._leaves.append(self._pool.submit(_digest_blocks, blocks))

    def _take_tree(self, data: bytes) -> None:
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
        if rest.count(0) != len(rest):
            self._dirty_end = True


def root_image_verity(path: Path, *, limits: Limits = LIMITS) -> VerityRoot:
    """The `VerityRoot` of a bare root.img; holes of the file are skipped.

    Args:
        path: the image.
        limits: bound on its apparent size.

    Raises:
        SourceError: it cannot be read.
        EvidenceError: it has no hash area, no superblock, or is larger than the limit.
    """
    try:
        with path.open("rb", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            if size > limits.root_image_bytes:
                raise EvidenceError("root.img is larger than the limit", observed=f"{size} bytes")
            with RootImageHasher(size, workers=2) as hasher:
                position = 0
                while position < size:
                    try:
                        position = os.lseek(file.fileno(), position, os.SEEK_DATA)
                    except OSError:  # nothing but a hole is left
                        break
                    end = min(os.lseek(file.fileno(), position, os.SEEK_HOLE), size)
                    while position < end:
                        data = os.pread(file.fileno(), min(_BATCH, end - position), position)
                        if not data:
                            raise SourceError("the image became shorter while it was read", where=str(path))
                        hasher.feed(position, data)
                        position += len(data)
                return hasher.finish()
    except OSError as error:
        raise SourceError(f"the image cannot be read: {error.strerror or error}", where=str(path)) from error
