"""The root file system of a recovery image: the same bytes from any source, and nothing that no hash covers."""

from __future__ import annotations

import io
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from recovery_world import OTHER, OTHER_ROOT

from auditkit.errors import AuditkitError, EvidenceError, SourceError
from auditkit.guestos import ImageKind, UnknownMemberError, open_boot_source
from auditkit.guestos.archive import DataRuns, SparseTarWriter, ZstdWriter
from auditkit.guestos.recovery import RootImage, pack_update_image, read_root_image
from auditkit.guestos.verity import HASH_OFFSET
from auditkit.limits import LIMITS

FILE_SYSTEM = 2 << 20  # bytes of the practice release's root file system
TREE_END = HASH_OFFSET + 4096 + 4096 + 16384  # superblock, one block of digests above, four below


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory, program) -> Path:
    """The practice release's root.img, as GNU tar unpacks it."""
    folder = tmp_path_factory.mktemp("unpacked")
    tar = folder / "image.tar"
    subprocess.run([program("zstd"), "-q", "-d", OTHER, "-o", tar], check=True)
    subprocess.run([program("tar"), "-xSf", tar, "-C", folder], check=True)
    return folder / "root.img"


@pytest.fixture
def root_img(unpacked, tmp_path) -> Path:
    """One of its own, to change."""
    copy = tmp_path / "root.img"
    subprocess.run(["cp", "--sparse=always", unpacked, copy], check=True)
    return copy


@pytest.fixture(scope="module")
def boot(tmp_path_factory) -> Path:
    return open_boot_source(OTHER, work=tmp_path_factory.mktemp("boot"))


def packed(root: RootImage, boot: Path) -> bytes:
    out = io.BytesIO()
    pack_update_image(out, boot, root, b"a version\n")
    return out.getvalue()


def test_an_update_image_a_root_img_and_a_bare_file_system_give_the_same_bytes(unpacked, root_img, boot):
    os.truncate(root_img, FILE_SYSTEM)
    sources = [read_root_image(path) for path in (OTHER, unpacked, root_img)]
    assert [one.kind for one in sources] == [ImageKind.UPDATE, ImageKind.ROOT, ImageKind.BOOT]
    assert {one.verity.root_hash for one in sources} == {OTHER_ROOT}
    assert all(one.verity.problems == () for one in sources)
    assert len({packed(one, boot) for one in sources}) == 1


def test_what_is_packed_is_the_root_img_that_veritysetup_made(unpacked, root_img, boot, program, tmp_path):
    """From the bare file system, so that superblock and tree are our own."""
    os.truncate(root_img, FILE_SYSTEM)
    (tmp_path / "made").mkdir()
    (tmp_path / "made.tar.zst").write_bytes(packed(read_root_image(root_img), boot))
    subprocess.run(
        [program("tar"), "--use-compress-program", program("zstd"), "-xSf", tmp_path / "made.tar.zst", "-C",
         tmp_path / "made"],
        check=True,
    )  # fmt: skip
    made = tmp_path / "made" / "root.img"
    assert made.stat().st_size == TREE_END
    for where in ((), (f"--ignore-initial={HASH_OFFSET}",)):  # where data can be
        subprocess.run(["cmp", "--bytes=4194304", *where, made, unpacked], check=True)
    subprocess.run(
        [program("veritysetup"), "verify", made, made, OTHER_ROOT, f"--hash-offset={HASH_OFFSET}"], check=True
    )
    subprocess.run(["cmp", tmp_path / "made" / "boot.img", boot], check=True)
    assert (tmp_path / "made" / "VERSION.TXT").read_bytes() == b"a version\n"


@pytest.mark.parametrize("place", [FILE_SYSTEM + 5000, TREE_END + 100], ids=["before the tree", "behind it"])
def test_what_no_hash_covers_is_left_behind(place, root_img, boot):
    with root_img.open("r+b") as file:
        file.seek(place)
        file.write(b"somebody")
    root = read_root_image(root_img)
    assert root.verity.root_hash == OTHER_ROOT
    assert root.verity.warnings
    assert packed(root, boot) == packed(read_root_image(OTHER), boot)


def test_what_lies_behind_a_bare_file_system_is_left_behind(root_img, boot):
    os.truncate(root_img, FILE_SYSTEM)
    with root_img.open("ab") as file:
        file.write(b"somebody" * 1000)
    assert packed(read_root_image(root_img), boot) == packed(read_root_image(OTHER), boot)


def test_a_changed_block_has_another_root(root_img):
    with root_img.open("r+b") as file:
        file.seek(FILE_SYSTEM - 4096)
        file.write(b"!")
    root = read_root_image(root_img)
    assert root.verity.root_hash != OTHER_ROOT
    assert root.verity.problems == ("the stored hash tree is not the one of the data",)


@pytest.mark.parametrize("change", [b"!" * 1000, bytes(1000)], ids=["other data", "a hole"])
def test_a_root_whose_data_changes_before_it_is_packed_is_refused(change, root_img, boot):
    root = read_root_image(root_img)
    start, length = max(root.runs, key=lambda run: run[1])
    assert length > 5000
    with root_img.open("r+b") as file:
        file.seek(start + 2000)
        file.write(change)
    with pytest.raises(SourceError, match="changed while it was read"):
        packed(root, boot)


