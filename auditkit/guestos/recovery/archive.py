"""An update image as dfinity's build makes it of its three parts: boot.img, root.img and VERSION.TXT."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from auditkit.errors import SourceError
from auditkit.guestos.archive import DataRuns, SparseTarWriter, ZstdWriter
from auditkit.guestos.recovery.root import RootImage, write_root_image
from auditkit.guestos.verity import data_pieces
from auditkit.limits import LIMITS, MIB, Limits
from auditkit.opening import regular_file


@dataclass(frozen=True, slots=True)
class PackedImage:
    """What was written.

    Attributes:
        sha256: of the file; it follows from the archive and the version of libzstd.
        archive_sha256: of the archive inside, which follows from the parts alone.
        archive_size: bytes of the archive.
    """

    sha256: str
    archive_sha256: str
    archive_size: int


def pack_update_image(
    out: BinaryIO,
    boot: Path,
    root: RootImage,
    version: bytes,
    *,
    progress: Callable[[int, int], None] | None = None,
    limits: Limits = LIMITS,
) -> PackedImage:
    """Writes an update image. Equal parts give an equal archive, and one libzstd packs it into equal bytes.

    Args:
        out: open for writing; stays the caller's to close.
        boot: the boot partition.
        version: what VERSION.TXT says.
        progress: called with the bytes of data that went in and their sum.

    Raises:
        SourceError: a part cannot be read any more, or the root is not what it was.
        EvidenceError: a part is malformed now.
        OSError: ``out`` cannot be written.
    """
    writer = ZstdWriter(out)
    archive = SparseTarWriter(_Watched(writer, root.runs.stored, progress))
    _write_file(archive, "boot.img", boot, limits)
    write_root_image(archive, root, limits=limits)
    runs = DataRuns(limits=limits)
    runs.add(0, version)
    archive.begin("VERSION.TXT", len(version), runs.clipped(len(version)))
    archive.data(version)
    archive.end()
    archive.close()
    archive_sha256, sha256 = writer.finish()
    return PackedImage(sha256, archive_sha256, writer.written)


def _write_file(archive: SparseTarWriter, name: str, path: Path, limits: Limits) -> None:
    with regular_file(path) as file:
        size = file.seek(0, 2)
        runs = DataRuns(limits=limits)
        for offset, data in data_pieces(file.fileno(), size, str(path)):
            runs.add(offset, data)
        runs = runs.clipped(size)
        archive.begin(name, size, runs)
        for start, length in runs:
            file.seek(start)
            left = length
            while left:
                piece = file.read(min(left, MIB))
                if not piece:
                    raise SourceError("the file became shorter while it was read", where=str(path))
                archive.data(piece)
                left -= len(piece)
        archive.end()


class _Watched:
    """Tells how much has gone into an archive whose largest part is ``most`` bytes."""

    def __init__(self, writer: ZstdWriter, most: int, progress: Callable[[int, int], None] | None) -> None:
        self._writer, self._most, self._progress = writer, most, progress

    def write(self, data: bytes | memoryview, /) -> None:
        self._writer.write(data)
        if self._progress:
            self._progress(self._writer.written, max(self._most, self._writer.written))
