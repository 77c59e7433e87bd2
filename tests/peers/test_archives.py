"""What update images are packed in: zstd's golden and damaged frames, libarchive's sparse tar archives."""

from __future__ import annotations

import io
import lzma
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from auditkit.errors import EvidenceError, SourceError
from auditkit.guestos.archive.sparse_tar import read_members
from auditkit.guestos.archive.zstd_stream import ZstdStream, zstd


def unpacked(data: bytes) -> bytes:
    """All content of a frame.

    Raises:
        EvidenceError: it is damaged.
        SourceError: it is cut short.
    """
    content = b""
    with ZstdStream(io.BytesIO(data)) as stream:
        try:
            while True:
                content += stream.some(1 << 17)
        except EvidenceError as error:
            if "ends too early" not in str(error):
                raise
        stream.finish()
    return content


def test_golden_frames_are_unpacked(peers: Path):
    files = sorted((peers / "zstd").glob("ok_*.zst"))
    assert len(files) == 4
    for file in files:
        data = file.read_bytes()
        said = zstd.get_frame_info(data).decompressed_size
        assert said in (None, len(unpacked(data))), file.name


def test_damaged_frames_are_refused(peers: Path):
    files = sorted((peers / "zstd").glob("error_*.zst"))
    assert len(files) == 3
    for file in files:
        with pytest.raises((EvidenceError, SourceError), match=r"damaged|cut short"):
            unpacked(file.read_bytes())


class AnyName(Mapping[str, int]):
    """A release has three names; here every member is one that may occur."""

    def __contains__(self, name: object) -> bool:
        return True

    def __getitem__(self, name: str) -> int:
        return 1 << 40

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def members(archive: bytes) -> dict[str, bytes]:
    """The files of a tar archive with their holes filled.

    Raises:
        EvidenceError: it is refused.
    """
    found = {}
    with ZstdStream(io.BytesIO(zstd.compress(archive))) as stream:
        for member in read_members(stream, AnyName()):
            content = bytearray(member.size)
            for offset, length in member.runs:
                content[offset : offset + length] = stream.exactly(length)
            stream.skip(member.padding)
            found[member.name] = bytes(content)
        stream.finish()
    return found


@pytest.mark.parametrize("name", ["gtar_sparse_1_13", "gtar_sparse_1_17"])
def test_old_gnu_sparse_archives_are_read_as_tar_reads_them(name, peers, tmp_path, program):
    archive = lzma.decompress((peers / "tar-sparse" / f"{name}.tar.xz").read_bytes())
    subprocess.run([program("tar"), "-x", "-C", tmp_path], input=archive, check=True)
    theirs = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert len(theirs) == 3
    assert members(archive) == theirs


@pytest.mark.parametrize("form", ["posix00", "posix01", "posix10", "posix10_modified"])
def test_pax_archives_are_refused_by_their_type(form, peers):
    archive = lzma.decompress((peers / "tar-sparse" / f"gtar_sparse_1_17_{form}.tar.xz").read_bytes())
    with pytest.raises(EvidenceError, match=r"not a regular file.*type b'x'"):
        members(archive)
