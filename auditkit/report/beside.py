"""What is made from a report and is no part of it: it goes beside the folder, never into it, and over files alone.

A report folder that is signed must hold what was signed and nothing else; and no page may take the place of a part of
another report.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from auditkit.atomic import write_atomically
from auditkit.errors import ParameterError, SourceError, in_words
from auditkit.report.evidence_folder import EVIDENCE_NAME
from auditkit.report.folder import DOCUMENT_NAME, HTML_NAME, SIGNATURES_NAME

_LOOKED_AT: Final = 1 << 20
_OURS: Final = (
    (b"<!DOCTYPE html>", b"auditkit"),
    (b"%PDF-", "auditkit".encode("utf-16-be").hex().upper().encode()),
    ("# ✅ PASS".encode(), b"auditkit"),
    ("# ❌ FAIL".encode(), b"auditkit"),
    ("# ❔ TROUBLE".encode(), b"auditkit"),
)
"""How files begin that are made from reports, and what else is in them."""


def require_beside(path: Path, *folders: Path) -> None:
    """Makes sure that ``path`` is in none of ``folders``, and in no other report folder.

    Raises:
        ParameterError: as `require_outside`; or there is a file that was not made from a report.
        SourceError: there is something else than a file at ``path``.
    """
    require_outside(path, *folders)
    _require_replaceable(path)


def require_outside(path: Path, *folders: Path) -> None:
    """The same, whatever there is at ``path``.

    Raises:
        ParameterError: it is in such a folder, at any depth, by whatever path; or it is such a folder.
    """
    place = path.resolve()
    for around in (place, *place.parents):
        if any(_same(around, folder) for folder in folders) or _is_part_of_report(place, around):
            raise ParameterError(
                "this would be in a report folder, which holds the report and nothing else",
                where=str(path),
                hint=f"write it beside the folder, such as to {around}{path.suffix}",
            )


def write_beside(path: Path, data: bytes, *folders: Path) -> None:
    """Writes ``data`` to ``path``, a new file or one that is replaced, as a whole or not at all.

    Raises:
        ParameterError, SourceError: see `require_beside`; or it cannot be written.
    """
    require_beside(path, *folders)
    try:
        write_atomically(path, data)
    except OSError as error:
        raise SourceError(
            f"the file could not be written: {in_words(error)}",
            where=str(path),
            hint="name a file in a folder that is there and that you can write to",
        ) from None


def _is_part_of_report(place: Path, around: Path) -> bool:
    """Whether ``around`` is a report folder, and ``place`` in it at any depth."""
    here = frozenset(
        name for name in (DOCUMENT_NAME, HTML_NAME, SIGNATURES_NAME) if os.path.lexists(around / name)
    )
    if place.parent == around and here & {DOCUMENT_NAME, SIGNATURES_NAME}:
        return True
    if here and place.relative_to(around).parts[:1] == (EVIDENCE_NAME,):
        return True
    # A folder far above may hold an audit.json that is nobody's report.
    return place != around and (SIGNATURES_NAME in here or {DOCUMENT_NAME, HTML_NAME} <= here)


def _same(one: Path, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


def _require_replaceable(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise SourceError(f"the file could not be written: {in_words(error)}", where=str(path)) from None
    if not stat.S_ISREG(mode):
        kind = "a link" if stat.S_ISLNK(mode) else "a folder" if stat.S_ISDIR(mode) else "no regular file"
        raise SourceError(
            f"the file could not be written: this is {kind}",
            where=str(path),
            hint="name a new file",
        )
    if not _is_ours(path):
        raise ParameterError(
            "there is a file already that auditkit did not make from a report",
            where=str(path),
            hint="name a new file, or remove it yourself",
        )


def _is_ours(path: Path) -> bool:
    """Whether a file looks like a page, a post or a PDF that was made from reports: such a one is made again."""
    try:
        with path.open("rb") as stream:
            data = stream.read(_LOOKED_AT)
    except OSError:
        return False
    return any(data.startswith(start) and word in data for start, word in _OURS)
