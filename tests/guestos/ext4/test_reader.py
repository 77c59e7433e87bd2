"""The tree of an image: its order, its paths, its limits, and what contradicts itself in it."""

from __future__ import annotations

import errno
import os
import re
import subprocess
from dataclasses import replace

import pytest
from guestos.ext4.conftest import LABEL, MADE_BY_DEBUGFS
from guestos.ext4.crafting import Base, Crafted, Memory, Refusal, refusal

from auditkit.errors import SourceError
from auditkit.guestos import Ext4, FileType
from auditkit.guestos.ext4 import Entry, image_file
from auditkit.limits import LIMITS


def no_file(path: str) -> Refusal:
    return Refusal("there is no such file in the image", path)


# Walking


def test_the_order_of_a_walk(craft, small_folder):
    """The root, then each directory before what is in it, names by their bytes."""
    image = craft()
    parts = {path.relative_to(small_folder).parts for path in small_folder.rglob("*")}
    parts |= {(), ("lost+found",), *((name,) for name in MADE_BY_DEBUGFS)}
    with image.open() as fs:
        assert [entry.path for entry in fs.walk()] == [os.fsencode("/".join(part)) for part in sorted(parts)]


def test_names_are_sorted_by_their_bytes_and_not_as_paths(craft):
    image = craft()
    image.entry("", b"fast-59").put(name_len=6).put_bytes(8, b"folde\x00"[:5] + b"\x01")
    image.entry("", b"slow").put_bytes(8, b"\xffzzz")
    with image.open() as fs:
        found = [entry.path for entry in fs.walk()]
    assert found[-1] == b"\xffzzz"
    assert found.index(b"folde\x01") < found.index(b"folder") < found.index(b"folder/again")


def test_an_entry_of_everything_that_an_inode_tells(craft):
    image = craft()
    image.inode("tiny").put(
        i_mode=0o104750, i_uid=1, i_gid=2, i_links_count=3, i_mtime=4, i_mtime_extra=5 << 2, i_size_lo=6
    )
    expected = Entry(
        path=b"tiny",
        type=FileType.FILE,
        mode=0o4750,
        uid=1,
        gid=2,
        mtime_ns=4_000_000_005,
        size=6,
        target=None,
        device=None,
        xattrs={b"security.selinux": LABEL},
        inode=image.numbers["tiny"],
        links=3,
    )
    with image.open() as fs:
        assert fs.entry("tiny") == expected
        assert expected in list(fs.walk())


def test_a_root_that_is_a_file(craft):
    image = craft()
    image.inode(2).put(i_mode=0o100755)
    assert image.refusal() == Refusal("the root of the file system is not a directory")


def test_a_directory_with_two_names(craft):
    image = craft()
    image.entry("", b"tiny").put(inode=image.numbers["folder"], file_type=2)
    assert image.refusal() == Refusal("a directory can be reached in two ways", "/tiny")


def test_a_directory_in_itself(craft):
    image = craft()
    image.entry("", b"folder").put(inode=2)
    assert image.refusal() == Refusal("a directory can be reached in two ways", "/folder")


def test_a_file_may_have_many_names(craft):
    with craft().open() as fs:
        names = [entry for entry in fs.walk() if entry.path in (b"folder/deep", b"folder/again")]
    assert len({entry.inode for entry in names}) == 1
    assert [entry.links for entry in names] == [2, 2]


def test_the_limit_on_names(craft):
    image = craft()
    with image.open() as fs:
        count = sum(1 for _ in fs.walk())
    assert image.refusal(replace(LIMITS, tree_entries=count)) is None
    assert image.refusal(replace(LIMITS, tree_entries=count - 1)) == Refusal(
        "the tree has more entries than the limit", expected=f"at most {count - 1}"
    )


def test_the_limit_on_paths(craft, small_folder):
    image = craft()
    paths = [path.relative_to(small_folder).as_posix() for path in small_folder.rglob("*")]
    size = sum(map(len, (*paths, "lost+found", *MADE_BY_DEBUGFS)))
    assert image.refusal(replace(LIMITS, tree_path_bytes=size)) is None
    assert image.refusal(replace(LIMITS, tree_path_bytes=size - 1)) == Refusal(
        "the paths of the tree are longer than any real one's", expected=f"at most {size - 1} bytes together"
    )


@pytest.fixture(scope="module")
def long_path(tmp_path_factory, program) -> Base:
    """Twenty directories in each other and a file, whose path has 4,096 bytes."""
    image = tmp_path_factory.mktemp("long") / "image"
    subprocess.run([program("mke2fs"), "-q", "-t", "ext4", image, "4M"], check=True, capture_output=True)
    directory = "d" * 203
    commands = [f"mkdir {directory}\ncd {directory}"] * 20 + ["mknod " + "f" * 16 + " p", "stat ."]
    told = subprocess.run(
        [program("debugfs"), "-w", "-f", "-", image],
        input="\n".join(commands),
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    (inode,) = re.findall(r"^Inode: (\d+)", told, re.MULTILINE)
    return Base(image.read_bytes(), {"last": int(inode)}, image)


def test_the_longest_path(long_path):
    image = Crafted(long_path)
    with image.open() as fs:
        assert max(len(entry.path) for entry in fs.walk()) == 4096
    entry = image.entry("last", b"f" * 16)
    entry.put(name_len=17).put_bytes(8, b"f" * 17)
    assert image.refusal() == Refusal("a path is longer than 4096 bytes", "/" + "d" * 80)


# Paths


@pytest.mark.parametrize("path", ["folder/deep", b"folder/deep", "/folder//./deep/"])
def test_how_a_path_may_be_written(craft, path):
    image = craft()
    with image.open() as fs:
        assert fs.entry(path).path == fs.entry(path=path).path == b"folder/deep"
        assert fs.read(path) == fs.read(path=path) == b"deep"


def test_the_root_is_the_empty_path(craft):
    with craft().open() as fs:
        assert fs.entry("") == fs.entry("/") == next(fs.walk())
        assert fs.entry("").inode == 2


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("nowhere", "/nowhere"),
        ("/folder/nowhere", "/folder/nowhere"),
        ("folder/nowhere/below", "/folder/nowhere"),
        ("tiny/below", "/tiny/below"),
        ("tiny/below/more", "/tiny/below"),
        ("fast/below", "/fast/below"),
        ("folder/..", "/folder/.."),
        (b"\xff", "/\\xff"),
    ],
)
def test_paths_that_lead_nowhere(craft, path, where):
    with craft().open() as fs:
        assert refusal(lambda: fs.entry(path)) == no_file(where)
        assert refusal(lambda: fs.read(path)) == no_file(where)


