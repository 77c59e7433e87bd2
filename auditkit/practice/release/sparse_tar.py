"""Writes tar members as GNU tar does: holes are left out, byte for byte the same on every file system.

GNU tar finds holes either block by block of the file system, so that the archive depends on the machine, or by
reading every 512 bytes, which takes a minute for a root.img of 10 GiB. This writer skips what the file system
knows to be a hole and looks for zeros in the rest.

Source: the GNU tar manual, "Basic Tar Format" (old GNU format: ``oldgnu_header``, ``sparse_header``).
"""

from __future__ import annotations

import os
from pathlib import Path
from tarfile import BLOCKSIZE, GNU_FORMAT, GNUTYPE_SPARSE, RECORDSIZE, TarInfo
from typing import Final, Protocol

from auditkit.guestos.archive import DataRuns
from auditkit.guestos.verity import data_pieces
from auditkit.limits import MIB

_MAP_IN_HEADER: Final = 4
_MAP_IN_EXTENSION: Final = 21

Run = tuple[int, int]
"""Offset and length of data in a sparse file, in bytes."""


class Writable(Protocol):
    """What an archive is written to."""

    def write(self, data: bytes, /) -> object: ...


class SparseTar:
    """A tar archive of plain and sparse members; owner 0, mode 0644, modification time 0."""

    def __init__(self, out: Writable) -> None:
        self._out = out
        self._written = 0

    def add_bytes(self, name: str, data: bytes) -> None:
        """Adds a plain member."""
        self._write(_header(name, stored=len(data)))
        self._write_padded(data)

    def add_sparse(self, name: str, path: Path) -> None:
        """Adds the file as a sparse member: runs of zeros of at least one 512-byte block are left out."""
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            found = DataRuns()
            for offset, data in data_pieces(file.fileno(), size, str(path)):
                found.add(offset, data)
            runs = list(found.clipped(size))
            stored = sum(length for _, length in runs)
            entries = runs if runs and sum(runs[-1]) == size else [*runs, (size, 0)]
            self._write(
                _header(
                    name, stored=stored, entries=entries[:_MAP_IN_HEADER], real=size, more=len(entries) > 4
                )
            )
            for start in range(_MAP_IN_HEADER, len(entries), _MAP_IN_EXTENSION):
                rest = entries[start:]
                self._write(_extension(rest[:_MAP_IN_EXTENSION], more=len(rest) > _MAP_IN_EXTENSION))
            for offset, length in runs:
                for position in range(offset, offset + length, MIB):
                    self._write(os.pread(file.fileno(), min(MIB, offset + length - position), position))
        self._write(bytes(-stored % BLOCKSIZE))

    def close(self) -> None:
        """Writes the two zero blocks at the end, and fills the last record."""
        self._write(bytes(2 * BLOCKSIZE))
        self._write(bytes(-self._written % RECORDSIZE))

    def _write_padded(self, data: bytes) -> None:
        self._write(data)
        self._write(bytes(-len(data) % BLOCKSIZE))

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self._written += len(data)


def _header(
    name: str, *, stored: int, entries: list[Run] | None = None, real: int = 0, more: bool = False
) -> bytes:
    info = TarInfo(name)
    info.size = stored
    if entries is None:
        return info.tobuf(GNU_FORMAT)
    info.type = GNUTYPE_SPARSE
    header = bytearray(info.tobuf(GNU_FORMAT))
    sparse = _entries(entries, _MAP_IN_HEADER) + bytes([more]) + _number(real)
    header[386 : 386 + len(sparse)] = sparse
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def _extension(entries: list[Run], *, more: bool) -> bytes:
    return (_entries(entries, _MAP_IN_EXTENSION) + bytes([more])).ljust(BLOCKSIZE, b"\0")


def _entries(entries: list[Run], room: int) -> bytes:
    packed = b"".join(_number(offset) + _number(length) for offset, length in entries)
    return packed.ljust(room * 24, b"\0")


def _number(value: int) -> bytes:
    """Eleven octal digits, or base 256 where they do not suffice."""
    if value < 8**11:
        return b"%011o\0" % value
    return (1 << 95 | value).to_bytes(12, "big")
