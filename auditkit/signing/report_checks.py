"""What `auditkit verify-report` asks of a signed report, numbered, in order.

These checks are about the report as a document; the checks of the audit itself are in `auditkit.checks`.
"""

from __future__ import annotations

from typing import Final

from auditkit.audit import Policy
from auditkit.decision import Check

DOCUMENT: Final = Check(
    1,
    "report.document",
    "Is audit.json whole, and does its verdict follow from its decisions?",
    "a consistent document",
)
EVIDENCE: Final = Check(
    2,
    "report.evidence",
    "Is every evidence file the one that audit.json lists?",
    "the SHA-256 and size that audit.json lists, no file more or less",
)
RENDERINGS: Final = Check(
    3,
    "report.renderings",
    "Do report.html and report.md say what audit.json says?",
    "the same bytes as a new rendering",
)
FORM: Final = Check(
    4,
    "signature.form",
    "Are the signatures well-formed, and nothing else beside them?",
    "DSSE envelopes of in-toto statements, two for each auditor",
)
KEYS: Final = Check(
    5,
    "signature.keys",
    "Did the keys that the signatures name make them?",
    "a valid signature under every key of the trust list that is named",
)
SIGNERS: Final = Check(
    6,
    "signature.signers",
    "Have enough auditors whom you trust signed?",
    "at least 1 auditor of the trust list",
)
SUBJECTS: Final = Check(
    7,
    "statement.subjects",
    "Are the files in the folder those that were signed, and no others?",
    "every file signed, every signed file there",
)
CONTENT: Final = Check(
    8,
    "statement.content",
    "Do the signed statements say what audit.json says?",
    "the same verdict, decisions, subject and policy",
)
REQUIRED: Final = Check(
    9,
    "report.verdict",
    "Is the verdict the one that is required, with no qualification but those that are accepted?",
    "the required verdict",
)
REPLAY: Final = Check(
    10,
    "report.replay",
    "Does the audit, repeated from the stored evidence, decide the same?",
    "the same decisions, measurements and verdict",
)


def verification_policy(*, required: bool, replayed: bool) -> Policy:
    """What `auditkit verify-report` demands: an answer to every question that was asked."""
    members = (DOCUMENT, EVIDENCE, RENDERINGS, FORM, KEYS, SIGNERS, SUBJECTS, CONTENT)
    asked = (*members, *((REQUIRED,) if required else ()), *((REPLAY,) if replayed else ()))
    return Policy(
        "verify-report",
        1,
        "The report is authentic and consistent.",
        asked,
        frozenset(check.id for check in asked),
    )
