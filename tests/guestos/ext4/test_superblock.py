"""The superblock: each rule with a superblock that breaks just that one."""

from __future__ import annotations

import pytest
from guestos.ext4.conftest import UUID
from guestos.ext4.crafting import Refusal, crc32c, refusal

from auditkit.guestos.ext4 import (
    MAGIC,
    SUPERBLOCK_OFFSET,
    SUPERBLOCK_SIZE,
    Superblock,
    file_system_settings,
    parse_superblock,
)

UUID_BYTES = bytes.fromhex(UUID.replace("-", ""))
INCOMPAT = 0x2 | 0x40 | 0x80 | 0x200  # filetype, extents, 64bit, flex_bg
RO_COMPAT = 0x1 | 0x2 | 0x8 | 0x20 | 0x40 | 0x400  # what the image was made with
NOT_CLEAN = "the file system says that it is not clean"
UNREAD = "the file system uses features that this reader does not read"
IMPOSSIBLE = "the geometry of the ext4 superblock is impossible"
BLOCK_SIZE = Refusal("the block size is not 1, 2 or 4 KiB")
WRONG_CHECKSUM = Refusal("the checksum of the ext4 superblock is wrong")


def parsed(image, image_size=None) -> Superblock:
    return parse_superblock(bytes(image.data[1024:2048]), image_size=image_size)


def impossible(observed: str) -> Refusal:
    return Refusal(IMPOSSIBLE, observed=observed)


def unread(observed: str) -> Refusal:
    return Refusal(UNREAD, observed=observed)


def test_what_is_read_of_a_superblock(craft):
    assert parsed(craft("csum")) == Superblock(
        block_size=1024,
        blocks_count=4096,
        first_data_block=1,
        blocks_per_group=1024,
        inodes_count=128,
        inodes_per_group=32,
        inode_size=256,
        first_inode=11,
        descriptor_size=64,
        has_file_types=True,
        has_checksums=True,
        has_descriptor_checksums=False,
        checksum_seed=crc32c(0xFFFFFFFF, UUID_BYTES),
        uuid=UUID_BYTES,
        volume_name=b"small",
    )
    assert parsed(craft("csum")).size == 4 << 20
    assert parsed(craft("csum")).groups_count == 4
    assert (SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE, MAGIC) == (1024, 1024, 0xEF53)


@pytest.mark.parametrize(
    ("name", "block_size", "first", "descriptor", "types", "checksums", "crc16s"),
    [
        ("csum-4k", 4096, 0, 64, True, True, False),
        ("csum-seed", 2048, 0, 64, True, True, False),
        ("plain", 1024, 1, 32, True, False, False),
        ("gdt-csum", 1024, 1, 32, True, False, True),
        ("no-types", 1024, 1, 32, False, True, False),
    ],
)
def test_what_differs_between_images(craft, name, block_size, first, descriptor, types, checksums, crc16s):
    found = parsed(craft(name))
    assert (found.block_size, found.first_data_block, found.descriptor_size) == (
        block_size,
        first,
        descriptor,
    )
    assert found.has_file_types == types
    assert (found.has_checksums, found.has_descriptor_checksums) == (checksums, crc16s)
    assert found.size == 4 << 20
    with craft(name).open() as fs:
        assert fs.has_checksums == checksums


def test_a_seed_of_its_own_goes_before_the_one_of_the_uuid(craft):
    image = craft("csum-seed")
    seed = image.superblock["s_checksum_seed"]
    assert seed == crc32c(0xFFFFFFFF, UUID_BYTES)
    image.superblock.put(s_uuid=bytes(16))
    assert parsed(image).checksum_seed == seed
    image.superblock.put(s_feature_incompat=INCOMPAT)
    assert parsed(image).checksum_seed == crc32c(0xFFFFFFFF, bytes(16))


def test_a_label_that_fills_its_place(craft):
    image = craft()
    image.superblock.put(s_volume_name=b"0123456789abcdef")
    assert parsed(image).volume_name == b"0123456789abcdef"


@pytest.mark.parametrize("length", [0, 1023, 1025])
def test_another_length(craft, length):
    data = bytes(craft().data[1024 : 1024 + length])
    assert refusal(lambda: parse_superblock(data)) == Refusal("the image is too short for an ext4 superblock")


