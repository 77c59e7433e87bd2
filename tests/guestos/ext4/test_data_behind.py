"""Whether an image holds anything behind its file system."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from guestos.ext4.crafting import Refusal, refusal

from auditkit.errors import SourceError
from auditkit.guestos.ext4 import holds_data_behind

MIB = 1 << 20


def file_of(folder: Path, *writes: tuple[int, bytes], size: int) -> Path:
    path = folder / "image"
    with path.open("wb") as file:
        for offset, data in writes:
            file.seek(offset)
            file.write(data)
        file.truncate(size)
    return path


@pytest.mark.parametrize(
    ("writes", "size", "offset", "expected"),
    [
        ([(0, b"x" * 4096)], 4096, 4096, False),
        ([(0, b"x" * 4096)], 4096, 5000, False),
        ([(0, b"x" * 4096)], 4096, 4095, True),
        ([(0, b"x" * 4096)], 9 * MIB, 4096, False),
        ([(0, b"x" + bytes(9999))], 10_000, 1, False),
        ([(0, b"x" + bytes(9998) + b"y")], 10_000, 1, True),
        ([(0, b"x" + bytes(9998) + b"y")], 10_000, 9999, True),
        ([(0, b"x"), (7 * MIB, b"y")], 9 * MIB, 4096, True),
        ([(0, b"x"), (7 * MIB, b"y")], 9 * MIB, 7 * MIB + 1, False),
        ([(0, b"x" + bytes(2 * MIB) + b"y")], 3 * MIB, 1, True),
        ([(0, b"x" + bytes(MIB) + b"y" + bytes(MIB))], 3 * MIB, 1, True),
        ([(0, b"x" + bytes(2 * MIB + MIB // 2))], 3 * MIB, 1, False),
        ([(0, bytes(8192)), (MIB, bytes(8192)), (2 * MIB, b"z")], 2 * MIB + 1, 0, True),
        ([(0, bytes(8192)), (MIB, bytes(8192))], 2 * MIB, 0, False),
        ([], 0, 0, False),
    ],
)
def test_what_is_behind(writes, size, offset, expected, tmp_path):
    path = file_of(tmp_path, *writes, size=size)
    assert holds_data_behind(path, offset) is expected
    with path.open("rb") as file:
        assert holds_data_behind(file, offset) is expected
        assert not file.closed


def test_holes_are_not_read(tmp_path, monkeypatch):
    """A real image has 7 GiB of holes."""
    path = file_of(tmp_path, (0, b"x"), (512 * MIB, bytes(4096)), size=1 << 40)
    read = []
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda *arguments: read.append(arguments[1:]) or pread(*arguments))
    assert not holds_data_behind(path, MIB)
    assert read == [(4096, 512 * MIB)]


def test_pieces_are_of_1_mib(tmp_path, monkeypatch):
    path = file_of(tmp_path, (0, bytes(2 * MIB + 4096)), size=2 * MIB + 4096)
    read = []
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda *arguments: read.append(arguments[1:]) or pread(*arguments))
    assert not holds_data_behind(path, 0)
    assert read == [(MIB, 0), (MIB, MIB), (4096, 2 * MIB)]


def test_no_such_file(tmp_path):
    told = refusal(lambda: holds_data_behind(tmp_path / "nowhere", 0))
    assert told is not None
    assert issubclass(told.kind, SourceError)


def test_a_file_that_cannot_be_read(tmp_path):
    path = file_of(tmp_path, (0, b"x"), size=1)
    with path.open("ab") as file:
        assert refusal(lambda: holds_data_behind(file, 0)) == Refusal(
            "the image cannot be read: bad file descriptor", str(file), kind=SourceError
        )


def test_a_disk_that_fails(tmp_path, monkeypatch):
    path = file_of(tmp_path, (0, b"x"), size=1)

    def fail(*_: int) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "lseek", fail)
    assert refusal(lambda: holds_data_behind(path, 0)) == Refusal(
        "the image cannot be read: input/output error", str(path), kind=SourceError
    )


def test_a_file_that_becomes_shorter(tmp_path, monkeypatch):
    path = file_of(tmp_path, (0, bytes(8192)), size=8192)
    pread = os.pread

    def cut_and_read(descriptor: int, size: int, offset: int) -> bytes:
        os.truncate(path, 0)
        return pread(descriptor, size, offset)

    monkeypatch.setattr(os, "pread", cut_and_read)
    assert refusal(lambda: holds_data_behind(path, 0)) == Refusal(
        "the image became shorter while it was read", str(path), kind=SourceError
    )
