"""Checks 1 to 13 and 48: is this the governance canister's answer about an election of a GuestOS version?

The checks are listed in `auditkit.checks` and explained in docs/certificates.md.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from auditkit import checks
from auditkit.decision import Decision
from auditkit.errors import EvidenceError
from auditkit.ic.decision_log import DecisionLog
from auditkit.ic.election import NNS_FUNCTION_REVISE_ELECTED, ElectionPayload, decode_election
from auditkit.ic.governance import EXECUTE_ACTION, ProposalInfo
from auditkit.ic.proposal_verification import (
    Stage,
    read_authentic,
    require_question,
    something_else,
    state_and_wanted,
    status_decision,
)
from auditkit.limits import LIMITS, Limits


@dataclass(frozen=True, slots=True)
class ElectionVerification:
    """What checks 1 to 13 and 48 decided.

    Attributes:
        decisions: one a check, in the order of their numbers.
        proposal: the proposal when none of checks 1 to 13 failed, else None.
        election: the payload when ``proposal`` is there and elects a version, whatever its status.
        time_ns: when the certificate was signed, nanoseconds since 1970; None when one of checks 1 to 11
            failed.
        signed_by: who signed, in words; empty when one of checks 1 to 11 failed.
        request_id: the 32-byte id of the call that the certificate answers; None when there is not exactly
            one.
    """

    decisions: tuple[Decision, ...]
    proposal: ProposalInfo | None
    election: ElectionPayload | None
    time_ns: int | None
    signed_by: str
    request_id: bytes | None


def verify_election(
    data: bytes,
    *,
    root_key: bytes,
    proposal_id: int | None,
    stage: Stage,
    request: bytes | None,
    now_ns: int | None = None,
    limits: Limits = LIMITS,
) -> ElectionVerification:
    """Decides checks 1 to 13 and 48 about the bytes of a certificate. Bad bytes never raise: they fail a check.

    Args and errors are those of `verify_proposal`; at stage ``recover`` the election has to be executed, at stage
    ``vote`` it may still be open.
    """
    require_question(proposal_id, stage)
    now_ns = time.time_ns() if now_ns is None else now_ns
    read = read_authentic(
        data, root_key=root_key, proposal_id=proposal_id, request=request, now_ns=now_ns, limits=limits
    )
    election: ElectionPayload | None = None
    if read.proposal is not None:
        election = _decide_election(read.log, read.proposal, stage, limits)
        if election is not None:
            read.log.add(
                status_decision(
                    checks.ELECTION_STAGE, read.proposal, EXECUTE_ACTION, stage, (read.time_ns or 0, now_ns)
                )
            )
    return ElectionVerification(
        decisions=read.log.in_order(checks.ELECTION_CHECKS),
        proposal=read.proposal,
        election=election,
        time_ns=read.time_ns,
        signed_by=read.signed_by,
        request_id=read.request_id,
    )


def _decide_election(
    log: DecisionLog, info: ProposalInfo, stage: Stage, limits: Limits
) -> ElectionPayload | None:
    """The payload when the proposal elects a version; otherwise check 48 fails."""
    check = checks.ELECTION_STAGE
    observed, expected = state_and_wanted(info, EXECUTE_ACTION, stage)
    execute = info.proposal.execute if info.proposal is not None else None
    if execute is None:
        log.add(check.failed(observed, something_else(info), expected=expected))
        return None
    if execute.nns_function != NNS_FUNCTION_REVISE_ELECTED:
        log.add(
            check.failed(
                f"function {execute.nns_function}",
                "The proposal calls another function of the NNS than the one that elects GuestOS versions.",
                expected=f"function {NNS_FUNCTION_REVISE_ELECTED}",
            )
        )
        return None
    try:
        election = decode_election(execute.payload, limits=limits)
    except EvidenceError as error:
        log.add(
            check.failed(
                str(error), "What the proposal elects is not in a form that is known.", expected=expected
            )
        )
        return None
    if election.version_to_elect is None:
        log.add(
            check.failed(
                f"un-elects {len(election.versions_to_unelect)} and elects none",
                "The proposal only ends the election of versions.",
                expected="a version to elect",
            )
        )
        return None
    return election
