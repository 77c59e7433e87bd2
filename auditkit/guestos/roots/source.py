"""Where the bytes of a root file system come from: an update image, or a bare root.img; both are read in order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from auditkit.errors import AuditkitError, EvidenceError, SourceError, in_words
from auditkit.guestos.archive import ZstdStream
from auditkit.guestos.image_kinds import ImageKind, kind_of
from auditkit.guestos.update_image import ROOT, member_pieces, release_members
from auditkit.guestos.verity import BLOCK_SIZE, data_pieces
from auditkit.limits import LIMITS, Limits
from auditkit.opening import Unchanged, regular_file


class Piece(NamedTuple):
    """A piece of a root.img. Its data is only valid until the next one is asked for.

    Attributes:
        image_size: apparent bytes of root.img.
        offset: where the data is in it.
        data: at most 1 MiB.
    """

    image_size: int
    offset: int
    data: memoryview


class RootSource:
    """The root.img in a file, which may be passed over again and again. Use as a context manager.

    Nothing is written. All passes are of one opened file, and one that was written to meanwhile is refused.

    Args:
        path: an update image, or a bare root.img with its dm-verity tree.
        progress: called with the number of bytes of the file read so far, and its size.
        limits: bounds on sizes and counts.

    Raises:
        SourceError: it cannot be read.
        EvidenceError: it is neither.
    """

    def __init__(
        self, path: Path, *, progress: Callable[[int, int], None] | None = None, limits: Limits = LIMITS
    ) -> None:
        self._path = path
        self._progress = progress
        self._limits = limits
        self._file = regular_file(path)
        try:
            kind = kind_of(self._file, path)
            if kind is ImageKind.BOOT:
                raise EvidenceError(
                    "this has no dm-verity tree: it is a boot partition, or a root partition that is not finished",
                    where=str(path),
                    hint="give an update image, or a root.img with its dm-verity tree",
                )
            self._compressed = kind is ImageKind.UPDATE
            self._size = os.fstat(self._file.fileno()).st_size
            self._unchanged = Unchanged(self._file, str(path))
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def pieces(self, blocks: Sequence[int] | None = None) -> Iterator[Piece]:
        """The data of root.img in order; holes are left out.

        Args:
            blocks: numbers of blocks of 4096 bytes, ascending; others need not come, and nothing behind the last one
                does. None gives all, and makes sure that the update image ends as it should.

        Raises:
            SourceError: it cannot be read, is cut short, or was written to.
            EvidenceError: the update image is damaged or has no root.img; root.img is larger than the limit.
        """
        try:
            yield from self._of_update_image(blocks) if self._compressed else self._of_root_image(blocks)
        except OSError as error:
            raise SourceError(
                f"the image cannot be read: {in_words(error)}", where=str(self._path)
            ) from error
        self._unchanged.require()

    @contextmanager
    def named_in_errors(self) -> Iterator[None]:
        """While the block runs, errors are told to be about this file, and where in it."""
        try:
            yield
        except AuditkitError as error:
            if not error.where.startswith(str(self._path)):
                error.where = f"{self._path}, {error.where}" if error.where else str(self._path)
            raise

    def _of_update_image(self, blocks: Sequence[int] | None) -> Iterator[Piece]:
        self._file.seek(0)
        found = False
        progress = self._progress
        with ZstdStream(
            self._file,
            progress=(lambda done: progress(done, self._size)) if progress else None,
            limits=self._limits,
        ) as source:
            for member in release_members(source, limits=self._limits):
                if member.name != ROOT:
                    source.skip(member.stored)
                    continue
                found = True
                for offset, data in member_pieces(source, member):
                    yield Piece(member.size, offset, data)
                    if blocks is not None and offset + len(data) >= (blocks[-1] + 1) * BLOCK_SIZE:
                        return
                if blocks is not None:
                    return
            source.finish()
        if not found:
            raise EvidenceError(f"the update image lacks {ROOT}")

    def _of_root_image(self, blocks: Sequence[int] | None) -> Iterator[Piece]:
        size, descriptor = self._size, self._file.fileno()
        if size > self._limits.root_image_bytes:
            raise EvidenceError("root.img is larger than the limit", observed=f"{size} bytes")
        if blocks is None:
            for offset, data in data_pieces(descriptor, size, str(self._path)):
                yield Piece(size, offset, data)
                if self._progress:
                    self._progress(offset + len(data), size)
            return
        for block in blocks:
            data = memoryview(os.pread(descriptor, BLOCK_SIZE, block * BLOCK_SIZE))
            yield Piece(size, block * BLOCK_SIZE, data)
