"""Reads the tree of an ext4 image without mounting it, strictly: what is not understood is refused."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from auditkit.errors import EvidenceError, SourceError
from auditkit.guestos.ext4 import attributes, directory
from auditkit.guestos.ext4.blocks import BlockMap, Run
from auditkit.guestos.ext4.checksums import Checksums
from auditkit.guestos.ext4.inode import (
    FLAG_EXTENTS,
    FLAG_INLINE_DATA,
    ROOT_INODE,
    FileType,
    Inode,
    inode_generation,
    parse_inode,
)
from auditkit.guestos.ext4.superblock import SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE, Superblock, parse_superblock
from auditkit.limits import LIMITS, Limits

_PIECE = 1 << 20
_PATH_MAX = 4096
_SYMLINKS_MAX = 40
_FAST_LINK_MAX = 59


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in the tree.

    Attributes:
        path: bytes relative to the root, without a leading slash; empty for the root itself.
        type: what it is.
        mode: permission bits, setuid, setgid and sticky.
        uid, gid: numeric owner.
        mtime_ns: last change, nanoseconds since 1970.
        size: bytes of content; of a symbolic link, of its target.
        target: where a symbolic link points, ``None`` for everything else.
        device: major and minor number of a device, ``None`` for everything else.
        xattrs: extended attributes, sorted by name, values as stored.
        inode: inode number; names of the same file share it.
        links: how many names the file has.
    """

    path: bytes
    type: FileType
    mode: int
    uid: int
    gid: int
    mtime_ns: int
    size: int
    target: bytes | None
    device: tuple[int, int] | None
    xattrs: Mapping[bytes, bytes]
    inode: int
    links: int


