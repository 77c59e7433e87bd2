"""One writer at a time, on every file system, across processes; and file systems that cannot do all that Linux can."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys

import pytest

from auditkit import atomic
from auditkit.errors import ParameterError, SourceError
from auditkit.report import only_writer, writer


def refused(folder):
    with (
        pytest.raises(SourceError, match="another audit writes to this folder"),
        only_writer(folder, seconds=0),
    ):
        pass


def refusing(number):
    def call(*arguments):
        raise OSError(number, os.strerror(number))

    return call


def test_a_writer_that_waits_can_be_told_to_stop(tmp_path):
    with (
        only_writer(tmp_path / "r"),
        pytest.raises(SourceError, match="given up"),
        only_writer(tmp_path / "r", seconds=60, given_up=lambda: True),
    ):
        pass


def test_a_process_that_inherits_the_lock_may_write_and_keeps_others_out(tmp_path):
    script = f"""
import sys
from pathlib import Path
from auditkit.report import only_writer
with only_writer(Path({str(tmp_path / "r")!r}), seconds=0) as writer:
    print(writer.held, flush=True)
    sys.stdin.read()
"""
    with only_writer(tmp_path / "r") as ours:
        child = subprocess.Popen(
            [sys.executable, "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **ours.environment("held")},
            pass_fds=(ours.descriptor,),
        )
        assert child.stdout.readline() == b"held\n"
    refused(tmp_path / "r")
    child.communicate()
    assert child.returncode == 0
    with only_writer(tmp_path / "r", seconds=0):
        pass


@pytest.mark.parametrize("told", ["0:", "-1:", "x", "7", "99999999999999999999:", "\N{SUPERSCRIPT TWO}:"])
def test_a_lock_that_was_not_handed_on_is_none(tmp_path, monkeypatch, told):
    with only_writer(tmp_path / "r"):
        monkeypatch.setenv("AUDITKIT_WRITER", told)
        refused(tmp_path / "r")


def test_a_lock_file_that_is_open_and_not_locked_is_no_lock(tmp_path, monkeypatch):
    with only_writer(tmp_path / "r"), (tmp_path / ".r.lock").open() as file:
        monkeypatch.setenv("AUDITKIT_WRITER", f"{file.fileno()}:")
        refused(tmp_path / "r")


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_something_else_in_the_place_of_the_lock_file(tmp_path, kind):
    lock = tmp_path / ".r.lock"
    if kind == "link":
        lock.symlink_to(tmp_path / "elsewhere")
    elif kind == "pipe":
        os.mkfifo(lock)
    else:
        lock.mkdir()
    with pytest.raises(ParameterError, match="lock file"), only_writer(tmp_path / "r", seconds=0):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_where_no_file_can_be_beside_the_folder_the_folder_is_locked(tmp_path, monkeypatch):
    real = os.open

    def no_files(path, flags, *arguments, **more):
        if flags & os.O_CREAT:
            raise OSError(errno.EROFS, "Read-only file system")
        return real(path, flags, *arguments, **more)

    monkeypatch.setattr(os, "open", no_files)
    with only_writer(tmp_path / "r"):
        refused(tmp_path / "r")
    assert not (tmp_path / ".r.lock").exists()


@pytest.mark.parametrize("number", [errno.EBADF, errno.ENOLCK, errno.ENOTSUP])
def test_a_file_system_without_locks_is_told_at_once(tmp_path, monkeypatch, number):
    monkeypatch.setattr(writer.fcntl, "flock", refusing(number))
    with (
        pytest.raises(ParameterError, match="kept from other audits"),
        only_writer(tmp_path / "r", seconds=60),
    ):
        pass


def nfs(descriptor, operation):
    """What Linux does on NFS: locks there are byte-range locks, so an exclusive one needs a file open for writing."""
    flags = writer.fcntl.fcntl(descriptor, writer.fcntl.F_GETFL)
    if operation & writer.fcntl.LOCK_EX and flags & os.O_ACCMODE == os.O_RDONLY:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))


def test_nfs_locks_what_is_open_for_writing_only(tmp_path, monkeypatch):
    monkeypatch.setattr(writer.fcntl, "flock", nfs)
    with only_writer(tmp_path / "r", seconds=0):
        pass


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.EPERM])
def test_a_file_system_that_cannot_sync_folders_or_change_modes(tmp_path, monkeypatch, number):
    real = os.fsync

    def files_only(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", files_only)
    monkeypatch.setattr(os, "chmod", refusing(errno.EPERM))
    monkeypatch.setattr(os, "fchmod", refusing(errno.EPERM))
    atomic.write_atomically(tmp_path / "file", b"whole")
    assert [(entry.name, entry.read_bytes()) for entry in tmp_path.iterdir()] == [("file", b"whole")]


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EINVAL])
def test_a_file_that_cannot_be_synced_is_not_there(tmp_path, monkeypatch, number):
    monkeypatch.setattr(os, "fsync", refusing(number))
    with pytest.raises(OSError, match=os.strerror(number)):
        atomic.write_atomically(tmp_path / "file", b"lost")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_cannot_sync_a_folder_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", refusing(errno.EIO))
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        atomic.sync_folder(tmp_path)


def test_a_staging_name_is_never_the_same_and_known_again(tmp_path):
    names = {atomic.staging_name(tmp_path / "audit.json").name for _ in range(100)}
    assert len(names) == 100
    assert {atomic.staged_for(name) for name in names} == {"audit.json"}
    assert atomic.staged_for(".audit.json.part") is None
    assert atomic.staged_for("audit.json") is None


def test_the_longest_names_can_be_staged(tmp_path):
    for name in ("x" * 255, "\N{CJK UNIFIED IDEOGRAPH-65E5}" * 85):
        atomic.write_atomically(tmp_path / name, b"whole")
        assert (tmp_path / name).read_bytes() == b"whole"
