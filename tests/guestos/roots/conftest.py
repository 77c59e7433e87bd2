"""Root file systems made by the real tools: mke2fs, debugfs, veritysetup, tar and zstd."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from guestos.conftest import append_hash_tree

LABEL = b"system_u:object_r:usr_t:s0\0"
MAY_LISTEN = bytes.fromhex("0100000200040000000000000000000000000000")
"""The capability net_bind_service (bit 10), permitted and effective, as setcap writes it."""


def base_tree(root: Path) -> None:
    """A small root file system with one of each kind."""
    noise = random.Random(3)
    for folder in (
        "etc/ssl/certs",
        "etc/systemd/system/multi-user.target.wants",
        "usr/bin",
        "usr/lib",
        "dev",
        "opt/ic",
    ):
        (root / folder).mkdir(parents=True)
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1::/:/usr/sbin/nologin\n")
    (root / "etc/motd").write_text("".join(f"line {n}\n" for n in range(40)))
    (root / "etc/empty").touch()
    (root / "etc/ssl/certs/one.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    (root / "etc/systemd/system/node.service").write_text("[Service]\nExecStart=/opt/ic/node\n")
    (root / "etc/systemd/system/multi-user.target.wants/node.service").symlink_to("../node.service")
    (root / "usr/bin/tool").write_bytes(noise.randbytes(9_000))
    (root / "usr/bin/tool").chmod(0o755)
    (root / "usr/bin/su").write_bytes(noise.randbytes(5_000))
    (root / "usr/bin/su").chmod(0o4755)
    (root / "usr/bin/again").hardlink_to(root / "usr/bin/tool")
    (root / "usr/lib/large").write_bytes(noise.randbytes(300_000))
    (root / "usr/lib/link").symlink_to("large")
    (root / "usr/lib/long-link").symlink_to("/" + "t" * 200)
    with (root / "usr/lib/holes").open("wb") as file:
        for number in range(30):
            file.seek(number * 12_288)
            file.write(noise.randbytes(4_000))
        file.truncate(500_000)
    (root / "opt/ic/node").write_bytes(noise.randbytes(20_480))
    for path in (root, *root.rglob("*")):
        os.utime(path, (1_700_000_000, 1_700_000_000), follow_symlinks=False)


@pytest.fixture
def trees(tmp_path: Path) -> tuple[Path, Path]:
    """Two equal folders, to change one of them."""
    pair = tmp_path / "base-tree", tmp_path / "recovery-tree"
    base_tree(pair[0])
    subprocess.run(["cp", "-a", *pair], check=True)
    return pair


@pytest.fixture(scope="session")
def finish_root(program: Callable[[str], str]) -> Callable[[Path], Path]:
    """A function that appends a dm-verity tree to an image, as dfinity's build does."""

    def finish(image: Path) -> Path:
        append_hash_tree(program("veritysetup"), image)
        return image

    return finish


@pytest.fixture(scope="session")
def make_root(
    make_image: Callable[..., Path], debugfs: Callable[..., str], finish_root: Callable[[Path], Path]
):
    """A function that makes a root.img of a folder, by mke2fs options and debugfs commands."""

    def make(
        image: Path, tree: Path | None, *options: str, commands: tuple[str, ...] = (), size: str = "16M"
    ) -> Path:
        make_image(image, tree, "-b", "4096", *options, size=size)
        if commands:
            debugfs(image, *commands, write=True)
        return finish_root(image)

    return make


@pytest.fixture(scope="session")
def pack_root(program: Callable[[str], str]) -> Callable[[Path], Path]:
    """A function that makes an update image of a root.img, as GNU tar and zstd make it."""

    def pack(root: Path) -> Path:
        folder = root.parent / f"{root.name}.packed"
        folder.mkdir()
        (folder / "root.img").symlink_to(root)
        (folder / "boot.img").write_bytes(bytes(8192))
        (folder / "VERSION.TXT").write_text("c0ffee\n")
        names = ["VERSION.TXT", "boot.img", "root.img"]
        tar = [program("tar"), "--sparse", "--dereference", "--format=gnu", "-c", *names]
        made = folder / "update-img.tar.zst"
        with made.open("wb") as out, subprocess.Popen(tar, cwd=folder, stdout=subprocess.PIPE) as packer:
            subprocess.run([program("zstd"), "-q", "-1"], check=True, stdin=packer.stdout, stdout=out)
        return made

    return pack
