"""Lists of blocks: extent trees and block maps, written here entry by entry."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from guestos.ext4 import layout
from guestos.ext4.crafting import Refusal, refusal

from auditkit.errors import EvidenceError
from auditkit.guestos import FileType
from auditkit.guestos.ext4.blocks import BlockMap, Run
from auditkit.guestos.ext4.checksums import Checksums
from auditkit.guestos.ext4.inode import Inode
from auditkit.guestos.ext4.superblock import Superblock
from auditkit.limits import LIMITS

BLOCK = 1024
BLOCKS = 1000  # of the file system; block 1 holds the superblock
WHOLE = 1 << 40  # a size that no list of blocks is cut by

GEOMETRY = Superblock(
    block_size=BLOCK,
    blocks_count=BLOCKS,
    first_data_block=1,
    blocks_per_group=8192,
    inodes_count=32,
    inodes_per_group=32,
    inode_size=128,
    first_inode=11,
    descriptor_size=32,
    has_file_types=True,
    has_checksums=False,
    has_descriptor_checksums=False,
    checksum_seed=0,
    uuid=bytes(16),
    volume_name=b"",
)


def header(entries: int, *, most: int = 4, depth: int = 0, magic: int = 0xF30A) -> bytes:
    return struct.pack("<HHHHI", magic, entries, most, depth, 0)


def extent(logical: int, length: int, physical: int) -> bytes:
    return struct.pack("<IHHI", logical, length, physical >> 32, physical & 0xFFFFFFFF)


def index(logical: int, block: int) -> bytes:
    return struct.pack("<IIHH", logical, block & 0xFFFFFFFF, block >> 32, 0)


def leaf(*extents: bytes) -> bytes:
    return (header(len(extents), most=84) + b"".join(extents)).ljust(BLOCK, b"\0")


def inner(depth: int, *indexes: bytes) -> bytes:
    return (header(len(indexes), most=84, depth=depth) + b"".join(indexes)).ljust(BLOCK, b"\0")


def root(*entries: bytes, depth: int = 0) -> bytes:
    return header(len(entries), depth=depth) + b"".join(entries)


def pointers(*blocks: int) -> bytes:
    return struct.pack(f"<{len(blocks)}I", *blocks).ljust(BLOCK, b"\0")


class Blocks(dict[int, bytes]):
    """Blocks by number, and which of them were read, in order."""

    def __init__(self, blocks: dict[int, bytes]) -> None:
        super().__init__(blocks)
        self.read: list[int] = []

    def give(self, number: int) -> bytes:
        self.read.append(number)
        return self[number]


def inode_of(area: bytes, size: int, flags: int) -> Inode:
    return Inode(
        number=12,
        type=FileType.FILE,
        mode=0o644,
        uid=0,
        gid=0,
        links=1,
        size=size,
        mtime_ns=0,
        sectors=0,
        flags=flags,
        attribute_block=0,
        block_area=area.ljust(60, b"\0"),
        inline_attributes=b"",
        checksum_seed=0,
    )


def runs(
    area: bytes,
    blocks: dict[int, bytes] | None = None,
    *,
    size: int = WHOLE,
    flags: int = layout.FLAG_EXTENTS,
    budget: int = 10_000,
    geometry: Superblock = GEOMETRY,
) -> list[tuple[int, int, int]]:
    """Logical, physical, count of each run."""
    given = blocks if isinstance(blocks, Blocks) else Blocks(blocks or {})
    reader = BlockMap(geometry, Checksums(geometry), given.give, budget=budget)
    return [(run.logical, run.physical, run.count) for run in reader.runs(inode_of(area, size, flags))]


def damaged(observed: str) -> Refusal:
    return Refusal("the block list of a file is damaged", where="inode 12", observed=observed)


TOO_MANY = Refusal("the files are in more pieces than any real image has", where="inode 12")

# Extents


def test_extents_in_the_inode():
    assert runs(root()) == []
    assert runs(root(extent(0, 3, 100))) == [(0, 100, 3)]
    assert runs(root(extent(2, 1, 100), extent(5, 2, 50))) == [(2, 100, 1), (5, 50, 2)]
    assert runs(root(*(extent(2 * n, 1, 10 + n) for n in range(4)))) == [(2 * n, 10 + n, 1) for n in range(4)]


def test_neighbours_become_one_run():
    assert runs(root(extent(0, 3, 100), extent(3, 2, 103), extent(5, 1, 105))) == [(0, 100, 6)]
    assert runs(root(extent(0, 3, 100), extent(4, 2, 103))) == [(0, 100, 3), (4, 103, 2)]
    assert runs(root(extent(0, 3, 100), extent(3, 2, 104))) == [(0, 100, 3), (3, 104, 2)]
    assert runs(root(extent(7, 3, 100), extent(10, 2, 103))) == [(7, 100, 5)]


def test_the_longest_extent_and_those_that_are_not_written():
    large = replace(GEOMETRY, blocks_count=1 << 20)
    assert runs(root(extent(0, 32768, 2)), geometry=large) == [(0, 2, 32768)]
    assert runs(root(extent(0, 32769, 2)), geometry=large) == []
    assert runs(root(extent(0, 32768 + 5, 2), extent(5, 1, 9))) == [(5, 9, 1)]
    assert runs(root(extent(0, 65535, 2)), geometry=large) == []


def test_no_run_starts_behind_the_size():
    area = root(extent(0, 2, 100), extent(4, 2, 200), extent(8, 1, 300))
    assert runs(area, size=0) == []
    assert runs(area, size=1) == [(0, 100, 2)]
    assert runs(area, size=4 * BLOCK) == [(0, 100, 2)]
    assert runs(area, size=4 * BLOCK + 1) == [(0, 100, 2), (4, 200, 2)]
    assert runs(area, size=9 * BLOCK) == [(0, 100, 2), (4, 200, 2), (8, 300, 1)]


def test_what_lies_behind_the_size_is_not_looked_at():
    """Reading stops at the first run behind the end; a damaged one further on changes nothing that is read."""
    assert runs(root(extent(0, 1, 100), extent(8, 1, 300), extent(8, 0, 0)), size=BLOCK) == [(0, 100, 1)]


def test_a_tree_of_extents():
    blocks = Blocks(
        {
            10: leaf(extent(0, 1, 100), extent(2, 1, 101)),
            11: leaf(extent(4, 2, 200)),
            20: inner(1, index(0, 10), index(4, 11)),
            21: inner(1, index(90, 12)),
            12: leaf(extent(95, 1, 300)),
        }
    )
    assert runs(root(index(0, 20), index(90, 21), depth=2), blocks) == [
        (0, 100, 1),
        (2, 101, 1),
        (4, 200, 2),
        (95, 300, 1),
    ]
    assert blocks.read == [20, 10, 11, 21, 12]


def test_a_tree_of_the_greatest_depth():
    blocks = {n: inner(n, index(0, n - 1)) for n in (2, 3, 4)} | {
        9: inner(1, index(0, 5)),
        5: leaf(extent(0, 1, 7)),
    }
    blocks[2] = inner(2, index(0, 9))
    assert runs(root(index(0, 4), depth=5), blocks) == [(0, 7, 1)]


@pytest.mark.parametrize("depth", [6, 7, 65535])
def test_a_deeper_tree(depth):
    assert refusal(lambda: runs(root(index(0, 4), depth=depth))) == damaged(f"extent tree of depth {depth}")


@pytest.mark.parametrize(
    "area",
    [
        header(0, magic=0xF30B),
        header(0, magic=0),
        header(5, most=4),
        header(1, most=0) + extent(0, 1, 9),
        header(0, most=5),
        header(0, most=65535),
    ],
)
def test_a_header_that_cannot_be(area):
    assert refusal(lambda: runs(area)) == damaged("extent node header")


@pytest.mark.parametrize(
    "block",
    [
        header(1, most=85).ljust(BLOCK, b"\0"),
        header(85, most=84).ljust(BLOCK, b"\0"),
        header(1, most=84, depth=1).ljust(BLOCK, b"\0"),
        header(1, most=84, magic=0xF309).ljust(BLOCK, b"\0"),
    ],
)
def test_a_header_of_a_block_that_cannot_be(block):
    assert refusal(lambda: runs(root(index(0, 10), depth=1), {10: block})) == damaged("extent node header")


def test_a_block_that_is_full():
    full = leaf(*(extent(2 * n, 1, 100 + n) for n in range(84)))
    assert len(runs(root(index(0, 10), depth=1), {10: full})) == 84


def test_a_header_that_has_room_for_fewer():
    assert runs(header(1, most=1) + extent(0, 1, 9)) == [(0, 9, 1)]
    block = (header(1, most=1) + extent(0, 1, 9)).ljust(BLOCK, b"\0")
    assert runs(root(index(0, 10), depth=1), {10: block}) == [(0, 9, 1)]


def test_a_block_of_no_extents():
    assert refusal(lambda: runs(root(index(0, 10), depth=1), {10: leaf()})) == damaged("empty extent node")


@pytest.mark.parametrize("depth", [1, 5])
def test_a_tree_of_no_extents(depth):
    """Linux refuses it too; read as a hole, the file would be zeros."""
    assert refusal(lambda: runs(root(depth=depth))) == damaged("empty extent node")


@pytest.mark.parametrize(
    "area",
    [
        root(extent(0, 0, 100)),
        root(extent(0, 2, 100), extent(1, 2, 200)),
        root(extent(4, 2, 100), extent(0, 2, 200)),
        root(extent(0, 1, 1)),
        root(extent(0, 1, 0)),
        root(extent(0, 2, 999)),
        root(extent(0, 1, 1000)),
        root(extent(0, 1, 1 << 32 | 100)),
        root(extent(0, 32768 + 1, 1000)),
        root(extent(0xFFFFFFFF, 2, 100)),
    ],
)
def test_an_extent_that_cannot_be(area):
    assert refusal(lambda: runs(area)) == damaged("extent")


@pytest.mark.parametrize(
    ("area", "expected"),
    [
        (root(extent(0, 1, 2)), (0, 2, 1)),
        (root(extent(0, 1, 999)), (0, 999, 1)),
        (root(extent(0, 998, 2)), (0, 2, 998)),
    ],
)
def test_the_first_and_the_last_block(area, expected):
    assert runs(area) == [expected]


def test_the_last_block_of_the_largest_file():
    assert runs(root(extent(0xFFFFFFFF, 1, 100)), size=1 << 42) == [(0xFFFFFFFF, 100, 1)]


def test_blocks_beyond_32_bits():
    huge = replace(GEOMETRY, blocks_count=1 << 48)
    there = 0x1234_5678_9ABC
    assert runs(root(extent(0, 1, there)), geometry=huge) == [(0, there, 1)]
    tree = root(index(0, there), depth=1)
    assert runs(tree, {there: leaf(extent(0, 1, 7))}, geometry=huge) == [(0, 7, 1)]


@pytest.mark.parametrize(
    "area",
    [
        root(index(0, 1), depth=1),
        root(index(0, 1000), depth=1),
        root(index(0, 1 << 32 | 10), depth=1),
        root(index(5, 10), index(5, 11), depth=1),
        root(index(5, 10), index(4, 11), depth=1),
    ],
)
def test_an_index_that_cannot_be(area):
    blocks = {10: leaf(extent(5, 1, 100))}
    assert refusal(lambda: runs(area, blocks)) == damaged("extent index")


def test_an_index_below_what_was_read():
    blocks = {
        20: inner(1, index(0, 10)),
        21: inner(1, index(3, 11)),
        10: leaf(extent(0, 1, 100)),
        11: leaf(extent(4, 1, 100)),
    }
    assert refusal(lambda: runs(root(index(0, 20), index(4, 21), depth=2), blocks)) == damaged("extent index")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (leaf(extent(3, 2, 100)), leaf(extent(4, 1, 200))),  # beyond the key of the next
        (leaf(extent(0, 1, 100)), leaf(extent(3, 1, 200))),  # below its own key
        (leaf(extent(4, 1, 100)), leaf(extent(4, 1, 200))),
    ],
)
def test_extents_outside_the_keys_above_them(first, second):
    area = root(index(0, 10), index(4, 11), depth=1)
    assert refusal(lambda: runs(area, {10: first, 11: second})) == damaged("extent")


def test_extents_up_to_the_keys_above_them():
    area = root(index(1, 10), index(4, 11), depth=1)
    blocks = {10: leaf(extent(1, 3, 100)), 11: leaf(extent(4, 1, 200))}
    assert runs(area, blocks) == [(1, 100, 3), (4, 200, 1)]


@pytest.mark.parametrize(("budget", "fits"), [(3, True), (2, False)])
def test_the_limit_on_extents(budget, fits):
    """Each node counts one more than it has entries: chains of empty nodes are not free."""
    area = root(extent(0, 1, 100), extent(2, 1, 200))
    assert refusal(lambda: runs(area, budget=budget)) == (None if fits else TOO_MANY)


@pytest.mark.parametrize(("budget", "fits"), [(2 + 3, True), (2 + 2, False)])
def test_the_limit_on_extents_of_a_tree(budget, fits):
    area, blocks = root(index(0, 10), depth=1), {10: leaf(extent(0, 1, 100), extent(2, 1, 200))}
    assert refusal(lambda: runs(area, blocks, budget=budget)) == (None if fits else TOO_MANY)


def test_the_limit_is_that_of_all_files_together():
    reader = BlockMap(GEOMETRY, Checksums(GEOMETRY), {}.__getitem__, budget=4)
    file = inode_of(root(extent(0, 1, 100)), WHOLE, layout.FLAG_EXTENTS)
    assert reader.runs(file) == reader.runs(file) == [Run(0, 100, 1)]
    with pytest.raises(EvidenceError, match="more pieces"):
        reader.runs(file)


# Block maps

PER_BLOCK = BLOCK // 4
SINGLE, DOUBLE, TRIPLE = 12, 12 + PER_BLOCK, 12 + PER_BLOCK + PER_BLOCK**2
MAP_END = TRIPLE + PER_BLOCK**3


def mapped(area: bytes, blocks=None, *, size: int = 12 * BLOCK, **more) -> list[tuple[int, int, int]]:
    return runs(area, blocks, size=size, flags=0, **more)


def area_of(**places: int) -> bytes:
    """The 15 pointers of an inode: d0 to d11, then one, two and three levels."""
    names = [f"d{n}" for n in range(12)] + ["single", "double", "triple"]
    return struct.pack("<15I", *(places.get(name, 0) for name in names))


def test_pointers_in_the_inode():
    assert mapped(area_of()) == []
    assert mapped(area_of(d0=100, d1=101, d2=300, d4=301)) == [(0, 100, 2), (2, 300, 1), (4, 301, 1)]
    assert mapped(area_of(d11=999)) == [(11, 999, 1)]
    assert mapped(area_of(d0=2)) == [(0, 2, 1)]


def test_pointers_behind_the_size_are_not_followed():
    area = area_of(d0=100, d1=5000, single=6000)
    assert mapped(area, size=BLOCK) == [(0, 100, 1)]
    assert mapped(area, size=0) == []
    assert refusal(lambda: mapped(area, size=BLOCK + 1)) == damaged("block 5000 outside the file system")
    only = area_of(single=6000)
    assert mapped(only, size=12 * BLOCK) == []
    assert refusal(lambda: mapped(only, size=12 * BLOCK + 1)) == damaged("block 6000 outside the file system")


@pytest.mark.parametrize("block", [1, 1000, 0xFFFFFFFF])
@pytest.mark.parametrize("place", ["d0", "d11", "single", "double", "triple"])
def test_a_pointer_out_of_the_file_system(place, block):
    expected = damaged(f"block {block} outside the file system")
    assert refusal(lambda: mapped(area_of(**{place: block}), size=MAP_END * BLOCK)) == expected


def test_one_level():
    single = pointers(200, 201, 0, 500)
    assert mapped(area_of(single=30), {30: single}, size=100 * BLOCK) == [
        (SINGLE, 200, 2),
        (SINGLE + 3, 500, 1),
    ]
    last = pointers(*[0] * (PER_BLOCK - 1), 7)
    assert mapped(area_of(single=30), {30: last}, size=DOUBLE * BLOCK) == [(DOUBLE - 1, 7, 1)]
    assert mapped(area_of(single=30), {30: last}, size=(DOUBLE - 1) * BLOCK) == []


def test_two_levels():
    blocks = {40: pointers(41, 0, 42), 41: pointers(100), 42: pointers(0, 101)}
    assert mapped(area_of(double=40), blocks, size=TRIPLE * BLOCK) == [
        (DOUBLE, 100, 1),
        (DOUBLE + 2 * PER_BLOCK + 1, 101, 1),
    ]


def test_three_levels():
    blocks = Blocks(
        {
            50: pointers(51, 52),
            51: pointers(53),
            52: pointers(0, 54),
            53: pointers(0, 0, 300),
            54: pointers(301),
        }
    )
    assert mapped(area_of(triple=50), blocks, size=MAP_END * BLOCK) == [
        (TRIPLE + 2, 300, 1),
        (TRIPLE + PER_BLOCK**2 + PER_BLOCK, 301, 1),
    ]
    assert blocks.read == [50, 51, 53, 52, 54]


def test_all_levels_follow_each_other():
    blocks = {30: pointers(*range(113, 113 + PER_BLOCK)), 40: pointers(41), 41: pointers(113 + PER_BLOCK)}
    area = area_of(**{f"d{n}": 101 + n for n in range(12)}, single=30, double=40)
    assert mapped(area, blocks, size=(DOUBLE + 1) * BLOCK) == [(0, 101, 12 + PER_BLOCK + 1)]


def test_the_largest_size_of_a_block_map():
    assert mapped(area_of(), size=MAP_END * BLOCK) == []
    beyond = damaged("size beyond the block map")
    assert refusal(lambda: mapped(area_of(), size=MAP_END * BLOCK + 1)) == beyond


def test_a_block_of_pointers_twice():
    area = area_of(single=30, double=40)
    blocks = {30: pointers(200), 40: pointers(30)}
    twice = damaged("block map that names block 30 twice")
    assert refusal(lambda: mapped(area, blocks, size=TRIPLE * BLOCK)) == twice
    own = {40: pointers(40)}
    twice = damaged("block map that names block 40 twice")
    assert refusal(lambda: mapped(area_of(double=40), own, size=TRIPLE * BLOCK)) == twice


def test_a_block_of_content_may_come_twice():
    assert mapped(area_of(d0=100, d1=100)) == [(0, 100, 1), (1, 100, 1)]


@pytest.mark.parametrize(("budget", "fits"), [(2 * PER_BLOCK, True), (2 * PER_BLOCK - 1, False)])
def test_the_limit_on_block_numbers(budget, fits):
    area, blocks = area_of(double=40), {40: pointers(41), 41: pointers(100)}
    told = refusal(lambda: mapped(area, blocks, size=TRIPLE * BLOCK, budget=budget))
    assert told == (None if fits else TOO_MANY)


def test_larger_blocks_hold_more_pointers():
    large = replace(GEOMETRY, block_size=4096, first_data_block=0)
    block = struct.pack("<1024I", *[0] * 1023, 77)
    area = area_of(single=30)
    assert mapped(area, {30: block}, size=2000 * 4096, geometry=large) == [(12 + 1023, 77, 1)]


# In an image


@pytest.mark.parametrize(("items", "fits"), [(2 + 3 + 102, True), (2 + 3 + 101, False)])
def test_the_limit_on_items_of_an_image(craft, items, fits):
    """The root has one extent, the file two index entries in its inode and a hundred extents in two blocks."""
    image = craft()
    with image.open(replace(LIMITS, file_system_items=items)) as fs:
        told = refusal(lambda: fs.read("runs"))
    assert told == (None if fits else replace(TOO_MANY, where=f"inode {image.numbers['runs']}"))