class Ext4:
    """An ext4 file system in an image, opened for reading.

    Metadata checksums are verified on everything that is read, where the file system has them. Content has
    none in
    ext4, neither have the targets of long symbolic links nor block maps: only a digest protects those.

    Args:
        source: path of the image, or a seekable binary file, which stays the caller's to close.
        limits: bounds on sizes and counts.

    Raises:
        SourceError: there is no such file.
        EvidenceError: not an ext4 image, or one that this reader refuses.
    """

    def __init__(self, source: BinaryIO | Path | str, *, limits: Limits = LIMITS) -> None:
        self._limits = limits
        self._owned: BinaryIO | None = None
        self._file = source if not isinstance(source, (str, Path)) else self._open(Path(source))
        try:
            self._image_size = self._file.seek(0, os.SEEK_END)
            raw = self._read_at(SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE)
            self.superblock: Superblock = parse_superblock(raw, image_size=self._image_size)
        except BaseException:
            self.close()
            raise
        self._checksums = Checksums(self.superblock)
        self._map = BlockMap(self.superblock, self._checksums, self._block, budget=limits.file_system_items)
        self._tables: dict[int, int] = {}

    def _open(self, path: Path) -> BinaryIO:
        try:
            self._owned = path.open("rb")
        except OSError as error:
            raise SourceError(f"the image cannot be opened: {error.strerror}", where=str(path)) from error
        return self._owned

    @property
    def has_checksums(self) -> bool:
        """Whether the file system carries metadata checksums (``metadata_csum``)."""
        return self.superblock.has_checksums

    def close(self) -> None:
        """Closes the image if this object opened it."""
        if self._owned is not None:
            self._owned.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # The tree

    def walk(self) -> Iterator[Entry]:
        """Every entry of the tree, the root first, each directory before its content, names sorted bytewise.

        Raises:
            EvidenceError: anything damaged, a directory reached twice, or more entries than the limits allow.
        """
        root = self._inode(ROOT_INODE)
        if root.type is not FileType.DIRECTORY:
            raise EvidenceError("the root of the file system is not a directory")
        entered: set[int] = set()
        types: dict[int, FileType] = {}
        pending: list[tuple[bytes, Inode, int]] = [(b"", root, ROOT_INODE)]
        count = 1
        while pending:
            path, inode, parent = pending.pop()
            yield self._entry(path, inode)
            if inode.type is not FileType.DIRECTORY:
                continue
            if inode.number in entered:
                raise EvidenceError("a directory can be reached in two ways", where=_shown(path))
            entered.add(inode.number)
            names = self._names(inode, parent)
            count += len(names)
            if count > self._limits.tree_entries:
                raise EvidenceError(
                    "the tree has more entries than the limit",
                    expected=f"at most {self._limits.tree_entries}",
                )
            below: list[tuple[bytes, Inode, int]] = []
            for name in sorted(names, key=lambda name: name.name):
                child_path = path + b"/" + name.name if path else name.name
                if len(child_path) > _PATH_MAX:
                    raise EvidenceError("a path is longer than 4096 bytes", where=_shown(child_path[:80]))
                child = self._child(name, child_path)
                types.setdefault(child.number, child.type)
                below.append((child_path, child, inode.number))
            pending += reversed(below)

    def entry(self, path: bytes | str, *, follow: bool = False) -> Entry:
        """The entry at a path; with ``follow``, the one that symbolic links lead to.

        Raises:
            EvidenceError: no such entry, or a damaged file system.
        """
        place = self.resolve(path) if follow else b"/".join(_components(path))
        return self._entry(place, self._find(place))

    def resolve(self, path: bytes | str) -> bytes:
        """The path, relative to the root, that ``path`` leads to once all symbolic links are followed.

        Absolute targets, and those that climb above the root, are refused: what they mean depends on where
            the
        image is mounted, so it is not in the image.

        Raises:
            EvidenceError: no such entry, a target outside the tree, or too many links.
        """
        waiting = _components(path)[::-1]
        place: list[bytes] = []
        followed = 0
        while waiting:
            name = waiting.pop()
            if name == b"..":
                if not place:
                    raise EvidenceError("a symbolic link leads out of the image", where=_shown(path))
                place.pop()
                continue
            inode = self._find([*place, name])
            if inode.type is not FileType.SYMLINK:
                if waiting and inode.type is not FileType.DIRECTORY:
                    raise EvidenceError(
                        "part of a path is not a directory", where=_shown(b"/".join([*place, name]))
                    )
                place.append(name)
                continue
            followed += 1
            if followed > _SYMLINKS_MAX:
                raise EvidenceError("symbolic links lead in a circle", where=_shown(path))
            target = self._target(inode)
            if target.startswith(b"/"):
                raise EvidenceError("a symbolic link leads out of the image", where=_shown(path))
            waiting += [part for part in target.split(b"/") if part not in (b"", b".")][::-1]
        return b"/".join(place)

    def read(self, path: bytes | str, *, follow: bool = False) -> bytes:
        """The content of a regular file.

        Args:
            path: relative to the root; a leading slash is allowed.
            follow: follow symbolic links; without it a link is refused.

        Raises:
            EvidenceError: no such file, not a regular file, larger than the limit, or damaged.
        """
        inode = self._find(self.resolve(path) if follow else path)
        if inode.type is not FileType.FILE:
            raise EvidenceError("this is not a regular file", where=_shown(path), observed=inode.type.value)
        if inode.size > self._limits.file_bytes:
            raise EvidenceError(
                "a file is larger than the limit",
                where=_shown(path),
                expected=f"at most {self._limits.file_bytes} bytes",
                observed=f"{inode.size} bytes",
            )
        return self._content(inode)

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        """The content of a regular file in pieces of at most 1 MiB, holes as zeros.

        Args:
            entry: an entry of this file system.

        Raises:
            EvidenceError: not a regular file, larger than the limit, or damaged.
        """
        inode = self._inode(entry.inode)
        if inode.type is not FileType.FILE or inode.size > self._limits.file_bytes:
            raise EvidenceError("this is not a regular file of an allowed size", where=_shown(entry.path))
        return self._pieces(inode)

    # Inodes

    def _inode(self, number: int) -> Inode:
        sb = self.superblock
        if not (number == ROOT_INODE or sb.first_inode <= number <= sb.inodes_count):
            raise EvidenceError("a directory names an inode that cannot be", observed=str(number))
        group, index = divmod(number - 1, sb.inodes_per_group)
        offset = self._inode_table(group) * sb.block_size + index * sb.inode_size
        data = self._read_at(offset, sb.inode_size)
        seed = self._checksums.inode_seed(number, inode_generation(data))
        self._checksums.check_inode(number, seed, data)
        return parse_inode(number, data, block_size=sb.block_size, checksum_seed=seed)

    def _inode_table(self, group: int) -> int:
        """First block of a group's inode table."""
        if group not in self._tables:
            sb = self.superblock
            start = (sb.first_data_block + 1) * sb.block_size
            data = self._read_at(start + group * sb.descriptor_size, sb.descriptor_size)
            self._checksums.check_descriptor(group, data)
            block = struct.unpack_from("<I", data, 0x08)[0]
            if sb.descriptor_size >= 64:
                block |= struct.unpack_from("<I", data, 0x28)[0] << 32
            blocks = -(-sb.inodes_per_group * sb.inode_size // sb.block_size)
            if block <= sb.first_data_block or block + blocks > sb.blocks_count:
                raise EvidenceError(f"the inode table of block group {group} is outside the file system")
            self._tables[group] = block
        return self._tables[group]

    def _entry(self, path: bytes, inode: Inode) -> Entry:
        is_device = inode.type in (FileType.CHARACTER_DEVICE, FileType.BLOCK_DEVICE)
        return Entry(
            path=path,
            type=inode.type,
            mode=inode.mode,
            uid=inode.uid,
            gid=inode.gid,
            mtime_ns=inode.mtime_ns,
            size=inode.size,
            target=self._target(inode) if inode.type is FileType.SYMLINK else None,
            device=inode.device if is_device else None,
            xattrs=self._attributes(inode),
            inode=inode.number,
            links=inode.links,
        )

    def _attributes(self, inode: Inode) -> Mapping[bytes, bytes]:
        where = f"inode {inode.number}"
        found = dict(attributes.inode_attributes(inode.inline_attributes, where))
        if attributes.INLINE_DATA_NAME in found and not inode.flags & FLAG_INLINE_DATA:
            raise EvidenceError("a file has inline content that it does not admit to", where=where)
        found.pop(attributes.INLINE_DATA_NAME, None)
        if inode.attribute_block:
            if not self.superblock.first_data_block < inode.attribute_block < self.superblock.blocks_count:
                raise EvidenceError("extended attributes are outside the file system", where=where)
            data = self._block(inode.attribute_block)
            self._checksums.check_attribute_block(inode.attribute_block, data)
            for name, value in attributes.block_attributes(data, where).items():
                if name in found or name == attributes.INLINE_DATA_NAME:
                    raise EvidenceError("a file has the same extended attribute twice", where=where)
                found[name] = value
        return dict(sorted(found.items()))

    def _target(self, link: Inode) -> bytes:
        """Target of a symbolic link: in the inode (fast), inline, or in a block (slow)."""
        where = f"symbolic link inode {link.number}"
        attribute_sectors = self.superblock.block_size // 512 if link.attribute_block else 0
        if link.flags & FLAG_INLINE_DATA:
            target = self._inline(link)
        elif link.sectors == attribute_sectors:
            if link.size > _FAST_LINK_MAX or link.flags & FLAG_EXTENTS:
                raise EvidenceError("a symbolic link is damaged", where=where)
            target = link.block_area[: link.size]
        elif link.size < self.superblock.block_size:
            target = self._content(link)
        else:
            raise EvidenceError("a symbolic link is damaged", where=where)
        if not target or b"\0" in target:
            raise EvidenceError("a symbolic link has an impossible target", where=where)
        return target

    # Names

    def _names(self, inode: Inode, parent: int) -> list[directory.Name]:
        if inode.flags & FLAG_INLINE_DATA:
            found_parent, names = directory.parse_inline_directory(
                inode, self._inline(inode), self.superblock.has_file_types
            )
        else:
            size = inode.size
            if not 0 < size <= self._limits.directory_bytes or size % self.superblock.block_size:
                raise EvidenceError(
                    "a directory has an impossible size", where=f"directory inode {inode.number}"
                )
            found_parent, names = directory.parse_directory(
                inode,
                self._content(inode, holes=False),
                block_size=self.superblock.block_size,
                has_file_types=self.superblock.has_file_types,
                checksums=self._checksums,
            )
        if found_parent != parent:
            raise EvidenceError(
                "a directory does not know its parent", where=f"directory inode {inode.number}"
            )
        return names

    def _child(self, name: directory.Name, path: bytes) -> Inode:
        child = self._inode(name.inode)
        if name.type is not None and name.type is not child.type:
            raise EvidenceError(
                "a directory and a file disagree on what the file is",
                where=_shown(path),
                expected=name.type.value,
                observed=child.type.value,
            )
        return child

    def _find(self, path: bytes | str | list[bytes]) -> Inode:
        inode, parent = self._inode(ROOT_INODE), ROOT_INODE
        components = path if isinstance(path, list) else _components(path)
        for depth, component in enumerate(components):
            shown = b"/".join(components[: depth + 1])
            if inode.type is not FileType.DIRECTORY:
                raise EvidenceError("there is no such file in the image", where=_shown(shown))
            names = self._names(inode, parent)
            found = next((name for name in names if name.name == component), None)
            if found is None:
                raise EvidenceError("there is no such file in the image", where=_shown(shown))
            parent = inode.number
            inode = self._child(found, shown)
        return inode

    # Content

    def _content(self, inode: Inode, *, holes: bool = True) -> bytes:
        buffer = io.BytesIO()
        for piece in self._pieces(inode, holes=holes):
            buffer.write(piece)
        return buffer.getvalue()

    def _inline(self, inode: Inode) -> bytes:
        where = f"inode {inode.number}"
        stored = attributes.inode_attributes(inode.inline_attributes, where)
        if attributes.INLINE_DATA_NAME not in stored:
            raise EvidenceError("a file has lost its inline content", where=where)
        content = inode.block_area + stored[attributes.INLINE_DATA_NAME]
        if inode.size > len(content):
            raise EvidenceError(
                "a file is shorter than its size says",
                where=where,
                expected=f"{inode.size} bytes",
                observed=f"{len(content)} bytes",
            )
        return content[: inode.size]

    def _pieces(self, inode: Inode, *, holes: bool = True) -> Iterator[bytes]:
        if inode.flags & FLAG_INLINE_DATA:
            yield self._inline(inode)
            return
        block_size = self.superblock.block_size
        position = 0
        for run in [*self._map.runs(inode), Run(-(-inode.size // block_size), 0, 0)]:
            start = min(run.logical * block_size, inode.size)
            if start > position and not holes:
                raise EvidenceError("a directory has a hole", where=f"directory inode {inode.number}")
            while position < start:
                piece = min(start - position, _PIECE)
                yield bytes(piece)
                position += piece
            offset = run.physical * block_size
            stop = min(start + run.count * block_size, inode.size)
            while position < stop:
                piece = min(stop - position, _PIECE)
                yield self._read_at(offset, piece)
                offset += piece
                position += piece

    def _block(self, number: int) -> bytes:
        return self._read_at(number * self.superblock.block_size, self.superblock.block_size)

    def _read_at(self, offset: int, size: int) -> bytes:
        try:
            self._file.seek(offset)
            data = self._file.read(size)
        except OSError as error:
            raise SourceError(f"the image cannot be read: {error.strerror}") from error
        if len(data) != size:
            raise EvidenceError(
                "the image is cut short", expected=f"{size} bytes at {offset}", observed=f"{len(data)}"
            )
        return data


def _components(path: bytes | str) -> list[bytes]:
    data = os.fsencode(path) if isinstance(path, str) else path
    return [part for part in data.split(b"/") if part not in (b"", b".")]


def _shown(path: bytes | str) -> str:
    data = os.fsencode(path) if isinstance(path, str) else path
    return "/" + data.lstrip(b"/").decode("utf-8", "backslashreplace")
