"""Whether line ends explain that a file is not the signed one: a clone may write CRLF where LF was signed."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Final

from auditkit.errors import AuditkitError
from auditkit.limits import LIMITS, Limits
from auditkit.opening import read_file

ONLY_LINE_ENDS: Final = "in its line ends alone"
"""Stands behind a file's name where its line ends explain the difference."""

_HINT: Final = (
    " Line ends were turned from LF into CRLF, as git does where core.autocrlf is set: clone or copy the folder again "
    "without that (git -c core.autocrlf=false clone)."
)


def unix_line_ends(data: bytes) -> bytes:
    """The data with LF for every CRLF."""
    return data.replace(b"\r\n", b"\n")


def how_changed(path: Path, digest: str, *, limits: Limits = LIMITS) -> str:
    """What to say behind "was changed" where line ends explain that the file has another SHA-256; else nothing."""
    try:
        data = read_file(path, limits.file_bytes)
    except AuditkitError:
        return ""
    restored = unix_line_ends(data)
    return f" {ONLY_LINE_ENDS}" if restored != data and sha256(restored).hexdigest() == digest else ""


def hint(problems: Iterable[str]) -> str:
    """What to do about it, where line ends explain one of the problems; else nothing."""
    return _HINT if any(ONLY_LINE_ENDS in problem for problem in problems) else ""
