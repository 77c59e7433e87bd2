"""The leaves of a hash tree, made in order: by this process, and by a helper beside it when there are many."""

from __future__ import annotations

from collections import deque
from contextlib import ExitStack
from io import BytesIO
from types import TracebackType
from typing import TYPE_CHECKING, Self

from auditkit.guestos.verity.block_digests import BLOCK_SIZE, DIGEST_SIZE, ZERO_DIGEST, digest_blocks
from auditkit.interpreter import processors

if TYPE_CHECKING:
    from auditkit.guestos.verity.helper import Helper

BATCH = 1 << 20
"""Bytes that are best added at a time."""
_ALONE = 64 << 20  # bytes up to which starting a helper costs more than it gains
_FEW = 1 << 10  # zero blocks whose digests are rather kept than counted
_ZEROS = bytes(BATCH)


class Leaves:
    """The digests of the blocks of a device that are added in order. Use as a context manager."""

    def __init__(self) -> None:
        # Digests of blocks, or a number of zero blocks. A few large pieces of memory, which go back to the system.
        self._parts: list[bytearray | int] = []
        self._waiting: deque[tuple[bytearray, int]] = (
            deque()
        )  # where digests go that the helper is working on
        self._alone = _ALONE if processors() > 1 else None
        self._helper: Helper | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def add_zeros(self, blocks: int) -> None:
        """Adds a number of blocks of zeros."""
        if blocks <= _FEW:
            self._digests().extend(ZERO_DIGEST * blocks)
        else:
            self._parts.append(blocks)

    def add(self, data: bytes | memoryview) -> None:
        """Adds whole blocks. The buffer may be used again."""
        for start in range(0, len(data), BATCH):
            self._add(data[start : start + BATCH])

    def finish(self, count: int) -> tuple[bytes, bool]:
        """The digests of the first ``count`` blocks, and whether there is anything but zeros behind. Asked once."""
        while self._helper and self._waiting:
            self._take(self._helper)
        wanted = count * DIGEST_SIZE
        leaves = BytesIO()  # gives what it holds without a copy
        behind = False
        for place, part in enumerate(self._parts):
            room = wanted - leaves.tell()
            if isinstance(part, int):
                leaves.write(ZERO_DIGEST * min(part, room // DIGEST_SIZE))
            else:
                leaves.write(memoryview(part)[:room])
                rest = part[room:]
                behind = behind or rest != ZERO_DIGEST * (len(rest) // DIGEST_SIZE)
            self._parts[place] = 0  # they are tens of megabytes together
        self._parts.clear()
        return leaves.getvalue(), behind

    def _add(self, data: bytes | memoryview) -> None:
        # comparing costs a copy, so only what could be zeros is compared
        if not data[0] and not data[-1] and bytes(data) == _ZEROS[: len(data)]:
            self.add_zeros(len(data) // BLOCK_SIZE)
            return
        helper = self._helping(len(data))
        while helper and helper.ready:
            self._take(helper)
        digests = self._digests()
        if helper and not helper.full:
            helper.give(data)
            self._waiting.append((digests, len(digests)))
            digests.extend(bytes(len(data) // BLOCK_SIZE * DIGEST_SIZE))
        else:
            digests.extend(digest_blocks(data))

    def _digests(self) -> bytearray:
        """Where the next digests go."""
        if self._parts and isinstance(last := self._parts[-1], bytearray):
            return last
        self._parts.append(found := bytearray())
        return found

    def _take(self, helper: Helper) -> None:
        """Puts the earliest digests that the helper has where they belong."""
        digests, at = self._waiting.popleft()
        found = helper.take()
        digests[at : at + len(found)] = found

    def _helping(self, size: int) -> Helper | None:
        """The helper, once ``size`` bytes more are too many for this process alone."""
        if self._helper is None and self._alone is not None:
            self._alone -= size
            if self._alone < 0:
                self._alone = None
                from auditkit.guestos.verity.helper import Helper  # noqa: PLC0415  (only for many blocks)

                try:
                    self._helper = self._stack.enter_context(Helper(BATCH))
                except OSError:  # a place where no process may be started: this one does it alone
                    return None
        return self._helper
