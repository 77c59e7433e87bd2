"""Directories: names in blocks and in the inode, and the hash index."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from guestos.ext4 import layout
from guestos.ext4.conftest import CROWD, DEEP_CROWD, LONG
from guestos.ext4.crafting import Refusal, attributes, directory_entry

from auditkit.guestos.ext4.directory import Name, parse_inline_directory
from auditkit.guestos.ext4.inode import FileType
from auditkit.limits import LIMITS

LEAVES = "a directory entry leaves its block"
DAMAGED = "a directory entry is damaged"
IMPOSSIBLE = "a directory holds an impossible name"
DOTS = "a directory does not start with . and .."
PARENT = "a directory does not know its parent"
IN_ROOT = "directory inode 2"
IN_FOLDER = "directory inode {folder}"
IN_CROWD = "directory inode {crowd}"


def names(image, directory: str = "") -> set[bytes]:
    with image.open() as fs:
        return {entry.path for entry in fs.walk() if entry.path.startswith(directory.encode())}


# Entries


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"rec_len": 0}, LEAVES),
        ({"rec_len": 4}, LEAVES),
        ({"rec_len": 7}, LEAVES),
        ({"rec_len": 13}, LEAVES),
        ({"rec_len": 14}, LEAVES),
        ({"rec_len": 2000}, LEAVES),
        ({"rec_len": 8}, DAMAGED),
        ({"name_len": 5}, DAMAGED),
        ({"name_len": 255}, DAMAGED),
        ({"file_type": 8}, DAMAGED),
        ({"file_type": 255}, DAMAGED),
    ],
    ids=str,
)
def test_an_entry_that_cannot_be(craft, fields, what):
    image = craft()
    entry = image.entry("", b"tiny")
    assert (entry["rec_len"], entry["name_len"], entry["file_type"]) == (12, 4, 1)
    entry.put(**fields)
    assert image.refusal() == Refusal(what, IN_ROOT)


def last_entry(image, directory: str):
    """The last name in the only block of a directory."""
    tail = image.directory_block(directory)
    for name in (b"deep", b"again"):
        entry = image.entry(directory, name)
        if entry.offset + entry["rec_len"] == tail.offset:
            return entry
    raise AssertionError


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (4, Refusal(LEAVES, IN_FOLDER)),  # goes on in the tail
        (-4, Refusal(LEAVES, IN_FOLDER)),  # leaves too little for another
        (-8, Refusal(LEAVES, IN_FOLDER)),  # leaves one of no length
    ],
)
def test_the_last_entry_ends_with_its_block(craft, change, expected):
    image = craft()
    entry = last_entry(image, "folder")
    entry.put(rec_len=entry["rec_len"] + change)
    assert image.refusal() == expected.of(image.numbers)


def test_the_shortest_entry(craft):
    """Eight bytes that name nothing."""
    image = craft()
    entry = last_entry(image, "folder")
    length = entry["rec_len"]
    entry.put(rec_len=length - 8).put_bytes(length - 8, struct.pack("<IHBB", 0, 8, 0, 0))
    assert image.refusal() is None


def test_what_an_entry_without_an_inode_says_is_not_read(craft):
    image = craft()
    image.entry("", b"tiny").put(inode=0, name_len=255, file_type=99)
    assert image.refusal() is None
    assert b"tiny" not in names(image)


def test_a_type_need_not_be_told(craft):
    image = craft()
    image.entry("", b"tiny").put(file_type=0)
    image.entry("", b"folder").put(file_type=0)
    assert image.refusal() is None


@pytest.mark.parametrize("file_type", [1, 2, 255])
def test_a_type_where_there_are_none(craft, file_type):
    """Linux takes the lower byte for the name's length; others take both. Names are not that long."""
    image = craft("no-types")
    assert image.refusal() is None
    image.entry("", b"tiny").put(file_type=file_type)
    assert image.refusal() == Refusal(DAMAGED, IN_ROOT)


