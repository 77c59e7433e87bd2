"""Who built the release, in the same words in every rendering."""

from __future__ import annotations

from typing import Final

from auditkit import checks
from auditkit.decision import Outcome
from auditkit.report.build_record import BuildRecord
from auditkit.report.document import AuditDocument

CAVEAT: Final = (
    "A run of GitHub Actions made these files from this commit: that is all it says. It does not say that others who "
    "build the commit get the same, nor that the source is good."
)
"""What an attestation does not prove."""

_RUNNERS: Final = {
    "github-hosted": "a machine of GitHub's",
    "self-hosted": "self-hosted: the repository owner's own machine",
}


def is_built(document: AuditDocument) -> bool:
    """Whether an attestation that keeps all rules vouches for the image that was audited."""
    asked = document.parameters.get("provenance_source") is not None
    outcomes = document.outcomes
    return asked and all(outcomes.get(check.id) is Outcome.PASS for check in checks.PROVENANCE_CHECKS)


def who_built(document: AuditDocument) -> tuple[str, str] | None:
    """The answer to "who built it?", and how it goes on in words of others; None where nobody was asked."""
    if document.parameters.get("provenance_source") is None:
        return None
    run = document.provenance.run_url if document.provenance else None
    if is_built(document):
        return "dfinity's release workflow, from the commit that is the version, in the run", run or ""
    made = {decision.id: decision for decision in document.decisions}
    wrong = next(
        (
            one
            for check in checks.PROVENANCE_CHECKS
            if (one := made.get(check.id)) and one.outcome is Outcome.FAIL
        ),
        None,
    )
    if wrong is not None:
        return f"not as a release has to be (check {wrong.number}, {wrong.id}):", wrong.observed
    attested = made.get(checks.PROVENANCE_ATTESTED.id)
    if attested is not None and attested.outcome is Outcome.WARN:
        return "nobody attests it.", attested.reason
    return "not known:", _unanswered(document)


def _unanswered(document: AuditDocument) -> str:
    """Why one of the checks has no answer."""
    made = {decision.id: decision for decision in document.decisions}
    for check in checks.PROVENANCE_CHECKS:
        one = made.get(check.id)
        if one is None and len(document.trouble) == 1:
            return f"{document.trouble[0].what}."
        if one is None or one.outcome is Outcome.SKIP:
            return one.reason if one else "it could not be determined."
    return "it could not be determined."


def build_facts(record: BuildRecord | None) -> tuple[tuple[str, str], ...]:
    """What the attestation says, by names; nothing where there is none."""
    if record is None:
        return ()
    told = (
        ("repository", record.repository),
        ("commit", record.commit),
        ("branch", record.ref),
        ("signed by the workflow", record.workflow),
        ("started by the workflow", record.build_config),
        ("run", record.run_url),
        ("on", _RUNNERS.get(record.runner or "", record.runner)),
        ("workflow named by", record.issuer),
        ("logged", f"{record.logged[:10]} {record.logged[11:19]} UTC, entry {record.log_index}"),
    )
    return tuple((name, value or "not said") for name, value in told)
