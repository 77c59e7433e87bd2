"""The tree of a boot partition as a manifest, and as files in a folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.guestos.ext4 import Entry, Ext4, FileType, Links
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
            "path": _text(entry.path) or ".",
            "type": entry.type.value,
            "mode": f"{entry.mode:04o}",
            "uid": entry.uid,
            "gid": entry.gid,
            "mtime_ns": entry.mtime_ns,
            "size": entry.size if entry.type is FileType.FILE else None,
            "sha256": self.sha256,
            "link": None if entry.target is None else _text(entry.target),
            "hard_link_to": None if self.hard_link_to is None else _text(self.hard_link_to),
            "device": None if entry.device is None else list(entry.device),
            "xattrs": {_text(name): value.hex() for name, value in entry.xattrs.items()},
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
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.", suffix=".part"))
        try:
            root = temporary / "tree"
            _write_tree(fs, root, limits)
            root.replace(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise SourceError(
            f"the output folder cannot be written: {error.strerror or error}", where=str(folder)
        ) from error


def _write_tree(fs: Ext4, root: Path, limits: Limits) -> None:
    base = os.fsencode(root)
    folders: list[tuple[bytes, Entry]] = []
    for entry, first in bounded_walk(fs, limits):
        path = base + b"/" + entry.path if entry.path else base
        if entry.type is FileType.DIRECTORY:
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
            raise EvidenceError("the image holds a device or a socket", where="/" + _text(entry.path))
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


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
