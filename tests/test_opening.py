"""One opener for every path from outside: regular files of a disk, nothing that waits, no view of the kernel."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from auditkit.errors import EvidenceError, SourceError
from auditkit.guestos import Ext4, guest_image, open_boot_source, read_boot_files, read_guest_image
from auditkit.ic import parse_root_key
from auditkit.opening import NoFileError, Unchanged, digest_of_file, read_file, regular_file
from auditkit.practice.nns.proposals import BASE_COMMIT, OTHER_COMMIT
from auditkit.practice.release.published import DATA, release_folder
from auditkit.report import read_report_folder


@pytest.fixture
def odd(tmp_path: Path):
    """A function that makes something that is no regular file."""
    held = []

    def make(kind: str) -> Path:
        path = tmp_path / kind
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "folder":
            path.mkdir()
        elif kind == "socket":
            listening = socket.socket(socket.AF_UNIX)
            held.append(listening)
            before = Path.cwd()
            os.chdir(tmp_path)  # the path of a socket is short
            listening.bind(kind)
            os.chdir(before)
        else:
            path.symlink_to(
                {"device": "/dev/zero", "process": "/proc/self/environ", "system": "/sys/kernel/mm"}[kind]
            )
        return path

    yield make
    for one in held:
        one.close()


@pytest.mark.parametrize("kind", ["pipe", "folder", "socket", "device"])
@pytest.mark.parametrize("opened", [lambda p: read_file(p, 5), digest_of_file, regular_file])
def test_what_is_no_file_is_refused_at_once(kind, opened, odd):
    with pytest.raises(SourceError, match="not a regular file"):
        opened(odd(kind))


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="there is no procfs")
def test_what_the_kernel_says_of_this_machine_is_no_file_however_it_is_reached(odd, tmp_path):
    link = odd("process")
    with pytest.raises(SourceError, match="view of the running system"):
        read_file(link, 1 << 20)
    (tmp_path / "deep").symlink_to("/proc/self")
    with pytest.raises(SourceError, match="view of the running system"):
        read_file(tmp_path / "deep" / "status", 1 << 20)


def test_a_view_in_sysfs_is_no_file():
    views = (
        [path for path in Path("/sys/kernel").rglob("*") if path.is_file()]
        if Path("/sys/kernel").is_dir()
        else []
    )
    if not views:
        pytest.skip("there is no sysfs")
    with pytest.raises(SourceError, match="view of the running system"):
        read_file(views[0], 1 << 20)


def test_a_file_that_is_reached_through_procfs_is_a_file(tmp_path):
    (tmp_path / "file").write_bytes(b"12345")
    with (tmp_path / "file").open("rb") as file:
        assert read_file(Path(f"/dev/fd/{file.fileno()}"), 5) == b"12345"


def test_files_are_read_within_their_limit(tmp_path):
    (tmp_path / "file").write_bytes(b"12345")
    assert read_file(tmp_path / "file", 5) == b"12345"
    with pytest.raises(EvidenceError, match="at most 4 bytes"):
        read_file(tmp_path / "file", 4)
    with pytest.raises(NoFileError):
        read_file(tmp_path / "none", 4)
    with pytest.raises(SourceError):
        read_file(Path("a\0b"), 4)


def test_a_file_that_is_written_to_while_it_is_read_is_noticed(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"before")
    with regular_file(path) as file:
        unchanged = Unchanged(file, str(path))
        unchanged.require()
        path.write_bytes(b"behind")
        os.utime(path, (1, 1))
        with pytest.raises(SourceError, match="written to"):
            unchanged.require()


def test_a_pipe_in_the_place_of_a_key_or_a_report_does_not_hang(odd, tmp_path):
    pipe = odd("pipe")
    with pytest.raises(Exception, match="not a regular file"):
        parse_root_key(str(pipe))
    pipe.rename(tmp_path / "audit.json")
    with pytest.raises(SourceError, match="not a regular file"):
        read_report_folder(tmp_path)


def test_digest_and_content_of_a_boot_partition_are_of_one_file(tmp_path, monkeypatch):
    """The name is given to another image as soon as the first is open: the answer is about the first alone."""
    images = [
        open_boot_source(DATA / release_folder(commit) / "update-img.tar.zst", work=tmp_path / commit)
        for commit in (BASE_COMMIT, OTHER_COMMIT)
    ]
    wanted, _ = digest_of_file(images[0])
    with Ext4(images[0]) as fs:
        boot_args = read_boot_files(fs).boot_args
    image, other = images
    kind_of = guest_image.kind_of

    def swap(*given):
        found = kind_of(*given)
        other.replace(image)
        return found

    monkeypatch.setattr(guest_image, "kind_of", swap)
    read = read_guest_image(image, work=tmp_path / "unused")
    assert read.sha256 == wanted
    assert read.boot.boot_args == boot_args


def test_a_writer_that_waits_for_a_reader_is_not_woken(odd):
    """Opening a pipe lets its writer go on; looking at it does not."""
    pipe = odd("pipe")
    woken = threading.Event()

    def write() -> None:
        with pipe.open("wb"):
            woken.set()

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    with pytest.raises(SourceError):
        read_file(pipe, 5)
    assert not woken.wait(0.2)
    with pipe.open("rb"):
        writer.join(10)