def test_what_appears_in_a_hole_before_it_is_packed_does_not_go_in(root_img, boot):
    root = read_root_image(root_img)
    with root_img.open("r+b") as file:
        file.seek(FILE_SYSTEM // 2)
        file.write(b"!" * 8192)
    assert packed(root, boot) == packed(read_root_image(OTHER), boot)


def test_a_root_that_becomes_shorter_before_it_is_packed_is_refused(root_img, boot):
    root = read_root_image(root_img)
    os.truncate(root_img, 100_000)
    with pytest.raises(SourceError, match=r"became shorter|changed while it was read"):
        packed(root, boot)


def test_the_version_is_the_image_s_word_or_the_one_inside(unpacked):
    said = b"38791c26113f9e9453b32bc7538fc71774ffc922\n"  # the practice release's commit
    assert read_root_image(OTHER).version == said  # VERSION.TXT
    assert read_root_image(unpacked).version == said  # /opt/ic/share/version.txt


def test_a_root_that_says_no_version(tmp_path, program):
    (tmp_path / "tree").mkdir()
    image = tmp_path / "root.img"
    subprocess.run(
        [program("mke2fs"), "-q", "-t", "ext4", "-b", "4096", "-d", tmp_path / "tree", image, "2M"],
        check=True, capture_output=True,
    )  # fmt: skip
    assert read_root_image(image).version is None


def test_only_an_update_image_has_a_digest_of_its_own(unpacked):
    assert read_root_image(OTHER).sha256 == "d1e88d79ee98c86859462aa36a5df70ddb8e4ee8173a1b433749859253d207fb"
    assert read_root_image(unpacked).sha256 is None


@pytest.mark.parametrize("size", [0, 1000, 5000])
def test_an_image_that_is_cut_short_is_refused(size, tmp_path):
    (tmp_path / "image").write_bytes(OTHER.read_bytes()[:size])
    with pytest.raises(AuditkitError):
        read_root_image(tmp_path / "image")


def test_a_file_system_of_small_blocks_is_refused(tmp_path, program):
    image = tmp_path / "root.img"
    subprocess.run(
        [program("mke2fs"), "-q", "-t", "ext4", "-b", "1024", image, "2049"], check=True, capture_output=True
    )
    with pytest.raises(EvidenceError, match="no whole number of blocks"):
        read_root_image(image)


def archive_of(folder: Path, **members: bytes) -> Path:
    """An update image with these members, one after the other."""
    tar = io.BytesIO()
    archive = SparseTarWriter(tar)
    for name, content in members.items():
        runs = DataRuns()
        runs.add(0, content)
        runs = runs.clipped(len(content))
        archive.begin(name.replace("_", "."), len(content), runs)
        for start, length in runs:
            archive.data(content[start : start + length])
        archive.end()
    archive.close()
    path = folder / "image.tar.zst"
    with path.open("wb") as file:
        writer = ZstdWriter(file)
        writer.write(tar.getvalue())
        writer.finish()
    return path


def test_an_update_image_without_root_is_refused(tmp_path):
    with pytest.raises(EvidenceError, match=r"has no root\.img"):
        read_root_image(archive_of(tmp_path, boot_img=b"boot", VERSION_TXT=b"one"))


def test_a_file_that_no_release_holds_is_refused(tmp_path):
    with pytest.raises(UnknownMemberError, match="holds a file that no release holds"):
        read_root_image(archive_of(tmp_path, boot_img=b"boot", evil_sh=b"#!"))


def test_a_root_without_hash_area_is_refused(tmp_path):
    with pytest.raises(EvidenceError, match="has no dm-verity hash area"):
        read_root_image(archive_of(tmp_path, root_img=b"root"))


def test_a_version_that_is_not_a_line_of_text_is_refused(tmp_path, program):
    plain = subprocess.run([program("zstd"), "-q", "-dc", OTHER], check=True, capture_output=True).stdout
    changed = plain.replace(b"38791c26113f9e9453b32bc7538fc71774ffc922\n".ljust(512, b"\0"),
                            b"a\x1b[2Jb".ljust(41, b"\n").ljust(512, b"\0"))  # fmt: skip
    assert changed != plain
    (tmp_path / "image.tar").write_bytes(changed)
    subprocess.run([program("zstd"), "-q", tmp_path / "image.tar"], check=True)
    with pytest.raises(EvidenceError, match="not one line of text"):
        read_root_image(tmp_path / "image.tar.zst")


def test_what_is_hidden_in_the_padding_is_refused(tmp_path, program):
    plain = subprocess.run([program("zstd"), "-q", "-dc", OTHER], check=True, capture_output=True).stdout
    version = b"38791c26113f9e9453b32bc7538fc71774ffc922\n"
    changed = plain.replace(version.ljust(512, b"\0"), version.ljust(500, b"\0") + b"somebody was")
    assert changed != plain
    (tmp_path / "image.tar").write_bytes(changed)
    subprocess.run([program("zstd"), "-q", tmp_path / "image.tar"], check=True)
    with pytest.raises(EvidenceError, match=r"hidden after VERSION\.TXT"):
        read_root_image(tmp_path / "image.tar.zst")


def test_a_partition_that_is_larger_than_any_is_refused(root_img):
    with pytest.raises(EvidenceError, match=r"larger than any root\.img"):
        read_root_image(root_img, limits=replace(LIMITS, root_image_bytes=TREE_END - 1))


def test_an_image_that_vanishes_before_it_is_packed(root_img, boot):
    root = read_root_image(root_img)
    root_img.unlink()
    with pytest.raises(SourceError, match="there is no such file"):
        packed(root, boot)
