"""The boot tree of a recovery image, as dfinity's rules build it: the base's tree and one file more.

Source: dfinity/ic ``build-sev-recovery.sh`` and ``toolchains/sysimage``. What the build decides anew for every file is
normalised, so that anybody gets the same bytes from an image or from a folder: owner 0:0, time 0, mode 0755 for
folders and 0644 for files, no hard links, no ``lost+found`` (mke2fs makes one).
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.guestos.comparison import ALTERNATIVE_PROPOSAL
from auditkit.guestos.ext4 import Entry, Ext4, FileType
from auditkit.guestos.image_kind import open_boot_source
from auditkit.guestos.tree import extract_tree
from auditkit.guestos.tree_tar import archive_end, entry_header
from auditkit.limits import LIMITS, MIB, Limits

_LOST_AND_FOUND: Final = b"lost+found"
_MODES: Final = {FileType.DIRECTORY: 0o755, FileType.FILE: 0o644, FileType.SYMLINK: 0o777}


def recovery_tree(base: Path, proposal: bytes, *, work: Path, limits: Limits = LIMITS) -> Path:
    """Makes the boot tree of a recovery image as a folder.

    Args:
        base: an update image, a bare boot partition, or the boot tree of one as a folder.
        proposal: the certificate that goes in; not verified here.
        work: an empty folder for this and for what is unpacked on the way.

    Returns:
        The folder, below ``work``.

    Raises:
        SourceError: the base cannot be read, or the work folder not be written to.
        EvidenceError: the base is damaged, or holds devices or links that lead out of it.
        ParameterError: the base has such a proposal already, and so is a recovery image itself.
    """
    tree = work / "tree"
    if base.is_dir():
        _copy(base, tree, limits)
    else:
        with Ext4(open_boot_source(base, work=work / "image", limits=limits), limits=limits) as fs:
            extract_tree(fs, tree, limits=limits)
    lost = tree / os.fsdecode(_LOST_AND_FOUND)
    if lost.is_dir() and not lost.is_symlink() and not any(lost.iterdir()):
        lost.rmdir()
    place = tree / os.fsdecode(ALTERNATIVE_PROPOSAL)
    if place.exists() or place.is_symlink():
        raise ParameterError(
            "the base holds a proposal already: it is a recovery image itself",
            where=str(base),
            hint="give the base release that the proposal names",
        )
    place.write_bytes(proposal)
    return tree


def _copy(base: Path, tree: Path, limits: Limits) -> None:
    total = 0
    for count, (entry, _) in enumerate(_walk(base), 1):
        total += entry.size
        if count > limits.tree_entries or total > limits.tree_bytes:
            raise EvidenceError("the folder is larger than any boot tree", where=str(base))
    try:
        shutil.copytree(base, tree, symlinks=True)
    except OSError as error:
        raise SourceError("the folder cannot be copied", where=str(base)) from error


def write_folder_tar(folder: Path, out: BinaryIO) -> None:
    """Writes a folder as a GNU tar with normalised metadata: equal trees give equal bytes.

    The archive is the one that ``tar --sort=name --numeric-owner --owner=0 --group=0 --mtime=@0 --hard-dereference
    --format=gnu`` makes of a folder with the modes that this module names.

    Raises:
        SourceError: a file cannot be read.
        EvidenceError: the folder holds something that is neither file, folder nor symbolic link.
    """
    written = 0
    for entry, path in _walk(folder):
        header = entry_header(entry, None)
        out.write(header)
        written += len(header)
        if entry.type is FileType.FILE:
            written += _write_content(path, entry.size, out)
    out.write(archive_end(written))


def _write_content(path: Path, size: int, out: BinaryIO) -> int:
    left = size
    with path.open("rb") as file:
        while left:
            piece = file.read(min(MIB, left))
            if not piece:
                raise SourceError("a file became shorter while it was read", where=str(path))
            out.write(piece)
            left -= len(piece)
    padding = -size % 512
    out.write(bytes(padding))
    return size + padding


def _walk(folder: Path) -> Iterator[tuple[Entry, Path]]:
    """The entries of a folder in the order of `Ext4.walk`, with normalised metadata."""
    pending = [b""]
    root = os.fsencode(folder)
    number = 0
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
                f"the boot tree cannot be read: {error.strerror}", where=os.fsdecode(place)
            ) from error
        yield (
            Entry(
                path=path,
                type=kind,
                mode=_MODES[kind],
                uid=0,
                gid=0,
                mtime_ns=0,
                size=found.st_size if kind is FileType.FILE else 0,
                target=target,
                device=None,
                xattrs={},
                inode=number,
                links=1,
            ),
            Path(os.fsdecode(place)),
        )


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