@pytest.mark.parametrize(
    ("name", "file_type", "claimed", "observed"),
    [
        ("tiny", 2, "directory", "file"),
        ("tiny", 7, "symlink", "file"),
        ("fast", 1, "file", "symlink"),
        ("tiny", 3, "character-device", "file"),
        ("tiny", 4, "block-device", "file"),
        ("tiny", 5, "fifo", "file"),
        ("tiny", 6, "socket", "file"),
    ],
)
def test_a_name_and_an_inode_that_disagree(craft, name, file_type, claimed, observed):
    image = craft()
    image.entry("", name.encode()).put(file_type=file_type)
    assert image.refusal() == Refusal(
        "a directory and a file disagree on what the file is", f"/{name}", claimed, observed
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b"ti/y", Refusal(IMPOSSIBLE, IN_ROOT, observed="b'ti/y'")),
        (b"/", Refusal(IMPOSSIBLE, IN_ROOT, observed="b'/'")),
        (b"ti\0y", Refusal(IMPOSSIBLE, IN_ROOT, observed=r"b'ti\x00y'")),
        (b".", Refusal(IMPOSSIBLE, IN_ROOT, observed="b'.'")),
        (b"..", Refusal(IMPOSSIBLE, IN_ROOT, observed="b'..'")),
        (b"", Refusal(IMPOSSIBLE, IN_ROOT, observed="b''")),
        (b"fast", Refusal("a directory holds the same name twice", IN_ROOT, observed="b'fast'")),
    ],
)
def test_a_name_that_cannot_be(craft, name, expected):
    image = craft()
    image.entry("", b"tiny").put(name_len=len(name)).put_bytes(8, name)
    assert image.refusal() == expected


@pytest.mark.parametrize("name", [b"...", b".a", b"\xff\x01", b" "])
def test_a_name_that_is_only_odd(craft, name):
    image = craft()
    image.entry("", b"tiny").put(name_len=len(name)).put_bytes(8, name)
    assert image.refusal() is None
    assert name in names(image)


# Dots


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        (b".", {"name": b"x"}),
        (b".", {"inode": 2}),
        (b".", {"inode": 0}),
        (b"..", {"name": b"x"}),
        (b"..", {"inode": 0}),
        (b"..", {"name_len": 1}),
    ],
    ids=str,
)
def test_a_directory_starts_with_its_dots(craft, name, fields):
    image = craft()
    image.entry("folder", name).put(**fields)
    assert image.refusal() == Refusal(DOTS, IN_FOLDER).of(image.numbers)


@pytest.mark.parametrize("count", [0, 1])
def test_a_directory_without_two_dots(craft, count):
    image = craft()
    start = image.block_of("folder", 0) * 1024
    number = image.numbers["folder"]
    block = directory_entry(number, b".", 1012, 2) if count else directory_entry(0, b"", 1012, 0)
    image.write(start, block)
    image.directory_block("folder").seal()
    assert image.refusal() == Refusal(DOTS, IN_FOLDER).of(image.numbers)


def test_a_directory_of_nothing_but_dots(craft):
    image = craft()
    start = image.block_of("folder", 0) * 1024
    image.write(
        start, directory_entry(image.numbers["folder"], b".", 12, 2) + directory_entry(2, b"..", 1000, 2)
    )
    image.directory_block("folder").seal()
    assert image.refusal() is None
    assert names(image, "folder") == {b"folder"}


@pytest.mark.parametrize(("directory", "where"), [("", IN_ROOT), ("folder", IN_FOLDER)])
def test_a_directory_that_names_another_parent(craft, directory, where):
    image = craft()
    image.entry(directory, b"..").put(inode=image.numbers["lost+found"])
    assert image.refusal() == Refusal(PARENT, where).of(image.numbers)


# Size


@pytest.mark.parametrize("size", [0, 1, 1023, 1025])
def test_a_directory_is_whole_blocks(craft, size):
    image = craft()
    image.inode("folder").put(i_size_lo=size)
    assert image.refusal() == Refusal("a directory has an impossible size", IN_FOLDER).of(image.numbers)


@pytest.mark.parametrize("fits", [True, False])
def test_the_limit_on_the_size_of_a_directory(craft, fits):
    image = craft()
    sizes = {path: image.inode(path)["i_size_lo"] for path in ("", "folder", "more", "lost+found", "crowd")}
    assert max(sizes, key=lambda path: sizes[path]) == "lost+found"
    told = image.refusal(replace(LIMITS, directory_bytes=sizes["lost+found"] - (not fits)))
    assert told == (
        None
        if fits
        else Refusal("a directory has an impossible size", "directory inode {lost+found}").of(image.numbers)
    )


def test_a_hole_in_a_directory(craft):
    image = craft()
    image.inode("folder").put(i_size_lo=2048)
    assert image.refusal() == Refusal("a directory has a hole", IN_FOLDER).of(image.numbers)


# In the inode


def inline_folder(image, area: bytes, more: bytes = b"", size: int | None = None) -> None:
    """Puts the inline content of `folder`: 60 bytes in the inode's list of blocks, the rest as an attribute."""
    inode = image.inode("folder")
    inode.put(i_block=area, i_size_lo=60 + len(more) if size is None else size)
    room = image.superblock["s_inode_size"] - 128 - inode["i_extra_isize"] - 4
    inode.put_bytes(128 + inode["i_extra_isize"] + 4, attributes((7, b"data", more), room=room))


