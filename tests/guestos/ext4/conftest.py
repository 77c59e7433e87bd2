"""Small images, each made by mke2fs once in a session; the tests change copies of them in memory."""

from __future__ import annotations

import os
import random
import re
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from guestos.ext4.crafting import Base, Crafted

UUID = "5f1c2a90-7d3e-4b6a-8c11-0123456789ab"
COMMON = "none,filetype,dir_index,ext_attr,sparse_super,large_file,huge_file,dir_nlink,extra_isize"
CSUM = f"{COMMON},extent,64bit,flex_bg,metadata_csum"
OPTIONS = {
    "csum": ["-O", CSUM, "-b", "1024", "-I", "256", "-g", "1024"],
    "csum-4k": ["-O", CSUM, "-b", "4096", "-I", "256"],
    "csum-seed": ["-O", f"{CSUM},metadata_csum_seed", "-b", "2048", "-I", "128"],
    "plain": ["-O", COMMON, "-b", "1024", "-I", "128"],
    "gdt-csum": ["-O", f"{COMMON},extent,uninit_bg", "-b", "1024", "-I", "256", "-g", "1024"],
    "no-types": [
        "-O",
        "none,dir_index,ext_attr,sparse_super,extent,metadata_csum",
        "-b",
        "1024",
        "-I",
        "128",
    ],
    "inline": ["-O", f"{CSUM},inline_data", "-b", "1024", "-I", "512"],
    "deep-index": ["-O", CSUM, "-b", "1024", "-I", "256"],
}
AS_OTHERS_MAKE_THEM = {
    "default": ["-b", "4096"],
    "dfinity": ["-b", "4096", "-E", "hash_seed=c61251eb-100b-48fe-b089-57dea7368612", "-U", "clear"],
    "block-maps": ["-O", "^extents,^64bit", "-b", "2048"],
    "small-groups": ["-g", "1024", "-O", "^flex_bg,^resize_inode", "-b", "1024"],
}
LABEL = b"system_u:object_r:boot_t:s0\0"
BIG = bytes(range(1, 251)) * 2
LONG = "l" * 200  # names so long that a block of 1 KiB holds four
CROWD = 40
DEEP_CROWD = 520  # so many that the hash index of their directory has two levels
RUNS = 100
FILES = ("empty", "tiny", "short", "plain", "runs", "holes", "fast", "fast-59", "slow", "slow-long")
MADE_BY_DEBUGFS = ("old-device", "new-device", "pipe")
FOLDERS = ("", "lost+found", "folder", "more", "crowd")
PATHS = (*FOLDERS, *FILES, *MADE_BY_DEBUGFS, "folder/deep", "more/name-of-a-file-0", f"crowd/{LONG}-0")


def small_tree(root: Path, crowd: int = CROWD) -> None:
    """One of each kind, small: what the cases change."""
    noise = random.Random(12)
    root.mkdir()
    (root / "empty").touch()
    (root / "tiny").write_bytes(b"x")
    (root / "short").write_bytes(noise.randbytes(150))
    (root / "plain").write_bytes(noise.randbytes(3000))
    with (root / "runs").open("wb") as file:
        for number in range(RUNS):
            file.seek(number * 8192)
            file.write(noise.randbytes(100).replace(b"\0", b"x"))
    with (root / "holes").open("wb") as file:
        file.seek(8192)
        file.write(b"in the middle")
        file.truncate(20_000)
    (root / "fast").symlink_to("plain")
    (root / "fast-59").symlink_to("f" * 59)
    (root / "slow").symlink_to("s" * 60)
    (root / "slow-long").symlink_to("t" * 1000)
    (root / "folder").mkdir()
    (root / "folder" / "deep").write_bytes(b"deep")
    (root / "folder" / "again").hardlink_to(root / "folder" / "deep")
    _many_names(root / "more", "name-of-a-file", 6)
    _many_names(root / "crowd", LONG, crowd)
    for number, path in enumerate(sorted(root.rglob("*"))):
        os.utime(path, (number, 1_600_000_000 + number), follow_symlinks=False)


def _many_names(folder: Path, name: str, count: int) -> None:
    folder.mkdir()
    first = folder / f"{name}-0"
    first.write_bytes(b"many names")
    for number in range(1, count):
        (folder / f"{name}-{number}").hardlink_to(first)


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the small images are made from."""
    root = tmp_path_factory.mktemp("small") / "tree"
    small_tree(root)
    return root


@pytest.fixture(scope="session")
def base(
    tmp_path_factory: pytest.TempPathFactory, program: Callable[[str], str], small_folder: Path
) -> Callable[[str], Base]:
    """A function that gives one of the images of ``OPTIONS`` or ``AS_OTHERS_MAKE_THEM``."""
    folder = tmp_path_factory.mktemp("small-images")
    deep_folder = tmp_path_factory.mktemp("deep") / "tree"
    small_tree(deep_folder, crowd=DEEP_CROWD)
    (folder / "label").write_bytes(LABEL)
    (folder / "big").write_bytes(BIG)

    @cache
    def make(name: str) -> Base:
        image = folder / name
        source = ["-d", str(deep_folder if name == "deep-index" else small_folder)]
        if name in OPTIONS:
            fixed = ["-U", UUID, "-E", f"hash_seed={UUID}", "-L", "small", "-m", "0", "-N", "128"]
            options, size = OPTIONS[name] + fixed, "4M"
        else:
            options, size = AS_OTHERS_MAKE_THEM[name], "8M"
        _run([program("mke2fs"), "-q", "-F", "-t", "ext4", *options, *source, image, size])
        _debugfs(
            program,
            image,
            "mknod old-device c 4 65",
            "mknod new-device b 259 65432",
            "mknod pipe p",
            f"ea_set -f {folder}/label /tiny security.selinux",
            f"ea_set -f {folder}/label /plain security.selinux",
            f"ea_set -f {folder}/big /plain user.big",
            # an inline symbolic link with a block of attributes is more than e2fsprogs 1.47.0 gets right
            *([] if name == "inline" else [f"ea_set -f {folder}/big /slow user.big"]),
        )
        done = subprocess.run(
            [program("e2fsck"), "-fn" if name == "inline" else "-fyD", image],
            check=False,
            capture_output=True,
        )
        assert done.returncode <= (name != "inline"), done.stdout
        told = _debugfs(program, image, *(f"stat /{path}" for path in PATHS))
        inodes = [int(number) for number in re.findall(r"^Inode: (\d+)", told, re.MULTILINE)]
        return Base(image.read_bytes(), dict(zip(PATHS, inodes, strict=True)), image)

    return make


def _run(command: list[object]) -> None:
    subprocess.run([str(word) for word in command], check=True, capture_output=True)


def _debugfs(program: Callable[[str], str], image: Path, *commands: str) -> str:
    return subprocess.run(
        [program("debugfs"), "-w", "-f", "-", str(image)],
        input="\n".join(commands) + "\n",
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.fixture
def craft(base: Callable[[str], Base]) -> Callable[[str], Crafted]:
    """A function that gives a copy of one of the images, to change."""
    return lambda name="csum": Crafted(base(name))
