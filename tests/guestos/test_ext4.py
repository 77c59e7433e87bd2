"""Differently made ext4 images, compared file by file with debugfs and with the folder they were made
from.
"""

from __future__ import annotations

import os
import re
import stat
import subprocess
from pathlib import Path

import pytest

from auditkit.errors import EvidenceError, SourceError
from auditkit.guestos import Ext4, FileType
from auditkit.guestos.ext4.crc import crc16, crc32c

IMAGES = {
    "default": [],
    "dfinity": ["-E", "hash_seed=c61251eb-100b-48fe-b089-57dea7368612", "-U", "clear"],
    "without-checksums": ["-O", "^metadata_csum"],
    "descriptor-checksums": ["-O", "^metadata_csum,uninit_bg"],
    "checksum-seed": ["-O", "metadata_csum_seed"],
    "small-blocks": ["-b", "1024"],
    "medium-blocks-small-inodes": ["-b", "2048", "-I", "128"],
    "block-maps": ["-O", "^extents,^64bit"],
    "without-file-types": ["-O", "^filetype,^has_journal"],
    "small-groups": ["-g", "1024", "-O", "^flex_bg,^resize_inode"],
}
_STAT = re.compile(
    r"Inode: (?P<inode>\d+) +Type: (?P<type>.+?) +Mode: +(?P<mode>\d+) .*?"
    r"User: +(?P<uid>\d+) +Group: +(?P<gid>\d+)\s.*?Size: (?P<size>\d+).*?Links: (?P<links>\d+).*?"
    r"\bmtime: 0x(?P<mtime>[0-9a-f]+)(?::(?P<extra>[0-9a-f]+))?",
    re.DOTALL,
)
_TYPES = {
    "regular": FileType.FILE,
    "directory": FileType.DIRECTORY,
    "symlink": FileType.SYMLINK,
    "FIFO": FileType.FIFO,
}


def source_paths(root: Path) -> set[bytes]:
    base = os.fsencode(root) + b"/"
    found = {b"", b"lost+found"}
    for folder, folders, files in os.walk(os.fsencode(root)):
        found |= {os.path.join(folder, name).removeprefix(base) for name in folders + files}
    return found


@pytest.mark.parametrize("indexed", [False, True], ids=["linear", "htree"])
@pytest.mark.parametrize("name", IMAGES)
def test_every_file_is_what_debugfs_says(name, indexed, tmp_path, source_tree, make_image, debugfs, program):
    if indexed and name not in ("default", "without-checksums", "small-blocks", "without-file-types"):
        pytest.skip("one image of each directory layout is enough")
    image = make_image(tmp_path / "image", source_tree, *IMAGES[name])
    if indexed:
        done = subprocess.run([program("e2fsck"), "-fyD", image], check=False, capture_output=True)
        assert done.returncode <= 1
        assert "Flags: 0x81000" in debugfs(image, "stat /crowd") or name == "without-file-types"
    with Ext4(image) as fs:
        assert fs.has_checksums == (
            "metadata_csum" in debugfs(image, "features").replace("metadata_csum_seed", "metadata_csum")
        )
        entries = list(fs.walk())
        assert {entry.path for entry in entries} == source_paths(source_tree)
        odd = [entry for entry in entries if not entry.path.isascii() or b"\x01" in entry.path]
        plain = [entry for entry in entries if entry not in odd]
        texts = debugfs(image, *(f"stat /{entry.path.decode()}" for entry in plain)).split("debugfs: stat ")[
            1:
        ]
        assert len(texts) == len(plain)
        for entry, text in zip(plain, texts, strict=True):
            said = _STAT.search(text)
            assert said, text
            assert entry.type == _TYPES[said["type"]]
            assert entry.inode == int(said["inode"])
            assert entry.mode == int(said["mode"], 8)
            assert (entry.uid, entry.gid) == (int(said["uid"]), int(said["gid"]))
            assert (entry.size, entry.links) == (int(said["size"]), int(said["links"]))
            assert entry.mtime_ns // 10**9 == int(said["mtime"], 16)
            assert entry.mtime_ns % 10**9 == int(said["extra"] or "0", 16) >> 2
        files = [
            entry for entry in entries if entry.type is FileType.FILE and not entry.path.startswith(b"crowd/")
        ]
        debugfs(image, *(f"dump <{entry.inode}> {tmp_path}/{entry.inode}" for entry in files))
        for entry in files:
            content = fs.read(entry.path)
            assert content == (tmp_path / str(entry.inode)).read_bytes()
            assert content == Path(os.fsdecode(os.fsencode(source_tree) + b"/" + entry.path)).read_bytes()
            assert content == b"".join(fs.chunks(entry))
        for entry in entries:
            if entry.type is FileType.SYMLINK:
                assert entry.target == os.readlink(os.fsencode(source_tree) + b"/" + entry.path)


