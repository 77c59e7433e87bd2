"""Random damage to ext4 images: a typed error or the right tree, in bounded time; never another tree.

`make test-thorough` makes two thousand of each, `make test` a twentieth of it.
"""

from __future__ import annotations

import hashlib
import io
import random
import re
import resource
import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from auditkit.errors import EvidenceError
from auditkit.guestos import Ext4, tree_manifest
from auditkit.guestos.ext4 import reader
from auditkit.guestos.ext4.checksums import Checksums
from auditkit.guestos.ext4.crc import crc32c

CASES = 100
FULL = 2000
SECONDS = 5.0
SIZE = 8 << 20


def make_tree(root: Path) -> None:
    noise = random.Random(1)
    (root / "sub").mkdir(parents=True)
    (root / "vmlinuz-1").write_bytes(noise.randbytes(50_000))
    (root / "vmlinuz").symlink_to("vmlinuz-1")
    (root / "sub" / "a").write_bytes(b"a")
    (root / "sub" / "b").hardlink_to(root / "sub" / "a")
    with (root / "runs").open("wb") as file:
        for number in range(120):
            file.seek(number * 8192)
            file.write(noise.randbytes(1024))
    (root / "crowd").mkdir()
    for number in range(60):
        (root / "crowd" / f"a-name-of-an-empty-file-{number}").touch()


def make_image(folder: Path, program: Callable[[str], str], *options: str, indexed: bool = False) -> bytes:
    make_tree(folder / "tree")
    image = folder / "image"
    subprocess.run(
        [
            program("mke2fs"),
            "-q",
            "-t",
            "ext4",
            "-N",
            "128",
            *options,
            "-d",
            folder / "tree",
            image,
            str(SIZE >> 10),
        ],
        check=True,
        capture_output=True,
    )
    (folder / "value").write_bytes(b"v" * 700)
    subprocess.run(
        [program("debugfs"), "-w", "-R", f"ea_set -f {folder}/value /vmlinuz-1 user.big", image],
        check=True,
        capture_output=True,
    )
    if indexed:
        subprocess.run([program("e2fsck"), "-fyD", image], check=False, capture_output=True)
    subprocess.run([program("e2fsck"), "-fn", image], check=True, capture_output=True)
    return image.read_bytes()


def metadata_offsets(folder: Path, program: Callable[[str], str], image: bytes, block_size: int) -> list[int]:
    """Offsets of the blocks that hold something and are not the content of a regular file, by debugfs."""
    names = ["/vmlinuz-1", "/runs", "/sub/a"]
    done = subprocess.run(
        [program("debugfs"), "-f", "-", folder / "image"],
        input="\n".join(f"blocks {name}" for name in names),
        capture_output=True,
        text=True,
        check=True,
    )
    content = {int(number) for line in done.stdout.splitlines() for number in re.findall(r"\b\d+\b", line)}
    # `blocks` lists the blocks of the extent tree too; those are metadata and stay in
    tree = subprocess.run(
        [program("debugfs"), "-R", "stat /runs", folder / "image"], capture_output=True, text=True, check=True
    ).stdout
    content -= {int(number) for number in re.findall(r"\((?:ETB\d+|IND|DIND|TIND)\):(\d+)", tree)}
    empty = bytes(block_size)
    used = [at for at in range(0, len(image), block_size) if image[at : at + block_size] != empty]
    return [at for at in used if at // block_size not in content]


def digest_of(image: BinaryIO) -> str:
    with Ext4(image) as fs:
        return hashlib.sha256(repr([entry.to_json() for entry in tree_manifest(fs)]).encode()).hexdigest()


def damage(noise: random.Random, image: bytes, offsets: list[int], block_size: int) -> tuple[int, bytes]:
    """Where to write what."""
    at = noise.choice(offsets)
    block = image[at : at + block_size]
    # most of a block is unused; aim at bytes that are something
    start = noise.choice([n for n, byte in enumerate(block) if byte])
    kind = noise.randrange(5)
    if kind == 0:
        return at + start, bytes([block[start] ^ 1 << noise.randrange(8)])
    if kind == 1:
        return at + start, noise.randbytes(min(noise.randrange(1, 9), block_size - start))
    if kind == 2:
        word = noise.choice([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\1\0\0\0", b"\0\0\0\x80"])
        return at + (start & ~3), word
    if kind == 3:
        return at, bytes(block_size)
    other = noise.choice(offsets)
    return at, image[other : other + block_size]


def repaired(superblock: bytes) -> bytes:
    return superblock[:0x3FC] + struct.pack("<I", crc32c(0xFFFFFFFF, superblock[:0x3FC]))


def run(image: bytes, offsets: list[int], block_size: int, seeds: range) -> tuple[int, list[int]]:
    """How many of the damaged images were refused, and the seeds of those that were read as another tree."""
    file = io.BytesIO(image)
    right = digest_of(file)
    refused = 0
    different = []
    before = resource.getrusage(
        resource.RUSAGE_SELF
    ).ru_maxrss  # kilobytes, by all that this process tested before
    for seed in seeds:
        at, data = damage(random.Random(seed), image, offsets, block_size)
        file.seek(at)
        file.write(data)
        started = time.process_time()
        try:
            if digest_of(file) != right:
                different.append(seed)
        except EvidenceError:
            refused += 1
        assert time.process_time() - started < SECONDS, f"seed {seed}"
        file.seek(at)
        file.write(image[at : at + len(data)])
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < max(512 << 10, before + (64 << 10))
    return refused, different


WITH_CHECKSUMS = {
    "4k": (["-b", "4096"], 4096, False),
    "1k-indexed": (["-b", "1024"], 1024, True),
}
COUNTS = [
    pytest.param(CASES, id="some"),
    pytest.param(FULL, id="all", marks=pytest.mark.thorough),
]


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("name", WITH_CHECKSUMS)
def test_damage_is_found_by_checksums(name, count, tmp_path, program):
    options, block_size, indexed = WITH_CHECKSUMS[name]
    image = make_image(tmp_path, program, *options, indexed=indexed)
    offsets = metadata_offsets(tmp_path, program, image, block_size)
    refused, different = run(image, offsets, block_size, range(count))
    assert different == []
    assert refused > count // 10


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("name", ["repaired", "repaired-indexed", "none", "block-maps"])
def test_damage_with_right_checksums_is_bounded(name, count, tmp_path, program, monkeypatch):
    """Somebody who damages an image on purpose repairs its checksums: still no hang and no untyped error."""
    options = {
        "repaired": [],
        "repaired-indexed": ["-b", "1024"],
        "none": ["-O", "^metadata_csum"],
        "block-maps": ["-O", "^extents,^64bit,^metadata_csum"],
    }[name]
    block_size = 1024 if name == "repaired-indexed" else 4096
    image = make_image(tmp_path, program, *options, "-b", str(block_size), indexed=name == "repaired-indexed")
    offsets = metadata_offsets(tmp_path, program, image, block_size)
    if name.startswith("repaired"):
        for check in ("check_descriptor", "check_inode", "check_extent_block", "check_attribute_block"):
            monkeypatch.setattr(Checksums, check, lambda *_: None)
        monkeypatch.setattr(Checksums, "check_index_block", lambda *_, **__: None)
        monkeypatch.setattr(Checksums, "check_directory_block", lambda *arguments: len(arguments[-1]) - 12)
        parse = reader.parse_superblock
        monkeypatch.setattr(reader, "parse_superblock", lambda data, **more: parse(repaired(data), **more))
    refused, _ = run(image, offsets, block_size, range(count))
    assert refused > count // 20
