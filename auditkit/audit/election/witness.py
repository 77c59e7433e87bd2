"""A proposal that is said to have elected a version: did it, and what does it say about the release?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from auditkit import checks
from auditkit.decision import Decision, Outcome
from auditkit.ic import BlessedMeasurement, ElectionVerification, ProposalStatus
from auditkit.ic.registry import RegistryVerification

_SECOND_NS: Final = 10**9


@dataclass(frozen=True, slots=True)
class ElectedRelease:
    """What the NNS certified about a release.

    Attributes:
        version: 40 hex digits.
        sha256: SHA-256 of its update image, 64 hex digits in a record that governance accepted.
        urls: where the update image is said to be.
        measurements: its launch measurements; None when it was elected without any.
        said_by: who says so, such as ``the registry (version 62,948)``.
        known_ns: when the NNS knew of it for certain, nanoseconds since 1970; None where that is not certified.
        by_proposal: whether that is the time of a proposal that elected it. The registry only knows when its present
            record was written, and a release that was un-elected may be elected again.
    """

    version: str
    sha256: str
    urls: tuple[str, ...]
    measurements: tuple[BlessedMeasurement, ...] | None
    said_by: str
    known_ns: int | None = None
    by_proposal: bool = False


def heard_witness(version: str, witness: ElectionVerification) -> ElectedRelease | Decision:
    """What an authentic proposal says about ``version``, or the failed check 50 when it did not elect it.

    It did when it was executed, whichever stage it was verified for.
    """
    check = checks.ELECTION_ELECTED
    election, proposal = witness.election, witness.proposal
    if election is not None and proposal is not None and proposal.status is not ProposalStatus.EXECUTED:
        return check.failed(
            f"{said_by(witness)}: {proposal.status_name}",
            "The proposal that is said to have elected the version did not: it was not executed.",
        )
    asked = (checks.PROPOSAL_REPLY.id, checks.ELECTION_STAGE.id)
    stop = next((one for one in witness.decisions if one.id in asked and one.outcome is Outcome.FAIL), None)
    if stop is not None or election is None:
        observed, why = (
            (stop.observed, stop.reason) if stop is not None else ("no election", "It elects none.")
        )
        return check.failed(
            f"{said_by(witness)}: {observed}",
            f"The proposal that is said to have elected the version did not: {why}",
        )
    if election.version_to_elect != version:
        return check.failed(
            f"{said_by(witness)} elected {election.version_to_elect}",
            "The proposal that is said to have elected the version elected another.",
            expected=version,
        )
    return ElectedRelease(
        version,
        election.sha256_hex or "",
        election.urls,
        election.measurements or None,
        said_by(witness),
        proposal.proposal_timestamp_seconds * _SECOND_NS or None if proposal is not None else None,
        by_proposal=True,
    )


def said_by(answer: RegistryVerification | ElectionVerification) -> str:
    """Who answered, such as ``proposal 139000``."""
    if isinstance(answer, ElectionVerification):
        number = answer.proposal.id if answer.proposal is not None else None
        return "a proposal" if number is None else f"proposal {number}"
    return "the registry" if answer.answer is None else f"the registry (version {answer.answer.version:,})"
