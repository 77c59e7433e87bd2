"""Files that a user or a record names, opened only if they are what they seem.

Every path that comes from outside is opened here: an image, a certificate, a key, a report. What is opened is a regular
file on a disk: nothing waits (a pipe would, for ever), nothing is awaited from a device, and nothing that the kernel
makes up about this machine (procfs, sysfs) is taken for evidence. That is told by the opened file, never by the
text of its path, which may lead anywhere.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from pathlib import Path
from typing import BinaryIO, Final, cast

from auditkit.errors import EvidenceError, SourceError, in_words
from auditkit.limits import MIB

_MOUNTS: Final = "/proc/self/mountinfo"
# File systems of Linux whose files are questions to the kernel (Documentation/filesystems of the kernel).
_KERNEL_VIEWS: Final = frozenset(
    {
        "bpf",
        "binfmt_misc",
        "cgroup",
        "cgroup2",
        "configfs",
        "debugfs",
        "efivarfs",
        "proc",
        "pstore",
        "resctrl",
        "securityfs",
        "selinuxfs",
        "smackfs",
        "sysfs",
        "tracefs",
    }
)
_MOUNT: Final = re.compile(r"\d+ \d+ (\d+):(\d+) .*? - (\S+) ")


class NoFileError(SourceError):
    """There is nothing under this name."""


def open_regular(path: Path) -> int:
    """A descriptor of the regular file at ``path``, for reading; the caller closes it. Never waits.

    Raises:
        NoFileError: nothing is there.
        SourceError: not a regular file, a view of the kernel, or not readable.
    """
    where = str(path)
    try:
        # Looked at before it is opened: opening alone makes some devices act, and wakes whoever writes to a pipe.
        _require_regular(os.stat(path).st_mode, where)
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except FileNotFoundError:
        raise NoFileError("there is no such file", where=where) from None
    except (OSError, ValueError) as error:
        raise SourceError(f"the file cannot be read: {in_words(error)}", where=where) from None
    try:
        opened = os.fstat(descriptor)
        _require_regular(opened.st_mode, where)
        if is_kernel_view(opened.st_dev):
            raise SourceError("this is a view of the running system and not a file", where=where)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def regular_file(path: Path) -> BinaryIO:
    """The regular file at ``path``, open for reading.

    Raises:
        SourceError: as `open_regular`.
    """
    return cast("BinaryIO", os.fdopen(open_regular(path), "rb"))


def read_file(path: Path, limit: int) -> bytes:
    """The content of a regular file of at most ``limit`` bytes.

    Raises:
        SourceError: it cannot be read.
        EvidenceError: it is larger than ``limit``.
    """
    with regular_file(path) as file:
        try:
            data = file.read(limit + 1)
        except OSError as error:
            raise SourceError(f"the file cannot be read: {in_words(error)}", where=str(path)) from None
    if len(data) > limit:
        raise EvidenceError(
            "the file is larger than any real one",
            where=str(path),
            expected=f"at most {limit} bytes",
            observed="more",
        )
    return data


def digest_of_file(path: Path) -> tuple[str, int]:
    """SHA-256 (64 hex digits) and size in bytes of a regular file.

    Raises:
        SourceError: it cannot be read.
    """
    with regular_file(path) as file:
        try:
            return digest_of_open_file(file)
        except OSError as error:
            raise SourceError(f"the file cannot be read: {in_words(error)}", where=str(path)) from None


def digest_of_open_file(file: BinaryIO) -> tuple[str, int]:
    """SHA-256 (64 hex digits) and size in bytes of what an open file holds from where it stands.

    Raises:
        OSError: it cannot be read.
    """
    digest, size = hashlib.sha256(), 0
    while piece := file.read(MIB):
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size


class Unchanged:
    """Notices whether an open file is written to while it is read, so that digest and content are of one file.

    Args:
        file: the open file; remembered as it is now.
        where: what errors are about.
    """

    def __init__(self, file: BinaryIO, where: str) -> None:
        self._descriptor, self._where = file.fileno(), where
        self._before = self._state()

    def require(self) -> None:
        """Makes sure that nobody wrote to it since.

        Raises:
            SourceError: somebody did.
        """
        if self._state() != self._before:
            raise SourceError(
                "the file was written to while it was read",
                where=self._where,
                hint="wait until it is whole and run this again",
            )

    def _state(self) -> tuple[int, int, int]:
        now = os.fstat(self._descriptor)
        return now.st_size, now.st_mtime_ns, now.st_ctime_ns


def is_kernel_view(device: int) -> bool:
    """Whether the file system with this device number (``st_dev``) holds what the kernel says, such as procfs.

    A system without a list of mounts has no such file system.
    """
    if os.major(device):  # a disk
        return False
    try:
        text = Path(_MOUNTS).read_text("utf-8", "replace")
    except OSError:
        return False
    wanted = (str(os.major(device)), str(os.minor(device)))
    mounts = (_MOUNT.match(line) for line in text.split("\n"))
    return any(found[3] in _KERNEL_VIEWS for found in mounts if found and found.group(1, 2) == wanted)


def _require_regular(mode: int, where: str) -> None:
    if not stat.S_ISREG(mode):
        raise SourceError("this is not a regular file", where=where)
