"""Digests as people copy them: the SHA-256 of a file, the commit of a release, and `SHA256SUMS` with its lines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from auditkit.errors import EvidenceError

SHA256: Final = "[0-9a-f]{64}"
COMMIT: Final = "[0-9a-f]{40}"
"""Patterns of regular expressions, in lower case, as our documents have them."""

_SHA256: Final = re.compile(SHA256, re.ASCII)
_SHA256_IN_ANY_CASE: Final = re.compile(SHA256, re.ASCII | re.IGNORECASE)
_COMMIT: Final = re.compile(COMMIT, re.ASCII)
_COMMIT_IN_ANY_CASE: Final = re.compile(COMMIT, re.ASCII | re.IGNORECASE)
SUMS_NAME: Final = "SHA256SUMS"
_OWN_LINE: Final = re.compile(
    SHA256.encode() + rb"  ([A-Za-z0-9_][A-Za-z0-9._+-]*(?:/[A-Za-z0-9_][A-Za-z0-9._+-]*)*)"
)
_LINE: Final = re.compile(r"([0-9A-Fa-f]{64}) [ *]?(?:\./)?([^\s*/\\][^/\\]*)")


def is_sha256(text: str, *, any_case: bool = False) -> bool:
    """Whether ``text`` is 64 hex digits, in lower case unless ``any_case``."""
    return (_SHA256_IN_ANY_CASE if any_case else _SHA256).fullmatch(text) is not None


def is_commit(text: str, *, any_case: bool = False) -> bool:
    """Whether ``text`` is 40 hex digits, in lower case unless ``any_case``."""
    return (_COMMIT_IN_ANY_CASE if any_case else _COMMIT).fullmatch(text) is not None


def parse_sha256sums(text: str, *, where: str = SUMS_NAME) -> dict[str, str]:
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


def listed_names(data: bytes) -> tuple[str, ...]:
    """The names in lines that `format_sha256sums` made, as far as they were written: other lines name nothing.

    Names may have folders in front; none of them leads upwards or is hidden.
    """
    lines = data.split(b"\n")
    return tuple(match[1].decode() for line in lines if (match := _OWN_LINE.fullmatch(line)))


def format_sha256sums(digests: Mapping[str, str]) -> str:
    """The lines that ``sha256sum -c`` checks, sorted by name."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
