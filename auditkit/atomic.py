"""Files that are either whole or not there.

What is not yet whole has a *staging name* beside its place: hidden, known by its form, and not to be guessed, so that
nobody can put a link or a file of their own in its way.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

_STAGED: Final = re.compile(r"\.(.+)\.[0-9a-f]{16}\.part", re.DOTALL)
_NAME_BYTES: Final = 200  # of the final name; a file system takes 255 in all
_CANNOT_LINK: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
_CANNOT_SYNC: Final = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM, errno.ENOSYS})


def staging_name(path: Path) -> Path:
    """A new name beside ``path`` for what will get the name ``path`` when it is whole."""
    stem = os.fsdecode(os.fsencode(path.name)[:_NAME_BYTES])
    return path.with_name(f".{stem}.{os.urandom(8).hex()}.part")


def staged_for(name: str) -> str | None:
    """The final name of what has the staging name ``name``; None when it is no staging name."""
    match = _STAGED.fullmatch(name)
    return match[1] if match else None


def write_atomically(path: Path, data: bytes) -> None:
    """Writes ``data`` to ``path`` so that a reader sees the old file, or the whole new one, and nothing between.

    The bytes are on the disk before the name is: a crash or a kill leaves no half-written file under ``path``.

    Raises:
        OSError: the folder is missing or cannot be written to; ``path`` is then unchanged.
    """
    with whole_file(path) as file:
        file.write(data)


@contextmanager
def whole_file(path: Path, *, durable: bool = True, new: bool = False) -> Iterator[BinaryIO]:
    """A file to write to that gets the name ``path`` when the block ends well, and vanishes when it does not.

    Args:
        path: the name; a file that has it already is replaced, unless ``new``.
        durable: whether it has to survive a crash of the machine; a large file that is only read on needs not.
        new: whether the name has to be free; only for what is durable.

    Raises:
        FileExistsError: ``new``, and something has the name, which stays; its second file name is ``path``.
    """
    temporary = staging_name(path)
    with new_file(temporary) as file:
        try:
            yield file
            file.flush()
            if durable:
                take_name(file.fileno(), temporary, path, new=new)
            else:
                temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A folder to fill that gets the name ``path`` when the block ends well, and vanishes when it does not.

    Args:
        path: the name; there must be nothing, or an empty folder.
    """
    temporary = staging_name(path)
    temporary.mkdir()
    try:
        yield temporary
        temporary.replace(path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def take_name(descriptor: int, temporary: Path, path: Path, *, new: bool = False) -> None:
    """Gives the open file at ``temporary`` the name ``path``, once its bytes are on the disk.

    Raises:
        FileExistsError: ``new``, and something has the name.
    """
    os.fsync(descriptor)
    if new:
        _take_free_name(temporary, path)
    else:
        temporary.replace(path)
    sync_folder(path.parent)


def _take_free_name(temporary: Path, path: Path) -> None:
    """Renames a file, but never replaces one; where the file system knows no hard links, as far as one can look."""
    try:
        os.link(temporary, path, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _CANNOT_LINK:
            raise
        if os.path.lexists(path):
            raise FileExistsError(
                errno.EEXIST, os.strerror(errno.EEXIST), str(temporary), None, str(path)
            ) from None
        temporary.replace(path)
    else:
        temporary.unlink()


def remove_own(path: Path, own: os.stat_result) -> None:
    """Removes what has the name ``path`` if it is our own file, and nothing that somebody else put there.

    Args:
        own: of the file, as `os.fstat` told it.
    """
    with suppress(FileNotFoundError):
        if os.path.samestat(path.lstat(), own):
            path.unlink()


def write_new(path: Path, data: bytes) -> None:
    """Writes ``data`` to a file that must not exist yet; it is on the disk when this returns."""
    with new_file(path) as file:
        file.write(data)
        sync_file(file)


def new_file(path: Path) -> BinaryIO:
    """A file to write to that was not there before; a link in its place is not followed.

    Raises:
        OSError: something has the name already, or the folder cannot be written to.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o666), "wb")


def sync_file(file: BinaryIO) -> None:
    """Makes what was written to ``file`` durable."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Makes the names in ``folder`` durable, on file systems that can do that (CIFS, vboxsf and some others cannot)."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise
    finally:
        os.close(descriptor)
