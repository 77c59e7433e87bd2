"""Disk images as dfinity's build makes them: ext4 by ``mke2fs``, dm-verity by ``veritysetup``.

Source: dfinity/ic ``toolchains/sysimage`` (mkfs.ext4 options, SELinux labels, times) and ``ic-os/defs.bzl``
(offset, UUID and salt of the verity tree). Every image follows from the tree it is made of, byte for byte.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from auditkit.errors import SourceError

VERITY_OFFSET: Final = 10_603_200_512
"""Byte offset of the verity superblock in root.img."""
VERITY_SALT: Final = "89bc06702975f10b41dd53e26eb9aef0adde93bc13d73e8f26b496dddefe2483"
VERITY_UUID: Final = "1736291d-aceb-42d7-b044-43ee31d86cd4"
_HASH_SEED: Final = "c61251eb-100b-48fe-b089-57dea7368612"
_FOLDERS: Final = os.pathsep.join(("/usr/sbin", "/sbin", "/usr/local/sbin"))
_PACKAGES: Final = {"mke2fs": "e2fsprogs", "debugfs": "e2fsprogs", "veritysetup": "cryptsetup-bin"}


def require_programs() -> None:
    """Makes sure that every program is there before anything is written.

    Raises:
        SourceError: one is not; the hint names its Debian package.
    """
    for name in _PACKAGES:
        _find(name)


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
    """
    with image.open("wb") as file:
        file.truncate(size)
    names = sorted(str(path.relative_to(tree)) for path in tree.rglob("*"))
    for path in (tree, *(tree / name for name in names)):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (0, 0), follow_symlinks=False)
    run(
        "mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-U", "clear",
        "-E", f"hash_seed={_HASH_SEED},root_owner=0:0", "-d", str(tree), str(image),
    )  # fmt: skip
    commands = image.with_name(f"{image.name}.debugfs")
    # mke2fs copies owner, atime and ctime of the machine that it runs on
    fields = ("uid 0", "gid 0", "atime @0", "ctime @0", "mtime @0", "crtime @0")
    lines = [f"sif /{name} {field}" for name in ("", *names) for field in fields]
    lines += [f'ea_set /{name} security.selinux "{label}\\000"' for name in names]
    commands.write_text("\n".join(lines) + "\n")
    complaint = run("debugfs", "-w", "-f", str(commands), str(image))
    commands.unlink()
    if complaint:
        raise SourceError(
            "debugfs could not set times and labels", where=str(image), observed=complaint[:300]
        )


def add_verity_tree(image: Path) -> str:
    """Appends a dm-verity tree at dfinity's offset, over all bytes that the image has so far.

    Returns:
        The root hash, 64 hex digits.

    Raises:
        SourceError: veritysetup is missing, or failed.
    """
    root_hash_file = image.with_name(f"{image.name}.root_hash")
    run(
        "veritysetup", "format", str(image), str(image), "--hash-offset", str(VERITY_OFFSET),
        "--uuid", VERITY_UUID, "--salt", VERITY_SALT, "--root-hash-file", str(root_hash_file),
    )  # fmt: skip
    root_hash = root_hash_file.read_text().strip()
    root_hash_file.unlink()
    return root_hash


def run(name: str, *arguments: str) -> str:
    """Runs a program with a fixed clock; what it printed on standard error, without its version line.

    Raises:
        SourceError: it is not installed, or ended with another status than 0.
    """
    clock = {
        "E2FSPROGS_FAKE_TIME": "1",
        "SOURCE_DATE_EPOCH": "1",
        "TZ": "UTC",
        "LC_ALL": "C",
        "DEBUGFS_PAGER": "",
    }
    done = subprocess.run(
        [_find(name), *arguments], capture_output=True, text=True, check=False, env=os.environ | clock
    )
    said = "\n".join(line for line in done.stderr.splitlines() if not line.startswith(f"{name} 1."))
    if done.returncode:
        raise SourceError(f"the program {name} failed", observed=said.strip()[:300])
    return said.strip()


def _find(name: str) -> str:
    program = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), _FOLDERS)))
    if program is None:
        raise SourceError(f"the program {name} is not installed", hint=f"install {_PACKAGES[name]}")
    return program
