"""Extended attributes: what is read, and each rule with a list of attributes that breaks it."""

from __future__ import annotations

import struct

import pytest
from guestos.ext4 import layout
from guestos.ext4.conftest import BIG, LABEL
from guestos.ext4.crafting import Refusal, attribute, attributes, refusal

from auditkit.guestos.ext4.attributes import block_attributes, inode_attributes

END = bytes(4)
DAMAGED = Refusal("an extended attribute is damaged or of an unknown kind", "inode 12")
ENDLESS = Refusal("the list of extended attributes does not end", "inode 12")
NAME = Refusal("an extended attribute has an impossible name", "inode 12")
LEAVES = Refusal("the value of an extended attribute leaves its place", "inode 12")
OVERLAP = Refusal("the values of extended attributes overlap", "inode 12")
BLOCK = Refusal("the block of extended attributes is damaged", "inode 12")
MAGIC = struct.pack("<I", layout.ATTRIBUTE_MAGIC)


def in_inode(data: bytes) -> dict[bytes, bytes]:
    return dict(inode_attributes(MAGIC + data, "inode 12"))


def in_block(data: bytes, *, magic: int = layout.ATTRIBUTE_MAGIC, references: int = 1, blocks: int = 1):
    head = struct.pack("<III", magic, references, blocks).ljust(32, b"\0")
    return dict(block_attributes(head + data, "inode 12"))


# Values


@pytest.mark.parametrize(
    ("prefix", "name", "expected"),
    [
        (1, b"a", b"user.a"),
        (2, b"", b"system.posix_acl_access"),
        (3, b"", b"system.posix_acl_default"),
        (4, b"a", b"trusted.a"),
        (6, b"selinux", b"security.selinux"),
        (7, b"a", b"system.a"),
        (8, b"", b"system.richacl"),
    ],
)
def test_names(prefix, name, expected):
    assert in_inode(attributes((prefix, name, b"value"), room=100)) == {expected: b"value"}


def test_several_of_all_lengths():
    entries = [(1, b"n" * length, b"v" * (length + 1)) for length in (1, 2, 3, 4, 5, 255)]
    expected = {b"user." + name: value for _, name, value in entries}
    assert in_inode(attributes(*entries, room=1000)) == expected


def test_empty_values():
    assert in_inode(attributes((1, b"a", b""), (1, b"b", b"x"), room=60)) == {b"user.a": b"", b"user.b": b"x"}
    assert in_inode(attribute(1, b"a", 0, 0xFFFF) + END) == {b"user.a": b""}


def test_values_in_any_order():
    data = attribute(1, b"a", 4, 68) + attribute(1, b"b", 4, 64) + END
    data = data.ljust(64, b"\0") + b"bbbbaaaa"
    assert in_inode(data) == {b"user.a": b"aaaa", b"user.b": b"bbbb"}


@pytest.mark.parametrize("data", [b"", b"\0", MAGIC[:3], bytes(100), b"\1" + MAGIC + bytes(40)])
def test_an_inode_without_attributes(data):
    assert inode_attributes(data, "inode 12") == {}


def test_a_list_of_none():
    assert in_inode(END) == {}
    assert in_block(END) == {}


def test_values_of_an_inode_count_from_the_list_and_those_of_a_block_from_its_start():
    entry = attribute(1, b"a", 3, 40)
    assert in_inode((entry + END).ljust(40, b"\0") + b"xyz") == {b"user.a": b"xyz"}
    assert in_block((attribute(1, b"a", 3, 72) + END).ljust(40, b"\0") + b"xyz") == {b"user.a": b"xyz"}


# Rules


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", ENDLESS),
        (bytes(3), ENDLESS),
        (attribute(1, b"abcd", 0, 0), ENDLESS),
        (attribute(1, b"abcd", 0, 0) + bytes(3), ENDLESS),
        (attribute(1, b"abcd", 0, 0) + attribute(1, b"", 0, 0)[:12], ENDLESS),
        (b"\1\0\0\0" + bytes(11), ENDLESS),
        (attribute(0, b"a", 0, 0) + END, DAMAGED),
        (attribute(5, b"a", 0, 0) + END, DAMAGED),
        (attribute(9, b"a", 0, 0) + END, DAMAGED),
        (attribute(1, b"a", 0, 0, value_inode=13) + END, DAMAGED),
        (attribute(1, b"abcd", 0, 0)[:-1], DAMAGED),
        (attribute(1, b"", 0, 0) + END, DAMAGED),
        (attribute(6, b"", 0, 0) + END, DAMAGED),
        (attribute(2, b"a", 0, 0) + END, DAMAGED),
        (attribute(3, b"a", 0, 0) + END, DAMAGED),
        (attribute(8, b"a", 0, 0) + END, DAMAGED),
        (attribute(1, b"a\0b", 0, 0) + END, NAME),
        (attribute(1, b"a", 0, 0) * 2 + END, NAME),
        (attribute(2, b"", 0, 0) + attribute(7, b"posix_acl_access", 0, 0) + END, NAME),
        (attribute(1, b"a", 3, 22) + END, LEAVES),
        (attribute(1, b"a", 1, 24) + END, LEAVES),
        (attribute(1, b"a", 0xFFFFFFFF, 24) + END, LEAVES),
        (attribute(1, b"a", 4, 0) + END, OVERLAP),
        (attribute(1, b"a", 4, 23) + END + bytes(4), OVERLAP),
        (attribute(1, b"a", 4, 44) + attribute(1, b"b", 4, 47) + END + bytes(8), OVERLAP),
        (attribute(1, b"a", 4, 48) + attribute(1, b"b", 4, 45) + END + bytes(8), OVERLAP),
        (attribute(1, b"a", 4, 44) + attribute(1, b"b", 4, 44) + END + bytes(8), OVERLAP),
    ],
)
def test_a_list_that_cannot_be(data, expected):
    assert refusal(lambda: in_inode(data)) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (attribute(1, b"a", 4, 24) + END + b"aaaa", {b"user.a": b"aaaa"}),
        (
            attribute(1, b"a", 4, 44) + attribute(1, b"b", 4, 48) + END + b"aaaabbbb",
            {b"user.a": b"aaaa", b"user.b": b"bbbb"},
        ),
    ],
)
def test_values_without_a_gap(data, expected):
    assert in_inode(data) == expected


