"""One bounded pass over a zstd file, with its SHA-256 computed beside it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import TracebackType
from typing import BinaryIO, Self

from auditkit.errors import EvidenceError, SourceError
from auditkit.guestos.archive.chunks import Chunks
from auditkit.limits import LIMITS, Limits

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_CONTENT = 1 << 17  # unpacked at a time: more would leave the processor's cache before it is used


class ZstdStream:
    """The content of a stream that is exactly one zstd frame. Use as a context manager.

    Memory is bounded by the window limit and a few pieces of 1 MiB, whatever the stream claims.

    Args:
        stream: the compressed bytes; read sequentially, never seeked or closed.
        digest: compute the SHA-256 of the compressed bytes.
        progress: called with the number of compressed bytes read so far.
        limits: bounds on the window, on compressed and on expanded bytes.
    """

    def __init__(
        self,
        stream: BinaryIO,
        *,
        digest: bool = False,
        progress: Callable[[int], None] | None = None,
        limits: Limits = LIMITS,
    ) -> None:
        self._compressed = Chunks(stream, digest=digest, most=limits.image_bytes)
        self._progress = progress
        self._limits = limits
        self._decompressor = zstd.ZstdDecompressor(
            options={zstd.DecompressionParameter.window_log_max: limits.zstd_window_log}
        )
        self._piece = b""
        self._position = 0
        self._expanded = 0

    def __enter__(self) -> Self:
        self._compressed.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._compressed.__exit__(kind, error, trace)

    @property
    def compressed_size(self) -> int:
        """Compressed bytes read so far."""
        return self._compressed.size

    def some(self, most: int) -> bytes:
        """At least one and at most ``most`` bytes of content.

        Raises:
            SourceError: the stream ends in the middle.
            EvidenceError: not zstd, damaged, or beyond a limit; or the content ends here.
        """
        if self._position == len(self._piece) and not self._fill():
            raise EvidenceError("the archive in the update image ends too early")
        if self._position == 0 and most >= len(self._piece):
            piece, self._position = self._piece, len(self._piece)
            return piece
        piece = self._piece[self._position : self._position + most]
        self._position += len(piece)
        return piece

    def exactly(self, size: int) -> bytes:
        """The next ``size`` bytes of content."""
        pieces = []
        while size:
            pieces.append(self.some(size))
            size -= len(pieces[-1])
        return b"".join(pieces)

    def into(self, buffer: memoryview) -> None:
        """Fills ``buffer``, of bytes, with the next content."""
        filled = 0
        while filled < len(buffer):
            if self._position == len(self._piece) and not self._fill():
                raise EvidenceError("the archive in the update image ends too early")
            step = min(len(buffer) - filled, len(self._piece) - self._position)
            piece = memoryview(self._piece)[self._position : self._position + step]
            buffer[filled : filled + step] = piece
            self._position += step
            filled += step

    def skip(self, size: int) -> None:
        """Passes over ``size`` bytes of content."""
        while size:
            if self._position == len(self._piece) and not self._fill():
                raise EvidenceError("the archive in the update image ends too early")
            step = min(size, len(self._piece) - self._position)
            self._position += step
            size -= step

    def finish(self) -> str | None:
        """Checks that only zeros, and few of them, are left, that the frame ends with them, and the file with
        it.

        Returns:
            SHA-256 of the compressed bytes as 64 hex digits, ``None`` if it was not asked for.

        Raises:
            SourceError: the stream ends in the middle.
            EvidenceError: anything behind the end.
        """
        padding = 0
        while self._position < len(self._piece) or self._fill():
            rest = self._piece[self._position :]
            padding += len(rest)
            if rest.count(0) != len(rest) or padding > self._limits.tar_padding_bytes:
                raise EvidenceError("there is something after the end of the archive in the update image")
            self._position = len(self._piece)
        if self._decompressor.unused_data or self._read():
            raise EvidenceError("there is something after the end of the update image")
        return self._compressed.hexdigest()

    def _fill(self) -> bool:
        """Makes the next piece of content; false at the end of the frame."""
        while not self._decompressor.eof:
            data = b""
            if self._decompressor.needs_input:
                data = self._read()
                if not data:
                    raise SourceError("the update image is cut short", hint="fetch it again")
            try:
                piece = self._decompressor.decompress(data, _CONTENT)
            except zstd.ZstdError as error:
                raise EvidenceError(
                    "the update image is not a zstd file, or it is damaged", observed=str(error)
                ) from error
            if piece:
                self._piece, self._position = piece, 0
                self._expanded += len(piece)
                if self._expanded > self._limits.image_content_bytes:
                    raise EvidenceError(
                        "the update image unpacks to more than any release",
                        expected=f"at most {self._limits.image_content_bytes} bytes",
                    )
                return True
        return False

    def _read(self) -> bytes:
        data = self._compressed.take()
        if data and self._progress:
            self._progress(self.compressed_size)
        return data
