"""The bytes of an image, wherever they are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from auditkit.errors import EvidenceError, SourceError
from auditkit.opening import regular_file


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
            raise SourceError(f"the image cannot be read: {error.strerror}") from error
        if len(data) != size:
            raise EvidenceError(
                "the image is cut short", expected=f"{size} bytes at {offset}", observed=f"{len(data)}"
            )
        return data