@pytest.mark.parametrize(
    ("path", "where", "observed"),
    [
        ("fast", "/fast", "symlink"),
        ("/folder", "/folder", "directory"),
        ("", "/", "directory"),
        ("pipe", "/pipe", "fifo"),
    ],
)
def test_only_files_are_read(craft, path, where, observed):
    with craft().open() as fs:
        assert refusal(lambda: fs.read(path)) == Refusal(
            "this is not a regular file", where, observed=observed
        )
        assert refusal(lambda: fs.chunks(fs.entry(path))) == Refusal(
            "this is not a regular file of an allowed size", where
        )


def test_a_path_is_searched_as_strictly_as_a_tree_is_walked(craft):
    image = craft()
    image.entry("folder", b"..").put(inode=11)
    image.entry("", b"tiny").put(file_type=2)
    with image.open() as fs:
        assert refusal(lambda: fs.entry("folder/deep")) == Refusal(
            "a directory does not know its parent", f"directory inode {image.numbers['folder']}"
        )
        assert refusal(lambda: fs.entry("tiny")) == Refusal(
            "a directory and a file disagree on what the file is", "/tiny", "directory", "file"
        )


def test_links_are_followed_when_asked(craft, small_folder):
    with craft().open() as fs:
        assert fs.resolve("fast") == b"plain"
        assert fs.resolve("/folder/deep") == b"folder/deep"
        assert fs.read("fast", follow=True) == (small_folder / "plain").read_bytes()
        assert fs.entry("fast", follow=True).path == b"plain"
        assert fs.entry("fast").path == b"fast"
        assert refusal(lambda: fs.resolve("slow")) == no_file("/slow")


def test_the_limit_on_steps_is_that_of_the_image(craft):
    image = craft()
    with image.open(replace(LIMITS, link_steps=2)) as fs:
        assert fs.resolve("fast") == b"plain"
    with image.open(replace(LIMITS, link_steps=1)) as fs:
        told = refusal(lambda: fs.resolve("fast"))
    assert told == Refusal("the symbolic links of the image are longer than any real one's")


# The file that the image is in


def test_an_image_by_path_is_closed(base, monkeypatch):
    opened = []
    regular = image_file.regular_file
    monkeypatch.setattr(image_file, "regular_file", lambda path: opened.append(regular(path)) or opened[-1])
    for path in (base("csum").file, str(base("csum").file)):
        with Ext4(path) as fs:
            assert fs.entry("tiny").size == 1
            assert not opened[-1].closed
        assert opened[-1].closed
    assert len(opened) == 2


def test_an_image_that_is_refused_is_closed(tmp_path, monkeypatch):
    (tmp_path / "zeros").write_bytes(bytes(5000))
    opened = []
    regular = image_file.regular_file
    monkeypatch.setattr(image_file, "regular_file", lambda path: opened.append(regular(path)) or opened[-1])
    assert refusal(lambda: Ext4(tmp_path / "zeros")) == Refusal(
        "this is not an ext4 image: there is no ext4 superblock at offset 1024"
    )
    assert [file.closed for file in opened] == [True]


def test_an_open_file_stays_open(base):
    with base("csum").file.open("rb") as file:
        with Ext4(file) as fs:
            assert fs.entry("tiny").size == 1
        assert not file.closed


def test_there_is_no_such_image(tmp_path):
    told = refusal(lambda: Ext4(tmp_path / "nowhere"))
    assert told is not None
    assert issubclass(told.kind, SourceError)


@pytest.mark.parametrize("size", [0, 1024, 2047])
def test_an_image_without_room_for_a_superblock(craft, size):
    image = craft()
    del image.data[size:]
    assert image.refusal() == Refusal(
        "the image is cut short", expected="1024 bytes at 1024", observed=f"{max(size - 1024, 0)}"
    )


def test_an_image_that_is_cut_while_it_is_read(craft):
    image = craft()
    start = image.block_of("plain", 0) * 1024
    with image.open() as fs:
        del image.data[start + 100 :]
        assert refusal(lambda: fs.read("plain")) == Refusal(
            "the image is cut short", expected=f"3000 bytes at {start}", observed="100"
        )


def test_a_disk_that_fails(craft):
    class Failing(Memory):
        def read(self, size: int = -1) -> bytes:
            raise OSError(errno.EIO, "Input/output error")

    told = refusal(lambda: Ext4(Failing(craft().data)))
    assert told == Refusal("the image cannot be read: input/output error", kind=SourceError)
