"""A folder on this machine as a tree: its entries without following any link, and a copy that leads nowhere else."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from auditkit.atomic import new_file
from auditkit.errors import EvidenceError, SourceError, in_words
from auditkit.guestos.ext4 import Entry, FileType, Links
from auditkit.limits import LIMITS, MIB, Limits

_MODES: Final = {FileType.DIRECTORY: 0o755, FileType.FILE: 0o644, FileType.SYMLINK: 0o777}


def walk_folder(folder: Path, *, limits: Limits = LIMITS) -> Iterator[tuple[Entry, Path]]:
    """The entries of a folder in the order of `Ext4.walk`, with normalised metadata, and where each is.

    No link is followed but one that ``folder`` itself is. Metadata is owner 0:0, time 0, mode 0755 for folders and 0644
    for files, and no hard links.

    Raises:
        SourceError: the folder cannot be read.
        EvidenceError: it holds something that is neither file, folder nor symbolic link, a name that is not printable
            text, or more than any boot tree.
    """
    pending = [b""]
    root = os.fsencode(os.path.realpath(folder))
    number, total = 0, 0
    while pending:
        path = pending.pop()
        place = root + b"/" + path if path else root
        number += 1
        try:
            found = os.lstat(place)
            kind = _kind(found.st_mode, place)
            target = os.readlink(place) if kind is FileType.SYMLINK else None
            if kind is FileType.DIRECTORY:
                below = sorted(os.listdir(place), reverse=True)
                pending += [path + b"/" + name if path else name for name in below]
        except OSError as error:
            raise SourceError(
                f"the boot tree cannot be read: {in_words(error)}", where=os.fsdecode(place)
            ) from error
        size = found.st_size if kind is FileType.FILE else 0
        total += size
        if number + len(pending) > limits.tree_entries or total > limits.tree_bytes:
            raise EvidenceError("the folder is larger than any boot tree", where=str(folder))
        entry = Entry(
            path=path,
            type=kind,
            mode=_MODES[kind],
            uid=0,
            gid=0,
            mtime_ns=0,
            size=size,
            target=target,
            device=None,
            xattrs={},
            inode=number,
            links=1,
        )
        refuse_odd_names(entry)
        yield entry, Path(os.fsdecode(place))


def refuse_odd_names(entry: Entry) -> None:
    """Makes sure that a name, and the target of a link, is printable text: no line feed, no escape sequence.

    Raises:
        EvidenceError: it is not; no boot tree of a release has such a name.
    """
    for text in (entry.path, entry.target or b""):
        if not text.decode("utf-8", "surrogateescape").isprintable():
            raise EvidenceError(
                "a name in the boot tree is not printable text",
                where="/" + ascii(entry.path.decode("utf-8", "backslashreplace"))[1:-1][:200],
                hint="no release has such a name",
            )


def copy_folder(folder: Path, copy: Path, *, limits: Limits = LIMITS) -> None:
    """Copies a folder: files, folders and symbolic links, but no modes, owners, times or hard links.

    Args:
        folder: a folder with a boot tree.
        copy: the new folder; must not exist. Nothing is written on an error that the tree itself shows.

    Raises:
        SourceError: it cannot be read or written.
        EvidenceError: as `walk_folder`, or a link leads out of the folder.
    """
    entries = list(walk_folder(folder, limits=limits))
    Links((entry for entry, _ in entries), limits=limits).refuse_escapes()
    for entry, place in entries:
        to = os.path.join(os.fsencode(copy), entry.path) if entry.path else os.fsencode(copy)
        try:
            if entry.type is FileType.DIRECTORY:
                os.mkdir(to, 0o755)
            elif entry.target is not None:
                os.symlink(entry.target, to)
            else:
                with new_file(Path(os.fsdecode(to))) as file:
                    copy_content(place, entry.size, file)
        except OSError as error:
            raise SourceError(f"the folder cannot be copied: {in_words(error)}", where=str(place)) from error


def copy_content(place: Path, size: int, out: BinaryIO) -> None:
    """Copies the content of a regular file that has ``size`` bytes; a link in its place is not followed.

    Raises:
        SourceError: it cannot be read, or is another file than it was.
    """
    left = size
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise SourceError("a file became something else while it was read", where=str(place))
            while left:
                piece = file.read(min(MIB, left))
                if not piece:
                    raise SourceError("a file became shorter while it was read", where=str(place))
                out.write(piece)
                left -= len(piece)
    except OSError as error:
        raise SourceError(f"a file cannot be copied: {in_words(error)}", where=str(place)) from error


def _kind(mode: int, place: bytes) -> FileType:
    if stat.S_ISREG(mode):
        return FileType.FILE
    if stat.S_ISDIR(mode):
        return FileType.DIRECTORY
    if stat.S_ISLNK(mode):
        return FileType.SYMLINK
    raise EvidenceError(
        "the boot tree holds something that is neither file, folder nor link", where=os.fsdecode(place)
    )
