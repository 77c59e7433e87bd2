"""The files of an audit that is repeated, by its record."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from auditkit.errors import AuditkitError, EvidenceError
from auditkit.evidence import Evidence, read_evidence
from auditkit.limits import LIMITS
from auditkit.opening import digest_of_file, read_file
from auditkit.pipeline.records import ReplayRecord
from auditkit.pipeline.steps.evidence_names import (
    CHAIN,
    COMPUTED,
    ELECTION,
    ELECTION_REQUEST,
    PROPOSAL,
    REPORT,
    REQUEST,
    WITNESS,
    WITNESS_REQUEST,
)
from auditkit.report import DOCUMENT_NAME, RECORD_NAME, from_json

_MAY_BE_UNKEPT: Final = frozenset(
    {PROPOSAL, REQUEST, REPORT, CHAIN, ELECTION, ELECTION_REQUEST, WITNESS, WITNESS_REQUEST}
)


def recorded_files(record: ReplayRecord, folder: Path) -> dict[str, Evidence]:
    """The files of the record, with their recorded origins."""
    present = read_evidence(folder)
    found: dict[str, Evidence] = {}
    for file in record.files:
        item = present.get(file.name)
        if item is None:
            raise EvidenceError("a file that the record names is missing", where=str(folder / file.name))
        if (item.sha256, item.size) != (file.sha256, file.size):
            raise EvidenceError(
                "the file is not the one in the record",
                where=str(folder / file.name),
                expected=f"{file.size} bytes with SHA-256 {file.sha256}",
                observed=f"{item.size} bytes with SHA-256 {item.sha256}",
            )
        found[file.name] = replace(item, origin=file.origin)
    for file in record.unkept:
        if file.name in found or file.name not in _MAY_BE_UNKEPT:
            raise EvidenceError("the record says that a file was not kept, but it is there", where=file.name)
        found[file.name] = Evidence(file.name, file.sha256, file.size, file.origin)
    if odd := present.keys() - found.keys() - {RECORD_NAME, COMPUTED}:
        raise EvidenceError("the record does not know a file of the folder", where=str(folder / min(odd)))
    return found


def moment_beside(folder: Path) -> datetime | None:
    """When the report judged that has ``folder`` as its evidence; None when there is none that can be read."""
    try:
        document = from_json(read_file(folder.absolute().parent / DOCUMENT_NAME, LIMITS.report_bytes))
        record, _ = digest_of_file(folder / RECORD_NAME)
    except AuditkitError:
        return None
    listed = {item.sha256 for item in document.evidence if item.name == RECORD_NAME}
    return document.run.judged if record in listed else None
