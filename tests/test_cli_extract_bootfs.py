"""`auditkit extract-bootfs`: the same tree and the same tar on every run, and what fuse2fs shows of it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

from auditkit.evidence import IMAGE_NAME
from auditkit.practice.release.published import DATA, release_folder
from auditkit.practice.scenarios import BASE_COMMIT

IMAGE = DATA / release_folder(BASE_COMMIT) / IMAGE_NAME


def extract(out: Path, *more: str | Path, **environment: str) -> None:
    command = [sys.executable, "-m", "auditkit", "extract-bootfs", IMAGE, "--out", out, *more]
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("extracted")
    extract(folder / "tree", "--tar", folder / "tree.tar")
    return folder


def test_the_tar_is_the_same_bytes_on_another_run(extracted, tmp_path):
    old = os.umask(0o077)
    try:
        extract(
            tmp_path / "elsewhere",
            "--tar",
            tmp_path / "again.tar",
            TZ="Asia/Kolkata",
            LC_ALL="C",
            PYTHONHASHSEED="7",
        )
    finally:
        os.umask(old)
    first, second = (extracted / "tree.tar").read_bytes(), (tmp_path / "again.tar").read_bytes()
    assert hashlib.sha256(first).hexdigest() == hashlib.sha256(second).hexdigest()
    with tarfile.open(extracted / "tree.tar") as archive:
        names = archive.getnames()
        assert names == sorted(names)
        assert {"./vmlinuz", "./boot_args", "./OVMF_SEV.fd"} <= {
            f"./{name.removeprefix('./')}" for name in names
        }
        assert {member.uname for member in archive} == {""}


def test_the_tar_is_the_one_of_gnu_tar_over_fuse2fs(extracted, tmp_path, program):
    """Another reader of the file system and another writer of tar come to the same bytes."""
    fuse2fs, tar = program("fuse2fs"), program("tar")
    if os.geteuid() or not os.access("/dev/fuse", os.W_OK) or shutil.which("umount") is None:
        pytest.skip("fuse2fs needs root, /dev/fuse and umount")
    subprocess.run(
        [tar, "--zstd", "-xSf", IMAGE, "-C", tmp_path, "boot.img"], check=True, capture_output=True
    )
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    subprocess.run([fuse2fs, "-o", "ro", tmp_path / "boot.img", mounted], check=True, capture_output=True)
    try:
        deadline = time.monotonic() + 10
        while not (mounted / "boot_args").exists():
            if time.monotonic() > deadline:
                pytest.skip("fuse2fs cannot mount here")
            time.sleep(0.05)
        theirs = subprocess.run(
            [tar, "--sort=name", "--numeric-owner", "--format=gnu", "-cf", "-", "-C", mounted, "."],
            check=True,
            capture_output=True,
            env={**os.environ, "LC_ALL": "C"},
        ).stdout
    finally:
        subprocess.run(["umount", mounted], check=False, capture_output=True)
    ours = (extracted / "tree.tar").read_bytes()
    assert hashlib.sha256(theirs.rstrip(b"\0")).hexdigest() == hashlib.sha256(ours.rstrip(b"\0")).hexdigest()
