"""One name in the tree of a file system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from auditkit.guestos.ext4.inode import FileType


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in the tree.

    Attributes:
        path: bytes relative to the root, without a leading slash; empty for the root itself.
        type: what it is.
        mode: permission bits, setuid, setgid and sticky.
        uid, gid: numeric owner.
        mtime_ns: last change, nanoseconds since 1970.
        size: bytes of content; of a symbolic link, of its target.
        target: where a symbolic link points, ``None`` for everything else.
        device: major and minor number of a device, ``None`` for everything else.
        xattrs: extended attributes, sorted by name, values as stored.
        inode: inode number; names of the same file share it.
        links: how many names the file has.
    """

    path: bytes
    type: FileType
    mode: int
    uid: int
    gid: int
    mtime_ns: int
    size: int
    target: bytes | None
    device: tuple[int, int] | None
    xattrs: Mapping[bytes, bytes]
    inode: int
    links: int
