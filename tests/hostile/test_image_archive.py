"""Hostile update images: every lie that a tar header, a sparse map or a zstd frame can tell."""

from __future__ import annotations

import io
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from auditkit.errors import AuditkitError, EvidenceError, SourceError
from auditkit.guestos import read_update_image
from auditkit.limits import Limits

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CASES = 200
FULL = 2000


def octal(value: int, width: int) -> bytes:
    return b"%0*o\0" % (width - 1, value)


def header(
    name: bytes = b"boot.img",
    size: int = 0,
    kind: bytes = b"0",
    *,
    real: int = 0,
    entries: list[tuple[int, int]] | None = None,
    more: int = 0,
    magic: bytes = b"ustar  \0",
    raw_size: bytes | None = None,
    checksum: bytes | None = None,
) -> bytes:
    data = bytearray(512)
    data[: len(name)] = name
    data[100:108] = data[108:116] = data[116:124] = octal(0, 8)
    data[124:136] = raw_size or octal(size, 12)
    data[136:148] = octal(0, 12)
    data[156:157] = kind
    data[257:265] = magic
    if kind == b"S":
        for number, (offset, length) in enumerate(entries or []):
            data[386 + 24 * number : 410 + 24 * number] = octal(offset, 12) + octal(length, 12)
        data[482] = more
        data[483:495] = octal(real, 12)
    data[148:156] = b" " * 8
    data[148:156] = checksum or b"%06o\0 " % sum(data)
    return bytes(data)


def member(name: bytes, content: bytes) -> bytes:
    return header(name, len(content)) + content + bytes(-len(content) % 512)


END = bytes(1024)
GOOD = member(b"boot.img", b"boot" * 1000) + member(b"root.img", b"root" * 1000)


def sparse(real: int, entries: list[tuple[int, int]], stored: int | None = None, **more: object) -> bytes:
    size = sum(length for _, length in entries) if stored is None else stored
    return header(b"boot.img", size, b"S", real=real, entries=entries, **more) + bytes(size + -size % 512)


def read(packed: bytes, tmp_path, **options):
    work = tmp_path / "work"
    try:
        return read_update_image(io.BytesIO(packed), work=work, verity=False, **options)
    except AuditkitError:
        assert os.listdir(work) == []
        assert sorted(os.listdir(tmp_path)) == ["work"]
        raise


def test_the_good_one_is_good(tmp_path):
    assert read(zstd.compress(GOOD + END), tmp_path).boot_image.read_bytes() == b"boot" * 1000
    old = GOOD.replace(b"ustar  \0", b"ustar  \0") + END + bytes(9000)
    assert read(zstd.compress(old), tmp_path)
    entries = [(512, 512), (2048, 100)]
    image = read(zstd.compress(sparse(4096, entries) + member(b"root.img", b"") + END), tmp_path)
    assert image.members[0].runs == tuple(entries)


