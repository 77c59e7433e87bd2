"""The archive of an update image as dfinity's build writes it, read by GNU tar, bsdtar and Python."""

from __future__ import annotations

import io
import subprocess
import tarfile

import pytest

from auditkit.guestos.archive import DataRuns, SparseTarWriter


def member(name: str, size: int, *runs: tuple[int, int]) -> bytes:
    """An archive of one member whose data is the letter ``d``."""
    found = DataRuns()
    for offset, length in runs:
        found.mark(offset, offset + length)
    out = io.BytesIO()
    archive = SparseTarWriter(out)
    archive.begin(name, size, found)
    archive.data(b"d" * sum(length for _, length in runs))
    archive.end()
    archive.close()
    return out.getvalue()


def test_every_field_of_a_header():
    """As dflate fills them by the crate tar: octal digits to the end of the field, one zero byte behind."""
    made = member("boot.img", 4096, (512, 1024))
    assert made[0:100] == b"boot.img".ljust(100, b"\0")
    assert made[100:124].split(b"\0") == [b"0000644", b"0000000", b"0000000", b""]
    assert made[124:136] == b"00000002000\0"  # 1024 bytes are stored
    assert made[136:148] == b"10461020230\0"  # 1153704088 seconds: 24 July 2006
    assert made[156:157] == b"S"
    assert made[157:257] == bytes(100)
    assert made[257:265] == b"ustar  \0"
    assert made[265:386] == bytes(121)
    assert made[386:410].split(b"\0") == [b"00000001000", b"00000002000", b""]
    assert made[410:434].split(b"\0") == [b"00000010000", b"00000000000", b""]  # where the file ends
    assert made[434:482] == bytes(48)
    assert made[482:483] == b"\0"
    assert made[483:495] == b"00000010000\0"
    assert made[495:512] == bytes(17)
    checksum = sum(made[:148]) + 8 * 0x20 + sum(made[156:512])
    assert made[148:156] == b"%07o\0" % checksum


def test_data_is_padded_and_two_zero_blocks_end_the_archive():
    made = member("VERSION.TXT", 5, (0, 5))
    assert made[512:] == b"ddddd" + bytes(507) + bytes(1024)


def test_data_up_to_the_end_needs_no_end_in_the_map():
    made = member("VERSION.TXT", 5, (0, 5))
    assert made[386:410].split(b"\0") == [b"00000000000", b"00000000005", b""]
    assert made[410:482] == bytes(72)


def test_large_numbers_are_binary():
    made = member("root.img", 1 << 34, ((1 << 33), 512))
    assert made[386:398] == b"\x80" + bytes(6) + b"\2" + bytes(4)
    assert made[398:410] == b"00000001000\0"
    assert made[483:495] == b"\x80" + bytes(6) + b"\4" + bytes(4)


@pytest.mark.parametrize(("count", "blocks"), [(3, 0), (4, 1), (24, 1), (25, 2), (26, 2), (45, 2), (46, 3)])
def test_a_long_map_goes_on_in_blocks_of_its_own(count, blocks):
    """Four places in the header, 21 in each block; one place is for the end of the file."""
    made = member("root.img", 1024 * count, *((1024 * at, 512) for at in range(count)))
    assert len(made) == 512 * (1 + blocks + count + 2)
    more = [made[482], *(made[512 * at + 504] for at in range(1, blocks + 1))]
    assert more == [1] * blocks + [0]


@pytest.fixture(scope="module")
def mixed() -> tuple[bytes, dict[str, bytes]]:
    """An archive of three members, and what they hold."""
    content = {
        "boot.img": bytes(1536) + b"b" * 700 + bytes(100_000),
        "root.img": b"".join(bytes([at % 250 + 1]) * 512 + bytes(512) for at in range(60)) + b"end",
        "VERSION.TXT": b"one line\n",
    }
    out = io.BytesIO()
    archive = SparseTarWriter(out)
    for name, data in content.items():
        runs = DataRuns()
        runs.add(0, data)
        runs = runs.clipped(len(data))
        archive.begin(name, len(data), runs)
        for start, length in runs:
            archive.data(data[start : start + length])
        archive.end()
    archive.close()
    return out.getvalue(), content


@pytest.mark.parametrize("command", [("tar", "-xSf"), ("bsdtar", "-xf")], ids=["GNU tar", "bsdtar"])
def test_other_programs_unpack_it(command, mixed, program, tmp_path):
    archive, content = mixed
    (tmp_path / "made.tar").write_bytes(archive)
    name, *options = command
    subprocess.run([program(name), *options, "made.tar"], cwd=tmp_path, check=True)
    assert {name: (tmp_path / name).read_bytes() for name in content} == content


def test_python_unpacks_it(mixed):
    archive, content = mixed
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        members = opened.getmembers()
        assert {one.name: opened.extractfile(one).read() for one in members} == content
    assert {(one.mode, one.uid, one.gid, one.mtime) for one in members} == {(0o644, 0, 0, 1153704088)}
