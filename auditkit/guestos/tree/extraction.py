"""The tree of a boot partition as files in a folder."""

from __future__ import annotations

import os
from pathlib import Path

from auditkit.atomic import whole_folder
from auditkit.errors import EvidenceError, ParameterError, SourceError, in_words
from auditkit.guestos.ext4 import Entry, Ext4, FileType, Links
from auditkit.guestos.tree.manifest import bounded_walk, printable
from auditkit.limits import LIMITS, Limits


def extract_tree(fs: Ext4, folder: Path, *, limits: Limits = LIMITS) -> None:
    """Writes the tree below ``folder``, all of it or nothing.

    Content, permission bits, times, symbolic and hard links are kept; owners, setuid and setgid bits and
    extended attributes are not. Holes stay holes.

    Args:
        fs: the file system.
        folder: where the root goes; must not exist or be empty.
        limits: bound on the content.

    Raises:
        ParameterError: the folder is there and not empty.
        EvidenceError: the file system is damaged, or holds devices, or a symbolic link leads out of it or nobody can
            say where.
        SourceError: the folder cannot be written to.
    """
    Links(fs.walk(), limits=limits).refuse_escapes()
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ParameterError(
                "the output folder is not empty", where=str(folder), hint="name a new folder"
            )
        folder.parent.mkdir(parents=True, exist_ok=True)
        with whole_folder(folder) as fresh:
            _write_tree(fs, fresh, limits)
    except OSError as error:
        raise SourceError(
            f"the output folder cannot be written: {in_words(error)}", where=str(folder)
        ) from error


def _write_tree(fs: Ext4, root: Path, limits: Limits) -> None:
    base = os.fsencode(root)
    folders: list[tuple[bytes, Entry]] = []
    for entry, first in bounded_walk(fs, limits):
        path = base + b"/" + entry.path if entry.path else base
        if entry.type is FileType.DIRECTORY:
            if entry.path:
                os.mkdir(path, 0o700)
            folders.append((path, entry))
            continue
        if first is not None:
            os.link(base + b"/" + first, path, follow_symlinks=False)
            continue
        if entry.type is FileType.FILE:
            _write_file(fs, entry, path)
        elif entry.target is not None:
            os.symlink(entry.target, path)
        else:
            raise EvidenceError("the image holds a device or a socket", where="/" + printable(entry.path))
        os.utime(path, ns=(entry.mtime_ns, entry.mtime_ns), follow_symlinks=False)
    for path, entry in reversed(folders):
        os.utime(path, ns=(entry.mtime_ns, entry.mtime_ns))
        # the owner can always enter and delete what was written
        os.chmod(path, entry.mode & 0o777 | 0o700)


def _write_file(fs: Ext4, entry: Entry, path: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for chunk in fs.chunks(entry):
            if chunk.count(0) == len(chunk):
                file.seek(len(chunk), os.SEEK_CUR)
            else:
                file.write(chunk)
        file.truncate(entry.size)
        os.fchmod(file.fileno(), entry.mode & 0o777)