@pytest.mark.parametrize(
    ("archive", "reason"),
    [
        (GOOD, "ends too early"),
        (GOOD + bytes(512), "ends too early"),
        (GOOD + bytes(512) + member(b"x", b""), "does not end as it should"),
        (GOOD[:-512], "ends too early"),
        (END, "lacks a file"),
        (member(b"boot.img", b"b") + END, "lacks a file"),
        (member(b"root.img", b"b") + END, "lacks a file"),
        (GOOD + END + b"x", "after the end of the archive"),
        (GOOD + END + member(b"boot.img", b"again"), "after the end of the archive"),
        (GOOD + member(b"boot.img", b"again") + END, "holds boot.img twice"),
        (GOOD + member(b"./boot.img", b"again") + END, "holds boot.img twice"),
        (GOOD + member(b"evil.sh", b"x") + END, "no release holds"),
        (GOOD + member(b"../boot.img", b"x") + END, "no release holds"),
        (GOOD + member(b"/etc/passwd", b"x") + END, "no release holds"),
        (GOOD + member(b"boot.img/x", b"x") + END, "no release holds"),
        (GOOD + member(b"boot.img\0x", b"x") + END, "makes no sense"),
        (GOOD + member(b"\xff", b"x") + END, "makes no sense"),
        (header(b"boot.img", kind=b"1") + END, "not a regular file"),
        (header(b"boot.img", kind=b"2") + END, "not a regular file"),
        (header(b"boot.img", kind=b"3") + END, "not a regular file"),
        (header(b"boot.img", kind=b"5") + END, "not a regular file"),
        (header(b"././@LongLink", 1 << 32, b"L") + END, "no release holds"),
        (header(b"boot.img", kind=b"x") + END, "not a regular file"),
        (header(b"./", 512, kind=b"5") + bytes(512) + GOOD + END, "folder"),
        (header(checksum=b"000000\0 ") + END, "checksum of a file header"),
        (header(magic=b"ustar\x0000", kind=b"S") + END, "mixes two formats"),
        (header(magic=b"\0" * 8) + END, "unknown kind"),
        (header(raw_size=b"\xff" * 12) + END, "makes no sense"),
        (header(raw_size=b"-0000000001\0") + END, "makes no sense"),
        (header(raw_size=b"00000000009\0") + END, "makes no sense"),
        (header(raw_size=b"\0" * 12) + END, "makes no sense"),
        (header(raw_size=b"\x80" + b"\xff" * 11) + END, "larger than any release's"),
        (header(b"VERSION.TXT", 1 << 20) + bytes(1 << 20) + GOOD + END, "larger than any release's"),
        (member(b"VERSION.TXT", b"\xff\xff") + GOOD + END, "not text"),
        (member(b"VERSION.TXT", b"a\0b") + GOOD + END, "not one line of text"),
        (
            header(b"boot.img", 5) + b"12345" + b"x" * 507 + member(b"root.img", b"") + END,
            "hidden after boot.img",
        ),
        (sparse(4096, [(512, 512), (0, 512)]) + END, "map of holes"),
        (sparse(4096, [(0, 1024), (512, 512)]) + END, "map of holes"),
        (sparse(4096, [(3584, 1024)]) + END, "map of holes"),
        (sparse(4096, [(0, 512)], stored=1024) + END, "disagrees with its size"),
        (sparse(4096, [(0, 1024)], stored=512) + END, "disagrees with its size"),
        (sparse(1 << 33, [(0, 512)]) + END, "larger than any release's"),
        (sparse(4096, [(0, 512)], stored=0, more=1) + bytes(512) + END, "map of holes"),
        (sparse(4096, [(n * 512, 1) for n in range(4)], stored=0, more=7), "map of holes"),
    ],
)
def test_what_an_archive_may_not_be(archive, reason, tmp_path):
    with pytest.raises(EvidenceError, match=reason):
        read(zstd.compress(archive), tmp_path)


def test_an_endless_sparse_map(tmp_path):
    first = header(b"boot.img", 0, b"S", real=1 << 31, entries=[(n, 1) for n in range(4)], more=1)
    blocks = []
    for number in range(1000):
        entries = b"".join(octal(4 + number * 21 + n, 12) + octal(1, 12) for n in range(21))
        blocks.append(entries + b"\1" + bytes(7))
    with pytest.raises(EvidenceError, match="too long"):
        read(zstd.compress(first + b"".join(blocks)), tmp_path, limits=Limits(sparse_entries=10_000))


@pytest.mark.parametrize("part", [0, 1, 4, 5, 100, -1, -4, -5])
def test_a_frame_that_is_cut_short(part, tmp_path):
    packed = zstd.compress(
        GOOD + os.urandom(512 * 0) + END, options={zstd.CompressionParameter.checksum_flag: 1}
    )
    with pytest.raises(SourceError, match="cut short"):
        read(packed[:part] if part else b"", tmp_path)


@pytest.mark.parametrize(
    "behind", [b"x", b"\0", zstd.compress(b""), zstd.compress(GOOD + END), bytes(2 << 20)]
)
def test_something_behind_the_frame(behind, tmp_path):
    with pytest.raises(EvidenceError, match="after the end of the update image"):
        read(zstd.compress(GOOD + END) + behind, tmp_path)


def test_not_zstd(tmp_path):
    for data in (b"PK\3\4" + bytes(100), GOOD + END, b"\x1f\x8b" + bytes(100)):
        with pytest.raises(EvidenceError, match="not a zstd file"):
            read(data, tmp_path)


def test_a_window_that_is_too_large(tmp_path):
    compressor = zstd.ZstdCompressor(
        options={zstd.CompressionParameter.window_log: 28, zstd.CompressionParameter.content_size_flag: 0}
    )
    packed = compressor.compress(GOOD) + compressor.compress(END) + compressor.flush()
    with pytest.raises(EvidenceError, match="not a zstd file, or it is damaged"):
        read(packed, tmp_path)


def test_a_bomb(tmp_path):
    compressor = zstd.ZstdCompressor(level=1)
    packed = [compressor.compress(header(b"boot.img", raw_size=b"\x80" + (2 << 30).to_bytes(11, "big")))]
    packed += [compressor.compress(bytes(1 << 20)) for _ in range(1100)]
    packed.append(compressor.flush())
    started = time.process_time()
    with pytest.raises(EvidenceError, match="unpacks to more"):
        read(b"".join(packed), tmp_path, limits=Limits(image_content_bytes=1 << 30))
    assert time.process_time() - started < 5


