"""Check elections of GuestOS releases and recoveries, from what the NNS certified to the launch measurements.

Both are proposals of the Internet Computer's NNS. An election lets nodes run a release; a recovery blesses an SEV
recovery GuestOS, which lets named machines start a replacement.

>>> from auditkit import Audit
>>> audit = Audit.named("practice:honest")
>>> audit.document.verdict.value
'PASS'
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
    from auditkit.pipeline import Audit, Parameters, check, replay
    from auditkit.report import AuditDocument
    from auditkit.trust import MAINNET, Trust

__all__ = [
    "MAINNET",
    "Audit",
    "AuditDocument",
    "AuditFailedError",
    "AuditkitError",
    "Decision",
    "EvidenceError",
    "ParameterError",
    "Parameters",
    "SigningError",
    "SourceError",
    "Trust",
    "Verdict",
    "__version__",
    "check",
    "replay",
]

_HOMES = {
    "MAINNET": "auditkit.trust",
    "Audit": "auditkit.pipeline",
    "AuditDocument": "auditkit.report",
    "Decision": "auditkit.decision",
    "Parameters": "auditkit.pipeline",
    "Trust": "auditkit.trust",
    "Verdict": "auditkit.audit",
    "check": "auditkit.pipeline",
    "replay": "auditkit.pipeline",
}


def __getattr__(name: str) -> object:
    """Loads a public name when it is first used, so that a command starts without what it does not need."""
    from importlib import import_module  # noqa: PLC0415

    if name not in _HOMES:
        raise AttributeError(f"module 'auditkit' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """The public names, for completion, whether or not they were used already."""
    return sorted(__all__)
