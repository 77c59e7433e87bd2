"""Update images made by tar and zstd, read in one pass."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
from pathlib import Path

import pytest

from auditkit.errors import EvidenceError, SourceError
from auditkit.guestos import (
    Ext4,
    ImageKind,
    image_kind,
    image_verity,
    open_boot_source,
    read_update_image,
    root_image_verity,
)


def data_ranges(path: Path) -> list[tuple[int, int]]:
    ranges = []
    end = 0
    with path.open("rb") as file:
        while True:
            try:
                start = os.lseek(file.fileno(), end, os.SEEK_DATA)
            except OSError:
                return ranges
            end = os.lseek(file.fileno(), start, os.SEEK_HOLE)
            ranges.append((start, end))


def same_content(one: Path, other: Path) -> bool:
    """Like cmp, but does not read a gigabyte of holes: wherever either file has data, the bytes are the
    same.
    """
    with one.open("rb") as first, other.open("rb") as second:
        for start, end in data_ranges(one) + data_ranges(other):
            first.seek(start)
            second.seek(start)
            if first.read(end - start) != second.read(end - start):
                return False
    return one.stat().st_size == other.stat().st_size


def test_one_pass(release, tmp_path):
    steps: list[int] = []
    with release.update.open("rb") as stream:
        image = read_update_image(stream, work=tmp_path / "work", progress=steps.append)
    assert image.sha256 == hashlib.sha256(release.update.read_bytes()).hexdigest()
    assert image.size == release.update.stat().st_size == steps[-1]
    assert [member.name for member in image.members] == ["VERSION.TXT", "boot.img", "root.img"]
    assert image.members[2].size == release.root.stat().st_size
    assert image.version_text == "c0ffee"
    assert same_content(image.boot_image, release.boot)
    assert image.boot_image.stat().st_blocks * 512 <= 4 << 20
    assert os.listdir(tmp_path / "work") == ["boot.img"]
    assert image.verity is not None
    assert image.verity.root_hash == release.root_hash
    assert image.verity.problems == image.verity.warnings == ()


def test_the_early_stop(release, tmp_path):
    with release.update.open("rb") as stream:
        image = read_update_image(stream, work=tmp_path, digest=False, verity=False)
    assert image.sha256 is image.verity is None
    assert [member.name for member in image.members] == ["VERSION.TXT", "boot.img"]
    with Ext4(image.boot_image) as fs:
        assert fs.read("version.txt") == b"c0ffee\n"


def test_digest_alone(release, tmp_path):
    with release.update.open("rb") as stream:
        image = read_update_image(stream, work=tmp_path, verity=False)
    assert image.sha256 == hashlib.sha256(release.update.read_bytes()).hexdigest()
    assert image.verity is None


@pytest.mark.parametrize("layout", ["older", "dense", "many-holes"])
def test_other_layouts(layout, release, tmp_path, program, make_image, boot_tree):
    folder = tmp_path / "in"
    folder.mkdir()
    boot, root = folder / "boot.img", folder / "root.img"
    subprocess.run(["cp", "--sparse=always", release.boot, boot], check=True)
    subprocess.run(["cp", "--sparse=always", release.root, root], check=True)
    (folder / "VERSION.TXT").write_text("older\n")
    (folder / "overlay.raw").write_bytes(b"overlay" * 1000)
    names = ["./", *(f"./{name}" for name in ("boot.img", "root.img", "VERSION.TXT", "overlay.raw"))]
    options = ["--sparse"]
    if layout == "dense":
        # stored in full, root.img would be 10 GiB of zeros
        boot.unlink()
        make_image(boot, boot_tree, size="48M")
        root.unlink()
        root.write_bytes(b"")
        names, options = ["boot.img", "root.img"], []
    if layout == "many-holes":
        # extended sparse headers: more runs than the first header holds
        with boot.open("r+b") as file:
            for number in range(200):
                file.seek((500 << 20) + number * 65536)
                file.write(b"run")
        names = ["boot.img", "root.img"]
    archive = subprocess.run(
        [program("tar"), *options, "--format=gnu", "--no-recursion", "-c", *names],
        check=True,
        cwd=folder,
        capture_output=True,
    ).stdout
    packed = subprocess.run([program("zstd"), "-q"], input=archive, check=True, capture_output=True).stdout
    image = read_update_image(io.BytesIO(packed), work=tmp_path / "work", verity=layout != "dense")
    assert same_content(image.boot_image, boot)
    assert image.boot_image.stat().st_blocks * 512 <= 32 << 20
    if layout == "many-holes":
        assert len(image.members[0].runs) > 200
    if layout == "older":
        assert image.version_text == "older"
        assert [member.name for member in image.members] == [
            "boot.img",
            "root.img",
            "VERSION.TXT",
            "overlay.raw",
        ]


def test_kinds(release, tmp_path):
    assert image_kind(release.update) is ImageKind.UPDATE
    assert image_kind(release.boot) is ImageKind.BOOT
    assert image_kind(release.root) is ImageKind.ROOT
    (tmp_path / "text").write_text("hello")
    with pytest.raises(EvidenceError, match="neither"):
        image_kind(tmp_path / "text")
    with pytest.raises(SourceError):
        image_kind(tmp_path / "nowhere")


def test_a_boot_partition_from_either(release, tmp_path):
    assert open_boot_source(release.boot, work=tmp_path / "unused") == release.boot
    assert not (tmp_path / "unused").exists()
    path = open_boot_source(release.update, work=tmp_path / "work")
    assert same_content(path, release.boot)
    with pytest.raises(EvidenceError, match="root partition"):
        open_boot_source(release.root, work=tmp_path)


def test_a_verity_root_from_either(release):
    assert image_verity(release.update) == image_verity(release.root) == root_image_verity(release.root)
    with pytest.raises(EvidenceError, match="hash area"):
        image_verity(release.boot)


def test_an_unwritable_work_folder(release, tmp_path):
    (tmp_path / "file").touch()
    with release.update.open("rb") as stream, pytest.raises(SourceError, match="work folder"):
        read_update_image(stream, work=tmp_path / "file")
