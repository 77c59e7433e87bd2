"""The dm-verity root of a root.img that is a file of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from auditkit.errors import EvidenceError, SourceError, in_words
from auditkit.guestos.verity.hasher import RootImageHasher, VerityRoot
from auditkit.guestos.verity.leaves import BATCH
from auditkit.limits import LIMITS, Limits
from auditkit.opening import regular_file


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
        with regular_file(path) as file:
            size = file.seek(0, os.SEEK_END)
            if size > limits.root_image_bytes:
                raise EvidenceError("root.img is larger than the limit", observed=f"{size} bytes")
            with RootImageHasher(size) as hasher:
                for offset, data in data_pieces(file.fileno(), size, path):
                    hasher.feed(offset, data)
                return hasher.finish()
    except OSError as error:
        raise SourceError(f"the image cannot be read: {in_words(error)}", where=str(path)) from error


def data_pieces(descriptor: int, size: int, path: Path) -> Iterator[tuple[int, memoryview]]:
    """The data of an open file in order, each piece with its offset; holes that the file system knows are left out.

    A piece lasts until the next one is asked for.

    Args:
        size: apparent bytes to read.
        path: what errors are about.

    Raises:
        SourceError: the file became shorter.
        OSError: it cannot be read.
    """
    buffer = memoryview(bytearray(BATCH))
    position = 0
    while position < size:
        try:
            position = os.lseek(descriptor, position, os.SEEK_DATA)
        except OSError:  # nothing but a hole is left
            return
        end = min(os.lseek(descriptor, position, os.SEEK_HOLE), size)
        while position < end:
            data = buffer[: os.preadv(descriptor, [buffer[: end - position]], position)]
            if not data:
                raise SourceError("the image became shorter while it was read", where=str(path))
            yield position, data
            position += len(data)