@pytest.mark.parametrize("magic", [0xEF52, 0x53EF, 0])
def test_another_magic_number(craft, magic):
    image = craft()
    image.superblock.put(s_magic=magic)
    assert refusal(lambda: parsed(image)) == Refusal(
        "this is not an ext4 image: there is no ext4 superblock at offset 1024"
    )


def test_every_byte_is_under_the_checksum(craft):
    image = craft()
    told = set()
    for at in set(range(1024)) - {0x38, 0x39} - set(range(0x64, 0x68)):  # without magic and features
        image.data[1024 + at] ^= 0x10
        told.add(refusal(lambda: parsed(image)))
        image.data[1024 + at] ^= 0x10
    assert told == {WRONG_CHECKSUM}


@pytest.mark.parametrize("kind", [0, 2])
def test_another_kind_of_checksum(craft, kind):
    image = craft()
    image.superblock.put(s_checksum_type=kind)
    assert refusal(lambda: parsed(image)) == WRONG_CHECKSUM


def test_without_metadata_csum_there_is_no_checksum_to_be_wrong(craft):
    image = craft("plain")
    image.superblock.put(s_checksum_type=0, s_checksum=0x12345678, s_volume_name=b"another")
    assert parsed(image).volume_name == b"another"


# Features

JOURNAL = Refusal(
    "the file system was not unmounted cleanly: its journal still has to be replayed",
    hint="an image in this state can be read in two ways, so it is refused",
)


@pytest.mark.parametrize(
    ("bits", "expected"),
    [
        (0x1, unread("compression")),
        (0x4, JOURNAL),
        (0x4 | 0x1, JOURNAL),
        (0x8, unread("journal_dev")),
        (0x10, unread("meta_bg")),
        (0x20, unread("0x20")),
        (0x100, unread("mmp")),
        (0x400, unread("ea_inode")),
        (0x800, unread("0x800")),
        (0x1000, unread("dirdata")),
        (0x4000, unread("large_dir")),
        (0x10000, unread("encrypt")),
        (0x20000, unread("casefold")),
        (0x40000, unread("0x40000")),
        (0x80000000, unread("0x80000000")),
        (0x1 | 0x10 | 0x100000, unread("compression, meta_bg, 0x100000")),
    ],
    ids=lambda value: f"{value:#x}" if isinstance(value, int) else "",
)
def test_incompatible_features_that_are_refused(craft, bits, expected):
    image = craft()
    image.superblock.put(s_feature_incompat=INCOMPAT | bits)
    assert refusal(lambda: parsed(image)) == expected


@pytest.mark.parametrize(
    "bits", [0x0, 0x2, 0x40, 0x200, 0x2000, 0x8000, 0x2 | 0x40 | 0x200 | 0x2000 | 0x8000]
)
def test_incompatible_features_that_are_read(craft, bits):
    image = craft()
    image.superblock.put(s_feature_incompat=bits)
    found = parsed(image)
    assert found.has_file_types == bool(bits & 0x2)
    assert found.descriptor_size == 32


@pytest.mark.parametrize(
    ("bits", "expected"),
    [
        (0x4, unread("0x4")),
        (0x80, unread("0x80")),
        (0x200, unread("bigalloc")),
        (0x800, unread("0x800")),
        (0x8000, unread("verity")),
        (0x10000, unread("orphan_present")),
        (0x20000, unread("0x20000")),
        (0x80000000, unread("0x80000000")),
        (0x200 | 0x8000, unread("bigalloc, verity")),
        (0x10, Refusal("the superblock claims two kinds of group descriptor checksums at once")),
    ],
    ids=lambda value: f"{value:#x}" if isinstance(value, int) else "",
)
def test_read_only_features_that_are_refused(craft, bits, expected):
    image = craft()
    image.superblock.put(s_feature_ro_compat=RO_COMPAT | bits)
    assert refusal(lambda: parsed(image)) == expected


@pytest.mark.parametrize(
    "bits", [0x0, 0x1, 0x2, 0x8, 0x10, 0x20, 0x40, 0x100, 0x400, 0x1000, 0x2000, 0x4000, 0x716B, 0x717B]
)
def test_read_only_features_that_are_read(craft, bits):
    image = craft()
    image.superblock.put(s_feature_ro_compat=bits)
    found = parsed(image)
    assert (found.has_checksums, found.has_descriptor_checksums) == (bool(bits & 0x400), bool(bits & 0x10))


