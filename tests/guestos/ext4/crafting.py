"""ext4 images with one thing changed: a field put by its name, the checksum of its structure repaired.

The images are made by mke2fs; the checksums are computed here, from the kernel's documentation
(checksums.rst), and `test_checksums` shows that they are those that mke2fs wrote.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import google_crc32c
from guestos.ext4 import layout

from auditkit.errors import AuditkitError, EvidenceError
from auditkit.guestos import Ext4, FileType
from auditkit.limits import LIMITS, Limits

METADATA_CSUM, GDT_CSUM, CSUM_SEED = 0x400, 0x10, 0x2000


def crc32c(register: int, data: bytes) -> int:
    """The bare register: ext4 does not invert the result."""
    return google_crc32c.extend(register ^ 0xFFFFFFFF, bytes(data)) ^ 0xFFFFFFFF


def crc16(register: int, data: bytes) -> int:
    """CRC-16/ARC bit by bit."""
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0xA001 if register & 1 else 0)
    return register


@dataclass(frozen=True)
class Refusal:
    """What an error has to say, word by word; ``{path}`` stands for the inode number of a path."""

    what: str
    where: str = ""
    expected: str = ""
    observed: str = ""
    hint: str = ""
    kind: type[AuditkitError] = EvidenceError

    def of(self, numbers: Mapping[str, int]) -> Refusal:
        """The same with numbers for paths."""
        return Refusal(
            *(text.format_map(numbers) for text in (self.what, self.where, self.expected, self.observed)),
            self.hint,
            self.kind,
        )


def refusal(action: Callable[[], object]) -> Refusal | None:
    """How ``action`` was refused, or ``None``."""
    try:
        action()
    except AuditkitError as error:
        return Refusal(error.what, error.where, error.expected, error.observed, error.hint, type(error))
    return None


@dataclass(frozen=True)
class Base:
    """An image as mke2fs made it.

    Attributes:
        data: its bytes.
        numbers: inode numbers by path, as debugfs tells them.
        file: where it lies.
    """

    data: bytes
    numbers: Mapping[str, int]
    file: Path


class Memory(io.RawIOBase):
    """Bytes as a file, without the copy of them that `io.BytesIO` makes."""

    def __init__(self, data: bytearray) -> None:
        self._data = data
        self._at = 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Goes to an offset from the start or from the end."""
        self._at = offset + (len(self._data) if whence == io.SEEK_END else 0)
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Bytes from here on."""
        return bytes(self._data[self._at : self._at + size])


class Crafted:
    """A copy of an image, to change."""

    def __init__(self, base: Base) -> None:
        self.data = bytearray(base.data)
        self.numbers = base.numbers
        self.block_size = 1024 << self.superblock["s_log_block_size"]

    # Reading it

    def open(self, limits: Limits = LIMITS) -> Ext4:
        """The product's reader of the image as it is now."""
        return Ext4(Memory(self.data), limits=limits)

    def refusal(self, limits: Limits = LIMITS) -> Refusal | None:
        """How the image was refused when everything in it was read, or ``None``."""

        def read_everything() -> None:
            fs = self.open(limits)
            for entry in fs.walk():
                if entry.type is FileType.FILE:
                    for _ in fs.chunks(entry):
                        pass

        return refusal(read_everything)

    # Structures

    @property
    def superblock(self) -> Structure:
        """The superblock."""
        return Structure(self, 1024, layout.SUPERBLOCK, self._seal_superblock)

    def group(self, number: int) -> Structure:
        """The descriptor of a block group."""
        size = self._descriptor_size()
        start = (self.superblock["s_first_data_block"] + 1) * self.block_size + number * size
        return Structure(self, start, layout.GROUP_DESCRIPTOR, lambda: self._seal_group(number, start, size))

    def inode(self, path: str | int) -> Structure:
        """The inode of a path, or of a number."""
        number = path if isinstance(path, int) else self.numbers[path]
        group, index = divmod(number - 1, self.superblock["s_inodes_per_group"])
        table = self.group(group)["bg_inode_table_lo"] * self.block_size
        start = table + index * self.superblock["s_inode_size"]
        return Structure(self, start, layout.INODE, lambda: self._seal_inode(number, start))

    def extent_header(self, path: str) -> Structure:
        """The header of the extent tree in an inode."""
        return self.inode(path).part(0x28, layout.EXTENT_HEADER)

    def extent(self, path: str, n: int = 0) -> Structure:
        """An extent in an inode."""
        return self.inode(path).part(0x28 + 12 + 12 * n, layout.EXTENT)

    def extent_index(self, path: str, n: int = 0) -> Structure:
        """An index entry in an inode."""
        return self.inode(path).part(0x28 + 12 + 12 * n, layout.EXTENT_INDEX)

    def extent_block(self, path: str, n: int = 0) -> Structure:
        """The header of the block that an index entry of an inode names."""
        start = self.extent_index(path, n)["ei_leaf_lo"] * self.block_size

        def seal() -> None:
            end = start + 12 + 12 * struct.unpack_from("<H", self.data, start + 4)[0]
            if self._has(METADATA_CSUM) and end + 4 <= len(self.data):
                self.write(end, struct.pack("<I", crc32c(self.inode_seed(path), self.data[start:end])))

        return Structure(self, start, layout.EXTENT_HEADER, seal)

    def block_of(self, path: str, logical: int) -> int:
        """Where a block of a file with at most four extents is."""
        for n in range(self.extent_header(path)["eh_entries"]):
            extent = self.extent(path, n)
            if 0 <= logical - extent["ee_block"] < extent["ee_len"]:
                return extent["ee_start_lo"] + logical - extent["ee_block"]
        raise KeyError(f"block {logical} of {path}")

    def directory_block(self, path: str, logical: int = 0) -> Structure:
        """The tail of a block of names; sealing it takes in the whole block."""
        start = self.block_of(path, logical) * self.block_size
        tail = start + self.block_size - 12

        def seal() -> None:
            if self._has(METADATA_CSUM):
                checksum = crc32c(self.inode_seed(path), self.data[start:tail])
                self.write(tail + 8, struct.pack("<I", checksum))

        return Structure(self, tail, layout.DIRECTORY_TAIL, seal)

    def entry(self, directory: str, name: bytes, logical: int = 0) -> Structure:
        """A name in a block of a directory."""
        start = self.block_of(directory, logical) * self.block_size
        at = start
        while at < start + self.block_size:
            entry = Structure(self, at, layout.DIRECTORY_ENTRY, self.directory_block(directory, logical).seal)
            if self.data[at + 8 : at + 8 + entry["name_len"]] == name and entry["inode"]:
                return entry
            at += entry["rec_len"]
        raise KeyError(name)

    def index_root(self, path: str) -> Structure:
        """The root of a directory's hash index."""
        return self._index(path, 0, layout.INDEX_ROOT, 0x20)

    def index_node(self, path: str, logical: int) -> Structure:
        """Another block of a directory's hash index."""
        return self._index(path, logical, layout.INDEX_NODE, 8)

    def _index(self, path: str, logical: int, fields: layout.Fields, entries: int) -> Structure:
        start = self.block_of(path, logical) * self.block_size

        def seal() -> None:
            limit, count = struct.unpack_from("<HH", self.data, start + entries)
            tail = start + entries + 8 * limit
            if self._has(METADATA_CSUM) and tail + 8 <= start + self.block_size:
                names = self.data[start : start + entries + 8 * count]
                register = crc32c(self.inode_seed(path), names + self.data[tail : tail + 4] + bytes(4))
                self.write(tail + 4, struct.pack("<I", register))

        return Structure(self, start, fields, seal)

    def attribute_block(self, path: str) -> Structure:
        """The block of extended attributes of an inode."""
        number = self.inode(path)["i_file_acl_lo"]
        start = number * self.block_size

        def seal() -> None:
            if self._has(METADATA_CSUM):
                block = self.data[start : start + self.block_size]
                block[0x10:0x14] = bytes(4)
                checksum = crc32c(self.seed(), struct.pack("<Q", number) + block)
                self.write(start + 0x10, struct.pack("<I", checksum))

        return Structure(self, start, layout.ATTRIBUTE_HEADER, seal)

    # Bytes and checksums

    def write(self, offset: int, data: bytes) -> None:
        """Changes bytes and repairs nothing."""
        self.data[offset : offset + len(data)] = data

    def seed(self) -> int:
        """Where the checksums of metadata start."""
        if self.superblock["s_feature_incompat"] & CSUM_SEED:
            return self.superblock["s_checksum_seed"]
        return crc32c(0xFFFFFFFF, self.superblock["s_uuid"])

    def inode_seed(self, path: str | int) -> int:
        """Where the checksums of an inode and of its blocks start."""
        number = path if isinstance(path, int) else self.numbers[path]
        return crc32c(self.seed(), struct.pack("<II", number, self.inode(number)["i_generation"]))

    def _has(self, feature: int) -> bool:
        return bool(self.superblock["s_feature_ro_compat"] & feature)

    def _descriptor_size(self) -> int:
        return self.superblock["s_desc_size"] if self.superblock["s_feature_incompat"] & 0x80 else 32

    def _seal_superblock(self) -> None:
        if self._has(METADATA_CSUM):
            self.write(1024 + 0x3FC, struct.pack("<I", crc32c(0xFFFFFFFF, self.data[1024 : 1024 + 0x3FC])))

    def _seal_group(self, number: int, start: int, size: int) -> None:
        before, after = self.data[start : start + 0x1E], self.data[start + 0x20 : start + size]
        group = struct.pack("<I", number)
        if self._has(METADATA_CSUM):
            register = crc32c(self.seed(), group + before + bytes(2) + after)
        elif self._has(GDT_CSUM):
            register = crc16(0xFFFF, self.superblock["s_uuid"] + group + before + after)
        else:
            return
        self.write(start + 0x1E, struct.pack("<H", register & 0xFFFF))

    def _seal_inode(self, number: int, start: int) -> None:
        if not self._has(METADATA_CSUM):
            return
        size = self.superblock["s_inode_size"]
        wide = size > 128 and struct.unpack_from("<H", self.data, start + 0x80)[0] >= 4
        self.write(start + 0x7C, bytes(2))
        if wide:
            self.write(start + 0x82, bytes(2))
        register = crc32c(self.inode_seed(number), self.data[start : start + size])
        self.write(start + 0x7C, struct.pack("<H", register & 0xFFFF))
        if wide:
            self.write(start + 0x82, struct.pack("<H", register >> 16))


