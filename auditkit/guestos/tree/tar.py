"""A tree as a deterministic tar: the same bytes on every run and every machine.

The archive is the one that ``tar --sort=name --numeric-owner --format=gnu`` makes of the mounted file
system's root: names below ``./``, sorted bytewise in each directory, numeric owners, whole seconds, later
names of a file as hard links. Extended attributes have no place in it; `auditkit.guestos.tree_manifest` has
them.
"""

from __future__ import annotations

import os
from tarfile import (
    BLKTYPE,
    BLOCKSIZE,
    CHRTYPE,
    DIRTYPE,
    FIFOTYPE,
    GNU_FORMAT,
    GNUTYPE_LONGLINK,
    GNUTYPE_LONGNAME,
    LENGTH_NAME,
    LNKTYPE,
    RECORDSIZE,
    REGTYPE,
    SYMTYPE,
    TarInfo,
)
from typing import BinaryIO

from auditkit.errors import EvidenceError
from auditkit.guestos.ext4 import Entry, Ext4, FileType
from auditkit.guestos.tree.manifest import bounded_walk
from auditkit.limits import LIMITS, Limits

_TYPES = {
    FileType.FILE: REGTYPE,
    FileType.SYMLINK: SYMTYPE,
    FileType.CHARACTER_DEVICE: CHRTYPE,
    FileType.BLOCK_DEVICE: BLKTYPE,
    FileType.DIRECTORY: DIRTYPE,
    FileType.FIFO: FIFOTYPE,
}


def write_tree_tar(fs: Ext4, out: BinaryIO, *, limits: Limits = LIMITS) -> None:
    """Writes the tree as a GNU tar.

    Args:
        fs: the file system.
        out: takes the bytes; never seeked or closed.
        limits: bound on the content.

    Raises:
        EvidenceError: the file system is damaged, or holds a socket, which tar cannot hold.
    """
    written = 0
    for entry, first in bounded_walk(fs, limits):
        header = entry_header(entry, first)
        out.write(header)
        written += len(header)
        if entry.type is FileType.FILE and first is None:
            for chunk in fs.chunks(entry):
                out.write(chunk)
            padding = -entry.size % BLOCKSIZE
            out.write(bytes(padding))
            written += entry.size + padding
    out.write(archive_end(written))


def archive_end(written: int) -> bytes:
    """The zeros that end an archive of ``written`` bytes: two blocks, and the rest of the record."""
    return bytes(2 * BLOCKSIZE + -(written + 2 * BLOCKSIZE) % RECORDSIZE)


def entry_header(entry: Entry, first: bytes | None) -> bytes:
    """What stands before an entry's content in a GNU tar, with its name below ``./``.

    Args:
        entry: the entry.
        first: for a later name of a file, the path of the first.

    Raises:
        EvidenceError: it is a socket, which tar cannot hold.
    """
    if entry.type not in _TYPES:
        raise EvidenceError("the image holds a socket, which an archive cannot hold")
    name = b"./" + entry.path
    if entry.type is FileType.DIRECTORY and entry.path:
        name += b"/"
    link = b"./" + first if first is not None else entry.target or b""
    info = TarInfo(os.fsdecode(name))
    info.linkname = os.fsdecode(link)
    info.type = LNKTYPE if first is not None else _TYPES[entry.type]
    info.mode, info.uid, info.gid = entry.mode, entry.uid, entry.gid
    info.size = entry.size if entry.type is FileType.FILE and first is None else 0
    info.mtime = entry.mtime_ns // 1_000_000_000
    info.devmajor, info.devminor = entry.device or (0, 0)
    header = _long(GNUTYPE_LONGLINK, link) + _long(GNUTYPE_LONGNAME, name)
    return header + _packed(info)[-BLOCKSIZE:]


def _long(kind: bytes, text: bytes) -> bytes:
    """A name that is too long for a header, as a member of its own in front of it, with the mode that GNU tar gives it.

    `TarInfo.tobuf` writes one too, with another mode.
    """
    if len(text) <= LENGTH_NAME:
        return b""
    data = text + b"\0"
    info = TarInfo("././@LongLink")
    info.type, info.size = kind, len(data)
    return _packed(info) + data + bytes(-len(data) % BLOCKSIZE)


def _packed(info: TarInfo) -> bytes:
    return info.tobuf(GNU_FORMAT, "utf-8", "surrogateescape")
