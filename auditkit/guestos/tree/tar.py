"""A tree as a deterministic tar: the same bytes on every run and every machine.

The archive is the one that ``tar --sort=name --numeric-owner --format=gnu`` makes of the mounted file
system's root: names below ``./``, sorted bytewise in each directory, numeric owners, whole seconds, later
names of a file as hard links. Extended attributes have no place in it; `auditkit.guestos.tree_manifest` has
them.
"""

from __future__ import annotations

from typing import BinaryIO

from auditkit.errors import EvidenceError
from auditkit.guestos.ext4 import Entry, Ext4, FileType
from auditkit.guestos.tree.manifest import bounded_walk
from auditkit.limits import LIMITS, Limits

_BLOCK = 512
_RECORD = 20 * _BLOCK
_NAME_SIZE = 100
_TYPES = {
    FileType.FILE: b"0",
    FileType.SYMLINK: b"2",
    FileType.CHARACTER_DEVICE: b"3",
    FileType.BLOCK_DEVICE: b"4",
    FileType.DIRECTORY: b"5",
    FileType.FIFO: b"6",
}
_HARD_LINK = b"1"
_LONG_NAME, _LONG_LINK = b"L", b"K"


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
            padding = -entry.size % _BLOCK
            out.write(bytes(padding))
            written += entry.size + padding
    out.write(archive_end(written))


def archive_end(written: int) -> bytes:
    """The zeros that end an archive of ``written`` bytes: two blocks, and the rest of the record."""
    return bytes(2 * _BLOCK + -(written + 2 * _BLOCK) % _RECORD)


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
    header = b""
    if len(link) > _NAME_SIZE:
        header += _long(_LONG_LINK, link)
    if len(name) > _NAME_SIZE:
        header += _long(_LONG_NAME, name)
    return header + _header(
        name,
        link=link,
        kind=_HARD_LINK if first is not None else _TYPES[entry.type],
        mode=entry.mode,
        uid=entry.uid,
        gid=entry.gid,
        size=entry.size if entry.type is FileType.FILE and first is None else 0,
        mtime=entry.mtime_ns // 1_000_000_000,
        device=entry.device,
    )


def _long(kind: bytes, text: bytes) -> bytes:
    """A name that is too long for a header, as a member of its own in front of it."""
    data = text + b"\0"
    header = _header(
        b"././@LongLink", link=b"", kind=kind, mode=0o644, uid=0, gid=0, size=len(data), mtime=0, device=None
    )
    return header + data + bytes(-len(data) % _BLOCK)


def _header(
    name: bytes,
    *,
    link: bytes,
    kind: bytes,
    mode: int,
    uid: int,
    gid: int,
    size: int,
    mtime: int,
    device: tuple[int, int] | None,
) -> bytes:
    header = bytearray(_BLOCK)
    header[0:100] = name[:_NAME_SIZE].ljust(_NAME_SIZE, b"\0")
    header[100:108] = _number(mode, 8)
    header[108:116] = _number(uid, 8)
    header[116:124] = _number(gid, 8)
    header[124:136] = _number(size, 12)
    header[136:148] = _number(mtime, 12)
    header[148:156] = b" " * 8
    header[156:157] = kind
    header[157:257] = link[:_NAME_SIZE].ljust(_NAME_SIZE, b"\0")
    header[257:265] = b"ustar  \0"
    if device is not None:
        header[329:337] = _number(device[0], 8)
        header[337:345] = _number(device[1], 8)
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def _number(value: int, width: int) -> bytes:
    """Octal digits and a NUL, or base 256 where they do not fit."""
    if 0 <= value < 8 ** (width - 1):
        return b"%0*o\0" % (width - 1, value)
    sign = 0xFF if value < 0 else 0x80
    return bytes([sign]) + value.to_bytes(width - 1, "big", signed=value < 0)
