"""The boot tree of a recovery image, as dfinity's rules build it: the base's tree and one file more.

Source: dfinity/ic ``build-sev-recovery.sh`` and ``toolchains/sysimage``. What the build decides anew for every file is
normalised, so that anybody gets the same bytes from an image or from a folder: owner 0:0, time 0, mode 0755 for
folders and 0644 for files, no hard links, no ``lost+found`` (mke2fs makes one).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, Final

from auditkit.atomic import new_file
from auditkit.errors import ParameterError, SourceError, in_words
from auditkit.guestos.ext4 import Ext4, FileType
from auditkit.guestos.image_kinds import open_boot_source
from auditkit.guestos.tree import (
    ALTERNATIVE_PROPOSAL,
    archive_end,
    copy_content,
    copy_folder,
    entry_header,
    extract_tree,
    refuse_odd_names,
    walk_folder,
)
from auditkit.limits import LIMITS, Limits

_LOST_AND_FOUND: Final = b"lost+found"


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
        EvidenceError: the base is damaged, or holds devices, links that lead out of it, or names that are not printable
            text; nothing of the tree is written then.
        ParameterError: the base has such a proposal already, and so is a recovery image itself.
    """
    tree = work / "tree"
    if base.is_dir():
        copy_folder(base, tree, limits=limits)
    else:
        with Ext4(open_boot_source(base, work=work / "image", limits=limits), limits=limits) as fs:
            for entry in fs.walk():
                refuse_odd_names(entry)
            extract_tree(fs, tree, limits=limits)
    try:
        _add_proposal(tree, proposal, base)
    except OSError as error:
        raise SourceError(f"the boot tree cannot be written: {in_words(error)}", where=str(tree)) from error
    return tree


def _add_proposal(tree: Path, proposal: bytes, base: Path) -> None:
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
    with new_file(place) as file:
        file.write(proposal)


def write_folder_tar(folder: Path, out: BinaryIO) -> None:
    """Writes a folder as a GNU tar with normalised metadata: equal trees give equal bytes.

    The archive is the one that ``tar --sort=name --numeric-owner --owner=0 --group=0 --mtime=@0 --hard-dereference
    --format=gnu`` makes of a folder with the modes that this module names.

    Raises:
        SourceError: a file cannot be read.
        EvidenceError: the folder holds something that is neither file, folder nor symbolic link, or a name that is not
            printable text.
    """
    written = 0
    for entry, path in walk_folder(folder):
        header = entry_header(entry, None)
        out.write(header)
        written += len(header)
        if entry.type is FileType.FILE:
            copy_content(path, entry.size, out)
            padding = -entry.size % 512
            out.write(bytes(padding))
            written += entry.size + padding
    out.write(archive_end(written))
