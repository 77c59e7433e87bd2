"""Files: opened without ever waiting, read within a limit, written all or none."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from auditkit.atomic import staging_name, sync_folder, write_new
from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.limits import MIB


def open_regular(path: Path) -> int:
    """A descriptor of the regular file at ``path``, opened without ever waiting (a pipe would hang).

    Raises:
        SourceError: nothing there, not a regular file, or not readable.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise SourceError("there is no such file", where=str(path)) from None
    except (OSError, ValueError) as error:
        raise SourceError(f"the file cannot be read: {plain(error)}", where=str(path)) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise SourceError("this is not a regular file", where=str(path))
    return descriptor


def read_file(path: Path, limit: int) -> bytes:
    """The content of a regular file of at most ``limit`` bytes.

    Raises:
        SourceError: it cannot be read.
        EvidenceError: it is larger than ``limit``.
    """
    with os.fdopen(open_regular(path), "rb") as file:
        try:
            data = file.read(limit + 1)
        except OSError as error:
            raise SourceError(f"the file cannot be read: {plain(error)}", where=str(path)) from None
    if len(data) > limit:
        raise EvidenceError(
            "the file is larger than any real one",
            where=str(path),
            expected=f"at most {limit} bytes",
            observed="more",
        )
    return data


def digest_of_file(path: Path) -> tuple[str, int]:
    """SHA-256 (64 hex digits) and size in bytes of a regular file.

    Raises:
        SourceError: it cannot be read.
    """
    digest, size = hashlib.sha256(), 0
    with os.fdopen(open_regular(path), "rb", buffering=0) as file:
        try:
            while piece := file.read(MIB):
                digest.update(piece)
                size += len(piece)
        except OSError as error:
            raise SourceError(f"the file cannot be read: {plain(error)}", where=str(path)) from None
    return digest.hexdigest(), size


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
        raise SourceError(f"it cannot be written: {plain(error)}", where=str(path)) from error


def plain(error: Exception) -> str:
    """What the operating system says about ``error``, in lower case."""
    return (getattr(error, "strerror", None) or str(error)).lower()
