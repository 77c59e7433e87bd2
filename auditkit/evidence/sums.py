"""SHA256SUMS: which file has which digest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from auditkit.errors import EvidenceError

SUMS_NAME: Final = "SHA256SUMS"
_LINE: Final = re.compile(r"([0-9A-Fa-f]{64}) [ *]?(?:\./)?([^\s*/\\][^/\\]*)")


def parse_sha256sums(text: str, *, where: str = "SHA256SUMS") -> dict[str, str]:
    """File names and their digests (64 lower-case hex digits).

    Lines are ``<hex> <name>`` with one space, as dfinity's releases have them, or with two or ``" *"``, as
    coreutils writes them; a leading ``./`` of a name is dropped. Every line has to be one of these.

    Raises:
        EvidenceError: another line, a path instead of a name, a name that stands twice, or no line at all.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), 1):
        line = line.removesuffix("\r")  # noqa: PLW2901  (written on Windows)
        if not line and number > 1:
            continue
        match = _LINE.fullmatch(line)
        if match is None or not match[2].isprintable():
            raise EvidenceError(
                "a line is not a SHA-256 digest and a file name", where=f"{where}, line {number}"
            )
        digest, name = match[1].lower(), match[2]
        if name in found:
            raise EvidenceError(f"{name} is listed twice", where=f"{where}, line {number}")
        found[name] = digest
    return found


def format_sha256sums(digests: Mapping[str, str]) -> str:
    """The lines that ``sha256sum -c`` checks, sorted by name."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