@dataclass(frozen=True)
class Structure:
    """A structure in an image: fields by name, and how to repair the checksum that covers them."""

    image: Crafted
    offset: int
    fields: layout.Fields
    seal: Callable[[], None]

    def __getitem__(self, field: str):
        at, form = self.fields[field]
        return struct.unpack_from(f"<{form}", self.image.data, self.offset + at)[0]

    def put(self, **values: int | bytes) -> Self:
        """Changes fields and repairs the checksum."""
        for field, value in values.items():
            at, form = self.fields[field]
            struct.pack_into(f"<{form}", self.image.data, self.offset + at, value)
        self.seal()
        return self

    def put_bytes(self, at: int, data: bytes) -> Self:
        """Changes bytes at an offset in the structure and repairs the checksum."""
        self.image.write(self.offset + at, data)
        self.seal()
        return self

    def part(self, at: int, fields: layout.Fields) -> Structure:
        """A structure inside this one, under the same checksum."""
        return Structure(self.image, self.offset + at, fields, self.seal)


def attribute(prefix: int, name: bytes, value_size: int, value_offset: int, value_inode: int = 0) -> bytes:
    """The entry of an extended attribute, padded to four bytes."""
    entry = struct.pack("<BBHIII", len(name), prefix, value_offset, value_inode, value_size, 0) + name
    return entry + bytes(-len(entry) % 4)


def attributes(*entries: tuple[int, bytes, bytes], room: int) -> bytes:
    """Entries (prefix, name, value) from the start of a place, their values from its end."""
    front, back = b"", b""
    for prefix, name, value in entries:
        back = value + bytes(-len(value) % 4) + back
        front += attribute(prefix, name, len(value), room - len(back) if value else 0)
    return front + bytes(room - len(front) - len(back)) + back


def directory_entry(inode: int, name: bytes, length: int, file_type: int = 1) -> bytes:
    """A name in a directory, as long as it says."""
    return (struct.pack("<IHBB", inode, length, len(name), file_type) + name).ljust(length, b"\0")
