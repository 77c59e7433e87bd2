"""The folder `evidence/` of a report: made whole beside its place, and taken away file by file.

`SHA256SUMS` is the first file in it, so that a folder that was left half-way says what was being written to it too.
Nothing but what it lists is ever removed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

from auditkit.atomic import new_file, staging_name, sync_file, sync_folder, write_new
from auditkit.digests import SUMS_NAME, format_sha256sums, listed_names
from auditkit.errors import EvidenceError
from auditkit.limits import LIMITS, MIB, Limits
from auditkit.report.document import AuditDocument
from auditkit.report.records import RECORD_NAME, EvidenceRecord

EVIDENCE_NAME: Final = "evidence"


def write_evidence_folder(
    folder: Path, document: AuditDocument, files: Mapping[str, bytes | Path], *, limits: Limits = LIMITS
) -> None:
    """Puts a new `evidence/` into the report folder ``folder``, in the place of the one that is there.

    Raises:
        EvidenceError: the files are not those that the document lists, or more than a report may hold.
        OSError: it cannot be written.
    """
    stored = {record.name: record for record in document.evidence if record.stored}
    if stored.keys() != files.keys():
        odd = ", ".join(sorted(stored.keys() ^ files.keys()))
        raise EvidenceError("the evidence files are not those that the document lists", observed=odd)
    require_real_size(sum(record.size for record in stored.values()), limits=limits)
    place = folder / EVIDENCE_NAME
    fresh = staging_name(place)
    fresh.mkdir()
    try:
        sums = format_sha256sums({name: record.sha256 for name, record in stored.items()})
        write_new(fresh / SUMS_NAME, sums.encode())
        for name in sorted(stored):
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            _keep(files[name], fresh / name, stored[name])
        for below in {fresh, *(parent for name in stored for parent in _folders_of(fresh, name))}:
            sync_folder(below)
        if os.path.lexists(place):
            old = staging_name(place)
            place.rename(old)
            try:
                fresh.rename(place)
            except BaseException:
                old.rename(place)
                raise
            sync_folder(folder)
            remove_evidence_folder(old)
        else:
            fresh.rename(place)
            sync_folder(folder)
    except BaseException:
        remove_evidence_folder(fresh)
        raise


def require_real_size(total: int, where: str = "", *, limits: Limits = LIMITS) -> None:
    """Makes sure that evidence of ``total`` bytes is not larger than a report may hold.

    Raises:
        EvidenceError: it is.
    """
    if total > limits.evidence_bytes:
        raise EvidenceError(
            "the evidence is larger than that of any real release",
            where=where,
            expected=f"at most {limits.evidence_bytes:,} bytes",
            observed=f"{total:,} bytes",
        )


def is_evidence_folder(folder: Path, *, of_a_report: bool = False) -> bool:
    """Whether an audit made all that is in ``folder``: nothing but files that the `SHA256SUMS` in it lists.

    Args:
        of_a_report: whether a report is beside it; otherwise the record of an audit has to be among the files, since
            others write a `SHA256SUMS` too. An empty folder needs neither.
    """
    if folder.is_symlink() or not folder.is_dir():
        return False
    names = _listed(folder)
    files = {folder / SUMS_NAME, *(folder / name for name in names)}
    folders = {parent for name in names for parent in _folders_of(folder, name)}
    waiting = [folder]
    while waiting:
        with os.scandir(waiting.pop()) as inside:
            for entry in inside:
                path = Path(entry.path)
                if path in folders and entry.is_dir(follow_symlinks=False):
                    waiting.append(path)
                elif path not in files or not entry.is_file(follow_symlinks=False):
                    return False
    return of_a_report or RECORD_NAME in names or not any(folder.iterdir())


def holds_evidence(folder: Path) -> bool:
    """Whether ``folder`` is an evidence folder that an audit filled."""
    return is_evidence_folder(folder) and (folder / SUMS_NAME).is_file()


def remove_evidence_folder(folder: Path) -> None:
    """Removes the files of `write_evidence_folder`, and the folder if nothing else is in it.

    Raises:
        OSError: a file cannot be removed.
    """
    if folder.is_symlink() or not folder.is_dir():
        return
    names = _listed(folder)
    for name in (*names, SUMS_NAME):
        path = folder / name
        if (
            not path.is_symlink()
            and path.is_file()
            and path.parent.resolve().is_relative_to(folder.resolve())
        ):
            path.unlink()
    parents = {parent for name in names for parent in _folders_of(folder, name)}
    for below in (*sorted(parents, key=lambda path: len(path.parts), reverse=True), folder):
        with suppress(OSError):  # somebody else's files are in it, so it stays
            below.rmdir()


def _listed(folder: Path) -> tuple[str, ...]:
    """The names in the `SHA256SUMS`, as far as it was written."""
    path = folder / SUMS_NAME
    if path.is_symlink() or not path.is_file():
        return ()
    with path.open("rb") as file:
        return listed_names(file.read(LIMITS.answer_bytes))


def _folders_of(folder: Path, name: str) -> Iterable[Path]:
    """The folders between ``folder`` and the file ``name`` below it."""
    return [folder / parent for parent in Path(name).parents if parent != Path()]


def _keep(source: bytes | Path, place: Path, record: EvidenceRecord) -> None:
    digest, size = sha256(), 0
    with new_file(place) as writer:
        if isinstance(source, bytes):
            writer.write(source)
            digest, size = sha256(source), len(source)
        else:
            with source.open("rb") as reader:
                while size <= record.size and (chunk := reader.read(MIB)):
                    digest.update(chunk)
                    size += len(chunk)
                    writer.write(chunk)
        sync_file(writer)
    if digest.hexdigest() != record.sha256 or size != record.size:
        raise EvidenceError(
            "the evidence changed while the audit ran",
            where=record.name,
            expected=f"{record.size} bytes with SHA-256 {record.sha256}",
            observed=f"{size} bytes with SHA-256 {digest.hexdigest()}",
        )
