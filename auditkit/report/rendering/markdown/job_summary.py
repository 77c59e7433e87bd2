"""Where the few lines for a CI job may be written: beside a report, and over nothing but a file."""

from __future__ import annotations

import stat
from contextlib import suppress
from pathlib import Path

from auditkit.atomic import write_atomically
from auditkit.errors import ParameterError, SourceError, in_words
from auditkit.report.document import AuditDocument
from auditkit.report.rendering.markdown.post import render_job_summary


def begin_job_summary(path: Path, folder: Path) -> None:
    """Removes the summary of an earlier audit, which says nothing about the one that begins.

    A summary does not go into the report folder ``folder``, which could not be signed with it.

    Raises:
        ParameterError: ``path`` is in ``folder``, or is the folder.
    """
    place, report = path.resolve(), folder.resolve()
    if place == report or report in place.parents:
        raise ParameterError(
            "the summary is not a part of the report and cannot be in its folder",
            where=str(path),
            hint=f"write it beside the folder, such as to {report.name}.summary.md",
        )
    # What stays here is in the way of the new one too, and is told then.
    with suppress(SourceError, OSError):
        _refuse_other_than_file(path)
        path.unlink(missing_ok=True)


def write_job_summary(path: Path, document: AuditDocument) -> None:
    """Writes the summary of ``document`` to ``path``, a new file or one that is replaced.

    A link, a pipe or a device stays what it is: nothing is written to it, nor in its place.

    Raises:
        SourceError: there is something else than a file at ``path``, or it cannot be written.
    """
    try:
        _refuse_other_than_file(path)
        write_atomically(path, render_job_summary(document).encode())
    except OSError as error:
        raise SourceError(f"the summary could not be written: {in_words(error)}", where=str(path)) from None


def _refuse_other_than_file(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        kind = "a link" if stat.S_ISLNK(mode) else "a folder" if stat.S_ISDIR(mode) else "no regular file"
        raise SourceError(
            f"the summary could not be written: this is {kind}",
            where=str(path),
            hint="name a new file, or one to replace",
        )