def inline_area(image, *entries: bytes, parent: int = 2) -> bytes:
    return struct.pack("<I", parent) + b"".join(entries)


def test_a_directory_in_its_inode(craft):
    image = craft("inline")
    inode = image.inode("folder")
    assert inode["i_flags"] & layout.FLAG_INLINE_DATA
    assert inode["i_size_lo"] == 60
    assert names(image, "folder") == {b"folder", b"folder/deep", b"folder/again"}


def test_a_directory_in_its_inode_and_its_attributes(craft):
    image = craft("inline")
    deep = image.numbers["folder/deep"]
    area = inline_area(image, directory_entry(deep, b"one", 56))
    more = directory_entry(deep, b"two", 12) + directory_entry(deep, b"three", 16)
    inline_folder(image, area, more)
    assert image.refusal() is None
    assert names(image, "folder") == {b"folder", b"folder/one", b"folder/two", b"folder/three"}


@pytest.mark.parametrize(
    ("first", "more", "expected"),
    [
        ((b"one", 60), b"", Refusal(LEAVES, IN_FOLDER)),
        ((b"one", 52), b"", Refusal(LEAVES, IN_FOLDER)),
        ((b"one", 56), (b"two", 16, 12), Refusal(LEAVES, IN_FOLDER)),
        ((b"one", 56), (b"two", 12, 7), Refusal(LEAVES, IN_FOLDER)),
        (
            (b"one", 56),
            (b"one", 12, 12),
            Refusal("a directory holds the same name twice", IN_FOLDER, observed="b'one'"),
        ),
        ((b"o/e", 56), b"", Refusal(IMPOSSIBLE, IN_FOLDER, observed="b'o/e'")),
        ((b"..", 56), b"", Refusal(IMPOSSIBLE, IN_FOLDER, observed="b'..'")),
    ],
    ids=str,
)
def test_entries_in_an_inode_that_cannot_be(craft, first, more, expected):
    image = craft("inline")
    deep = image.numbers["folder/deep"]
    area = inline_area(image, directory_entry(deep, *first))[:60]
    rest = directory_entry(deep, *more[:2])[: more[2]] if more else b""
    inline_folder(image, area, rest)
    assert image.refusal() == expected.of(image.numbers)


def test_an_entry_in_an_inode_has_a_known_type(craft):
    image = craft("inline")
    inline_folder(image, inline_area(image, directory_entry(image.numbers["folder/deep"], b"one", 56, 9)))
    assert image.refusal() == Refusal(DAMAGED, IN_FOLDER).of(image.numbers)


@pytest.mark.parametrize("size", [0, 4, 59])
def test_a_directory_in_its_inode_has_60_bytes(craft, size):
    image = craft("inline")
    image.inode("folder").put(i_size_lo=size)
    assert image.refusal() == Refusal("an inline directory is too short", IN_FOLDER).of(image.numbers)


def test_the_parent_of_a_directory_in_its_inode(craft):
    image = craft("inline")
    deep = image.numbers["folder/deep"]
    inline_folder(image, inline_area(image, directory_entry(deep, b"one", 56), parent=11))
    assert image.refusal() == Refusal(PARENT, IN_FOLDER).of(image.numbers)


def test_whether_an_inline_directory_tells_types(craft):
    image = craft("inline")
    with image.open() as fs:
        inode = fs._inodes.inode(image.numbers["folder"])
    area = directory_entry(0x01020304, b"", 4)[:4] + directory_entry(30, b"one", 56, 7)
    assert parse_inline_directory(inode, area, True) == (0x01020304, [Name(b"one", 30, FileType.SYMLINK)])
    untold = area[:11] + b"\0" + area[12:]
    assert parse_inline_directory(inode, untold, False) == (0x01020304, [Name(b"one", 30, None)])


# The hash index