def test_too_many_compressed_bytes(tmp_path):
    noise = random.Random(0).randbytes(3 << 20)
    packed = zstd.compress(member(b"boot.img", noise) + member(b"root.img", b"") + END)
    with pytest.raises(EvidenceError, match="larger than the limit"):
        read(packed, tmp_path, limits=Limits(image_bytes=1 << 20))


class Failing(io.RawIOBase):
    """A source that breaks off with an error after one piece."""

    def __init__(self, data: bytes) -> None:
        self.pieces = [data]

    def read(self, size: int = -1) -> bytes:
        if not self.pieces:
            raise OSError(5, "Input/output error")
        return self.pieces.pop()


def test_a_source_that_fails(tmp_path):
    packed = zstd.compress(GOOD + END)
    with pytest.raises(SourceError, match="cannot be read"):
        read_update_image(Failing(packed[:50]), work=tmp_path, verity=False)
    assert os.listdir(tmp_path) == []


def test_what_was_there_before_is_kept_on_failure(tmp_path):
    (tmp_path / "boot.img").write_bytes(b"before")
    (tmp_path / "elsewhere").write_bytes(b"before")
    with pytest.raises(EvidenceError):
        read_update_image(io.BytesIO(zstd.compress(GOOD + END + b"x")), work=tmp_path, verity=False)
    assert (tmp_path / "boot.img").read_bytes() == b"before"
    (tmp_path / "boot.img").unlink()
    (tmp_path / "boot.img").symlink_to("elsewhere")
    read_update_image(io.BytesIO(zstd.compress(GOOD + END)), work=tmp_path, verity=False)
    assert (tmp_path / "elsewhere").read_bytes() == b"before"
    assert not (tmp_path / "boot.img").is_symlink()


def corrupted(noise: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    kind = noise.randrange(4)
    at = noise.randrange(len(data))
    if kind == 0:
        changed[at] ^= 1 << noise.randrange(8)
    elif kind == 1:
        changed[at : at + 8] = noise.randbytes(8)
    elif kind == 2:
        del changed[at:]
    else:
        changed[at:at] = noise.randbytes(noise.randrange(1, 64))
    return bytes(changed)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory, program: Callable[[str], str]) -> tuple[bytes, bytes]:
    """A sparse archive by GNU tar and zstd: its compressed form and what is inside."""
    folder = tmp_path_factory.mktemp("packed")
    noise = random.Random(3)
    for name in ("boot.img", "root.img"):
        with (folder / name).open("wb") as file:
            for number in range(12):
                file.seek(number * 20_480)
                file.write(noise.randbytes(4096))
            file.truncate(300_000)
    archive = subprocess.run(
        [program("tar"), "--sparse", "--format=gnu", "-c", "boot.img", "root.img"],
        check=True,
        cwd=folder,
        capture_output=True,
    ).stdout
    done = subprocess.run(
        [program("zstd"), "-q", "-c", "--check"], input=archive, check=True, capture_output=True
    )
    return done.stdout, archive


@pytest.mark.parametrize(
    "count", [pytest.param(CASES, id="some"), pytest.param(FULL, id="all", marks=pytest.mark.thorough)]
)
def test_random_damage_to_the_file(count, packed, tmp_path):
    """With zstd's own checksum, nothing that was damaged passes."""
    whole = packed[0]
    before = resource.getrusage(
        resource.RUSAGE_SELF
    ).ru_maxrss  # kilobytes, by all that this process tested before
    for seed in range(count):
        changed = corrupted(random.Random(seed), whole)
        started = time.process_time()
        if changed != whole:
            with pytest.raises(AuditkitError):
                read(changed, tmp_path)
        assert time.process_time() - started < 5, f"seed {seed}"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < max(512 << 10, before + (64 << 10))


@pytest.mark.parametrize(
    "count", [pytest.param(CASES, id="some"), pytest.param(FULL, id="all", marks=pytest.mark.thorough)]
)
def test_random_damage_to_the_headers(count, packed, tmp_path):
    """Damage below the zstd checksum: the boot partition is the right one, or there is an error."""
    archive = packed[1]
    right = read(zstd.compress(archive), tmp_path).boot_image.read_bytes()
    (tmp_path / "work" / "boot.img").unlink()
    headers = [*range(512), *range(512 + 12 * 4096, 512 + 12 * 4096 + 1536)]
    for seed in range(count):
        noise = random.Random(seed)
        changed = bytearray(archive)
        at = noise.choice(headers)
        changed[at] ^= 1 << noise.randrange(8)
        try:
            image = read(zstd.compress(bytes(changed)), tmp_path)
        except EvidenceError:
            continue
        # a flipped bit of content is no error of the archive, and only the digest of the file finds it
        content = image.boot_image.read_bytes()
        assert len(content) == len(right)
        assert sum(a != b for a, b in zip(content, right, strict=True)) <= 1
        image.boot_image.unlink()
