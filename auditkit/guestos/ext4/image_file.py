"""The bytes of an image, wherever they are."""

from __future__ import annotations

import errno
import os
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO, Final

from auditkit.errors import EvidenceError, SourceError, in_words
from auditkit.opening import regular_file

_PIECE_BYTES: Final = 1 << 20


def holds_data_behind(image: BinaryIO | Path, offset: int) -> bool:
    """Whether a file holds anything but zeros from ``offset`` on; its holes are not read.

    Args:
        image: its path, or an open file, which stays the caller's to close.

    Raises:
        SourceError: it cannot be read.
    """
    try:
        with regular_file(image) if isinstance(image, Path) else nullcontext(image) as file:
            while True:
                offset = os.lseek(file.fileno(), offset, os.SEEK_DATA)
                end = os.lseek(file.fileno(), offset, os.SEEK_HOLE)
                while offset < end:
                    data = os.pread(file.fileno(), min(_PIECE_BYTES, end - offset), offset)
                    if not data:
                        raise SourceError("the image became shorter while it was read", where=str(image))
                    if data.strip(b"\0"):
                        return True
                    offset += len(data)
    except OSError as error:
        if error.errno == errno.ENXIO:  # no data from here on: a hole, or the end
            return False
        raise SourceError(f"the image cannot be read: {in_words(error)}", where=str(image)) from error


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
