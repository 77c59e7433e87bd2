"""Which parts of a file are data: the runs of blocks of 512 bytes that are not all zeros.

Found by looking at every byte, so that a file has the same runs whatever file system it lies on and however an archive
stored it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Final

from auditkit.errors import EvidenceError
from auditkit.limits import LIMITS, Limits

BLOCK: Final = 512
_FAR: Final = 1 << 16
_ZERO_BLOCK: Final = bytes(BLOCK)
_ZEROS: Final = bytes(_FAR)


class DataRuns:
    """The runs of data in a file whose data comes by in order; iterating gives the offset and length of each.

    Lengths are multiples of 512 bytes, but for one that ends with the file. No two runs touch.

    Args:
        limits: bound on the number of runs.
    """

    def __init__(self, *, limits: Limits = LIMITS) -> None:
        self._starts, self._ends = array("Q"), array("Q")
        self._most = limits.sparse_entries

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return ((start, end - start) for start, end in zip(self._starts, self._ends, strict=True))

    def __len__(self) -> int:
        return len(self._starts)

    @property
    def stored(self) -> int:
        """Bytes of all runs together."""
        return sum(self._ends) - sum(self._starts)

    def add(self, offset: int, data: bytes | memoryview) -> None:
        """Takes data at ``offset``, which is not before the end of what was taken; what lies between is zeros.

        Raises:
            EvidenceError: there are more runs than the limit.
        """
        content = bytes(data)
        head = min(-offset % BLOCK, len(content))
        whole = (len(content) - head) // BLOCK * BLOCK
        self._add_part(offset, content[:head])
        self._add_blocks(offset + head, content, head, head + whole)
        self._add_part(offset + head + whole, content[head + whole :])

    def mark(self, start: int, end: int) -> None:
        """Takes the bytes from ``start`` to ``end`` for data; ``start`` is not before that of the last run.

        Raises:
            EvidenceError: there are more runs than the limit.
        """
        if self._ends and start <= self._ends[-1]:
            self._ends[-1] = max(self._ends[-1], end)
            return
        if len(self._starts) >= self._most:
            raise EvidenceError(
                "a file has more pieces of data than the limit", expected=f"at most {self._most}"
            )
        self._starts.append(start)
        self._ends.append(end)

    def clipped(self, size: int) -> DataRuns:
        """The runs as far as they lie in the first ``size`` bytes."""
        kept = DataRuns()
        kept._most = self._most
        for start, length in self:
            if start >= size:
                break
            kept.mark(start, min(start + length, size))
        return kept

    def _add_blocks(self, offset: int, content: bytes, at: int, end: int) -> None:
        """Marks the data among the whole blocks from ``at`` to ``end``; the first of them lies at ``offset``."""
        shift = offset - at
        while at < end:
            found = content.find(_ZERO_BLOCK, at, end)
            zeros = end if found < 0 else found + (at - found) % BLOCK
            if zeros > at:
                self.mark(shift + at, shift + zeros)
            at = zeros
            while at < end and content[at : at + _FAR] == _ZEROS[: min(_FAR, end - at)]:
                at = min(at + _FAR, end)
            while at < end and content.startswith(_ZERO_BLOCK, at):
                at += BLOCK
            if at < end:
                self.mark(shift + at, shift + at + BLOCK)
                at += BLOCK

    def _add_part(self, offset: int, part: bytes) -> None:
        """Marks the block of which ``part`` is a part, where that is not all zeros."""
        if part.count(0) != len(part):
            start = offset - offset % BLOCK
            self.mark(start, start + BLOCK)
