"""Reads two root file systems side by side, in as few passes as there can be: two, unless files are in many pieces.

What is kept of either depends on the other: the bytes of small files are kept where the other has no file like them,
and the last block of a file is looked at more closely where it alone tells two files apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from auditkit.errors import EvidenceError
from auditkit.guestos.ext4 import SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE, Entry, file_system_settings
from auditkit.guestos.roots.content import FileContent
from auditkit.guestos.roots.first_pass import first_pass
from auditkit.guestos.roots.kept_blocks import NotKeptError
from auditkit.guestos.roots.source import RootSource
from auditkit.guestos.roots.survey import Survey
from auditkit.guestos.verity import BLOCK_SIZE, VerityRoot
from auditkit.limits import LIMITS, Limits

_PASSES: Final = 8  # an extent tree has five levels, a block map three


class RootFileSystem:
    """A root file system of which the tree and small files are in memory.

    Args:
        source: where its bytes are.
        limits: bounds on sizes and counts.

    Raises:
        SourceError: it cannot be read, or is cut short.
        EvidenceError: no root file system that this reader reads.
    """

    def __init__(self, source: RootSource, *, limits: Limits = LIMITS) -> None:
        self._source = source
        self._limits = limits
        with source.named_in_errors():
            first = first_pass(source, limits=limits)
            self._kept = first.kept
            self._survey = Survey(first, limits=limits)
            self._fs = self._survey.file_system
        self._content_room = limits.root_texts_bytes // BLOCK_SIZE
        self._asked: set[int] = set()
        self.verity: VerityRoot = first.verity
        """The dm-verity root, computed."""

    @property
    def has_checksums(self) -> bool:
        """Whether the metadata carries checksums; wrong ones are an error."""
        return self._fs.has_checksums

    @property
    def settings(self) -> dict[str, str]:
        """What its superblock says of how it is used, and who it is."""
        return file_system_settings(self._kept.block(0)[SUPERBLOCK_OFFSET:][:SUPERBLOCK_SIZE])

    @property
    def contents(self) -> dict[int, FileContent]:
        """The contents of its regular files that are known so far, by inode number."""
        return self._survey.files

    def walk(self) -> Iterator[Entry]:
        """Every entry of the tree; see `Ext4.walk`."""
        with self._source.named_in_errors():
            yield from self._fs.walk()

    def content(self, entry: Entry) -> FileContent:
        """What a regular file holds.

        Raises:
            EvidenceError: the file is damaged.
        """
        known = self.contents.get(entry.inode)
        if known is not None:
            return known
        with self._source.named_in_errors():
            return self._survey.content(entry.inode)

    def bytes_of(self, entry: Entry) -> bytes | None:
        """The bytes of a small regular file; None where they were not kept."""
        try:
            return b"".join(self._fs.chunks(entry))
        except NotKeptError:
            return None

    def survey(self) -> set[int]:
        """The blocks that are still needed to know the tree and the contents of all files."""
        with self._source.named_in_errors():
            return self._survey.go_on()

    def text_blocks(self, other: RootFileSystem) -> set[int]:
        """The blocks of small files whose like the other has not, the smallest first, as far as there is room."""
        theirs = {_key(content) for content in other.contents.values()}
        new = [
            (content.size, number)
            for number, content in self.contents.items()
            if number not in self._asked
            and content.size <= self._limits.root_text_bytes
            and _key(content) not in theirs
        ]
        blocks: set[int] = set()
        for _, number in sorted(new):
            runs = self._survey.runs(number)
            self._content_room -= sum(run.count for run in runs)
            if self._content_room < 0:
                break
            self._asked.add(number)
            blocks.update(block for run in runs for block in range(run.physical, run.physical + run.count))
        return {block for block in blocks if not self._kept.knows(block)}

    def read_again(self, kept: set[int], ends: set[int]) -> None:
        """Passes over the image again.

        Args:
            kept: blocks to keep.
            ends: inode numbers of files the end of whose content is to be known.
        """
        lengths: dict[int, set[int]] = defaultdict(set)
        for number in ends:
            content = self.contents[number]
            if content.end_block is not None:
                lengths[content.end_block].add(content.end_size)
        wanted = sorted(kept | lengths.keys())
        with self._source.named_in_errors():
            digests = self._kept.gather(self._source.pieces(wanted), kept, lengths, wanted)
        for number in ends:
            content = self.contents[number]
            place = (content.end_block or 0, content.end_size)
            if place not in digests:
                raise EvidenceError("the root file system has another content than when it was read before")
            self.contents[number] = replace(content, end=digests[place])


def read_roots(base: RootFileSystem, recovery: RootFileSystem) -> None:
    """Reads of both what comparing them takes.

    Raises:
        SourceError: one cannot be read, or was written to since.
        EvidenceError: one is damaged, or beyond a limit.
    """
    both = (base, recovery)
    for _ in range(_PASSES):
        needed = [root.survey() for root in both]
        ends = _open_ends(base, recovery)
        texts = [base.text_blocks(recovery), recovery.text_blocks(base)]
        if not any((*needed, *ends, *texts)):
            return
        for root, blocks, open_ends, text in zip(both, needed, ends, texts, strict=True):
            if blocks or open_ends or text:
                root.read_again(blocks | text, open_ends)
    raise EvidenceError("the root file system is in more pieces than any real one")


def _key(content: FileContent) -> tuple[int, bytes, bytes]:
    return content.size, content.whole, content.end_leaf


def _open_ends(*roots: RootFileSystem) -> list[set[int]]:
    """The files of each root whose last block alone may tell them from another, and whose end is not known."""
    leaves: dict[tuple[int, bytes], set[bytes]] = defaultdict(set)
    for root in roots:
        for content in root.contents.values():
            leaves[content.size, content.whole].add(content.end_leaf)
    return [
        {
            number
            for number, content in root.contents.items()
            if content.end is None and content.end_leaf and len(leaves[content.size, content.whole]) > 1
        }
        for root in roots
    ]
