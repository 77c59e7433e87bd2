"""Manifests, extracted trees, and tars that equal GNU tar's byte for byte."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
from pathlib import Path

import pytest

from auditkit.errors import EvidenceError, ParameterError
from auditkit.guestos import Ext4, FileType, extract_tree, tree_manifest, write_tree_tar
from auditkit.limits import Limits


def settle(image: Path, tree: Path, debugfs) -> None:
    """Gives the root and lost+found, which mke2fs makes itself, the same times in the image and in the
    folder.
    """
    (tree / "lost+found").mkdir(mode=0o700, exist_ok=True)
    for path, seconds in (("lost+found", 8), (".", 7)):
        os.utime(tree / path, (seconds, seconds))
        debugfs(
            image,
            f"set_inode_field /{path} mtime @{seconds}",
            f"set_inode_field /{path} mtime_extra 0",
            write=True,
        )


def tar_of(image: Path) -> bytes:
    out = io.BytesIO()
    with Ext4(image) as fs:
        write_tree_tar(fs, out)
    return out.getvalue()


@pytest.fixture
def odd_tree(tmp_path) -> Path:
    tree = tmp_path / "odd"
    (tree / "a" / "b").mkdir(parents=True)
    (tree / "a.b").write_bytes(b"sorts between a and its content in a naive order")
    (tree / "a" / "c").write_bytes(os.urandom(512 * 21))
    (tree / ("n" * 100)).write_bytes(b"a name that just needs a long header")
    (tree / ("d" * 99)).mkdir()
    (tree / ("d" * 99) / ("f" * 99)).write_bytes(b"")
    (tree / ("d" * 99) / "twin").hardlink_to(tree / ("d" * 99) / ("f" * 99))
    (tree / "z").hardlink_to(tree / "a" / "c")
    (tree / "link-98").symlink_to("t" * 98)
    (tree / "link-100").symlink_to("t" * 100)
    (tree / "link-101").symlink_to("t" * 101)
    (tree / "link-300").symlink_to("t" * 300)
    os.mkfifo(tree / "fifo")
    (tree / "a" / "c").chmod(0o4755)
    (tree / "a").chmod(0o1777)
    for path in tree.rglob("*"):
        os.utime(path, ns=(0, 1_700_000_000_987_654_321), follow_symlinks=False)
    os.utime(tree / "a.b", (0, -5))
    if os.getuid() == 0:
        os.chown(tree / "a.b", 3_000_000, 4_000_000_000)
        os.mknod(tree / "device", 0o20644, os.makedev(5, 300))
        os.mknod(tree / "disk", 0o60640, os.makedev(259, 3))
    return tree


def test_the_tar_is_the_one_that_gnu_tar_makes(tmp_path, odd_tree, make_image, debugfs, program):
    image = make_image(tmp_path / "image", odd_tree, size="16M")
    settle(image, odd_tree, debugfs)
    expected = subprocess.run(
        [program("tar"), "--sort=name", "--numeric-owner", "--format=gnu", "-C", odd_tree, "-c", "."],
        check=True,
        capture_output=True,
    ).stdout
    assert tar_of(image) == expected


def test_the_tar_of_another_image_of_the_same_tree_is_the_same(tmp_path, boot_tree, make_image, debugfs):
    tars = set()
    for number, options in enumerate(
        ([], ["-b", "1024"], ["-O", "^extents,^64bit,^metadata_csum"], ["-I", "512"])
    ):
        image = make_image(tmp_path / str(number), boot_tree, *options, size="16M")
        for path, seconds in (("lost+found", 8), (".", 7)):
            debugfs(
                image,
                f"set_inode_field /{path} mtime @{seconds}",
                f"set_inode_field /{path} mtime_extra 0",
                write=True,
            )
        tars.add(tar_of(image))
    assert len(tars) == 1


def test_a_socket_has_no_place_in_a_tar(tmp_path, boot_tree, make_image, debugfs):
    image = make_image(tmp_path / "image", boot_tree, size="16M")
    debugfs(
        image,
        "set_inode_field /grub.cfg mode 0140644",
        "unlink /grub.cfg",
        "link /version.txt /x",
        write=True,
    )
    debugfs(
        image, "set_inode_field /version.txt mode 0140644", "unlink /x", "unlink /version.txt", write=True
    )
    assert tar_of(image)  # still a tree without sockets
    image = make_image(tmp_path / "sockets", boot_tree, "-O", "^filetype,^metadata_csum", size="16M")
    debugfs(image, "set_inode_field /grub.cfg mode 0140644", write=True)
    with pytest.raises(EvidenceError, match="socket"):
        tar_of(image)


def test_the_manifest(release, boot_tree):
    with Ext4(release.boot) as fs:
        found = {entry.entry.path: entry for entry in tree_manifest(fs)}
    for path in boot_tree.iterdir():
        entry = found[path.name.encode()]
        if path.is_symlink():
            assert entry.sha256 is None
            assert entry.to_json()["link"] == os.readlink(path)
        else:
            assert entry.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
            assert entry.to_json()["size"] == path.stat().st_size
    assert len(found) == len(list(boot_tree.iterdir())) + 2
    assert json.loads(json.dumps(found[b""].to_json()))["path"] == "."


def test_hard_links_in_the_manifest(tmp_path, odd_tree, make_image):
    with Ext4(make_image(tmp_path / "image", odd_tree, size="16M")) as fs:
        found = {entry.entry.path: entry for entry in tree_manifest(fs)}
    assert found[b"a/c"].hard_link_to is None
    assert found[b"z"].hard_link_to == b"a/c"
    assert found[b"z"].sha256 == found[b"a/c"].sha256


@pytest.mark.slow
def test_extraction(tmp_path, source_tree, make_image):
    image = make_image(tmp_path / "image", source_tree)
    with Ext4(image) as fs, pytest.raises(EvidenceError, match="device or a socket"):
        extract_tree(fs, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["image"]

    tree = tmp_path / "tree"
    subprocess.run(["cp", "-a", source_tree, tree], check=True)
    (tree / "fifo").unlink()
    image = make_image(tmp_path / "image", tree)
    (tmp_path / "out").mkdir()
    with Ext4(image) as fs:
        extract_tree(fs, tmp_path / "out")
    (tmp_path / "out" / "lost+found").rmdir()
    done = subprocess.run(
        ["diff", "-r", "--no-dereference", tree, tmp_path / "out"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "")
    out = tmp_path / "out"
    assert (out / "one/two/three/deep").stat().st_ino == (out / "one/two/three/again").stat().st_ino
    assert (out / "setuid").stat().st_mode & 0o7777 == 0o711
    assert (out / "holes").stat().st_blocks * 512 < 3 << 20
    assert (out / "tiny").stat().st_mtime_ns == (tree / "tiny").stat().st_mtime_ns


def test_extraction_goes_into_an_empty_folder_only(tmp_path, release):
    (tmp_path / "file").touch()
    with Ext4(release.boot) as fs, pytest.raises(ParameterError, match="not empty"):
        extract_tree(fs, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("target", ["/etc/passwd", "../../outside", "sub/../../outside", ".."])
def test_links_that_lead_out_are_not_extracted(target, tmp_path, boot_tree, make_image, debugfs):
    image = make_image(tmp_path / "image", boot_tree, size="16M")
    debugfs(image, f"symlink /out {target}", write=True)
    with Ext4(image) as fs, pytest.raises(EvidenceError, match="leads out"):
        extract_tree(fs, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["image"]


def test_limits(release):
    with Ext4(release.boot) as fs:
        with pytest.raises(EvidenceError, match="larger than the limit"):
            tree_manifest(fs, limits=Limits(tree_bytes=1000))
        assert any(entry.type is FileType.SYMLINK for entry in fs.walk())
    with (
        Ext4(release.boot, limits=Limits(tree_entries=3)) as fs,
        pytest.raises(EvidenceError, match="more entries"),
    ):
        list(fs.walk())
