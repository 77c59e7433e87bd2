"""Reads the tree of an ext4 image without mounting it, strictly: what is not understood is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from auditkit.errors import EvidenceError
from auditkit.guestos.ext4 import directory
from auditkit.guestos.ext4.checksums import Checksums
from auditkit.guestos.ext4.content import InodeContent
from auditkit.guestos.ext4.entry import Entry
from auditkit.guestos.ext4.image_file import ImageFile
from auditkit.guestos.ext4.inode import FLAG_INLINE_DATA, ROOT_INODE, FileType, Inode
from auditkit.guestos.ext4.inode_table import InodeTable
from auditkit.guestos.ext4.links import Links
from auditkit.guestos.ext4.paths import components, shown
from auditkit.guestos.ext4.superblock import SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE, Superblock, parse_superblock
from auditkit.limits import LIMITS, Limits

_PATH_MAX = 4096


class Ext4:
    """An ext4 file system in an image, opened for reading.

    Metadata checksums are verified on everything that is read, where the file system has them. Content has
    none in ext4, neither have the targets of long symbolic links nor block maps: only a digest protects those.

    Args:
        source: path of the image, or a seekable binary file, which stays the caller's to close.
        limits: bounds on sizes and counts.
        inodes: the inodes of this file system, where somebody has read them already.

    Raises:
        SourceError: there is no such file.
        EvidenceError: not an ext4 image, or one that this reader refuses.
    """

    def __init__(
        self, source: BinaryIO | Path | str, *, limits: Limits = LIMITS, inodes: InodeTable | None = None
    ) -> None:
        self._limits = limits
        self._image = ImageFile(source)
        try:
            raw = self._image.read_at(SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE)
            self.superblock: Superblock = parse_superblock(raw, image_size=self._image.size)
        except BaseException:
            self.close()
            raise
        self._checksums = Checksums(self.superblock)
        self._inodes = inodes or InodeTable(self._image, self.superblock, self._checksums)
        self._content = InodeContent(
            self._image, self.superblock, self._checksums, budget=limits.file_system_items
        )

    @property
    def has_checksums(self) -> bool:
        """Whether the file system carries metadata checksums (``metadata_csum``)."""
        return self.superblock.has_checksums

    def close(self) -> None:
        """Closes the image if this object opened it."""
        self._image.close()

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
        root = self._inodes.inode(ROOT_INODE)
        if root.type is not FileType.DIRECTORY:
            raise EvidenceError("the root of the file system is not a directory")
        entered: set[int] = set()
        pending: list[tuple[bytes, Inode, int]] = [(b"", root, ROOT_INODE)]
        count, path_bytes = 1, 0
        while pending:
            path, inode, parent = pending.pop()
            yield self._entry(path, inode)
            if inode.type is not FileType.DIRECTORY:
                continue
            if inode.number in entered:
                raise EvidenceError("a directory can be reached in two ways", where=shown(path))
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
                    raise EvidenceError("a path is longer than 4096 bytes", where=shown(child_path[:80]))
                path_bytes += len(child_path)
                if path_bytes > self._limits.tree_path_bytes:
                    raise EvidenceError(
                        "the paths of the tree are longer than any real one's",
                        expected=f"at most {self._limits.tree_path_bytes} bytes together",
                    )
                child = self._child(name, child_path)
                below.append((child_path, child, inode.number))
            pending += reversed(below)

    def entry(self, path: bytes | str, *, follow: bool = False) -> Entry:
        """The entry at a path; with ``follow``, the one that symbolic links lead to.

        Raises:
            EvidenceError: no such entry, or a damaged file system.
        """
        place = self.resolve(path) if follow else b"/".join(components(path))
        return self._entry(place, self._find(place))

    def resolve(self, path: bytes | str) -> bytes:
        """The path, relative to the root, that ``path`` leads to once all symbolic links are followed.

        Absolute targets, and those that climb above the root, are refused: what they mean depends on where the image is
        mounted, so it is not in the image.

        Raises:
            EvidenceError: no such entry, a target outside the tree, too many links, or a damaged file system.
        """
        return Links(self.walk(), limits=self._limits).resolve(path)

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
            raise EvidenceError("this is not a regular file", where=shown(path), observed=inode.type.value)
        if inode.size > self._limits.file_bytes:
            raise EvidenceError(
                "a file is larger than the limit",
                where=shown(path),
                expected=f"at most {self._limits.file_bytes} bytes",
                observed=f"{inode.size} bytes",
            )
        return self._content.whole(inode)

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        """The content of a regular file in pieces of at most 1 MiB, holes as zeros.

        Args:
            entry: an entry of this file system.

        Raises:
            EvidenceError: not a regular file, larger than the limit, or damaged.
        """
        inode = self._inodes.inode(entry.inode)
        if inode.type is not FileType.FILE or inode.size > self._limits.file_bytes:
            raise EvidenceError("this is not a regular file of an allowed size", where=shown(entry.path))
        return self._content.pieces(inode)

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
            target=self._content.target(inode) if inode.type is FileType.SYMLINK else None,
            device=inode.device if is_device else None,
            xattrs=self._content.attributes(inode),
            inode=inode.number,
            links=inode.links,
        )

    # Names

    def _names(self, inode: Inode, parent: int) -> list[directory.Name]:
        if inode.flags & FLAG_INLINE_DATA:
            found_parent, names = directory.parse_inline_directory(
                inode, self._content.inline(inode), self.superblock.has_file_types
            )
        else:
            size = inode.size
            if not size or size > self._limits.directory_bytes or size % self.superblock.block_size:
                raise EvidenceError(
                    "a directory has an impossible size", where=f"directory inode {inode.number}"
                )
            found_parent, names = directory.parse_directory(
                inode,
                self._content.whole(inode, holes=False),
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
        child = self._inodes.inode(name.inode)
        if name.type is not None and name.type is not child.type:
            raise EvidenceError(
                "a directory and a file disagree on what the file is",
                where=shown(path),
                expected=name.type.value,
                observed=child.type.value,
            )
        return child

    def _find(self, path: bytes | str) -> Inode:
        inode, parent = self._inodes.inode(ROOT_INODE), ROOT_INODE
        names_left = components(path)
        for depth, component in enumerate(names_left):
            place = b"/".join(names_left[: depth + 1])
            if inode.type is not FileType.DIRECTORY:
                raise EvidenceError("there is no such file in the image", where=shown(place))
            names = self._names(inode, parent)
            found = next((name for name in names if name.name == component), None)
            if found is None:
                raise EvidenceError("there is no such file in the image", where=shown(place))
            parent = inode.number
            inode = self._child(found, place)
        return inode
