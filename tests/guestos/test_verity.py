"""The root hash and every pinned field, with veritysetup as the judge."""

from __future__ import annotations

import os
import random
import struct
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from auditkit.errors import EvidenceError, SourceError
from auditkit.guestos import read_update_image, root_image_verity
from auditkit.guestos.verity import RootImageHasher, leaves
from auditkit.guestos.verity.helper import Helper

OFFSET = 10_603_200_512


@pytest.fixture
def root(release, tmp_path) -> Path:
    path = tmp_path / "root.img"
    subprocess.run(["cp", "--sparse=always", release.root, path], check=True)
    return path


def patch(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


def accepted_by_veritysetup(program, path: Path, root_hash: str) -> bool:
    done = subprocess.run(
        [program("veritysetup"), "verify", path, path, root_hash, "--hash-offset", str(OFFSET)],
        check=False,
        capture_output=True,
    )
    return done.returncode == 0


def test_the_root_hash(release, program):
    found = root_image_verity(release.root)
    assert found.root_hash == release.root_hash
    assert accepted_by_veritysetup(program, release.root, found.root_hash)
    assert found.problems == found.warnings == ()
    assert (found.data_blocks, found.file_system_size) == (24576, 24576 * 4096)


@pytest.mark.parametrize("blocks", [1, 2, 127, 128, 129, 16384, 16385])
def test_trees_of_every_depth(blocks, tmp_path, program, release):
    path = tmp_path / "root.img"
    with path.open("wb") as file:
        file.truncate(blocks * 4096)
        for number in range(0, blocks, 50):
            file.seek(number * 4096 + 7)
            file.write(str(number).encode())
    salt = root_image_verity(release.root).salt
    uuid = root_image_verity(release.root).uuid
    text = subprocess.run(
        [
            program("veritysetup"),
            "format",
            path,
            path,
            "--hash-offset",
            str(OFFSET),
            "--salt",
            salt,
            "--uuid",
            uuid,
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = root_image_verity(path)
    assert found.root_hash == text.split("Root hash:")[1].strip()
    assert [problem for problem in found.problems if "ext4" not in problem] == []
    assert found.problems  # it is no file system, so nothing pins how much of it is covered


def test_changed_data_changes_the_root(root, release):
    patch(root, 50_000_000, b"changed")
    found = root_image_verity(root)
    assert found.root_hash != release.root_hash
    assert any("hash tree" in problem for problem in found.problems)


@pytest.mark.parametrize(
    ("offset", "data", "reason"),
    [
        (8, struct.pack("<I", 2), "version"),
        (12, struct.pack("<I", 0), "hash type"),
        (16, bytes(16), "UUID"),
        (32, b"sha512\0", "hash algorithm"),
        (64, struct.pack("<I", 512), "data block size"),
        (68, struct.pack("<I", 512), "hash block size"),
        (72, struct.pack("<Q", 24575), "covers"),
        (80, struct.pack("<H", 31), "salt"),
        (88, b"\0", "salt"),
    ],
)
def test_every_field_of_the_superblock_is_pinned(offset, data, reason, root):
    patch(root, OFFSET + offset, data)
    assert any(reason in problem for problem in root_image_verity(root).problems)


def test_a_tree_taken_for_data(root, release, program, tmp_path):
    """The leaves of the tree as an image of their own: veritysetup accepts it, so data_blocks must be
    pinned.
    """
    with root.open("rb") as file:
        file.seek(OFFSET)
        superblock = bytearray(file.read(4096))
        top = file.read(4096)
        middle = file.read(2 * 4096)
        leaves = file.read()
    assert len(leaves) == 192 * 4096
    struct.pack_into("<Q", superblock, 72, 192)
    forged = tmp_path / "forged"
    with forged.open("wb") as file:
        file.write(leaves)
        file.seek(OFFSET)
        file.write(superblock + top + middle)
    assert accepted_by_veritysetup(program, forged, release.root_hash)
    found = root_image_verity(forged)
    assert found.root_hash == release.root_hash
    assert any("file system" in problem for problem in found.problems)


def test_a_changed_tree(root):
    patch(root, OFFSET + 4096 * 3, b"changed")
    assert root_image_verity(root).problems == ("the stored hash tree is not the one of the data",)


def test_what_lies_outside_is_told(root):
    size = root.stat().st_size
    patch(root, 200_000_000, b"x")
    assert root_image_verity(root).warnings == (
        "there is data between the end of the file system and the hash area",
    )
    patch(root, size, b"\0" * 4096)
    assert len(root_image_verity(root).warnings) == 1
    patch(root, size + 5000, b"x")
    assert root_image_verity(root).warnings[1:] == ("there is data after the hash tree",)
    assert root_image_verity(root).problems == ()


def test_no_superblock(root, tmp_path):
    patch(root, OFFSET, b"VERITY")
    with pytest.raises(EvidenceError, match="no dm-verity superblock"):
        root_image_verity(root)
    os.truncate(root, OFFSET)
    with pytest.raises(EvidenceError, match="no dm-verity hash area"):
        root_image_verity(root)
    with pytest.raises(SourceError):
        root_image_verity(tmp_path / "nowhere")


def test_impossible_data_blocks(root):
    for count in (0, 1 << 60):
        patch(root, OFFSET + 72, struct.pack("<Q", count))
        with pytest.raises(EvidenceError, match="impossible"):
            root_image_verity(root)


def test_a_cut_tree(root):
    os.truncate(root, root.stat().st_size - 4096)
    assert root_image_verity(root).problems == ("the stored hash tree is not the one of the data",)


@pytest.fixture
def given(monkeypatch) -> list[Helper]:
    """The helper of each batch that was given to one; with two processors, whatever this machine has."""
    helpers: list[Helper] = []
    give = Helper.give

    def noted(self: Helper, blocks: bytes | memoryview) -> None:
        helpers.append(self)
        give(self, blocks)

    monkeypatch.setattr(Helper, "give", noted)
    monkeypatch.setattr(leaves, "processors", lambda: 2)
    return helpers


@pytest.fixture(scope="module")
def large(tmp_path_factory, program, release) -> tuple[Path, str]:
    """A root.img with more data than one process digests alone, in an order of holes of its own."""
    path = tmp_path_factory.mktemp("large") / "root.img"
    noise = random.Random(3)
    with path.open("wb") as file:
        for _ in range(160):
            file.write(noise.randbytes(noise.choice([700, 4096, 70_000, 1 << 20])))
            file.seek(noise.choice([0, 1, 5000, 40_000, 3 << 20]), os.SEEK_CUR)
        file.write(noise.randbytes(100 << 20))
        file.truncate(file.tell() + -file.tell() % 4096)
    salt = root_image_verity(release.root).salt
    command = [program("veritysetup"), "format", path, path, "--hash-offset", str(OFFSET), "--salt", salt]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return path, text.split("Root hash:")[1].strip()


@pytest.mark.slow
def test_a_helper_for_many_blocks(large, given, monkeypatch):
    path, root_hash = large
    assert root_image_verity(path).root_hash == root_hash
    assert len(given) > 10
    given.clear()
    monkeypatch.setattr(leaves, "processors", lambda: 1)
    assert root_image_verity(path).root_hash == root_hash
    assert given == []


def test_a_helper_that_ends_early(large, given, monkeypatch):
    noted = Helper.give

    def stabbed(self: Helper, blocks: bytes | memoryview) -> None:
        noted(self, blocks)
        if len(given) == 5:
            self._process.kill()

    monkeypatch.setattr(Helper, "give", stabbed)
    path, root_hash = large
    assert root_image_verity(path).root_hash == root_hash
    assert 5 <= len(given) < 12


def test_a_helper_that_cannot_be_started(large, given, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("no processes here")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    path, root_hash = large
    assert root_image_verity(path).root_hash == root_hash
    assert given == []


def test_a_helper_is_not_left_behind(release, given, monkeypatch, tmp_path):
    monkeypatch.setattr(leaves, "_ALONE", 0)
    data = release.update.read_bytes()
    broken = tmp_path / "broken"
    broken.write_bytes(data[: len(data) * 9 // 10])
    with broken.open("rb") as stream, pytest.raises(SourceError, match="cut short"):
        read_update_image(stream, work=tmp_path / "work")
    assert given
    assert given[0]._process.returncode is not None
    with release.update.open("rb") as stream:
        image = read_update_image(stream, work=tmp_path / "work")
    assert image.verity
    assert image.verity.root_hash == release.root_hash


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.slow
def test_the_data_may_come_in_any_pieces(root, seed):
    noise = random.Random(seed)
    with root.open("rb") as file:
        data = file.read(24576 * 4096)
        file.seek(OFFSET)
        tree = file.read()
    cuts = sorted({0, len(data), *(noise.randrange(len(data)) for _ in range(noise.choice([3, 40, 900])))})
    with RootImageHasher(OFFSET + len(tree)) as hasher:
        for start, end in pairwise(cuts):
            if data.count(0, start, end) < end - start:
                hasher.feed(start, data[start:end])
        hasher.feed(OFFSET, tree)
        assert hasher.finish() == root_image_verity(root)
