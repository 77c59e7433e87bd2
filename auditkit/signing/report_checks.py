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
    matters="A document that contradicts itself could tell one reader PASS and another FAIL.",
    failure="audit.json was damaged, or somebody changed it.",
    advice="Get the report folder again from whoever published it.",
)
EVIDENCE: Final = Check(
    2,
    "report.evidence",
    "Is every evidence file the one that audit.json lists?",
    "the SHA-256 and size that audit.json lists, no file more or less",
    matters="The evidence is what the decisions rest on, and what a replay repeats them from.",
    failure="A file of the evidence was changed, added or lost.",
    advice="Get the report folder again from whoever published it.",
)
RENDERINGS: Final = Check(
    3,
    "report.renderings",
    "Do report.html and report.md say what audit.json says?",
    "the same bytes as a new rendering",
    matters="People read the pages, programs read audit.json: they have to say the same.",
    failure="A page tells readers something other than what was decided.",
    advice="Read audit.json alone, or render the page again: `auditkit report DIR --html FILE`.",
)
FORM: Final = Check(
    4,
    "signature.form",
    "Are the signatures well-formed, and nothing else beside them?",
    "DSSE envelopes of in-toto statements, two for each auditor",
    matters="A signature that can be read in two ways can be claimed for something else.",
    failure="The file of signatures is damaged, or something else lies in it.",
    advice="Get the report folder again from whoever published it.",
)
KEYS: Final = Check(
    5,
    "signature.keys",
    "Did the keys that the signatures name make them?",
    "a valid signature under every key of the trust list that is named",
    matters="Only a key that you know says anything about who signed.",
    failure="A signature is not that of the key that it names: what it is about was changed, or it was made up.",
    advice="Get the report folder again from whoever published it.",
)
SIGNERS: Final = Check(
    6,
    "signature.signers",
    "Have enough auditors whom you trust signed?",
    "at least 1 auditor of the trust list",
    matters="Whom you trust is yours to say, in the file of allowed signers.",
    failure="Too few of those whom you trust have signed this report.",
    advice="Add the key of an auditor whom you trust to the file of allowed signers, or get a report that such an "
    "auditor signed.",
)
SUBJECTS: Final = Check(
    7,
    "statement.subjects",
    "Are the files in the folder those that were signed, and no others?",
    "every file signed, every signed file there",
    matters="A file that nobody signed could say anything.",
    failure="The folder holds other files than those that were signed.",
    advice="Get the report folder again from whoever published it.",
)
CONTENT: Final = Check(
    8,
    "statement.content",
    "Do the signed statements say what audit.json says?",
    "the same verdict, decisions, subject and policy",
    matters="Foreign verifiers read the signed statement and not audit.json.",
    failure="What was signed says something other than the report.",
    advice="Do not rely on this report; ask its auditor.",
)
REQUIRED: Final = Check(
    9,
    "report.verdict",
    "Is the verdict the one that is required, with no qualification but those that are accepted?",
    "the required verdict",
    matters="A report can be authentic and say FAIL.",
    failure="The report is not the one that you require.",
    advice="Read the report: it says what failed and what to do.",
)
REPLAY: Final = Check(
    10,
    "report.replay",
    "Does the audit, repeated from the stored evidence, decide the same?",
    "the same decisions, measurements and verdict",
    matters="A replay needs nobody's word: the same evidence has to lead to the same decisions.",
    failure="From the stored evidence, other decisions follow than those of the report.",
    advice="Do not rely on this report; ask its auditor, and compare the versions of auditkit.",
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
