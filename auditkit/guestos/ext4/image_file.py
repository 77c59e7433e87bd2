"""The bytes of an image, wherever they are."""

from __future__ import annotations

import errno
import os
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO, Final

from auditkit.errors import EvidenceError, SourceError, in_words
from auditkit.opening import regular_file

_PIECE: Final = 1 << 20


def holds_data_behind(image: BinaryIO | Path, offset: int) -> bool:
    """Whether a file holds anything but zeros from ``offset`` on; its holes are not read.

    Args:
        image: its path, or an open file, which stays the caller's to close.

    Raises:
        SourceError: it cannot be read.
    """
    try:
        with regular_file(image) if isinstance(image, Path) else nullcontext(image) as file:
            size = os.fstat(file.fileno()).st_size
            while offset < size:
                try:
                    offset = os.lseek(file.fileno(), offset, os.SEEK_DATA)
                except OSError as error:
                    if error.errno == errno.ENXIO:  # nothing but a hole is left
                        return False
                    raise
                end = min(os.lseek(file.fileno(), offset, os.SEEK_HOLE), size)
                while offset < end:
                    data = os.pread(file.fileno(), min(_PIECE, end - offset), offset)
                    if not data:
                        raise SourceError("the image became shorter while it was read", where=str(image))
                    if data.count(0) != len(data):
                        return True
                    offset += len(data)
    except OSError as error:
        raise SourceError(f"the image cannot be read: {in_words(error)}", where=str(image)) from error
    return False


class ImageFile:
    """An image that is read at offsets.

    Args:
        source: its path, or a seekable binary file, which stays the caller's to close.

    Raises:
        SourceError: there is no such file, or it is not a regular one.
    """

    def __init__(self, source: BinaryIO | Path | str) -> None:
        self._owned: BinaryIO | None = None
        self._file = source if not isinstance(source, (str, Path)) else self._open(Path(source))
        self.size = self._file.seek(0, os.SEEK_END)
        """Bytes of the image."""

    def _open(self, path: Path) -> BinaryIO:
        self._owned = regular_file(path)
        return self._owned

    def close(self) -> None:
        """Closes the image if this object opened it."""
        if self._owned is not None:
            self._owned.close()

    def read_at(self, offset: int, size: int) -> bytes:
        """Exactly ``size`` bytes from ``offset`` on.

        Raises:
            SourceError: it cannot be read.
            EvidenceError: it ends before.
        """
        try:
            self._file.seek(offset)
            data = self._file.read(size)
        except OSError as error:
            raise SourceError(f"the image cannot be read: {in_words(error)}") from error
        if len(data) != size:
            raise EvidenceError(
                "the image is cut short", expected=f"{size} bytes at {offset}", observed=f"{len(data)}"
            )
        return data