def test_inline_data(tmp_path, source_tree, make_image):
    # mke2fs cuts files with inline_data that end in a hole, so those are left out; debugfs pads inline files
    tree = tmp_path / "tree"
    tree.mkdir()
    for path in source_tree.iterdir():
        if path.name not in ("holes", "many-runs") and (path.is_symlink() or path.is_file()):
            subprocess.run(["cp", "-a", path, tree], check=True)
    (tree / "few").mkdir()
    for name in ("a", "b", "c" * 40):
        (tree / "few" / name).write_text(name)
    (tree / "more").mkdir()
    for number in range(8):
        (tree / "more" / f"name-of-a-file-{number}").write_text(str(number))
    image = make_image(tmp_path / "image", tree, "-O", "inline_data", "-I", "512")
    with Ext4(image) as fs:
        entries = list(fs.walk())
        assert {entry.path for entry in entries} == source_paths(tree)
        for entry in entries:
            path = os.fsencode(tree) + b"/" + entry.path
            if entry.type is FileType.FILE:
                assert fs.read(entry.path) == Path(os.fsdecode(path)).read_bytes()
            elif entry.type is FileType.SYMLINK:
                assert entry.target == os.readlink(path)


def test_a_file_that_mke2fs_cut_is_refused_or_whole(tmp_path, make_image):
    tree = tmp_path / "tree"
    tree.mkdir()
    with (tree / "hole").open("wb") as file:
        file.write(b"start")
        file.truncate(100)
    image = make_image(tmp_path / "image", tree, "-O", "inline_data", "-I", "256")
    with Ext4(image) as fs:
        try:
            content = fs.read("hole")
        except EvidenceError as error:
            assert "shorter than its size" in error.what  # noqa: PT017
        else:
            assert content == (tree / "hole").read_bytes()


def test_extended_attributes(tmp_path, boot_tree, make_image, debugfs):
    image = make_image(tmp_path / "image", boot_tree, size="16M")
    label = b"system_u:object_r:boot_t:s0\0"
    big = bytes(range(1, 251)) * 3  # does not fit into the inode
    (tmp_path / "label").write_bytes(label)
    (tmp_path / "big").write_bytes(big)
    debugfs(
        image,
        f"ea_set -f {tmp_path}/label /grub.cfg security.selinux",
        f"ea_set -f {tmp_path}/big /grub.cfg user.big",
        f"ea_set -f {tmp_path}/label /vmlinuz security.selinux",
        write=True,
    )
    with Ext4(image) as fs:
        assert fs.entry("grub.cfg").xattrs == {b"security.selinux": label, b"user.big": big}
        assert fs.entry("vmlinuz").xattrs == {b"security.selinux": label}
        assert fs.entry("vmlinuz").target == b"vmlinuz-6.14.0-36-generic"
        assert "File ACL: 0" not in debugfs(image, "stat /grub.cfg")
        assert fs.entry("version.txt").xattrs == {}


