"""Writes an update image's archive in the one form in which dfinity's build writes it.

Every member is a sparse one: owner 0, mode 0644, one fixed time, names without ``./``; its holes are the blocks of 512
bytes that are all zeros. Two zero blocks end the archive, and no record is filled.

Source: dfinity/ic ``rs/ic_os/build_tools/dflate`` and the crate ``tar`` that it calls (``HeaderMode::Deterministic``);
"Storing Sparse Files" (old GNU format) of the GNU tar manual.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Final, Protocol

from auditkit.guestos.archive.data_runs import BLOCK, DataRuns

_TIME: Final = 1_153_704_088  # ``DETERMINISTIC_TIMESTAMP`` of the crate: tools misbehave on a time of zero
_MAP_IN_HEADER: Final = 4
_MAP_IN_EXTENSION: Final = 21
_OCTAL_LIMIT: Final = 8**11

Run = tuple[int, int]


class Writable(Protocol):
    """What an archive is written to."""

    def write(self, data: bytes | memoryview, /) -> object:
        """Writes all of ``data``."""


class SparseTarWriter:
    """An archive whose members are written one after the other: `begin`, the data of every run in order, `end`."""

    def __init__(self, out: Writable) -> None:
        self._out = out
        self._padding = 0

    def begin(self, name: str, size: int, runs: DataRuns) -> None:
        """Begins a member.

        Args:
            name: at most 100 ASCII characters.
            size: apparent bytes of the file.
            runs: its data, none of it behind ``size``.
        """
        stored = runs.stored
        entries = list(runs)
        if not entries or sum(entries[-1]) != size:
            entries.append((size, 0))
        self._out.write(_header(name, size, stored, entries))
        for start in range(_MAP_IN_HEADER, len(entries), _MAP_IN_EXTENSION):
            more = start + _MAP_IN_EXTENSION < len(entries)
            part = _map(entries[start : start + _MAP_IN_EXTENSION], _MAP_IN_EXTENSION)
            self._out.write((part + bytes([more])).ljust(BLOCK, b"\0"))
        self._padding = -stored % BLOCK

    def data(self, piece: bytes | memoryview) -> None:
        """Writes the next piece of the member's data."""
        self._out.write(piece)

    def end(self) -> None:
        """Ends the member."""
        self._out.write(bytes(self._padding))

    def close(self) -> None:
        """Ends the archive."""
        self._out.write(bytes(2 * BLOCK))


def _header(name: str, size: int, stored: int, entries: Sequence[Run]) -> bytes:
    before = b"".join(
        (
            name.encode("ascii").ljust(100, b"\0"),
            b"0000644\0",
            b"0000000\0",
            b"0000000\0",
            _number(stored),
            b"%011o\0" % _TIME,
        )
    )
    behind = b"".join(
        (
            b"S",
            bytes(100),
            b"ustar  \0",
            bytes(121),
            _map(islice(entries, _MAP_IN_HEADER), _MAP_IN_HEADER),
            bytes([len(entries) > _MAP_IN_HEADER]),
            _number(size),
            bytes(17),
        )
    )
    return before + b"%07o\0" % (sum(before) + 8 * 0x20 + sum(behind)) + behind


def _map(entries: Sequence[Run] | islice[Run], room: int) -> bytes:
    packed = b"".join(_number(offset) + _number(length) for offset, length in entries)
    return packed.ljust(24 * room, b"\0")


def _number(value: int) -> bytes:
    """Eleven octal digits, or base 256 where they do not suffice."""
    return b"%011o\0" % value if value < _OCTAL_LIMIT else (1 << 95 | value).to_bytes(12, "big")
