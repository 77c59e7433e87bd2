"""Packs a stream into one zstd frame whose bytes follow from the content and the version of libzstd alone."""

from __future__ import annotations

import hashlib
import sys
from typing import BinaryIO, Final

from auditkit.interpreter import processors
from auditkit.limits import MIB

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LEVEL: Final = 10
"""The level of dfinity's build."""
JOB_BYTES: Final = 8 * MIB
"""Content that a worker packs at a time: it bounds memory, and changes the bytes, as the level does."""
OVERLAP_LOG: Final = 3
"""How much of the content before it a worker looks at: a 64th of the window. More takes half as long again and packs an
image no smaller; it changes the bytes too."""


class ZstdWriter:
    """One zstd frame with a content checksum, written to a file, with the SHA-256 of what went in and what came out.

    However many processors there are, and in whatever pieces the content comes, the bytes are the same: libzstd packs
    jobs of a fixed size as soon as it has one worker or more.

    Args:
        file: open for writing; stays the caller's to close.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._content, self._packed = hashlib.sha256(), hashlib.sha256()
        self._compressor = zstd.ZstdCompressor(
            options={
                zstd.CompressionParameter.compression_level: LEVEL,
                zstd.CompressionParameter.checksum_flag: 1,
                zstd.CompressionParameter.nb_workers: min(processors(), 4),
                zstd.CompressionParameter.job_size: JOB_BYTES,
                zstd.CompressionParameter.overlap_log: OVERLAP_LOG,
            }
        )
        self.written = 0
        """Bytes of content written so far."""

    def write(self, data: bytes | memoryview, /) -> None:
        """Packs more content.

        Raises:
            OSError: the file cannot be written.
        """
        self._content.update(data)
        self.written += len(data)
        self._put(self._compressor.compress(data))

    def finish(self) -> tuple[str, str]:
        """Ends the frame; the SHA-256 of the content and of the file, 64 hex digits each.

        Raises:
            OSError: the file cannot be written.
        """
        self._put(self._compressor.flush())
        return self._content.hexdigest(), self._packed.hexdigest()

    def _put(self, packed: bytes) -> None:
        if packed:
            self._packed.update(packed)
            self._file.write(packed)


def libzstd_version() -> str:
    """The version of libzstd that packs, such as ``1.5.7``."""
    return str(zstd.zstd_version)
