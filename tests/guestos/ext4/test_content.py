"""What an inode holds: content of files with holes, inline content, targets of symbolic links."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from guestos.ext4 import layout
from guestos.ext4.conftest import BIG, RUNS
from guestos.ext4.crafting import Refusal, attributes, refusal

from auditkit.limits import LIMITS

DAMAGED = Refusal("a symbolic link is damaged", "symbolic link inode {fast}")
TARGET = Refusal("a symbolic link has an impossible target", "symbolic link inode {fast}")
MIB = 1 << 20


def content(image, path: str) -> bytes:
    with image.open() as fs:
        return fs.read(path)


def pieces(image, path: str) -> list[bytes]:
    with image.open() as fs:
        return list(fs.chunks(fs.entry(path)))


# Files


@pytest.mark.parametrize("name", ["csum", "csum-4k", "csum-seed", "plain", "gdt-csum", "no-types", "inline"])
def test_the_content_of_files(craft, small_folder, name):
    image = craft(name)
    # mke2fs 1.47.0 cuts files with inline_data that end in a hole
    files = ["empty", "tiny", "plain", "runs", "folder/deep"] + ["holes"] * (name != "inline")
    for path in files:
        expected = (small_folder / path).read_bytes()
        assert content(image, path) == expected
        assert b"".join(pieces(image, path)) == expected


def test_how_the_files_are_stored(craft):
    """So that the test above reads what it should: one run, many runs in a tree, holes at both ends."""
    image = craft()
    assert [image.extent_header(path)["eh_depth"] for path in ("plain", "holes", "runs")] == [0, 0, 1]
    assert [image.extent_header(path)["eh_entries"] for path in ("plain", "holes", "runs")] == [1, 1, 2]
    assert sum(image.extent_block("runs", n)["eh_entries"] for n in range(2)) == RUNS
    assert image.extent("holes")["ee_block"] == 8
    assert image.extent("holes")["ee_len"] == 1
    plain = craft("plain").inode("runs")
    pointers = struct.unpack("<15I", plain["i_block"])
    assert pointers[12]
    assert pointers[13]
    assert not plain["i_flags"]


def test_holes_and_data_come_in_pieces_of_their_own(craft):
    image = craft()
    middle = b"in the middle".ljust(1024, b"\0")
    assert pieces(image, "holes") == [bytes(8192), middle, bytes(20_000 - 9216)]
    assert [len(piece) for piece in pieces(image, "plain")] == [3000]
    assert pieces(image, "empty") == []


def test_pieces_are_at_most_1_mib(craft):
    """Holes of more than two MiB before and behind 1.5 MiB of data."""
    image = craft()
    image.inode("holes").put(i_size_lo=6 * MIB + 5)
    image.extent("holes").put(ee_block=2 * 1024 + 1, ee_len=1536, ee_start_lo=2000)
    found = pieces(image, "holes")
    assert [len(piece) for piece in found] == [
        *(MIB, MIB, 1024),
        *(MIB, MIB // 2),
        *(MIB, MIB, MIB // 2 - 1024 + 5),
    ]
    data = bytes(image.data[2000 * 1024 : (2000 + 1536) * 1024])
    zeros = bytes(2 * MIB + 1024)
    assert b"".join(found) == zeros + data + bytes(6 * MIB + 5 - len(zeros) - len(data))


def test_content_ends_with_the_size_and_not_with_its_block(craft):
    image = craft()
    whole = content(image, "plain")
    for size in (1, 1023, 1024, 1025, 2999):
        image.inode("plain").put(i_size_lo=size)
        assert content(image, "plain") == whole[:size]
    image.inode("plain").put(i_size_lo=5000)
    assert content(image, "plain") == bytes(
        image.data[image.block_of("plain", 0) * 1024 :][: 3 * 1024]
    ) + bytes(5000 - 3 * 1024)


def test_blocks_that_were_never_written_are_zeros(craft):
    image = craft()
    image.extent("plain").put(ee_len=0x8000 + 3)
    assert content(image, "plain") == bytes(3000)


# Inline


def inline(image, path: str, area: bytes, more: bytes, size: int) -> None:
    inode = image.inode(path)
    inode.put(i_block=area, i_size_lo=size)
    start = 128 + inode["i_extra_isize"]
    room = image.superblock["s_inode_size"] - start - 4
    inode.put_bytes(
        start, struct.pack("<I", layout.ATTRIBUTE_MAGIC) + attributes((7, b"data", more), room=room)
    )


@pytest.mark.parametrize("size", [0, 1, 60, 61, 84, 85])
def test_inline_content(craft, size):
    image = craft("inline")
    area, more = bytes(range(100, 160)), bytes(range(200, 225))
    inline(image, "tiny", area, more, size)
    assert content(image, "tiny") == (area + more)[:size]


@pytest.mark.parametrize(("more", "size"), [(b"", 61), (b"more", 65), (b"more", 1000)])
def test_inline_content_that_is_too_short(craft, more, size):
    image = craft("inline")
    inline(image, "tiny", bytes(60), more, size)
    assert image.refusal() == Refusal(
        "a file is shorter than its size says",
        f"inode {image.numbers['tiny']}",
        f"{size} bytes",
        f"{60 + len(more)} bytes",
    )


def test_inline_content_that_is_not_there(craft):
    image = craft()
    image.inode("empty").put(i_flags=layout.FLAG_INLINE_DATA)
    lost = Refusal("a file has lost its inline content", f"inode {image.numbers['empty']}")
    assert image.refusal() == lost


# Symbolic links


@pytest.mark.parametrize("name", ["csum", "csum-4k", "csum-seed", "plain", "gdt-csum", "no-types", "inline"])
def test_the_targets_of_links(craft, name):
    with craft(name).open() as fs:
        assert fs.entry("fast").target == b"plain"
        assert fs.entry("fast-59").target == b"f" * 59
        assert fs.entry("slow").target == b"s" * 60
        assert fs.entry("slow-long").target == b"t" * 1000
        assert {path: fs.entry(path).target for path in ("", "tiny", "folder", "pipe")} == dict.fromkeys(
            ("", "tiny", "folder", "pipe")
        )


def test_a_link_with_a_block_of_attributes(craft):
    image = craft()
    with image.open() as fs:
        assert (fs.entry("slow").target, fs.entry("slow").xattrs) == (b"s" * 60, {b"user.big": BIG})
    block = image.inode("slow")["i_file_acl_lo"]
    image.inode("fast").put(i_file_acl_lo=block, i_blocks_lo=2)
    with image.open() as fs:
        assert (fs.entry("fast").target, fs.entry("fast").xattrs) == (b"plain", {b"user.big": BIG})


def test_the_size_of_a_block_of_attributes_in_sectors(craft):
    image = craft("csum-4k")
    block = image.inode("slow")["i_file_acl_lo"]
    image.inode("fast").put(i_file_acl_lo=block, i_blocks_lo=8)
    with image.open() as fs:
        assert fs.entry("fast").target == b"plain"


def test_other_flags_than_that_of_huge_files_count_sectors(craft):
    image = craft()
    flags = 0xFFFFFFFF ^ (
        layout.FLAG_HUGE_FILE | layout.FLAG_EXTENTS | layout.FLAG_INLINE_DATA | layout.FLAG_ENCRYPT
    ) ^ (layout.FLAG_VERITY | layout.FLAG_EA_INODE | layout.FLAG_CASEFOLD)  # fmt: skip
    block = image.inode("slow")["i_file_acl_lo"]
    image.inode("fast").put(i_file_acl_lo=block, i_blocks_lo=2, i_flags=flags)
    with image.open() as fs:
        assert fs.entry("fast").target == b"plain"


@pytest.mark.parametrize(("fields", "fast"), [({"i_blocks_lo": 1}, True), ({"i_blocks_lo": 2}, False)])
def test_a_file_system_that_counts_blocks_and_not_sectors(craft, fields, fast):
    image = craft()
    block = image.inode("slow")["i_file_acl_lo"]
    image.inode("fast").put(i_file_acl_lo=block, i_flags=layout.FLAG_HUGE_FILE, **fields)
    with image.open() as fs:
        told = refusal(lambda: fs.entry("fast"))
    assert (told is None) == fast


def test_the_upper_half_of_the_sectors(craft):
    """With it, the link is one that has content, and what stands in the inode is a list of blocks."""
    image = craft()
    image.inode("fast").put(l_i_blocks_high=1)
    assert image.refusal() == Refusal(
        "the block list of a file is damaged",
        f"inode {image.numbers['fast']}",
        observed=f"block {int.from_bytes(b'plai', 'little')} outside the file system",
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"i_size_lo": 60}, DAMAGED),
        ({"i_flags": layout.FLAG_EXTENTS}, DAMAGED),
        ({"i_size_lo": 1024, "i_blocks_lo": 2}, DAMAGED),
        ({"i_size_lo": 0}, TARGET),
        ({"i_size_lo": 6}, TARGET),
        ({"i_block": b"\0lain"}, TARGET),
    ],
    ids=str,
)
def test_a_link_that_cannot_be(craft, fields, expected):
    image = craft()
    image.inode("fast").put(**fields)
    assert image.refusal() == expected.of(image.numbers)


def test_the_longest_links(craft):
    image = craft()
    image.inode("fast").put(i_block=b"x" * 60, i_size_lo=59)
    with image.open() as fs:
        assert fs.entry("fast").target == b"x" * 59
    block = image.block_of("slow-long", 0)
    image.write(block * 1024, b"y" * 1024)
    image.inode("slow-long").put(i_size_lo=1023)
    with image.open() as fs:
        assert fs.entry("slow-long").target == b"y" * 1023
        assert fs.entry("slow-long").size == 1023
    image.inode("slow-long").put(i_size_lo=1024)
    assert image.refusal() == Refusal(
        "a symbolic link is damaged", f"symbolic link inode {image.numbers['slow-long']}"
    )


def test_a_long_link_with_a_nul(craft):
    image = craft()
    image.write(image.block_of("slow-long", 0) * 1024 + 999, b"\0")
    assert image.refusal() == Refusal(
        "a symbolic link has an impossible target", f"symbolic link inode {image.numbers['slow-long']}"
    )


def test_a_long_link_that_is_a_hole(craft):
    image = craft()
    image.extent_header("slow-long").put(eh_entries=0)
    assert image.refusal() == Refusal(
        "a symbolic link has an impossible target", f"symbolic link inode {image.numbers['slow-long']}"
    )


def test_an_inline_link(craft):
    image = craft("inline")
    assert image.inode("slow")["i_flags"] & layout.FLAG_INLINE_DATA
    inline(image, "slow", b"a" * 60, b"b" * 20, 70)
    with image.open() as fs:
        assert fs.entry("slow").target == b"a" * 60 + b"b" * 10


# Limits


@pytest.mark.parametrize("fits", [True, False])
def test_the_limit_on_the_size_of_a_file(craft, fits):
    limits = replace(LIMITS, file_bytes=3000 - (not fits))
    with craft().open(limits) as fs:
        told = refusal(lambda: fs.read("plain"))
        told_of_chunks = refusal(lambda: fs.chunks(fs.entry("plain")))
    if fits:
        assert (told, told_of_chunks) == (None, None)
    else:
        assert told == Refusal(
            "a file is larger than the limit", "/plain", "at most 2999 bytes", "3000 bytes"
        )
        assert told_of_chunks == Refusal("this is not a regular file of an allowed size", "/plain")