def test_times_before_1970_and_after_2038(tmp_path, boot_tree, make_image, debugfs):
    image = make_image(tmp_path / "image", boot_tree, size="16M")
    debugfs(
        image,
        "set_inode_field /grub.cfg mtime @0xfffffffe",
        "set_inode_field /grub.cfg mtime_extra 0",
        "set_inode_field /boot_args mtime @4294967301",
        "set_inode_field /version.txt mtime_extra 0x1c",
        write=True,
    )
    with Ext4(image) as fs:
        assert fs.entry("grub.cfg").mtime_ns == -2 * 10**9
        assert fs.entry("boot_args").mtime_ns == 4294967301 * 10**9
        assert fs.entry("version.txt").mtime_ns % 10**9 == 7


def test_paths_and_links(tmp_path, boot_tree, make_image, debugfs):
    image = make_image(tmp_path / "image", boot_tree, size="16M")
    debugfs(
        image,
        "mkdir /sub",
        "symlink /sub/up ../vmlinuz",
        "symlink /sub/out ../../etc/passwd",
        "symlink /absolute /etc/passwd",
        "symlink /round round",
        "symlink /dangling nothing",
        "symlink /folder sub",
        write=True,
    )
    with Ext4(image) as fs:
        assert fs.resolve("folder/up") == b"vmlinuz-6.14.0-36-generic"
        assert fs.read("/sub/up", follow=True) == (boot_tree / "vmlinuz").read_bytes()
        with pytest.raises(EvidenceError, match="not a regular file"):
            fs.read("vmlinuz")
        for path, reason in {
            "sub/out": "leads out",
            "absolute": "leads out",
            "round": "circle",
            "dangling": "no such file",
            "nowhere": "no such file",
            "grub.cfg/below": "not a directory",
            "../grub.cfg": "leads out",
        }.items():
            with pytest.raises(EvidenceError, match=reason):
                fs.resolve(path)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["-O", "bigalloc"], "bigalloc"),
        (["-O", "encrypt"], "encrypt"),
        (["-O", "casefold"], "casefold"),
        (["-O", "ea_inode"], "ea_inode"),
        (["-O", "meta_bg,^resize_inode"], "meta_bg"),
        (["-O", "mmp"], "mmp"),
    ],
)
def test_unknown_features_are_refused_by_name(options, reason, tmp_path, make_image):
    image = make_image(tmp_path / "image", None, *options)
    with pytest.raises(EvidenceError, match=reason):
        Ext4(image)


def test_a_journal_to_replay_is_refused(tmp_path, make_image, debugfs):
    image = make_image(tmp_path / "image", None)
    debugfs(image, "feature needs_recovery", write=True)
    with pytest.raises(EvidenceError, match="journal"):
        Ext4(image)


def test_an_unclean_file_system_is_refused(tmp_path, make_image, debugfs):
    image = make_image(tmp_path / "image", None)
    debugfs(image, "set_super_value state 2", write=True)
    with pytest.raises(EvidenceError, match="not clean"):
        Ext4(image)


def test_not_an_image(tmp_path, make_image):
    with pytest.raises(SourceError):
        Ext4(tmp_path / "nowhere")
    (tmp_path / "zeros").write_bytes(bytes(5000))
    with pytest.raises(EvidenceError, match="not an ext4 image"):
        Ext4(tmp_path / "zeros")
    image = make_image(tmp_path / "image", None, size="16M")
    os.truncate(image, 15 << 20)
    with pytest.raises(EvidenceError, match="shorter than the file system"):
        Ext4(image)


def test_checksums_of_the_published_check_strings():
    # the check values of CRC-32/ISCSI and CRC-16/ARC in the catalogue of parametrised CRC algorithms
    assert crc32c(0xFFFFFFFF, b"123456789") ^ 0xFFFFFFFF == 0xE3069283
    assert crc16(0, b"123456789") == 0xBB3D


def test_an_open_file_stays_open(tmp_path, make_image):
    image = make_image(tmp_path / "image", None, size="16M")
    with image.open("rb") as file:
        with Ext4(file) as fs:
            assert [entry.path for entry in fs.walk()] == [b"", b"lost+found"]
            assert stat.S_IMODE(0o700) == fs.entry("lost+found").mode
        assert not file.closed
