"""Inodes: what is read of them, and each rule with one field that breaks it."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from guestos.ext4 import layout
from guestos.ext4.crafting import Refusal

from auditkit.guestos import FileType
from auditkit.guestos.ext4 import parse_superblock
from auditkit.guestos.ext4.checksums import Checksums
from auditkit.guestos.ext4.inode_table import InodeTable

SECOND = 1_000_000_000
OUTSIDE = Refusal("the inode table of block group 0 is outside the file system")


def entry(image, path="tiny"):
    with image.open() as fs:
        return fs.entry(path)


# Values


@pytest.mark.parametrize("mode", [0, 0o4711, 0o1770, 0o2755, 0o7777])
def test_the_mode_has_twelve_bits(craft, mode):
    image = craft()
    image.inode("tiny").put(i_mode=0o100000 | mode)
    assert entry(image).mode == mode


@pytest.mark.parametrize(
    ("type_bits", "type_code", "expected"),
    [
        (0o010000, 5, FileType.FIFO),
        (0o020000, 3, FileType.CHARACTER_DEVICE),
        (0o060000, 4, FileType.BLOCK_DEVICE),
        (0o100000, 1, FileType.FILE),
        (0o140000, 6, FileType.SOCKET),
    ],
)
def test_the_types_of_mode_and_name(craft, type_bits, type_code, expected):
    image = craft()
    image.inode("empty").put(i_mode=type_bits | 0o600)
    image.entry("", b"empty").put(file_type=type_code)
    assert entry(image, "empty").type is expected
    assert image.refusal() is None


def test_links_and_folders_have_types_too(craft):
    assert entry(craft(), "fast").type is FileType.SYMLINK
    assert entry(craft(), "folder").type is FileType.DIRECTORY


@pytest.mark.parametrize(
    ("fields", "field", "expected"),
    [
        ({"i_uid": 0xFEDC, "l_i_uid_high": 0x1234}, "uid", 0x1234FEDC),
        ({"i_gid": 0xFEDC, "l_i_gid_high": 0x1234}, "gid", 0x1234FEDC),
        ({"i_size_lo": 0xFEDCBA98, "i_size_high": 0x1234}, "size", 0x1234FEDCBA98),
        ({"i_links_count": 65000}, "links", 65000),
        ({"i_links_count": 1}, "links", 1),
    ],
    ids=str,
)
def test_numbers_in_two_halves(craft, fields, field, expected):
    image = craft()
    image.inode("tiny").put(**fields)
    assert getattr(entry(image), field) == expected


def test_the_number_of_an_inode(craft):
    image = craft()
    assert {path: entry(image, path).inode for path in image.numbers} == image.numbers


@pytest.mark.parametrize(
    ("seconds", "extra", "expected"),
    [
        (5, 0, 5 * SECOND),
        (-2, 0, -2 * SECOND),
        (-(1 << 31), 0, -(1 << 31) * SECOND),
        ((1 << 31) - 1, 0, ((1 << 31) - 1) * SECOND),
        (5, 1, ((1 << 32) + 5) * SECOND),
        (-2, 1, ((1 << 32) - 2) * SECOND),
        (5, 3, ((3 << 32) + 5) * SECOND),
        (5, 7 << 2, 5 * SECOND + 7),
        (-2, 7 << 2, -2 * SECOND + 7),
        (5, 999_999_999 << 2 | 2, ((2 << 32) + 5) * SECOND + 999_999_999),
    ],
)
def test_times(craft, seconds, extra, expected):
    """The two lowest bits of the extra field go on where 32 bits of seconds end; the others are nanoseconds."""
    image = craft()
    image.inode("tiny").put(i_mtime=seconds, i_mtime_extra=extra)
    assert entry(image).mtime_ns == expected


@pytest.mark.parametrize(
    ("extra_size", "expected"), [(8, 5 * SECOND), (12, 5 * SECOND + 7), (16, 5 * SECOND + 7)]
)
def test_nanoseconds_need_their_room_in_the_inode(craft, extra_size, expected):
    image = craft()
    image.inode("empty").put(i_mtime=5, i_mtime_extra=7 << 2, i_extra_isize=extra_size)
    assert entry(image, "empty").mtime_ns == expected


def test_an_inode_of_128_bytes_has_whole_seconds(craft):
    image = craft("plain")
    image.inode("tiny").put(i_mtime=-9)
    assert entry(image).mtime_ns == -9 * SECOND


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (0x1234, 0, (0x12, 0x34)),
        (0xFFFF, 0, (0xFF, 0xFF)),
        (0xABCD1234, 0xFFFFFFFF, (0x12, 0x34)),
        (0, 0x1234, (0x12, 0x34)),
        (0, 0xABCDEF12, (0xDEF, 0xABC12)),
        (0, 0xFFFFFFFF, (0xFFF, 0xFFFFF)),
        (0, 0, (0, 0)),
    ],
)
@pytest.mark.parametrize("path", ["old-device", "new-device"])
def test_the_numbers_of_a_device(craft, path, old, new, expected):
    image = craft()
    image.inode(path).put(i_block=struct.pack("<II", old, new))
    assert entry(image, path).device == expected


def test_the_devices_that_debugfs_made(craft):
    image = craft()
    assert (entry(image, "old-device").type, entry(image, "old-device").device) == (
        FileType.CHARACTER_DEVICE,
        (4, 65),
    )
    assert (entry(image, "new-device").type, entry(image, "new-device").device) == (
        FileType.BLOCK_DEVICE,
        (259, 65432),
    )
    others = set(image.numbers) - {"old-device", "new-device"}
    assert {entry(image, path).device for path in others} == {None}


# Rules


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"i_mode": 0o644}, Refusal("the type of a file is unknown", "inode {tiny}", observed="mode 0o644")),
        (
            {"i_mode": 0o160644},
            Refusal("the type of a file is unknown", "inode {tiny}", observed="mode 0o160644"),
        ),
        ({"i_links_count": 0}, Refusal("a directory names a deleted file", "inode {tiny}")),
        ({"i_extra_isize": 1}, Refusal("an inode is larger than its slot", "inode {tiny}")),
        ({"i_extra_isize": 34}, Refusal("an inode is larger than its slot", "inode {tiny}")),
        ({"i_extra_isize": 132}, Refusal("an inode is larger than its slot", "inode {tiny}")),
        (
            {"i_mtime_extra": SECOND << 2},
            Refusal("a time has more than a second of nanoseconds", "inode {tiny}"),
        ),
        (
            {"i_mtime_extra": 0xFFFFFFFF},
            Refusal("a time has more than a second of nanoseconds", "inode {tiny}"),
        ),
    ],
    ids=str,
)
def test_a_field_that_cannot_be(craft, fields, expected):
    image = craft()
    image.inode("tiny").put(**fields)
    assert image.refusal() == expected.of(image.numbers)


@pytest.mark.parametrize(
    ("flag", "name"),
    [
        (layout.FLAG_ENCRYPT, "encrypted"),
        (layout.FLAG_VERITY, "fs-verity"),
        (layout.FLAG_EA_INODE, "attribute inode"),
        (layout.FLAG_CASEFOLD, "casefold"),
    ],
)
def test_a_flag_that_changes_what_is_read(craft, flag, name):
    image = craft()
    image.inode("tiny").put(i_flags=layout.FLAG_EXTENTS | flag)
    assert image.refusal() == Refusal(
        "a file uses a feature that this reader does not read",
        where=f"inode {image.numbers['tiny']}",
        observed=name,
    )


@pytest.mark.parametrize("path", ["tiny", "folder", "fast", "slow"])
def test_the_other_flags_change_nothing(craft, path):
    """Secure deletion, undelete, append only, ... to project inheritance: each bit that none of the above is."""
    image = craft()
    read = layout.FLAG_INDEX | layout.FLAG_HUGE_FILE | layout.FLAG_EXTENTS | layout.FLAG_INLINE_DATA
    refused = layout.FLAG_ENCRYPT | layout.FLAG_VERITY | layout.FLAG_EA_INODE | layout.FLAG_CASEFOLD
    before = entry(image, path)
    image.inode(path).put(i_flags=image.inode(path)["i_flags"] | 0xFFFFFFFF ^ read ^ refused)
    assert image.refusal() is None
    assert entry(image, path) == before


@pytest.mark.parametrize("path", ["folder", "fast", "pipe", "old-device"])
def test_only_files_have_4_gib(craft, path):
    image = craft()
    image.inode(path).put(i_size_high=1)
    assert image.refusal() == Refusal(
        "something that is not a regular file has an impossible size", f"inode {image.numbers[path]}"
    )


def test_fixed_fields_up_to_the_end_of_the_inode(craft):
    image = craft()
    image.inode("empty").put(i_extra_isize=128)
    assert image.refusal() is None
    assert entry(image, "empty").xattrs == {}


# The table of inodes


@pytest.mark.parametrize("number", [1, 3, 10, 129, 0xFFFFFFFF])
def test_a_number_that_no_name_may_lead_to(craft, number):
    image = craft()
    image.entry("", b"empty").put(inode=number)
    assert image.refusal() == Refusal("a directory names an inode that cannot exist", observed=str(number))


@pytest.mark.parametrize("number", [11, 128])
def test_the_first_and_the_last_number(craft, number):
    """They are looked at: the first one is `lost+found` here, and the last one was never used."""
    image = craft()
    image.entry("", b"empty").put(inode=number)
    assert image.refusal() == (
        Refusal(
            "a directory and a file disagree on what the file is",
            "/empty",
            expected="file",
            observed="directory",
        )
        if number == 11
        else Refusal("the checksum of inode 128 is wrong")
    )
    image.inode(128).put(i_mode=0o100600, i_links_count=1)
    if number == 128:
        assert image.refusal() is None
        assert entry(image, "empty").inode == 128


def test_no_number_at_all_is_no_name(craft):
    image = craft()
    image.entry("", b"empty").put(inode=0)
    assert image.refusal() is None
    with image.open() as fs:
        assert b"empty" not in {item.path for item in fs.walk()}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"bg_inode_table_lo": 0}, OUTSIDE),
        ({"bg_inode_table_lo": 1}, OUTSIDE),
        ({"bg_inode_table_lo": 2}, Refusal("the checksum of inode 2 is wrong")),
        ({"bg_inode_table_lo": 4088}, Refusal("the checksum of inode 2 is wrong")),
        ({"bg_inode_table_lo": 4089}, OUTSIDE),
        ({"bg_inode_table_hi": 1}, OUTSIDE),
    ],
    ids=str,
)
def test_where_a_table_of_32_inodes_may_be(craft, fields, expected):
    image = craft()
    image.group(0).put(**fields)
    assert image.refusal() == expected


@pytest.mark.parametrize(("block", "outside"), [(4087, False), (4088, True)])
def test_a_table_that_ends_within_a_block_takes_all_of_it(craft, block, outside):
    image = craft()
    image.superblock.put(s_inodes_per_group=34, s_inodes_count=136)
    image.group(0).put(bg_inode_table_lo=block)
    assert image.refusal() == (OUTSIDE if outside else Refusal("the checksum of inode 2 is wrong"))


def test_a_table_beyond_32_bits(craft):
    """Of an image of petabytes, of which there are only a descriptor and an inode."""
    image = craft()
    descriptor = image.group(1).put(bg_inode_table_lo=0x5678, bg_inode_table_hi=0x1234)
    inode = image.inode(2).offset
    read = []

    class Parts:
        def read_at(self, offset: int, size: int) -> bytes:
            read.append((offset, size))
            start = descriptor.offset if size == 64 else inode
            return bytes(image.data[start : start + size])

    geometry = replace(
        parse_superblock(bytes(image.data[1024:2048])), blocks_count=1 << 48, has_checksums=False
    )
    found = InodeTable(Parts(), geometry, Checksums(geometry)).inode(32 + 12)
    assert read == [(2 * 1024 + 64, 64), (0x1234_0000_5678 * 1024 + 11 * 256, 256)]
    assert (found.number, found.type) == (44, FileType.DIRECTORY)


@pytest.mark.parametrize(("remember", "reads"), [(True, 2), (False, 4)])
def test_inodes_that_are_remembered_are_read_once(craft, remember, reads):
    image = craft()
    read = []

    class Parts:
        def read_at(self, offset: int, size: int) -> bytes:
            read.append(size)
            return bytes(image.data[offset : offset + size])

    geometry = parse_superblock(bytes(image.data[1024:2048]))
    table = InodeTable(Parts(), geometry, Checksums(geometry), remember=remember)
    numbers = [2, image.numbers["plain"]] * 2
    assert [table.inode(number).number for number in numbers] == numbers
    assert [size for size in read if size == geometry.inode_size] == [256] * reads


def test_what_is_counted_in_48_bits(craft):
    image = craft()
    inode = image.inode("plain").put(
        i_file_acl_lo=0x56789ABC, l_i_file_acl_high=0x1234, i_blocks_lo=0x98765432, l_i_blocks_high=0xFEDC
    )
    with image.open() as fs:
        found = fs._inodes.inode(image.numbers["plain"])
        assert (found.attribute_block, found.sectors) == (0x1234_5678_9ABC, 0xFEDC_9876_5432)
        inode.put(i_flags=layout.FLAG_HUGE_FILE)
        assert fs._inodes.inode(image.numbers["plain"]).sectors == 2 * 0xFEDC_9876_5432