# State


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"s_state": 0}, Refusal(NOT_CLEAN, observed="state 0x0")),
        ({"s_state": 2}, Refusal(NOT_CLEAN, observed="state 0x2")),
        ({"s_state": 3}, Refusal(NOT_CLEAN, observed="state 0x3")),
        ({"s_state": 4}, Refusal(NOT_CLEAN, observed="state 0x4")),
        ({"s_creator_os": 1}, Refusal("the file system was not made for Linux", observed="creator 1")),
        ({"s_rev_level": 0}, Refusal("the ext4 revision is unknown", expected="1", observed="0")),
        ({"s_rev_level": 2}, Refusal("the ext4 revision is unknown", expected="1", observed="2")),
        ({"s_last_orphan": 1}, Refusal("the file system has unfinished deletions")),
        ({"s_last_orphan": 1 << 24}, Refusal("the file system has unfinished deletions")),
    ],
    ids=str,
)
def test_a_state_that_is_refused(craft, fields, expected):
    image = craft()
    image.superblock.put(**fields)
    assert refusal(lambda: parsed(image)) == expected


# Geometry


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"s_log_block_size": 3, "s_log_cluster_size": 3}, BLOCK_SIZE),
        ({"s_log_block_size": 0xFFFFFFFF, "s_log_cluster_size": 0xFFFFFFFF}, BLOCK_SIZE),
        ({"s_log_cluster_size": 1}, BLOCK_SIZE),
        ({"s_inode_size": 0}, impossible("inodes of 0 bytes")),
        ({"s_inode_size": 64}, impossible("inodes of 64 bytes")),
        ({"s_inode_size": 127}, impossible("inodes of 127 bytes")),
        ({"s_inode_size": 192}, impossible("inodes of 192 bytes")),
        ({"s_inode_size": 2048}, impossible("inodes of 2048 bytes")),
        ({"s_inode_size": 8192}, impossible("inodes of 8192 bytes")),
        ({"s_first_data_block": 0}, impossible("first data block 0")),
        ({"s_first_data_block": 2}, impossible("first data block 2")),
        ({"s_blocks_per_group": 0}, impossible("groups of 0 blocks and 32 inodes")),
        ({"s_blocks_per_group": 8193}, impossible("groups of 8193 blocks and 32 inodes")),
        ({"s_inodes_per_group": 0}, impossible("groups of 1024 blocks and 0 inodes")),
        ({"s_inodes_per_group": 8193}, impossible("groups of 1024 blocks and 8193 inodes")),
        ({"s_blocks_count_lo": 0}, impossible("0 blocks")),
        ({"s_blocks_count_lo": 1}, impossible("1 blocks")),
        ({"s_inodes_count": 127}, impossible("127 inodes in 4 groups of 32")),
        ({"s_inodes_count": 129}, impossible("129 inodes in 4 groups of 32")),
        ({"s_blocks_count_lo": 4098}, impossible("128 inodes in 5 groups of 32")),
        ({"s_first_ino": 10}, impossible("first inode 10")),
        ({"s_first_ino": 129}, impossible("first inode 129")),
        ({"s_desc_size": 0}, impossible("group descriptors of 0 bytes")),
        ({"s_desc_size": 32}, impossible("group descriptors of 32 bytes")),
        ({"s_desc_size": 128}, impossible("group descriptors of 128 bytes")),
    ],
    ids=str,
)
def test_a_geometry_that_cannot_be(craft, fields, expected):
    image = craft()
    image.superblock.put(**fields)
    assert refusal(lambda: parsed(image)) == expected


def test_the_first_data_block_of_larger_blocks_is_0(craft):
    image = craft("csum-4k")
    image.superblock.put(s_first_data_block=1)
    assert refusal(lambda: parsed(image)) == impossible("first data block 1")