@pytest.mark.parametrize(
    "fields",
    [{"magic": 0xEA020001}, {"magic": 0}, {"references": 0}, {"blocks": 0}, {"blocks": 2}],
    ids=str,
)
def test_a_block_that_is_none_of_attributes(fields):
    assert refusal(lambda: in_block(END, **fields)) == BLOCK


def test_a_block_that_many_files_share():
    assert in_block(attribute(1, b"a", 0, 0) + END, references=1024) == {b"user.a": b""}


@pytest.mark.parametrize(("offset", "expected"), [(55, OVERLAP), (56, None)])
def test_values_of_a_block_lie_behind_its_list(offset, expected):
    data = attribute(1, b"a", 4, offset) + END + bytes(8)
    assert refusal(lambda: in_block(data)) == expected


# In an image


def test_the_attributes_of_files(craft):
    for name in ("csum", "csum-4k", "csum-seed", "plain", "gdt-csum", "no-types", "inline"):
        with craft(name).open() as fs:
            found = {entry.path.decode(): dict(entry.xattrs) for entry in fs.walk() if entry.xattrs}
            assert found == {
                "tiny": {b"security.selinux": LABEL},
                "plain": {b"security.selinux": LABEL, b"user.big": BIG},
                **({} if name == "inline" else {"slow": {b"user.big": BIG}}),
            }


def test_attributes_are_sorted_wherever_they_are(craft):
    image = craft()
    inode = image.inode("plain")
    room = 256 - 128 - inode["i_extra_isize"] - 4
    listed = attributes((1, b"z", b"1"), (1, b"a", b"2"), (6, b"b", b"3"), room=room)
    inode.put_bytes(128 + inode["i_extra_isize"] + 4, listed)
    with image.open() as fs:
        found = fs.entry("plain").xattrs
    assert list(found.items()) == [
        (b"security.b", b"3"),
        (b"user.a", b"2"),
        (b"user.big", BIG),
        (b"user.z", b"1"),
    ]


def put_attributes(image, path: str, *entries: tuple[int, bytes, bytes]) -> None:
    inode = image.inode(path)
    size = inode["i_extra_isize"]
    room = image.superblock["s_inode_size"] - 128 - size - 4
    inode.put_bytes(128 + size, MAGIC + attributes(*entries, room=room))


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ((1, b"big", b"x"), Refusal("a file has the same extended attribute twice", "inode {plain}")),
        ((7, b"data", b"x"), Refusal("a file has inline content that it does not declare", "inode {plain}")),
    ],
)
def test_attributes_that_contradict(craft, entry, expected):
    image = craft()
    put_attributes(image, "plain", entry)
    assert image.refusal() == expected.of(image.numbers)


def test_inline_content_is_not_in_a_block_of_attributes(craft):
    image = craft()
    block = image.attribute_block("plain")
    block.put_bytes(32, attributes((7, b"data", b"x"), room=1024)[:-32])
    assert image.refusal() == Refusal("a file has the same extended attribute twice", "inode {plain}").of(
        image.numbers
    )


def test_the_attribute_that_is_inline_content_is_not_shown(craft):
    image = craft("inline")
    assert image.inode("tiny")["i_flags"] & layout.FLAG_INLINE_DATA
    with image.open() as fs:
        assert fs.entry("tiny").xattrs == {b"security.selinux": LABEL}
        assert fs.entry("empty").xattrs == {}


@pytest.mark.parametrize(
    ("fields", "outside"),
    [
        ({"i_file_acl_lo": 1}, True),
        ({"i_file_acl_lo": 4096}, True),
        ({"l_i_file_acl_high": 1}, True),
        ({"i_file_acl_lo": 2}, False),
        ({"i_file_acl_lo": 4095}, False),
    ],
    ids=str,
)
def test_where_a_block_of_attributes_may_be(craft, fields, outside):
    image = craft()
    image.inode("plain").put(**fields)
    block = fields.get("i_file_acl_lo")
    assert image.refusal() == (
        Refusal("extended attributes are outside the file system", "inode {plain}").of(image.numbers)
        if outside
        else Refusal(f"the checksum of the extended attributes in block {block} is wrong")
    )


def test_a_damaged_list_names_its_inode(craft):
    image = craft()
    image.attribute_block("plain").put(h_refcount=0)
    assert image.refusal() == Refusal("the block of extended attributes is damaged", "inode {plain}").of(
        image.numbers
    )
    image = craft()
    put_attributes(image, "tiny", (5, b"a", b"x"))
    expected = Refusal("an extended attribute is damaged or of an unknown kind", "inode {tiny}")
    assert image.refusal() == expected.of(image.numbers)
