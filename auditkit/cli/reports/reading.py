"""A finished report, by its folder or by its `audit.json` alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditkit.report import AuditDocument


def read_document(place: Path) -> AuditDocument:
    """What the report says.

    Raises:
        SourceError: there is none.
        EvidenceError: it is malformed.
    """
    from auditkit.limits import LIMITS
    from auditkit.opening import read_file
    from auditkit.report import from_json, read_report_folder

    if place.is_dir():
        return read_report_folder(place).document
    return from_json(read_file(place, LIMITS.report_bytes))