@pytest.mark.parametrize(
    ("fields", "field", "value"),
    [
        ({"s_inode_size": 128}, "inode_size", 128),
        ({"s_inode_size": 1024}, "inode_size", 1024),
        ({"s_blocks_per_group": 8192, "s_inodes_count": 32}, "groups_count", 1),
        ({"s_blocks_per_group": 1, "s_inodes_count": 4095 * 32}, "groups_count", 4095),
        ({"s_inodes_per_group": 8192, "s_inodes_count": 4 * 8192}, "inodes_per_group", 8192),
        ({"s_blocks_count_lo": 2, "s_inodes_count": 32}, "groups_count", 1),
        ({"s_blocks_count_lo": 1025, "s_inodes_count": 32}, "groups_count", 1),
        ({"s_blocks_count_lo": 1026, "s_inodes_count": 64}, "groups_count", 2),
        ({"s_inodes_per_group": 3, "s_inodes_count": 12}, "inodes_count", 12),
        ({"s_blocks_per_group": 300, "s_inodes_per_group": 1, "s_inodes_count": 14}, "inodes_per_group", 1),
        ({"s_first_ino": 128}, "first_inode", 128),
    ],
    ids=str,
)
def test_a_geometry_at_its_bound(craft, fields, field, value):
    image = craft()
    image.superblock.put(**fields)
    assert getattr(parsed(image), field) == value


@pytest.mark.parametrize("size", [128, 256, 512, 1024, 2048, 4096])
def test_inodes_up_to_a_block(craft, size):
    image = craft("csum-4k")
    image.superblock.put(s_inode_size=size)
    assert parsed(image).inode_size == size


@pytest.mark.parametrize(("name", "blocks"), [("csum", (1 << 32) + 4096), ("plain", 4096)])
def test_the_upper_half_of_the_number_of_blocks_needs_64bit(craft, name, blocks):
    image = craft(name)
    groups = -(-(blocks - 1) // 8192)
    image.superblock.put(
        s_blocks_count_hi=1, s_blocks_per_group=8192, s_inodes_per_group=32, s_inodes_count=32 * groups
    )
    assert parsed(image).blocks_count == blocks


@pytest.mark.parametrize("spare", [0, 1])
def test_an_image_that_holds_its_file_system(craft, spare):
    assert parsed(craft(), image_size=(4 << 20) + spare).size == 4 << 20


def test_an_image_that_is_shorter_than_its_file_system(craft):
    expected = Refusal(
        "the image is shorter than the file system in it",
        expected="at least 4194304 bytes",
        observed="4194303 bytes",
    )
    image = craft()
    assert refusal(lambda: parsed(image, image_size=(4 << 20) - 1)) == expected
    del image.data[-1:]
    assert image.refusal() == expected


# How a file system is used


def test_what_a_superblock_says_of_its_use():
    """Each field at the place that the kernel's documents give, and nothing between them."""
    data = bytearray(1024)
    for offset, content in (
        (0x3C, b"\x02\x01"),  # s_errors
        (0x50, b"\x03\x01\x04\x01"),  # s_def_resuid, s_def_resgid
        (0x5C, b"\x05\0\0\x01"),  # s_feature_compat
        (0x60, b"\x06\0\0\x02"),  # s_feature_incompat
        (0x64, b"\x07\0\0\x03"),  # s_feature_ro_compat
        (0x68, bytes(range(0x10, 0x20))),  # s_uuid
        (0x78, b"a label of 16 by"),  # s_volume_name
        (0xEC, bytes(range(0x20, 0x30))),  # s_hash_seed
        (0xFC, b"\x08"),  # s_def_hash_version
        (0x100, b"\x09\0\0\x04"),  # s_default_mount_opts
        (0x160, b"\x0a\0\0\x05"),  # s_flags
        (0x200, b"o" * 64),  # s_mount_opts
    ):
        data[offset : offset + len(content)] = content
    assert file_system_settings(bytes(data)) == {
        "compatible features": "0x1000005",
        "incompatible features": "0x2000006",
        "read-only compatible features": "0x3000007",
        "default mount options": "0x4000009",
        "mount options": "o" * 64,
        "behaviour after errors": "258",
        "flags": "0x500000a",
        "hash seed of folders": "202122232425262728292a2b2c2d2e2f",
        "hash version of folders": "8",
        "owner of reserved blocks": "259:260",
        "label": "a label of 16 by",
        "UUID": "101112131415161718191a1b1c1d1e1f",
    }


@pytest.mark.parametrize(
    ("label", "told"), [(b"", "none"), (b"boot\0\0", "boot"), (b"\0boot", "\0boot"), (b"\xff", "\\xff")]
)
def test_a_label_that_is_short_or_no_text(label, told):
    data = bytes(0x78) + label + bytes(1024 - 0x78 - len(label))
    assert file_system_settings(data)["label"] == told
