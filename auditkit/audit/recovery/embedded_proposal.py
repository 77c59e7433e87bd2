"""Whether the proposal inside a recovery image is the audited one (check 31)."""

from __future__ import annotations

from auditkit import checks
from auditkit.audit.recovery.reference import Reference
from auditkit.decision import Decision, Outcome
from auditkit.ic import BlessAlternativeGuestOsVersion, verify_embedded_proposal


def decide_embedded_proposal(
    embedded: bytes | None, reference: Reference, evidence: tuple[str, ...]
) -> tuple[Decision, BlessAlternativeGuestOsVersion | None]:
    """Whether the proposal in the image is the audited one (check 31), and what it blesses where it is right."""
    check = checks.RECOVERY_PROPOSAL
    if embedded is None:
        return check.failed("no proposal", "A node finds no proposal in this image.", evidence=evidence), None
    verification = verify_embedded_proposal(embedded, root_key=reference.root_key, request=None)
    failed = [one for one in verification.decisions if one.outcome is Outcome.FAIL]
    if failed or verification.bless is None or verification.proposal is None:
        first = failed[0] if failed else None
        return check.failed(
            f"{first.id}: {first.observed}" if first else "no proposal of this kind",
            f"The proposal inside the image fails its own checks: {first.reason}"
            if first
            else "The certificate inside the image holds no such proposal.",
            evidence=evidence,
        ), None
    number = verification.proposal.id
    if reference.bless is None:
        return check.warned(
            f"proposal {number}",
            "The proposal inside the image passes its own checks; none was given to compare it with.",
            evidence=evidence,
        ), verification.bless
    if number != reference.proposal_id:
        return check.failed(
            f"proposal {number}",
            "The proposal inside the image is not the one that is audited.",
            expected=f"proposal {reference.proposal_id}",
            evidence=evidence,
        ), verification.bless
    if verification.bless != reference.bless:
        return check.failed(
            f"proposal {number} with other content",
            "The NNS answered differently when the image was built.",
            evidence=evidence,
        ), verification.bless
    same = embedded == reference.certificate
    return check.passed(
        f"proposal {number}, {'the same certificate' if same else 'another certificate of the same content'}",
        "The node reads the proposal that was audited here.",
        evidence=evidence,
    ), verification.bless