@pytest.mark.parametrize(("name", "count"), [("csum", CROWD), ("deep-index", DEEP_CROWD), ("plain", CROWD)])
def test_the_names_of_an_indexed_directory(craft, name, count):
    image = craft(name)
    assert image.inode("crowd")["i_flags"] & layout.FLAG_INDEX
    expected = {f"crowd/{LONG}-{number}".encode() for number in range(count)} | {b"crowd"}
    assert names(image, "crowd") == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"dot_rec_len": 16}, Refusal("the root of a hash index is damaged", IN_CROWD)),
        ({"dotdot_rec_len": 1000}, Refusal("the root of a hash index is damaged", IN_CROWD)),
        ({"dotdot_rec_len": 1016}, Refusal("the root of a hash index is damaged", IN_CROWD)),
        ({"dot_inode": 2}, Refusal(DOTS, IN_CROWD)),
        ({"dotdot_inode": 11}, Refusal(PARENT, IN_CROWD)),
        ({"reserved_zero": 1}, Refusal("the root of a hash index is damaged", IN_CROWD)),
        ({"info_length": 7}, Refusal("the root of a hash index is damaged", IN_CROWD)),
        ({"info_length": 9}, Refusal("the root of a hash index is damaged", IN_CROWD)),
        ({"indirect_levels": 3}, Refusal("the root of a hash index is damaged", IN_CROWD)),
        ({"indirect_levels": 255}, Refusal("the root of a hash index is damaged", IN_CROWD)),
        ({"count": 0}, Refusal("a hash index claims an impossible number of entries", IN_CROWD)),
        ({"count": 124}, Refusal("a hash index claims an impossible number of entries", IN_CROWD)),
        ({"limit": 9}, Refusal("a hash index claims an impossible number of entries", IN_CROWD)),
        ({"limit": 125}, Refusal("a hash index claims an impossible number of entries", IN_CROWD)),
        ({"limit": 124}, Refusal("the hash index of directory inode {crowd} has no room for its checksum")),
        ({"count": 9}, Refusal("a hash index does not cover every block of its directory once", IN_CROWD)),
        ({"block": 2}, Refusal("a hash index does not cover every block of its directory once", IN_CROWD)),
        ({"block": 0}, Refusal("a hash index does not cover every block of its directory once", IN_CROWD)),
        ({"block": 11}, Refusal("a hash index does not cover every block of its directory once", IN_CROWD)),
    ],
    ids=str,
)
def test_an_index_that_cannot_be(craft, fields, expected):
    image = craft()
    root = image.index_root("crowd")
    assert (root["count"], root["limit"], root["indirect_levels"], root["block"]) == (10, 123, 0, 1)
    root.put(**fields)
    assert image.refusal() == expected.of(image.numbers)


def test_an_index_without_checksums_may_fill_its_block(craft):
    image = craft("plain")
    start = image.inode("crowd").part(0x28, {"first": (0, "I")})["first"] * 1024
    limit = layout.INDEX_ROOT["limit"][0]
    assert struct.unpack_from("<H", image.data, start + limit)[0] == 124
    assert image.refusal() is None
    image.write(start + limit, struct.pack("<H", 125))
    assert image.refusal() == Refusal("a hash index claims an impossible number of entries", IN_CROWD).of(
        image.numbers
    )


def test_an_index_that_is_full(craft):
    """As many entries as there is room for; those that were none before are zeros, and so out of order."""
    image = craft()
    image.index_root("crowd").put(count=123)
    out_of_order = Refusal("the entries of a hash index are out of order", IN_CROWD)
    assert image.refusal() == out_of_order.of(image.numbers)


def test_as_many_entries_as_the_limit_says(craft):
    image = craft()
    image.index_root("crowd").put(limit=10)
    assert image.refusal() is None


def test_the_order_of_an_index(craft):
    image = craft()
    entries = [image.index_root("crowd").part(0x20 + 8 * n, layout.INDEX_ENTRY) for n in range(10)]
    hashes = [entry["hash"] for entry in entries[1:]]
    assert hashes == sorted(hashes)
    entries[3].put(hash=hashes[1])  # of the one before it: equal ones are allowed
    assert image.refusal() is None
    entries[3].put(hash=hashes[1] - 1)
    assert image.refusal() == Refusal("the entries of a hash index are out of order", IN_CROWD).of(
        image.numbers
    )


def test_the_first_hash_after_the_count(craft):
    image = craft()
    entries = [image.index_root("crowd").part(0x20 + 8 * n, layout.INDEX_ENTRY) for n in range(3)]
    entries[2].put(hash=entries[1]["hash"] - 1)
    assert image.refusal() == Refusal("the entries of a hash index are out of order", IN_CROWD).of(
        image.numbers
    )


def test_limit_and_count_are_no_hash(craft):
    """They stand where the first entry would have one, and may be more than those of the others."""
    image = craft()
    image.index_root("crowd").part(0x28, layout.INDEX_ENTRY).put(hash=2)
    assert image.refusal() is None


