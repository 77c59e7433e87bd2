"""The ``.part`` file of a download: locked, hashed as it grows, and hashed again when it is taken up."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from auditkit.errors import ParameterError, SourceError
from auditkit.evidence.http import Clock
from auditkit.limits import MIB


@dataclass(slots=True)
class Part:
    """The open ``.part`` file with what is known about its bytes."""

    file: int
    path: Path
    size: int = 0
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)
    validator: str = ""  # ETag or Last-Modified of the version the bytes are from
    single_answer: bool = True  # all bytes are from one answer, so nothing can be mixed up

    def append(self, piece: bytes) -> None:
        view = memoryview(piece)
        while view:
            view = view[os.write(self.file, view) :]
        self.digest.update(piece)
        self.size += len(piece)

    def adopt(self) -> None:
        """Hashes what an earlier run left."""
        os.lseek(self.file, 0, os.SEEK_SET)
        while piece := os.read(self.file, MIB):
            self.digest.update(piece)
            self.size += len(piece)
        self.single_answer = self.size == 0

    def clear(self) -> None:
        os.lseek(self.file, 0, os.SEEK_SET)
        os.ftruncate(self.file, 0)
        self.size, self.digest = 0, hashlib.sha256()
        self.validator, self.single_answer = "", True


@contextlib.contextmanager
def locked_part(out: Path, clock: Clock, seconds: float) -> Iterator[Part]:
    """The ``.part`` file of ``out``, created if need be and locked against other processes."""
    path = out.with_name(out.name + ".part")
    until = clock.monotonic() + seconds
    while True:
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
        except FileNotFoundError:
            raise ParameterError(
                "the folder for the download does not exist", where=str(out.parent)
            ) from None
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise ParameterError("something other than a file is in the way", where=str(path))
            if _lock(file):
                # Whoever held the lock before may have renamed or removed the file we opened.
                if _same_file(file, path):
                    yield Part(file, path)
                    return
                continue
        finally:
            os.close(file)
        if clock.monotonic() > until:
            raise SourceError(
                "another process is downloading the same file",
                where=str(path),
                hint="wait for it and run this again",
            )
        clock.sleep(0.2)


def _lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _same_file(file: int, path: Path) -> bool:
    try:
        there = os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(file), there)
