"""Every inode of a root file system that is in use: what its content is, and which blocks the tree is written in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from auditkit.errors import EvidenceError
from auditkit.guestos.ext4 import Ext4, FileType
from auditkit.guestos.ext4.blocks import BlockMap, Run
from auditkit.guestos.ext4.checksums import Checksums
from auditkit.guestos.ext4.content import InodeContent
from auditkit.guestos.ext4.fields import u16
from auditkit.guestos.ext4.image_file import ImageFile
from auditkit.guestos.ext4.inode import FLAG_EXTENTS, FLAG_INLINE_DATA, ROOT_INODE, Inode
from auditkit.guestos.ext4.inode_table import InodeTable
from auditkit.guestos.roots.content import FileContent, inline_content, mapped_content
from auditkit.guestos.roots.first_pass import FirstPass
from auditkit.guestos.roots.kept_blocks import NotKeptError
from auditkit.guestos.verity import BLOCK_SIZE
from auditkit.limits import LIMITS, Limits

_LINKS_OFFSET: Final = 26  # of the number of links in an inode
_FAST_LINK_MAX: Final = 59


class Survey:
    """Looks at the inodes in use, each until all is known that leads to its blocks.

    Inodes that are damaged are left to the walk through the tree, which refuses those that a name leads to.

    Args:
        first: what the first pass found.
        limits: bounds on sizes and counts.
    """

    def __init__(self, first: FirstPass, *, limits: Limits = LIMITS) -> None:
        self._kept = first.kept
        self._superblock = first.superblock
        self._limits = limits
        image = ImageFile(self._kept.as_file())
        checksums = Checksums(self._superblock)
        self._inodes = InodeTable(image, self._superblock, checksums, remember=True)
        budget = limits.file_system_items
        self._content = InodeContent(image, self._superblock, checksums, budget=budget)
        self._map = BlockMap(self._superblock, checksums, self._kept.block, budget=budget)
        self._mapped = 0
        self.file_system = Ext4(self._kept.as_file(), limits=limits, inodes=self._inodes)
        """The file system, in which what is kept can be read."""
        self.files: dict[int, FileContent] = {}
        """The contents of the regular files that are known, by inode number."""
        self._left = list(self._numbers())
        if len(self._left) > limits.tree_entries:
            raise EvidenceError(
                "the root file system has more files than the limit",
                expected=f"at most {limits.tree_entries}",
                observed=str(len(self._left)),
            )

    def go_on(self) -> set[int]:
        """Looks at the inodes that are left; gives the numbers of the blocks that are needed and not kept.

        Raises:
            EvidenceError: more content than the limit.
        """
        needed: set[int] = set()
        left, self._left = self._left, []
        for number in left:
            try:
                wanted = self._blocks_of(number)
            except NotKeptError as error:
                self._left.append(number)
                wanted = {error.block}
            except EvidenceError:
                continue
            needed.update(block for block in wanted if not self._kept.knows(block))
            if self._mapped * BLOCK_SIZE > self._limits.root_content_bytes:
                raise EvidenceError(
                    "the files of the root file system are larger than the limit",
                    expected=f"at most {self._limits.root_content_bytes} bytes",
                )
        return needed

    def content(self, number: int) -> FileContent:
        """The content of a regular file.

        Raises:
            EvidenceError: the file is damaged.
        """
        if number not in self.files:
            self._blocks_of(number)
        return self.files[number]

    def runs(self, number: int) -> list[Run]:
        """Where the content of a file is that `files` has; nowhere when it is in its inode.

        Raises:
            EvidenceError: the file system is damaged.
        """
        inode = self._inodes.inode(number)
        return [] if inode.flags & FLAG_INLINE_DATA else self._map.runs(inode)

    def _numbers(self) -> Iterator[int]:
        """The numbers of the inodes in use, by the tables alone."""
        sb = self._superblock
        for group in range(sb.groups_count):
            first = self._inodes.first_block(group)
            for block, data in self._kept.stored(range(first, first + self._inodes.blocks)):
                before = group * sb.inodes_per_group + (block - first) * (BLOCK_SIZE // sb.inode_size)
                for index in range(BLOCK_SIZE // sb.inode_size):
                    number = before + index + 1
                    usual = sb.first_inode <= number <= (group + 1) * sb.inodes_per_group
                    if u16(data, index * sb.inode_size + _LINKS_OFFSET) and (usual or number == ROOT_INODE):
                        yield number

    def _blocks_of(self, number: int) -> set[int]:
        """The blocks that the walk through the tree reads of an inode."""
        inode = self._inodes.inode(number)
        wanted: set[int] = set()
        if self._superblock.first_data_block < inode.attribute_block < self._superblock.blocks_count:
            wanted.add(inode.attribute_block)
        inline = bool(inode.flags & FLAG_INLINE_DATA)
        if inode.type is FileType.FILE and inline:
            self.files[number] = inline_content(self._content.inline(inode))
        elif inode.type is FileType.FILE:
            runs = self._map.runs(inode)
            self._mapped += sum(run.count for run in runs)
            self.files[number] = mapped_content(inode.size, runs, self._kept)
        elif not inline and self._is_read_whole(inode):
            for run in self._map.runs(inode):
                wanted.update(range(run.physical, run.physical + run.count))
        return wanted

    def _is_read_whole(self, inode: Inode) -> bool:
        if inode.type is FileType.SYMLINK:
            stands_in_blocks = inode.size > _FAST_LINK_MAX or bool(inode.flags & FLAG_EXTENTS)
            return stands_in_blocks and inode.size < BLOCK_SIZE
        return inode.type is FileType.DIRECTORY and inode.size <= self._limits.directory_bytes