def test_the_upper_bits_of_a_block_number_are_not_its(craft):
    image = craft()
    entry = image.index_root("crowd").part(0x28, layout.INDEX_ENTRY)
    entry.put(block=entry["block"] | 0xF0000000)
    assert image.refusal() is None
    entry.put(block=entry["block"] & 0x0FFFFFFF | 0x08000000)
    assert image.refusal() == Refusal(
        "a hash index does not cover every block of its directory once", IN_CROWD
    ).of(image.numbers)


def test_what_an_index_leaves_out(craft):
    """A block that the index does not lead to would hold names that Linux finds in one way and not the other."""
    image = craft()
    assert image.index_root("crowd").part(0x20 + 8 * 9, layout.INDEX_ENTRY)["block"] <= 10
    image.index_root("crowd").part(0x20 + 8 * 9, layout.INDEX_ENTRY).put(block=1)
    assert image.refusal() == Refusal(
        "a hash index does not cover every block of its directory once", IN_CROWD
    ).of(image.numbers)


def test_an_index_of_two_levels(craft):
    image = craft("deep-index")
    root = image.index_root("crowd")
    assert (root["indirect_levels"], root["count"]) == (1, 2)
    for n in range(2):
        node = image.index_node("crowd", root.part(0x20 + 8 * n, layout.INDEX_ENTRY)["block"])
        assert (node["fake_inode"], node["fake_rec_len"], node["limit"]) == (0, 1024, 126)


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (0, Refusal("a hash index names an impossible block", IN_CROWD)),
        (133, Refusal("a hash index names an impossible block", IN_CROWD)),
        (200, Refusal("a hash index names an impossible block", IN_CROWD)),
        ("twice", Refusal("a hash index names an impossible block", IN_CROWD)),
        (5, Refusal("a block of a hash index is damaged", IN_CROWD)),
        (130, Refusal("a block of a hash index is damaged", IN_CROWD)),
    ],
)
def test_a_root_of_two_levels_that_leads_to_no_node(craft, block, expected):
    image = craft("deep-index")
    root = image.index_root("crowd")
    assert image.inode("crowd")["i_size_lo"] == 133 * 1024
    other = root.part(0x28, layout.INDEX_ENTRY)
    other.put(block=root["block"] if block == "twice" else block)
    assert image.refusal() == expected.of(image.numbers)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"fake_inode": 1}, Refusal("a block of a hash index is damaged", IN_CROWD)),
        ({"fake_rec_len": 1020}, Refusal("a block of a hash index is damaged", IN_CROWD)),
        ({"fake_rec_len": 0}, Refusal("a block of a hash index is damaged", IN_CROWD)),
        ({"count": 0}, Refusal("a hash index claims an impossible number of entries", IN_CROWD)),
        ({"count": 127}, Refusal("a hash index claims an impossible number of entries", IN_CROWD)),
        ({"limit": 128}, Refusal("a hash index claims an impossible number of entries", IN_CROWD)),
        ({"limit": 127}, Refusal("the hash index of directory inode {crowd} has no room for its checksum")),
        ({"block": 0}, Refusal("a hash index does not cover every block of its directory once", IN_CROWD)),
        ({"block": 133}, Refusal("a hash index does not cover every block of its directory once", IN_CROWD)),
    ],
    ids=str,
)
def test_a_node_that_cannot_be(craft, fields, expected):
    image = craft("deep-index")
    root = image.index_root("crowd")
    image.index_node("crowd", root.part(0x28, layout.INDEX_ENTRY)["block"]).put(**fields)
    assert image.refusal() == expected.of(image.numbers)


def test_the_hashes_of_a_node_are_in_order(craft):
    image = craft("deep-index")
    node = image.index_node("crowd", image.index_root("crowd")["block"])
    entries = [node.part(8 + 8 * n, layout.INDEX_ENTRY) for n in range(3)]
    entries[2].put(hash=entries[1]["hash"] - 1)
    assert image.refusal() == Refusal("the entries of a hash index are out of order", IN_CROWD).of(
        image.numbers
    )


def test_levels_that_are_not_there(craft):
    """The root says one level more than there is, so that blocks of names are taken for nodes."""
    for levels in (1, 2):
        image = craft()
        image.index_root("crowd").put(indirect_levels=levels)
        assert image.refusal() == Refusal("a block of a hash index is damaged", IN_CROWD).of(image.numbers)


def test_without_the_flag_the_root_of_an_index_is_a_block_of_names(craft):
    """So older kernels read it, where no checksum stands in the way."""
    image = craft("plain")
    image.inode("crowd").put(i_flags=0)
    expected = {f"crowd/{LONG}-{number}".encode() for number in range(CROWD)} | {b"crowd"}
    assert names(image, "crowd") == expected
