"""What an inode holds: content, the target of a symbolic link, extended attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO

from auditkit.errors import EvidenceError
from auditkit.guestos.ext4 import attributes
from auditkit.guestos.ext4.blocks import BlockMap
from auditkit.guestos.ext4.checksums import Checksums
from auditkit.guestos.ext4.image_file import ImageFile
from auditkit.guestos.ext4.inode import FLAG_EXTENTS, FLAG_INLINE_DATA, Inode
from auditkit.guestos.ext4.superblock import Superblock

_PIECE_BYTES = 1 << 20
_FAST_LINK_MAX = 59


class InodeContent:
    """Reads what the inodes of one file system hold.

    Args:
        image: the file system.
        superblock: its geometry.
        checksums: its metadata checksums.
        budget: extents and block numbers that may be decoded in the life of this object.
    """

    def __init__(
        self, image: ImageFile, superblock: Superblock, checksums: Checksums, *, budget: int
    ) -> None:
        self._image = image
        self._superblock = superblock
        self._checksums = checksums
        self._map = BlockMap(superblock, checksums, self._block, budget=budget)

    def whole(self, inode: Inode, *, holes: bool = True) -> bytes:
        """All content of an inode; errors as those of `pieces`."""
        whole = BytesIO()  # gives what it holds without a copy, where `join` would hold all of it twice
        for piece in self.pieces(inode, holes=holes):
            whole.write(piece)
        return whole.getvalue()

    def inline(self, inode: Inode) -> bytes:
        """Content that is stored in the inode itself.

        Raises:
            EvidenceError: it is not there, or shorter than the inode says.
        """
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

    def pieces(self, inode: Inode, *, holes: bool = True) -> Iterator[bytes]:
        """Content in pieces of at most 1 MiB, holes as zeros.

        Args:
            inode: of a file, a directory or a symbolic link.
            holes: whether there may be any.

        Raises:
            EvidenceError: damaged, or a hole where none may be.
        """
        if inode.flags & FLAG_INLINE_DATA:
            yield self.inline(inode)
            return
        block_size = self._superblock.block_size
        position = 0
        for run in self._map.runs(inode):
            start = run.logical * block_size
            stop = min(start + run.count * block_size, inode.size)
            yield from self._zeros(inode, start - position, holes=holes)
            first = run.physical * block_size
            for at in range(0, stop - start, _PIECE_BYTES):
                yield self._image.read_at(first + at, min(stop - start - at, _PIECE_BYTES))
            position = stop
        yield from self._zeros(inode, inode.size - position, holes=holes)

    def _zeros(self, inode: Inode, size: int, *, holes: bool) -> Iterator[bytes]:
        """A hole of ``size`` bytes, which is none where that is 0."""
        if size and not holes:
            raise EvidenceError("a directory has a hole", where=f"directory inode {inode.number}")
        for at in range(0, size, _PIECE_BYTES):
            yield bytes(min(size - at, _PIECE_BYTES))

    def target(self, link: Inode) -> bytes:
        """Target of a symbolic link: in the inode (fast), inline, or in a block (slow)."""
        where = f"symbolic link inode {link.number}"
        attribute_sectors = self._superblock.block_sectors if link.attribute_block else 0
        if link.flags & FLAG_INLINE_DATA:
            target = self.inline(link)
        elif link.sectors == attribute_sectors:
            if link.size > _FAST_LINK_MAX or link.flags & FLAG_EXTENTS:
                raise EvidenceError("a symbolic link is damaged", where=where)
            target = link.block_area[: link.size]
        elif link.size < self._superblock.block_size:
            target = self.whole(link)
        else:
            raise EvidenceError("a symbolic link is damaged", where=where)
        if not target or b"\0" in target:
            raise EvidenceError("a symbolic link has an impossible target", where=where)
        return target

    def attributes(self, inode: Inode) -> Mapping[bytes, bytes]:
        """Extended attributes in the inode and in their block, sorted by name.

        Raises:
            EvidenceError: damaged, or one twice.
        """
        where = f"inode {inode.number}"
        found = dict(attributes.inode_attributes(inode.inline_attributes, where))
        if attributes.INLINE_DATA_NAME in found and not inode.flags & FLAG_INLINE_DATA:
            raise EvidenceError("a file has inline content that it does not declare", where=where)
        found.pop(attributes.INLINE_DATA_NAME, None)
        if inode.attribute_block:
            if not self._superblock.first_data_block < inode.attribute_block < self._superblock.blocks_count:
                raise EvidenceError("extended attributes are outside the file system", where=where)
            data = self._block(inode.attribute_block)
            self._checksums.check_attribute_block(inode.attribute_block, data)
            for name, value in attributes.block_attributes(data, where).items():
                if name in found or name == attributes.INLINE_DATA_NAME:
                    raise EvidenceError("a file has the same extended attribute twice", where=where)
                found[name] = value
        return dict(sorted(found.items()))

    def _block(self, number: int) -> bytes:
        return self._image.read_at(number * self._superblock.block_size, self._superblock.block_size)
