"""Check a SEV recovery GuestOS of the Internet Computer, from the certified proposal to the launch measurements.

from auditkit import Parameters, check

document, evidence = check(Parameters.from_file(Path("params/practice/honest.yaml")))
print(document.verdict)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditkit.errors import (
    AuditFailedError,
    AuditkitError,
    EvidenceError,
    ParameterError,
    SigningError,
    SourceError,
)
from auditkit.version import __version__

if TYPE_CHECKING:
    from auditkit.audit import Verdict
    from auditkit.decision import Decision
    from auditkit.pipeline import Parameters, check
    from auditkit.report import AuditDocument

__all__ = [
    "AuditDocument",
    "AuditFailedError",
    "AuditkitError",
    "Decision",
    "EvidenceError",
    "ParameterError",
    "Parameters",
    "SigningError",
    "SourceError",
    "Verdict",
    "__version__",
    "check",
]

_HOMES = {
    "AuditDocument": "auditkit.report",
    "Decision": "auditkit.decision",
    "Parameters": "auditkit.pipeline",
    "Verdict": "auditkit.audit",
    "check": "auditkit.pipeline",
}


def __getattr__(name: str) -> object:
    """Loads a public name when it is first used, so that a command starts without what it does not need."""
    from importlib import import_module  # noqa: PLC0415

    if name not in _HOMES:
        raise AttributeError(f"module 'auditkit' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
