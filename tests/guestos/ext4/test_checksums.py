"""The checksums of metadata: each structure with one bit changed and its checksum left as it was."""

from __future__ import annotations

import random

import pytest
from guestos.ext4.conftest import OPTIONS
from guestos.ext4.crafting import Refusal, refusal

from auditkit.guestos.ext4.crc import crc16, crc32c

WITH_CHECKSUMS = ["csum", "csum-4k", "csum-seed", "no-types", "inline"]


def test_checksums_of_the_published_check_strings():
    # the check values of CRC-32/ISCSI and CRC-16/ARC in the catalogue of parametrised CRC algorithms
    assert crc32c(0xFFFFFFFF, b"123456789") ^ 0xFFFFFFFF == 0xE3069283
    assert crc32c(crc32c(0xFFFFFFFF, b"1234"), b"56789") ^ 0xFFFFFFFF == 0xE3069283
    assert crc16(0, b"123456789") == 0xBB3D
    assert crc16(crc16(0, b"1234"), b"56789") == 0xBB3D
    assert crc32c(0x12345678, b"") == 0x12345678
    assert crc16(0x1234, b"") == 0x1234


@pytest.mark.parametrize("name", OPTIONS)
def test_the_checksums_of_the_tests_are_those_of_mke2fs(craft, name):
    """Every structure is sealed again: nothing may change, or a case would show what its seal broke."""
    image = craft(name)
    made = bytes(image.data)
    image.superblock.put()
    groups = -(-(4096 - 1) // image.superblock["s_blocks_per_group"]) if image.block_size == 1024 else 1
    for number in range(groups):
        image.group(number).put()
    for path in image.numbers:
        image.inode(path).put()
    if name != "plain":
        image.directory_block("").put()
        image.directory_block("crowd", 1).put()
        image.index_root("crowd").put()
        image.extent_block("runs").put()
    image.attribute_block("plain").put()
    assert bytes(image.data) == made


def test_a_damaged_group_descriptor(craft):
    for name in ("csum", "csum-seed", "gdt-csum"):
        image = craft(name)
        told = set()
        for at in range(64 if name.startswith("csum") else 32):
            image.data[image.group(0).offset + at] ^= 0x40
            told.add(image.refusal())
            image.data[image.group(0).offset + at] ^= 0x40
        assert told == {Refusal("the checksum of block group 0 is wrong")}, name


def test_the_number_of_a_group_is_in_the_checksum_of_its_descriptor(craft):
    for name in ("csum", "gdt-csum"):
        image = craft(name)
        size = image.group(1).offset - image.group(0).offset
        image.write(image.group(0).offset, image.data[image.group(1).offset : image.group(1).offset + size])
        assert image.refusal() == Refusal("the checksum of block group 0 is wrong")


def test_a_group_that_nothing_is_read_of_is_not_checked(craft):
    image = craft()
    image.data[image.group(3).offset + 1] ^= 1
    assert image.refusal() is None


def test_without_checksums_the_one_of_a_descriptor_says_nothing(craft):
    image = craft("plain")
    image.group(0).put(bg_checksum=0x1234)
    assert image.refusal() is None


@pytest.mark.parametrize("name", WITH_CHECKSUMS)
def test_a_damaged_inode(craft, name):
    image = craft(name)
    inode = image.inode("tiny")
    told = set()
    for at in range(image.superblock["s_inode_size"]):
        image.data[inode.offset + at] ^= 0x40
        told.add(refusal(lambda: image.open().entry("tiny")))
        image.data[inode.offset + at] ^= 0x40
    assert told == {Refusal(f"the checksum of inode {image.numbers['tiny']} is wrong")}


@pytest.mark.parametrize(("extra", "wide"), [(0, False), (3, False), (4, True), (32, True)])
def test_the_upper_half_of_an_inode_checksum_needs_its_room(craft, extra, wide):
    """Whether bytes 0x82 and 0x83 are half of the checksum or bytes like others is told by i_extra_isize."""
    image = craft()
    inode = image.inode("empty").put(i_extra_isize=extra)
    before = image.data[inode.offset + 0x82 : inode.offset + 0x84]
    image.write(inode.offset + 0x82, b"\xa5\x5a")
    inode.seal()
    after = image.data[inode.offset + 0x82 : inode.offset + 0x84]
    assert (after != b"\xa5\x5a") == wide
    assert (after == before) == wide  # the checksum does not depend on what stood in its own place
    too_odd = Refusal("an inode is larger than its slot", f"inode {image.numbers['empty']}")
    assert image.refusal() == (too_odd if extra == 3 else None)
    image.data[inode.offset + 0x83] ^= 1
    assert image.refusal() == Refusal(f"the checksum of inode {image.numbers['empty']} is wrong")


def test_the_number_and_the_generation_of_an_inode_are_in_its_checksum(craft):
    image = craft()
    one, other = image.inode("empty"), image.inode("holes")
    image.write(one.offset, image.data[other.offset : other.offset + 256])
    assert image.refusal() == Refusal(f"the checksum of inode {image.numbers['empty']} is wrong")
    image = craft()
    image.inode("empty").put(i_generation=0x12345678)
    assert image.refusal() is None


@pytest.mark.parametrize("path", ["runs", "crowd"])
def test_the_generation_of_an_inode_is_in_the_checksums_of_its_blocks(craft, path):
    image = craft()
    image.inode(path).put(i_generation=7)
    number = image.numbers[path]
    assert image.refusal() == Refusal(
        f"the checksum of an extent block of inode {number} is wrong"
        if path == "runs"
        else f"the checksum of the hash index of directory inode {number} is wrong"
    )
    if path == "runs":
        image.extent_block("runs", 0).seal()
        image.extent_block("runs", 1).seal()
    else:
        image.index_root("crowd").seal()
        for logical in range(1, image.inode("crowd")["i_size_lo"] // 1024):
            image.directory_block("crowd", logical).seal()
    assert image.refusal() is None


def flipped(image, start: int, offsets: range) -> set[Refusal | None]:
    """What is told of the image with a bit changed, at some of the offsets."""
    chosen = {*random.Random(3).sample(offsets, min(12, len(offsets))), offsets[0], offsets[-1]}
    told = set()
    for at in sorted(chosen):
        image.data[start + at] ^= 0x20
        told.add(image.refusal())
        image.data[start + at] ^= 0x20
    return told


def test_a_damaged_extent_block(craft):
    image = craft()
    start = image.extent_block("runs").offset
    expected = {Refusal(f"the checksum of an extent block of inode {image.numbers['runs']} is wrong")}
    assert image.extent_block("runs")["eh_max"] == 84
    assert flipped(image, start, range(8, 1024)) == expected  # the header is looked at before


def test_a_damaged_block_of_names(craft):
    image = craft()
    start = image.block_of("", 0) * 1024
    expected = {Refusal(f"the checksum of a block of directory inode {image.numbers['']} is wrong")}
    assert flipped(image, start, range(1024)) == expected
    assert flipped(image, start, range(1012, 1024)) == expected


@pytest.mark.parametrize(
    "fields",
    [{"det_reserved_zero1": 1}, {"det_rec_len": 16}, {"det_reserved_zero2": 1}, {"det_reserved_ft": 0xDD}],
    ids=str,
)
def test_a_block_of_names_without_its_tail(craft, fields):
    image = craft()
    image.directory_block("folder").put(**fields)
    assert image.refusal() == Refusal(
        f"the checksum of a block of directory inode {image.numbers['folder']} is wrong"
    )


def test_a_damaged_hash_index(craft):
    image = craft()
    start = image.index_root("crowd").offset
    count, limit = image.index_root("crowd")["count"], image.index_root("crowd")["limit"]
    assert (count, limit) == (10, 123)
    number = image.numbers["crowd"]
    expected = {Refusal(f"the checksum of the hash index of directory inode {number} is wrong")}
    assert flipped(image, start, range(0x28, 0x20 + 8 * count)) == expected
    assert flipped(image, start, range(1016, 1024)) == expected
    assert flipped(image, start, range(4)) == expected  # `.`
    assert flipped(image, start, range(0x20 + 8 * count, 1016)) == {None}  # entries that are none


def test_a_damaged_block_of_attributes(craft):
    for name in ("csum", "csum-4k"):
        image = craft(name)
        block = image.inode("plain")["i_file_acl_lo"]
        expected = {Refusal(f"the checksum of the extended attributes in block {block} is wrong")}
        assert flipped(image, block * image.block_size, range(image.block_size)) == expected
        assert flipped(image, block * image.block_size, range(0x0E, 0x18)) == expected


def test_the_number_of_an_attribute_block_is_in_its_checksum(craft):
    image = craft()
    one, other = image.inode("plain")["i_file_acl_lo"], image.inode("slow")["i_file_acl_lo"]
    image.write(one * 1024, image.data[other * 1024 : other * 1024 + 1024])
    assert image.refusal() == Refusal(f"the checksum of the extended attributes in block {one} is wrong")


def test_without_checksums_none_can_be_wrong(craft):
    image = craft("plain")
    image.inode("empty").put(l_i_checksum_lo=0x1234)
    image.attribute_block("plain").put(h_checksum=0x12345678)
    assert image.refusal() is None
