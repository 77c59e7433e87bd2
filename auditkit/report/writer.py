"""One writer at a time: a lock on a report folder, which a process can hand on to those that it starts.

The lock is on a file beside the folder, ``.NAME.lock``, which is opened for writing and never removed: NFS locks no
folder, and whoever removes a lock file may remove the one that another process has just locked. Where the folder
around is not ours to write to, the folder itself is locked.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auditkit.errors import ParameterError, SourceError, in_words

VARIABLE: Final = "AUDITKIT_WRITER"
"""Tells a process that it was handed a lock: ``DESCRIPTOR:HELD``, see `Writer`."""
WAIT_SECONDS = 10.0
"""Until the kernel of an audit that was killed has noticed and gone."""
_LOOK_SECONDS: Final = 0.2
_NOT_OURS: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG})


@dataclass(frozen=True, slots=True)
class Writer:
    """The right to write to a report folder, for as long as the block of `only_writer` runs.

    Attributes:
        descriptor: of the lock. A process that inherits it shares the right, also when we are gone before it.
        held: the name that `audit.json` gets for now, as the process that handed the lock on has the last word; empty
            when nobody has.
    """

    descriptor: int
    held: str = ""

    def environment(self, held: str = "") -> dict[str, str]:
        """What to set in the environment of a process that inherits the descriptor."""
        return {VARIABLE: f"{self.descriptor}:{held}"}


@contextmanager
def only_writer(
    folder: Path, *, seconds: float | None = None, given_up: Callable[[], bool] = lambda: False
) -> Iterator[Writer]:
    """Makes ``folder`` if need be, and keeps other audits from writing to it.

    Args:
        seconds: how long to wait for another writer to end; `WAIT_SECONDS` by default.
        given_up: asked while waiting; ends it.

    Raises:
        ParameterError: the folder cannot be made or locked.
        SourceError: another audit writes to it, or the wait was given up.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ParameterError(
            f"the report folder cannot be written to: {in_words(error)}", where=str(folder)
        ) from None
    if inherited := _inherited(folder):
        yield inherited
        return
    descriptor = _open(folder)
    try:
        deadline = time.monotonic() + (WAIT_SECONDS if seconds is None else seconds)
        while not _locked(descriptor, folder):
            if given_up():
                raise SourceError("the wait for another audit was given up", where=str(folder))
            if time.monotonic() >= deadline:
                raise SourceError(
                    "another audit writes to this folder",
                    where=str(folder),
                    hint="wait for it to end, or choose another folder",
                )
            time.sleep(_LOOK_SECONDS)
        yield Writer(descriptor)
    finally:
        os.close(descriptor)


def _lock_file(folder: Path) -> Path:
    """The lock of the folder, by whatever path it is reached."""
    real = Path(os.path.realpath(folder))
    return real.parent / f".{real.name}.lock"


def _open(folder: Path) -> int:
    path = _lock_file(folder)
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o666)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return descriptor
        os.close(descriptor)
        reason = "it is not a file"
    except OSError as error:
        if error.errno in _NOT_OURS and not os.path.lexists(path):
            return _open_itself(folder)
        reason = in_words(error)
    raise ParameterError(
        f"the lock file of the report folder cannot be used: {reason}",
        where=str(path),
        hint="remove it if no audit runs, or choose another folder",
    )


def _open_itself(folder: Path) -> int:
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise ParameterError(
            f"the report folder cannot be opened: {in_words(error)}", where=str(folder)
        ) from None


def _locked(descriptor: int, folder: Path) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        raise ParameterError(
            f"the report folder cannot be kept from other audits: {in_words(error)}",
            where=str(folder),
            hint="choose a folder inside one that you can write to, on a file system with locks",
        ) from None
    return True


def _inherited(folder: Path) -> Writer | None:
    """The lock that this process was handed, if it was one on this folder."""
    number, _, held = os.environ.get(VARIABLE, "").partition(":")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        return None
    descriptor = int(number)
    try:
        handed = os.fstat(descriptor)
        ours = any(
            os.path.samestat(handed, os.stat(path))
            for path in (_lock_file(folder), folder)
            if os.path.lexists(path)
        )
        # Locking again what we share changes nothing; it fails when the lock is another's by now.
        if ours and _locked(descriptor, folder):
            return Writer(descriptor, held)
    except (OSError, ParameterError):
        pass
    return None
