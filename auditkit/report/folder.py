"""The report folder: `audit.json`, its renderings, and the evidence that a replay needs.

`audit.json` is what makes a folder a finished report. It is the first file to go when a run begins, and the pages go
with it; it is the last to come when the run ends. So a run that is killed half-way leaves nothing that looks finished.
Only what an audit wrote is ever replaced or removed.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auditkit.atomic import staged_for, sync_folder, write_atomically, write_new
from auditkit.errors import EvidenceError, ParameterError, SourceError, in_words
from auditkit.limits import LIMITS, Limits
from auditkit.opening import read_file, regular_file
from auditkit.report import rendering
from auditkit.report.document import SCHEMA_ID, AuditDocument, from_json, to_json
from auditkit.report.evidence_folder import (
    EVIDENCE_NAME,
    holds_evidence,
    is_evidence_folder,
    remove_evidence_folder,
    write_evidence_folder,
)
from auditkit.report.strict_json import require_few_values
from auditkit.report.writer import only_writer

DOCUMENT_NAME: Final = "audit.json"
HTML_NAME: Final = "report.html"
MARKDOWN_NAME: Final = "report.md"
NOTEBOOK_NAME: Final = "audit.ipynb"
SIGNATURES_NAME: Final = "report.intoto.jsonl"
COMPANION_PATTERN: Final = "report.statement-*.json*"
_STAGED: Final = frozenset({DOCUMENT_NAME, HTML_NAME, MARKDOWN_NAME, NOTEBOOK_NAME, EVIDENCE_NAME})
_BEGINNING: Final = re.compile(rb'\{\s*"schema"\s*:\s*"' + SCHEMA_ID.rstrip("0123456789").encode())


@dataclass(frozen=True, slots=True)
class ReportFolder:
    """A finished report on disk.

    Attributes:
        path: the folder.
        document: what `audit.json` says.
        document_bytes: the bytes of `audit.json`, of which signatures name the SHA-256.
    """

    path: Path
    document: AuditDocument
    document_bytes: bytes


def require_replaceable(folder: Path) -> None:
    """Makes sure that a new report may take the place of what ``folder`` holds; changes nothing.

    Raises:
        ParameterError: the folder holds a signed report, which nobody may overwrite by accident, or something that
            no audit wrote is in the place of a part of the report.
    """
    for signed in (folder / SIGNATURES_NAME, *sorted(folder.glob(COMPANION_PATTERN))):
        if os.path.lexists(signed):
            raise ParameterError(
                "the folder holds a signed report",
                where=str(folder),
                hint=f"choose another folder, or remove {signed.name} first",
            )
    for name in _foreign(folder):
        raise ParameterError(
            f"{name} in the folder was not made by an audit and would be replaced",
            where=str(folder),
            hint="choose another folder",
        )


def begin_report_folder(folder: Path) -> None:
    """Makes ``folder`` ready for a new report: what tells an earlier verdict goes, and what a killed run left.

    Call it before the audit starts, as its `only_writer`. A page that stayed would tell an earlier verdict where an
    audit was interrupted. Evidence stays until it is replaced: the new audit may read it.

    Raises:
        ParameterError: as `require_replaceable`, or the folder cannot be written to.
    """
    try:
        require_replaceable(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name in (DOCUMENT_NAME, HTML_NAME, MARKDOWN_NAME, NOTEBOOK_NAME):
            (folder / name).unlink(missing_ok=True)
        for path in _staged(folder):
            remove_evidence_folder(path)
            if path.is_file() and not path.is_symlink():
                path.unlink()
        sync_folder(folder)
    except OSError as error:
        raise ParameterError(
            f"the report folder cannot be written to: {in_words(error)}", where=str(folder)
        ) from None


def write_report_folder(
    folder: Path,
    document: AuditDocument,
    evidence_files: Mapping[str, bytes | Path],
    *,
    notebook: bytes | None = None,
    limits: Limits = LIMITS,
) -> Path:
    """Writes a whole report and gives back the path of its `audit.json`, the last file that is written.

    In a notebook that `auditkit.notebook.run_audit` runs, `audit.json` is only staged: the executed notebook has to be
    in its place first, and then `finish_report_folder` ends it.

    Args:
        folder: made if it is missing; a report that it holds is replaced.
        document: what to tell.
        evidence_files: content or present place of every piece of evidence that the document lists as stored.
        notebook: the executed notebook, when there is one already.
        limits: bounds on every file.

    Raises:
        EvidenceError: the files are not those that the document lists, or the report is larger than any reader takes;
            nothing then looks finished.
        ParameterError: see `begin_report_folder` and `only_writer`.
        SourceError: another audit writes to the folder, an evidence file cannot be read, or the disk is full.
    """
    data = _bounded(DOCUMENT_NAME, to_json(document), limits)
    html = _bounded(HTML_NAME, rendering.render_html(document).encode(), limits)
    markdown = _bounded(MARKDOWN_NAME, rendering.render_markdown(document).encode(), limits)
    require_replaceable(folder)
    with only_writer(folder) as writer:
        begin_report_folder(folder)
        try:
            write_evidence_folder(folder, document, evidence_files, limits=limits)
            if notebook is not None:
                write_atomically(folder / NOTEBOOK_NAME, notebook)
            write_atomically(folder / HTML_NAME, html)
            write_atomically(folder / MARKDOWN_NAME, markdown)
            if staged_for(writer.held) == DOCUMENT_NAME:
                write_new(folder / writer.held, data)
            else:
                write_atomically(folder / DOCUMENT_NAME, data)
        except OSError as error:
            raise SourceError(
                f"the report could not be written: {in_words(error)}",
                where=str(error.filename or folder),
                hint="there is no report; make room and run the audit again",
            ) from None
    return folder / DOCUMENT_NAME


def finish_report_folder(folder: Path, held: str) -> None:
    """Makes the report in ``folder`` a finished one, when everything else is in its place.

    Args:
        held: the staging name of its `audit.json`.

    Raises:
        SourceError: the folder cannot be written to; there is no report then.
    """
    try:
        (folder / held).rename(folder / DOCUMENT_NAME)
        sync_folder(folder)
    except OSError as error:
        raise SourceError(f"the report could not be finished: {in_words(error)}", where=str(folder)) from None


def is_begun(name: str) -> bool:
    """Whether a file or folder called ``name`` may be in a report folder that has no `audit.json` yet."""
    return name in _STAGED - {DOCUMENT_NAME} or staged_for(name) in _STAGED


def read_report_folder(folder: Path, name: str = DOCUMENT_NAME, *, limits: Limits = LIMITS) -> ReportFolder:
    """The finished report in ``folder``. Evidence files and renderings are not looked at.

    Args:
        name: of its `audit.json`, where that is still staged.

    Raises:
        SourceError: there is no finished report.
        EvidenceError: `audit.json` is malformed.
    """
    path = folder / name
    try:
        data = read_file(path, limits.report_bytes)
    except SourceError as error:
        if folder.is_file():
            raise SourceError(
                "this is a file and no report folder",
                where=str(folder),
                hint=f"give the folder that it lies in, {folder.parent}",
            ) from None
        if not folder.is_dir():
            raise SourceError("there is no such folder", where=str(folder), hint="check the path") from None
        raise SourceError(
            f"there is no finished report here: {error.what}",
            where=str(path),
            hint="an audit that was interrupted leaves no audit.json; run it again",
        ) from None
    return ReportFolder(folder, _read(data, path), data)


def _read(data: bytes, path: Path) -> AuditDocument:
    try:
        return from_json(data)
    except EvidenceError as error:
        raise error.at(str(path)) from None


def _bounded(name: str, data: bytes, limits: Limits) -> bytes:
    if len(data) > limits.report_bytes:
        raise EvidenceError(
            f"{name} would be larger than any reader takes",
            expected=f"at most {limits.report_bytes:,} bytes",
            observed=f"{len(data):,} bytes",
        )
    return data


def _staged(folder: Path) -> list[Path]:
    """What a killed run left under a staging name."""
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if staged_for(path.name) in _STAGED]


def _foreign(folder: Path) -> list[str]:
    """Names that a report needs and that something has that no audit wrote."""
    document, evidence = folder / DOCUMENT_NAME, folder / EVIDENCE_NAME
    finished = _begins_like_a_report(document)
    foreign = []
    if os.path.lexists(document) and not finished:
        foreign.append(DOCUMENT_NAME)
    if os.path.lexists(evidence) and not is_evidence_folder(evidence, of_a_report=finished):
        foreign.append(EVIDENCE_NAME)
    # Renderings come after the evidence, so where there is none they are not of a report.
    ours = finished or any(holds_evidence(path) for path in (evidence, *_staged(folder)))
    for name in (HTML_NAME, MARKDOWN_NAME, NOTEBOOK_NAME):
        path = folder / name
        if not os.path.lexists(path):
            continue
        regular = path.is_file() and not path.is_symlink()
        if not regular or not (ours or (name == NOTEBOOK_NAME and _was_executed(path))):
            foreign.append(name)
    return foreign


def _begins_like_a_report(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with regular_file(path) as file:
        return _BEGINNING.match(file.read(200)) is not None


def _was_executed(path: Path) -> bool:
    """Whether papermill wrote the notebook, as it does in every audit."""
    try:
        data = read_file(path, LIMITS.report_bytes)
        require_few_values(data)
        return "papermill" in json.loads(data)["metadata"]
    except (EvidenceError, ValueError, LookupError, TypeError, RecursionError):
        return False
