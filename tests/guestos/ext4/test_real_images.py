"""Differently made images, untouched, compared file by file with debugfs and with the folder they were made from."""

from __future__ import annotations

import os
import re
import subprocess

import pytest
from guestos.ext4.conftest import AS_OTHERS_MAKE_THEM, CROWD, LONG, MADE_BY_DEBUGFS, OPTIONS

from auditkit.errors import EvidenceError
from auditkit.guestos import Ext4, FileType

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
    "character special": FileType.CHARACTER_DEVICE,
    "block special": FileType.BLOCK_DEVICE,
}


@pytest.mark.parametrize("name", [*(name for name in OPTIONS if name != "deep-index"), *AS_OTHERS_MAKE_THEM])
def test_every_file_is_what_debugfs_says(name, base, small_folder, tmp_path, debugfs):
    made = base(name)
    with Ext4(made.file) as fs:
        entries = {entry.path.decode(): entry for entry in fs.walk()}
        contents = {path: fs.read(path) for path, entry in entries.items() if entry.type is FileType.FILE}
    expected = {str(path.relative_to(small_folder)) for path in small_folder.rglob("*")}
    assert set(entries) == expected | {"", "lost+found", *MADE_BY_DEBUGFS}
    assert {path: entries[path].inode for path in made.numbers} == made.numbers

    texts = debugfs(made.file, *(f"stat <{number}>" for number in made.numbers.values()))
    for path, text in zip(made.numbers, texts.split("debugfs: stat ")[1:], strict=True):
        entry, said = entries[path], _STAT.search(text)
        assert said, text
        assert entry.type == _TYPES[said["type"]]
        assert entry.mode == int(said["mode"], 8)
        assert (entry.uid, entry.gid) == (int(said["uid"]), int(said["gid"]))
        assert (entry.size, entry.links) == (int(said["size"]), int(said["links"]))
        assert entry.mtime_ns // 10**9 == int(said["mtime"], 16)
        assert entry.mtime_ns % 10**9 == int(said["extra"] or "0", 16) >> 2
    cut = {"holes"} if name == "inline" else set()  # by mke2fs 1.47.0, which loses its content
    # those that are inline debugfs pads with zeros
    files = [path for path in made.numbers if path in contents and name != "inline"]
    debugfs(made.file, *(f"dump <{made.numbers[path]}> {tmp_path}/{made.numbers[path]}" for path in files))
    for path in files:
        assert contents[path] == (tmp_path / str(made.numbers[path])).read_bytes()

    for path in expected:
        entry, there = entries[path], (small_folder / path).lstat()
        if entry.type is FileType.FILE and path not in cut:
            assert contents[path] == (small_folder / path).read_bytes()
        elif entry.type is FileType.SYMLINK:
            assert entry.target == os.fsencode((small_folder / path).readlink())
        if name != "inline" or entry.type is not FileType.SYMLINK:  # mke2fs 1.47.0 sets no times of those
            assert entry.mtime_ns // 10**9 == int(there.st_mtime)
        if entry.type is not FileType.DIRECTORY:
            assert (entry.mode, entry.links) == (there.st_mode & 0o7777, there.st_nlink)


def test_what_the_images_hold(base, debugfs):
    """So that the test above reads what it should."""
    features = {
        name: set(debugfs(base(name).file, "features").split()) for name in OPTIONS | AS_OTHERS_MAKE_THEM
    }
    assert {name for name, found in features.items() if "metadata_csum" in found} == {
        "csum", "csum-4k", "csum-seed", "no-types", "inline", "deep-index",
        "default", "dfinity", "block-maps", "small-groups",
    }  # fmt: skip
    assert {name for name, found in features.items() if "extent" not in found} == {"plain", "block-maps"}
    assert {name for name, found in features.items() if "inline_data" in found} == {"inline"}
    assert {name for name, found in features.items() if "uninit_bg" in found} == {"gdt-csum"}
    assert {name for name, found in features.items() if "metadata_csum_seed" in found} == {"csum-seed"}
    assert {name for name, found in features.items() if "filetype" not in found} == {"no-types"}
    indexed = {name for name in features if "Flags: 0x81000" in debugfs(base(name).file, "stat /crowd")}
    assert indexed >= {"csum", "csum-4k", "csum-seed", "gdt-csum", "no-types", "deep-index", "default"}
    assert "inline" not in indexed
    assert f"/{LONG}-{CROWD - 1}/" in debugfs(base("csum").file, "ls -p /crowd")


def test_a_file_that_mke2fs_cut_is_refused_or_whole(tmp_path, make_image):
    """mke2fs 1.47.0 cuts files with inline_data that end in a hole."""
    tree = tmp_path / "tree"
    tree.mkdir()
    with (tree / "hole").open("wb") as file:
        file.write(b"start")
        file.truncate(100)
    image = make_image(tmp_path / "image", tree, "-O", "inline_data", "-I", "256", size="4M")
    with Ext4(image) as fs:
        try:
            content = fs.read("hole")
        except EvidenceError as error:
            assert error.what == "a file is shorter than its size says"  # noqa: PT017
        else:
            assert content == (tree / "hole").read_bytes()


@pytest.mark.parametrize(
    ("options", "observed"),
    [
        (["-O", "bigalloc"], "bigalloc"),
        (["-O", "encrypt"], "encrypt"),
        (["-O", "casefold"], "casefold"),
        (["-O", "ea_inode"], "ea_inode"),
        (["-O", "meta_bg,^resize_inode"], "meta_bg"),
        (["-O", "mmp"], "mmp"),
    ],
)
def test_unknown_features_are_refused_by_name(options, observed, tmp_path, make_image):
    image = make_image(tmp_path / "image", None, *options, size="8M")
    with pytest.raises(EvidenceError, match="features that this reader does not read") as refused:
        Ext4(image)
    assert refused.value.observed == observed


def test_a_journal_to_replay_is_refused(tmp_path, make_image, debugfs):
    image = make_image(tmp_path / "image", None, size="4M")
    debugfs(image, "feature needs_recovery", write=True)
    with pytest.raises(EvidenceError, match="its journal still has to be replayed"):
        Ext4(image)


def test_what_e2fsck_thinks_of_an_entry_with_a_type_where_there_are_none(craft, tmp_path, program):
    """It takes it for a fault too, and the image as it was for none."""
    image = craft("no-types")
    for file_type, status in ((0, 0), (1, 4)):
        image.entry("", b"tiny").put(file_type=file_type)
        (tmp_path / "image").write_bytes(image.data)
        done = subprocess.run(
            [program("e2fsck"), "-fn", tmp_path / "image"], check=False, capture_output=True
        )
        assert done.returncode == status
