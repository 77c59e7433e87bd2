"""Images made by the real tools: mke2fs, debugfs, e2fsck, veritysetup, tar and zstd."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

OFFSET = "10603200512"
SALT = "89bc06702975f10b41dd53e26eb9aef0adde93bc13d73e8f26b496dddefe2483"
UUID = "1736291d-aceb-42d7-b044-43ee31d86cd4"


def append_hash_tree(veritysetup: str, image: Path) -> str:
    """Appends a dm-verity tree to an image, as dfinity's build does, and gives its root hash."""
    command = [veritysetup, "format", image, image, "--hash-offset", OFFSET, "--salt", SALT, "--uuid", UUID]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return told.split("Root hash:")[1].strip()


def fill_tree(root: Path) -> None:
    """A tree with every kind of thing a boot partition could hold, and the corner cases of ext4."""
    noise = random.Random(4)
    root.mkdir()
    (root / "empty").touch()
    (root / "tiny").write_bytes(b"x")
    (root / "inline-60").write_bytes(noise.randbytes(60))
    (root / "inline-150").write_bytes(noise.randbytes(150))
    (root / "block").write_bytes(noise.randbytes(4096))
    (root / "vmlinuz-6.1").write_bytes(noise.randbytes(3_000_001))
    (root / "vmlinuz").symlink_to("vmlinuz-6.1")
    for length in (1, 59, 60, 61, 155, 156, 1000):
        (root / f"link-{length}").symlink_to("t" * length)
    with (root / "many-runs").open("wb") as file:
        for number in range(900):
            file.seek(number * 8192)
            file.write(noise.randbytes(4096))
    with (root / "holes").open("wb") as file:
        file.seek(5_000_000)
        file.write(b"in the middle")
        file.truncate(9_000_000)
    below = root / "one" / "two" / "three"
    below.mkdir(parents=True)
    (below / "deep").write_bytes(b"deep")
    (below / "again").hardlink_to(below / "deep")
    (root / "setuid").write_bytes(b"#!")
    (root / "setuid").chmod(0o4711)
    (root / "one").chmod(0o1770)
    crowd = root / "crowd"
    crowd.mkdir()
    for number in range(1500):
        (crowd / f"a-rather-long-name-of-an-empty-file-{number:05d}").touch()
    os.mkfifo(root / "fifo")
    (root / "name-\u00e9").write_bytes(b"utf-8")
    Path(os.fsdecode(bytes(root) + b"/name-\xff\x01")).write_bytes(b"not utf-8")
    for number, path in enumerate(sorted(root.rglob("*"))):
        os.utime(path, (number, 1_600_000_000 + number), follow_symlinks=False)


@pytest.fixture(scope="session")
def source_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that images are made from."""
    root = tmp_path_factory.mktemp("source") / "tree"
    fill_tree(root)
    return root


@pytest.fixture(scope="session")
def make_image(program: Callable[[str], str]) -> Callable[..., Path]:
    """A function that makes an ext4 image of a folder with mke2fs options."""

    def make(path: Path, source: Path | None, *options: str, size: str = "64M") -> Path:
        contents = ["-d", str(source)] if source else []
        command = [program("mke2fs"), "-q", "-F", "-t", "ext4", *options, *contents, str(path), size]
        subprocess.run(command, check=True, capture_output=True)
        return path

    return make


@pytest.fixture(scope="session")
def debugfs(program: Callable[[str], str]) -> Callable[..., str]:
    """A function that runs debugfs commands on an image; its exit status says nothing, so errors are read."""

    def run(image: Path, *commands: str, write: bool = False) -> str:
        done = subprocess.run(
            [program("debugfs"), *(["-w"] if write else []), "-f", "-", str(image)],
            input="\n".join(commands) + "\n",
            capture_output=True,
            text=True,
            check=True,
            errors="surrogateescape",
        )
        errors = done.stderr.splitlines()[1:]
        if errors:
            pytest.fail(f"debugfs: {errors}")
        return done.stdout

    return run


@dataclass(frozen=True)
class Release:
    """An update image with what went into it."""

    update: Path
    boot: Path
    root: Path
    root_hash: str
    folder: Path


@pytest.fixture(scope="session")
def boot_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a boot partition."""
    noise = random.Random(7)
    root = tmp_path_factory.mktemp("boot") / "tree"
    root.mkdir()
    (root / "vmlinuz-6.14.0-36-generic").write_bytes(noise.randbytes(300_000))
    (root / "initrd.img-6.14.0-36-generic").write_bytes(noise.randbytes(700_000))
    (root / "vmlinuz").symlink_to("vmlinuz-6.14.0-36-generic")
    (root / "initrd.img").symlink_to("initrd.img-6.14.0-36-generic")
    (root / "OVMF_SEV.fd").write_bytes(noise.randbytes(100_000))
    (root / "boot_args").write_text('BOOT_ARGS_TEE_A="root=/dev/vda dfinity.tee=1"\n')
    (root / "version.txt").write_text("c0ffee\n")
    (root / "grub.cfg").write_text("# empty\n")
    return root


@pytest.fixture(scope="session")
def release(
    tmp_path_factory: pytest.TempPathFactory,
    program: Callable[[str], str],
    make_image: Callable[..., Path],
    boot_tree: Path,
) -> Release:
    """A release made as dfinity's build makes one, but small."""
    folder = tmp_path_factory.mktemp("release")
    boot = make_image(folder / "boot.img", boot_tree, size="1G")
    system = folder / "system"
    system.mkdir()
    (system / "init").write_bytes(random.Random(8).randbytes(5_000_000))
    root = make_image(folder / "root.img", system, size="96M")
    root_hash = append_hash_tree(program("veritysetup"), root)
    (folder / "VERSION.TXT").write_text("c0ffee\n")
    with (folder / "update-img.tar").open("wb") as out:
        subprocess.run(
            [program("tar"), "--sparse", "--format=gnu", "-c", "VERSION.TXT", "boot.img", "root.img"],
            check=True,
            cwd=folder,
            stdout=out,
        )
    subprocess.run([program("zstd"), "-q", "--rm", "update-img.tar"], check=True, cwd=folder)
    return Release(folder / "update-img.tar.zst", boot, root, root_hash, folder)
