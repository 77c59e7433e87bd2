"""A second process that digests blocks: in one process, threads would spend more on taking turns than they gain."""

from __future__ import annotations

import mmap
import os
import select
import subprocess
import sys
import tempfile
from collections import deque
from types import TracebackType
from typing import Self

from auditkit.guestos.verity import block_digests
from auditkit.guestos.verity.block_digests import BLOCK_SIZE, COUNT_SIZE, DIGEST_SIZE, digest_blocks

_SLOTS = 8


class Helper:
    """Digests blocks in a process of its own, in the order they are given. Use as a context manager.

    The blocks travel through a ring of slots in shared memory, and stay there until their digests are taken: when the
    process ends too early, this one digests what is left.

    Args:
        slot_size: most bytes given at a time.

    Raises:
        OSError: no process can be started here.
    """

    def __init__(self, slot_size: int) -> None:
        with tempfile.TemporaryFile() as shared:
            shared.truncate(_SLOTS * slot_size)
            self._memory = mmap.mmap(shared.fileno(), 0)
            command = [
                sys.executable,
                "-I",
                "-S",
                block_digests.__file__,
                str(shared.fileno()),
                str(slot_size),
            ]
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=[shared.fileno()],
            )
        if not (self._process.stdin and self._process.stdout):
            raise OSError("no pipes to the helper")
        self._questions = self._process.stdin.fileno()
        self._answers = self._process.stdout.fileno()
        self._slot_size = slot_size
        self._next = 0
        self._given: deque[tuple[int, int]] = deque()  # where in the ring, and how many bytes
        self._ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.__exit__(kind, error, trace)
        self._memory.close()

    @property
    def full(self) -> bool:
        """Whether nothing more can be given: the ring is full, or the process has ended."""
        return self._ended or len(self._given) == _SLOTS

    @property
    def ready(self) -> bool:
        """Whether `take` would return without waiting."""
        return bool(self._given and select.select([self._answers], [], [], 0)[0])

    def give(self, blocks: bytes | memoryview) -> None:
        """Gives whole blocks to digest; not when it is `full`."""
        self._memory[self._next : self._next + len(blocks)] = blocks
        self._given.append((self._next, len(blocks)))
        self._next = (self._next + self._slot_size) % len(self._memory)
        try:
            os.write(self._questions, len(blocks).to_bytes(COUNT_SIZE, "little"))
        except BrokenPipeError:
            self._ended = True

    def take(self) -> bytes:
        """The digests of the earliest blocks that were given and not taken."""
        start, size = self._given.popleft()
        wanted = size // BLOCK_SIZE * DIGEST_SIZE
        digests = b""
        while len(digests) < wanted:
            piece = os.read(self._answers, wanted - len(digests))
            if not piece:
                self._ended = True
                return digest_blocks(self._memory[start : start + size])
            digests += piece
        return digests
