"""Writes partitions as dfinity's build makes them: ext4 by ``mke2fs``, owners, times and labels by ``debugfs``.

Source: dfinity/ic ``toolchains/sysimage`` (mkfs.ext4 options, SELinux labels, times). Every image follows from the tree
it is made of, byte for byte. No name and no label becomes part of a program: ``mke2fs`` takes the tree as a folder, and
``debugfs`` is told inode numbers, which our own reader finds in the new image.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from auditkit.errors import SourceError
from auditkit.guestos.ext4 import Entry, Ext4
from auditkit.guestos.outside_programs import run_program
from auditkit.guestos.tree import walk_folder

_HASH_SEED: Final = "c61251eb-100b-48fe-b089-57dea7368612"
# mke2fs copies owner, atime and ctime of the machine that it runs on
_FIELDS: Final = ("uid 0", "gid 0", "atime @0", "ctime @0", "mtime @0", "crtime @0")


def write_ext4(image: Path, tree: Path, size: int, *, label: str) -> None:
    """Makes ``image``, an ext4 of ``size`` bytes that holds ``tree``.

    Args:
        image: the file to write, sparse.
        tree: a folder. Recorded are owner 0, time 0, mode 0755 for folders and 0644 for files; times and
            modes in the folder itself are set to these.
        size: bytes, a multiple of 4096.
        label: the SELinux label of every file.

    Raises:
        SourceError: a program is missing, or failed.
        EvidenceError: the tree holds something that is neither file, folder nor symbolic link, or a name that is not
            printable text; nothing is written then.
    """
    entries = {entry.path: place for entry, place in walk_folder(tree)}
    for place in entries.values():
        if not place.is_symlink():
            place.chmod(0o755 if place.is_dir() else 0o644)
        _strip_attributes(place)
        os.utime(place, (0, 0), follow_symlinks=False)
    with image.open("wb") as file:
        file.truncate(size)
    run_program(
        "mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-U", "clear",
        "-E", f"hash_seed={_HASH_SEED},root_owner=0:0", "-d", str(tree.absolute()), str(image.absolute()),
    )  # fmt: skip
    with Ext4(image) as fs:
        made = {entry.path: entry for entry in fs.walk() if entry.path in entries}
    if made.keys() != entries.keys():
        raise SourceError("mke2fs left out a part of the tree", where=str(image))
    _set_fields(image, list(made.values()), label)


def _strip_attributes(place: Path) -> None:
    """Takes away what the file system here gave a file, such as an inherited access list: mke2fs would copy it."""
    if hasattr(os, "listxattr"):
        with suppress(OSError):  # a label that cannot be taken away is replaced later
            for name in os.listxattr(place, follow_symlinks=False):
                os.removexattr(place, name, follow_symlinks=False)


def _set_fields(image: Path, entries: list[Entry], label: str) -> None:
    inodes = [entry.inode for entry in entries]
    named = [entry.inode for entry in entries if entry.path]
    lines = [f"sif <{inode}> {field}" for inode in inodes for field in _FIELDS]
    lines += [f"ea_set -f label <{inode}> security.selinux" for inode in named]
    with tempfile.TemporaryDirectory(prefix="auditkit-") as folder:
        Path(folder, "label").write_bytes(label.encode() + b"\0")
        complaint = run_program(
            "debugfs", "-w", "-f", "-", str(image.absolute()),
            script="\n".join(lines) + "\n", folder=Path(folder),
        )  # fmt: skip
    if complaint:
        raise SourceError(
            "debugfs could not set times and labels", where=str(image), observed=complaint[:300]
        )
