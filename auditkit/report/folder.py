"""The report folder: `audit.json`, its renderings, and the evidence that a replay needs.

`audit.json` is what makes a folder a finished report. It is the first file to go when a run begins and the
last to come when it ends, so a run that is killed half-way leaves nothing that looks finished.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from auditkit.atomic import sync_folder, write_atomically
from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.limits import LIMITS
from auditkit.opening import read_file, regular_file
from auditkit.report.document import AuditDocument, from_json, to_json
from auditkit.report.html import render_html
from auditkit.report.markdown import render_markdown
from auditkit.report.records import EvidenceRecord

DOCUMENT_NAME: Final = "audit.json"
HTML_NAME: Final = "report.html"
MARKDOWN_NAME: Final = "report.md"
NOTEBOOK_NAME: Final = "audit.ipynb"
SIGNATURES_NAME: Final = "report.intoto.jsonl"
COMPANION_PATTERN: Final = "report.statement-*.json*"
EVIDENCE_NAME: Final = "evidence"
SUMS_NAME: Final = "SHA256SUMS"
_CHUNK_BYTES = 1 << 20


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

    def evidence_path(self, name: str) -> Path:
        """Where the evidence called ``name`` is kept."""
        return self.path / EVIDENCE_NAME / name


def require_replaceable(folder: Path) -> None:
    """Makes sure that a new report may take the place of what ``folder`` holds; changes nothing.

    Raises:
        ParameterError: the folder holds a signed report, which nobody may overwrite by accident, or it holds
            an ``evidence`` folder that is not of a report.
    """
    for signed in (folder / SIGNATURES_NAME, *sorted(folder.glob(COMPANION_PATTERN))):
        if signed.exists():
            raise ParameterError(
                "the folder holds a signed report",
                where=str(folder),
                hint=f"choose another folder, or remove {signed.name} first",
            )
    evidence = folder / EVIDENCE_NAME
    if evidence.is_symlink() or (evidence.exists() and not _is_ours(evidence)):
        raise ParameterError(
            f"the folder {EVIDENCE_NAME} in it was not made by an audit and would be replaced",
            where=str(folder),
            hint="choose another folder",
        )


def begin_report_folder(folder: Path) -> None:
    """Makes ``folder`` ready for a new report; the report that it held, if any, no longer looks finished.

    Call it before the audit starts. Evidence and renderings of the old report stay until they are replaced.

    Raises:
        ParameterError: as `require_replaceable`, or the folder cannot be written to.
    """
    require_replaceable(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / DOCUMENT_NAME).unlink(missing_ok=True)
        sync_folder(folder)
    except OSError as error:
        raise ParameterError(
            f"the report folder cannot be written to: {error.strerror or error}", where=str(folder)
        ) from None


def write_report_folder(
    folder: Path,
    document: AuditDocument,
    evidence_files: Mapping[str, bytes | Path],
    *,
    notebook: bytes | None = None,
) -> Path:
    """Writes a whole report and gives back the path of its `audit.json`, the last file that is written.

    Args:
        folder: made if it is missing; a report that it holds is replaced.
        document: what to tell.
        evidence_files: content or present place of every piece of evidence that the document lists as stored.
        notebook: the executed notebook, when there is one already.

    Raises:
        EvidenceError: the files are not those that the document lists; nothing then looks finished.
        ParameterError: see `begin_report_folder`.
        SourceError: an evidence file cannot be read, or the disk is full.
    """
    begin_report_folder(folder)
    try:
        _write_evidence(folder, document, evidence_files)
        if notebook is not None:
            write_atomically(folder / NOTEBOOK_NAME, notebook)
        write_atomically(folder / HTML_NAME, render_html(document).encode())
        write_atomically(folder / MARKDOWN_NAME, render_markdown(document).encode())
        write_atomically(folder / DOCUMENT_NAME, to_json(document))
    except OSError as error:
        raise SourceError(
            f"the report could not be written: {error.strerror or error}",
            where=str(error.filename or folder),
            hint="there is no report; make room and run the audit again",
        ) from None
    return folder / DOCUMENT_NAME


def read_report_folder(folder: Path) -> ReportFolder:
    """The finished report in ``folder``. Evidence files and renderings are not looked at.

    Raises:
        SourceError: there is no finished report.
        EvidenceError: `audit.json` is malformed.
    """
    path = folder / DOCUMENT_NAME
    try:
        data = read_file(path, LIMITS.report_bytes)
    except SourceError as error:
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


def _is_ours(evidence: Path) -> bool:
    return evidence.is_dir() and ((evidence / SUMS_NAME).is_file() or not any(evidence.iterdir()))


def _write_evidence(folder: Path, document: AuditDocument, files: Mapping[str, bytes | Path]) -> None:
    """Builds the new evidence folder beside the old one, which may be where some of the files still are."""
    stored = {record.name: record for record in document.evidence if record.stored}
    if stored.keys() != files.keys():
        odd = ", ".join(sorted(stored.keys() ^ files.keys()))
        raise EvidenceError("the evidence files are not those that the document lists", observed=odd)
    fresh = folder / f".{EVIDENCE_NAME}.part"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    try:
        for name in sorted(stored):
            place = fresh / name
            place.parent.mkdir(parents=True, exist_ok=True)
            _keep(files[name], place, stored[name])
        sums = "".join(f"{stored[name].sha256}  {name}\n" for name in sorted(stored))
        write_atomically(fresh / SUMS_NAME, sums.encode())
        old = folder / EVIDENCE_NAME
        if old.exists():
            shutil.rmtree(old)
        fresh.replace(old)
        sync_folder(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _keep(source: bytes | Path, place: Path, record: EvidenceRecord) -> None:
    digest, size = sha256(), 0
    if isinstance(source, bytes):
        place.write_bytes(source)
        digest, size = sha256(source), len(source)
    else:
        with regular_file(source) as reader, place.open("wb") as writer:
            while chunk := reader.read(_CHUNK_BYTES):
                digest.update(chunk)
                size += len(chunk)
                writer.write(chunk)
    if digest.hexdigest() != record.sha256 or size != record.size:
        raise EvidenceError(
            "the evidence changed while the audit ran",
            where=record.name,
            expected=f"{record.size} bytes with SHA-256 {record.sha256}",
            observed=f"{size} bytes with SHA-256 {digest.hexdigest()}",
        )
