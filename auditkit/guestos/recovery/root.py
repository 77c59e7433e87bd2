"""The root file system of a recovery image: read and judged once, and then written, the same bytes from any source.

What is written follows from the file system alone: its blocks, and behind them the dm-verity superblock and the hash
tree that dfinity's build makes of them. Whatever else a source carries is left behind.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from auditkit.errors import EvidenceError, SourceError
from auditkit.guestos.archive import DataRuns, SparseTarWriter
from auditkit.guestos.boot_files import version_text
from auditkit.guestos.ext4 import SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE, Ext4, FileType, parse_superblock
from auditkit.guestos.image_kinds import ImageKind, image_kind
from auditkit.guestos.recovery.streams import (
    ROOT,
    Progress,
    stream_partition,
    stream_root_alone,
    stream_update_image,
)
from auditkit.guestos.verity import (
    BLOCK_SIZE,
    HASH_OFFSET,
    RootImageHasher,
    VerityRoot,
    format_verity_superblock,
    tree_size,
)
from auditkit.limits import LIMITS, Limits
from auditkit.opening import regular_file

_VERSION_FILE: Final = b"opt/ic/share/version.txt"
_SECTOR: Final = 512
_DIGEST: Final = 32


@dataclass(frozen=True, slots=True)
class RootImage:
    """A root file system that can be put into an image.

    Attributes:
        path: the file that holds it.
        kind: an update image, a root.img with its hash tree, or a bare file system, to which a tree is made.
        sha256: of the update image, 64 hex digits; None where it is no update image. The dm-verity root names the
            others, block for block.
        verity: its dm-verity root.
        version: VERSION.TXT of the update image; of a file of its own ``/opt/ic/share/version.txt`` inside, which the
            same words are written to. None where there is none.
        runs: the data of the file system.
    """

    path: Path
    kind: ImageKind
    sha256: str | None
    verity: VerityRoot
    version: bytes | None
    runs: DataRuns

    @property
    def size(self) -> int:
        """Bytes of the file system."""
        return self.verity.data_blocks * BLOCK_SIZE


def read_root_image(path: Path, *, progress: Progress | None = None, limits: Limits = LIMITS) -> RootImage:
    """Reads a root file system once, and writes nothing.

    Args:
        path: an update image, a root.img, or an ext4 without hash tree.
        progress: called with the number of bytes read so far.

    Raises:
        SourceError: it cannot be read, or is cut short.
        UnknownMemberError: the update image holds a file that no release holds.
        EvidenceError: it is none of these, malformed, or cannot carry a hash tree.
    """
    kind = image_kind(path)
    if kind is ImageKind.UPDATE:
        with _Reading(limits) as reading:
            around = stream_update_image(path, reading, progress=progress, limits=limits)
            verity = reading.finish()
        version, sha256 = around.version, around.sha256
        return RootImage(path, kind, sha256, verity, _checked(version), _covered(reading.runs, verity))
    with regular_file(path) as file:
        size = file.seek(0, 2)
        file.seek(SUPERBLOCK_OFFSET)
        superblock = parse_superblock(file.read(SUPERBLOCK_SIZE), image_size=size)
    if size > limits.root_image_bytes:
        raise EvidenceError(
            "the image is larger than any root.img", where=str(path), observed=f"{size} bytes"
        )
    bare = superblock.size if kind is ImageKind.BOOT else None
    if bare is not None and (bare % BLOCK_SIZE or bare > HASH_OFFSET):
        raise EvidenceError(
            "the file system is larger than a hash tree leaves room for, or no whole number of blocks",
            where=str(path),
            expected=f"a multiple of {BLOCK_SIZE} bytes, at most {HASH_OFFSET}",
            observed=f"{bare} bytes",
        )
    with _Reading(limits, bare) as reading:
        stream_partition(path, bare or size, reading, progress)
        verity = reading.finish()
    version = _checked(_version_inside(path, limits))
    return RootImage(path, kind, None, verity, version, _covered(reading.runs, verity))


def _covered(runs: DataRuns, verity: VerityRoot) -> DataRuns:
    """The runs of the blocks that the root hash covers."""
    return runs.clipped(verity.data_blocks * BLOCK_SIZE)


def _checked(version: bytes | None) -> bytes | None:
    """The content of a version file, which has to be a line of text."""
    if version is not None:
        version_text(version)
    return version


def _version_inside(path: Path, limits: Limits) -> bytes | None:
    with Ext4(path, limits=limits) as fs:
        try:
            entry = fs.entry(_VERSION_FILE)
        except EvidenceError:
            return None
        if entry.type is not FileType.FILE or entry.size > limits.version_bytes:
            return None
        return b"".join(fs.chunks(entry))


class _Reading:
    """Takes the data of a root.img, and finds its runs and its dm-verity root. Use as a context manager.

    Args:
        bare: bytes of the file system, where there is no hash tree behind it: one is made.
    """

    def __init__(self, limits: Limits, bare: int | None = None) -> None:
        self.runs = DataRuns(limits=limits)
        self._bare = bare
        self._hasher: RootImageHasher | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._stack.close()

    def begin(self, size: int) -> None:
        hasher = RootImageHasher(size if self._bare is None else image_size(self._bare))
        self._hasher = self._stack.enter_context(hasher)

    def feed(self, offset: int, data: memoryview) -> None:
        if offset < HASH_OFFSET:
            self.runs.add(offset, data)
        self._begun.feed(offset, data)

    def finish(self) -> VerityRoot:
        if self._bare is not None:
            self._begun.feed(HASH_OFFSET, format_verity_superblock(self._bare // BLOCK_SIZE))
            _, levels = self._begun.hash_tree()
            at = HASH_OFFSET + BLOCK_SIZE
            for level in levels:
                self._begun.feed(at, level)
                at += len(level)
        return self._begun.finish()

    @property
    def _begun(self) -> RootImageHasher:
        if self._hasher is None:
            raise EvidenceError("internal error: the root file system was not begun")
        return self._hasher


def image_size(file_system: int) -> int:
    """Apparent bytes of a root.img with a file system of so many bytes: its hash tree ends it."""
    return HASH_OFFSET + BLOCK_SIZE + tree_size(file_system // BLOCK_SIZE)


def write_root_image(archive: SparseTarWriter, root: RootImage, *, limits: Limits = LIMITS) -> None:
    """Writes root.img into an archive: what was read, read once more and hashed again on its way.

    Raises:
        SourceError: it cannot be read any more, or is not what it was when `read_root_image` read it.
        EvidenceError: it is malformed now.
        OSError: the archive cannot be written.
    """
    runs = root.runs.clipped(root.size)
    runs.mark(HASH_OFFSET, HASH_OFFSET + _SECTOR)
    at = HASH_OFFSET + BLOCK_SIZE
    for digests in _digests_of_levels(root.verity.data_blocks):
        runs.mark(at, at + digests + -digests % _SECTOR)
        at += digests + -digests % BLOCK_SIZE
    archive.begin(ROOT, image_size(root.size), runs)
    with RootImageHasher(image_size(root.size)) as hasher:
        writing = _Writing(archive, root.runs, hasher)
        if root.kind is ImageKind.UPDATE:
            stream_root_alone(root.path, writing, limits=limits)
        else:
            stream_partition(root.path, root.size, writing)
        writing.finish()
        superblock = format_verity_superblock(root.verity.data_blocks)
        hasher.feed(HASH_OFFSET, superblock)
        root_hash, levels = hasher.hash_tree()
    if root_hash.hex() != root.verity.root_hash:
        raise SourceError(
            "the root file system was changed while it was read",
            where=str(root.path),
            hint="wait until it is whole and run this again",
        )
    archive.data(superblock[:_SECTOR])
    for level, digests in zip(levels, _digests_of_levels(root.verity.data_blocks), strict=True):
        archive.data(memoryview(level)[: digests + -digests % _SECTOR])
    archive.end()


def _digests_of_levels(data_blocks: int) -> list[int]:
    """Bytes of the digests in each level of a hash tree, as they are stored: the top one first."""
    found, count = [], data_blocks
    while count > 1:
        found.append(count * _DIGEST)
        count = -(-count * _DIGEST // BLOCK_SIZE)
    return found[::-1]


class _Writing:
    """Writes the runs of a file system into an archive, whatever pieces they come in, and hashes what it writes."""

    def __init__(self, archive: SparseTarWriter, runs: DataRuns, hasher: RootImageHasher) -> None:
        self._archive, self._hasher = archive, hasher
        self._runs = iter(runs)
        self._at, self._end = 0, 0  # of the current run, as far as it is not written
        self._next()

    def begin(self, size: int) -> None:
        pass

    def feed(self, offset: int, data: memoryview) -> None:
        end = offset + len(data)
        while self._at < min(end, self._end):
            if self._at < offset:
                self._fill(min(offset, self._end))
            else:
                piece = data[self._at - offset : self._end - offset]
                self._archive.data(piece)
                self._hasher.feed(self._at, piece)
                self._at += len(piece)
            if self._at == self._end:
                self._next()

    def finish(self) -> None:
        """Fills what did not come: the hash tells that it was there once."""
        while self._at < self._end:
            self._fill(self._end)
            self._next()

    def _fill(self, end: int) -> None:
        """Writes zeros up to ``end``: a part of the run that the source holds as a hole."""
        while self._at < end:
            zeros = bytes(min(end - self._at, BLOCK_SIZE))
            self._archive.data(zeros)
            self._at += len(zeros)

    def _next(self) -> None:
        start, length = next(self._runs, (0, 0))
        self._at, self._end = start, start + length
