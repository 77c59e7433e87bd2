"""Files that are written all or none."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from auditkit.atomic import staging_name, sync_folder, write_new
from auditkit.errors import ParameterError, SourceError, in_words


def write_together(files: Mapping[Path, bytes]) -> None:
    """Writes several files, all or none of them.

    Everything is on the disk under temporary names first. Then old files step aside and the new ones take the
    names in the given order: whatever interrupts this, an old file never stands beside a new one of the set.

    Raises:
        ParameterError: one of the paths is a folder.
        SourceError: one of them cannot be written; all paths are as they were before.
    """
    staged: list[tuple[Path, Path]] = []
    aside: list[tuple[Path, Path]] = []
    placed: list[Path] = []
    for path in files:
        if not path.name or path.is_dir():
            raise ParameterError("this is a folder, not the name of a file", where=str(path))
    try:
        for path, data in files.items():
            with writing(path):
                temporary = staging_name(path)
                staged.append((temporary, path))
                write_new(temporary, data)
        for _, path in staged:
            if path.exists():
                old = staging_name(path)
                with writing(path):
                    path.rename(old)
                aside.append((old, path))
        for temporary, path in staged:
            with writing(path):
                temporary.rename(path)
            placed.append(path)
    except BaseException:
        for path in placed:
            path.unlink(missing_ok=True)
        for old, path in aside:
            old.replace(path)
        aside.clear()
        raise
    finally:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)
        for old, _ in aside:
            old.unlink(missing_ok=True)
    for folder in {path.parent for path in files}:
        with writing(folder):
            sync_folder(folder)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns an OSError of the block into a SourceError about ``path``."""
    try:
        yield
    except OSError as error:
        raise SourceError(f"it cannot be written: {in_words(error)}", where=str(path)) from error


@contextmanager
def only_writer(folder: Path, lock_name: str, what: str) -> Iterator[None]:
    """Keeps other writers from a folder while the block runs; makes the folder if need be.

    Args:
        folder: what is written to.
        lock_name: of the file in it that is locked; the lock ends with the process, whatever ends that.
        what: what the folder holds, for errors, such as ``catalogue``.

    Raises:
        SourceError: another process writes to it, or it cannot be written to, or a link or a file is in the way.
    """
    import fcntl  # noqa: PLC0415  (not every system that can read evidence has it)

    path = folder / lock_name
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        lock = os.open(path, flags, 0o666)
    try:
        with writing(path):
            if not stat.S_ISREG(os.fstat(lock).st_mode):
                raise SourceError("something other than a file is in the way", where=str(path))
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise SourceError(
                    f"another process updates this {what}",
                    where=str(folder),
                    hint="wait for it and run this again",
                ) from None
        yield
    finally:
        os.close(lock)
