"""The tree of a boot partition as a manifest: every entry with the digest of its content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from auditkit.errors import EvidenceError
from auditkit.guestos.ext4 import Entry, Ext4, FileType
from auditkit.limits import LIMITS, Limits


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """One entry of a tree with the digest of its content.

    Attributes:
        entry: what the file system says of it.
        sha256: of the content of a regular file as 64 hex digits, ``None`` for everything else.
        hard_link_to: path of the first entry that is the same file, ``None`` if this is the first.
    """

    entry: Entry
    sha256: str | None
    hard_link_to: bytes | None

    def to_json(self) -> dict[str, object]:
        """A JSON object; text that is not UTF-8 is written with backslash escapes, attribute values in
        hex.
        """
        entry = self.entry
        return {
            "path": printable(entry.path) or ".",
            "type": entry.type.value,
            "mode": f"{entry.mode:04o}",
            "uid": entry.uid,
            "gid": entry.gid,
            "mtime_ns": entry.mtime_ns,
            "size": entry.size if entry.type is FileType.FILE else None,
            "sha256": self.sha256,
            "link": None if entry.target is None else printable(entry.target),
            "hard_link_to": None if self.hard_link_to is None else printable(self.hard_link_to),
            "device": None if entry.device is None else list(entry.device),
            "xattrs": {printable(name): value.hex() for name, value in entry.xattrs.items()},
        }


def tree_manifest(fs: Ext4, *, limits: Limits = LIMITS) -> tuple[ManifestEntry, ...]:
    """Every entry of the tree in the order of `Ext4.walk`, with digests.

    Raises:
        EvidenceError: the file system is damaged, or its content is larger than the limit.
    """
    digests: dict[int, str] = {}
    found = []
    for entry, first in bounded_walk(fs, limits):
        if entry.type is FileType.FILE and entry.inode not in digests:
            digest = hashlib.sha256()
            for chunk in fs.chunks(entry):
                digest.update(chunk)
            digests[entry.inode] = digest.hexdigest()
        found.append(ManifestEntry(entry, digests.get(entry.inode), first))
    return tuple(found)


def bounded_walk(fs: Ext4, limits: Limits) -> Iterator[tuple[Entry, bytes | None]]:
    """`Ext4.walk` with the path of the first hard link to the same file, refusing more content than the
    limit.

    Raises:
        EvidenceError: the file system is damaged, or its content is larger than the limit.
    """
    first: dict[int, bytes] = {}
    total = 0
    for entry in fs.walk():
        earlier = first.get(entry.inode)
        if earlier is None and entry.type is FileType.FILE:
            total += entry.size
            if total > limits.tree_bytes:
                raise EvidenceError(
                    "the files in the image are larger than the limit",
                    expected=f"at most {limits.tree_bytes} bytes",
                )
        if entry.type is not FileType.DIRECTORY:
            first.setdefault(entry.inode, entry.path)
        yield entry, earlier


def printable(data: bytes) -> str:
    """A name as text; bytes that are not UTF-8 with backslash escapes."""
    return data.decode("utf-8", "backslashreplace")
