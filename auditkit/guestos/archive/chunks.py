"""The pieces of a stream; where its digest is wanted, a thread reads and digests it ahead of who unpacks it."""

from __future__ import annotations

import hashlib
import threading
from queue import SimpleQueue
from types import TracebackType
from typing import BinaryIO, Self

from auditkit.errors import EvidenceError, SourceError, in_words

_PIECE = 1 << 20
_AHEAD = 8  # pieces that are read before they are asked for


class Chunks:
    """The pieces of a stream in order. Use as a context manager.

    Without ``digest`` nothing is read that was not asked for.

    Args:
        stream: read sequentially, never seeked or closed, and not any more once this object was left.
        digest: compute the SHA-256 of the stream.
        most: bytes that the stream may have.
    """

    def __init__(self, stream: BinaryIO, *, digest: bool, most: int) -> None:
        self._stream = stream
        self._most = most
        self._read = 0
        self._digest = hashlib.sha256()
        self._pieces: SimpleQueue[bytes | Exception] = SimpleQueue()
        self._room = threading.Semaphore(_AHEAD)
        self._left = False
        self._thread = threading.Thread(target=self._read_ahead, daemon=True) if digest else None
        self.size = 0
        """Bytes taken so far."""

    def __enter__(self) -> Self:
        if self._thread:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread:
            self._left = True
            self._room.release()
            self._thread.join()

    def take(self) -> bytes:
        """The next piece; empty at the end of the stream, after which no more may be taken.

        Raises:
            SourceError: the stream cannot be read.
            EvidenceError: it is larger than it may be.
        """
        if self._thread:
            self._room.release()
            piece = self._pieces.get()
            if isinstance(piece, Exception):
                raise piece
        else:
            piece = self._next()
        self.size += len(piece)
        return piece

    def hexdigest(self) -> str | None:
        """The SHA-256 as 64 hex digits, once the stream's end was taken; ``None`` if it was not asked for."""
        if not self._thread:
            return None
        self._thread.join()
        return self._digest.hexdigest()

    def _next(self) -> bytes:
        try:
            piece = self._stream.read(_PIECE)
        except OSError as error:
            raise SourceError(f"the update image cannot be read: {in_words(error)}") from error
        self._read += len(piece)
        if self._read > self._most:
            raise EvidenceError(
                "the update image is larger than the limit", expected=f"at most {self._most} bytes"
            )
        return piece

    def _read_ahead(self) -> None:
        while self._room.acquire() and not self._left:
            try:
                piece = self._next()
            except Exception as error:  # noqa: BLE001  (whoever takes the piece gets it)
                self._pieces.put(error)
                return
            self._pieces.put(piece)
            if not piece:
                return
            self._digest.update(piece)
