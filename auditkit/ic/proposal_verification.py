"""Checks 12 to 14: is this the governance canister's answer about our proposal, and does the answer fit?

The checks are listed in `auditkit.checks` and explained in docs/certificates.md.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from auditkit import checks
from auditkit.decision import Check, Decision
from auditkit.errors import EvidenceError, ParameterError
from auditkit.ic.decision_log import DecisionLog
from auditkit.ic.election import NNS_FUNCTION_REVISE_ELECTED
from auditkit.ic.governance import (
    BLESS_ACTION,
    BlessAlternativeGuestOsVersion,
    ProposalInfo,
    ProposalStatus,
    decide_request,
    decode_proposal_info,
)
from auditkit.ic.principal import GOVERNANCE
from auditkit.ic.verification import time_text, verify_certificate
from auditkit.limits import LIMITS, Limits

Stage: TypeAlias = Literal["vote", "recover"]


@dataclass(frozen=True, slots=True)
class ProposalVerification:
    """What checks 1 to 14 decided.

    Attributes:
        decisions: one a check, in the order of their numbers.
        proposal: the proposal when none of checks 1 to 13 failed, else None.
        bless: the action's content when ``proposal`` is there and its action is
            BlessAlternativeGuestOsVersion.
        time_ns: when the certificate was signed, nanoseconds since 1970; None when one of checks 1 to 11
            failed.
        signed_by: who signed, in words; empty when one of checks 1 to 11 failed.
        request_id: the 32-byte id of the call that the certificate answers; None when there is not exactly
            one.
    """

    decisions: tuple[Decision, ...]
    proposal: ProposalInfo | None
    bless: BlessAlternativeGuestOsVersion | None
    time_ns: int | None
    signed_by: str
    request_id: bytes | None


def verify_proposal(
    data: bytes,
    *,
    root_key: bytes,
    proposal_id: int | None,
    stage: Stage,
    request: bytes | None,
    now_ns: int | None = None,
    limits: Limits = LIMITS,
) -> ProposalVerification:
    """Decides checks 1 to 14 about the bytes of a certificate. Bad bytes never raise: they fail a check.

    Args:
        data: the certificate file, with or without tag 55799.
        root_key: DER, 133 bytes.
        proposal_id: the number of the wanted proposal; None takes the one that the stored request asked
            for, or the one that the reply holds when there is no request.
        stage: ``vote`` accepts a proposal that is open, adopted or executed; ``recover`` only an executed
            one.
        request: the stored envelope of the call; None leaves unproven what was asked of whom (a warning).
        now_ns: the present, nanoseconds since 1970; None asks the clock. At stage ``vote`` it decides whether the
            vote is over, which leaves check 14 without an answer.

    Raises:
        ParameterError: ``root_key`` is not a key, ``stage`` is unknown, or ``proposal_id`` does not fit 64
            bits.
        AuditkitError: no BLS library is installed.
    """
    require_question(proposal_id, stage)
    now_ns = time.time_ns() if now_ns is None else now_ns
    read = read_authentic(
        data, root_key=root_key, proposal_id=proposal_id, request=request, now_ns=now_ns, limits=limits
    )
    if read.proposal is not None:
        read.log.add(_stage_decision(read.proposal, stage, read.time_ns or 0, now_ns))
    proposal = read.proposal
    return ProposalVerification(
        decisions=read.log.in_order(checks.PROPOSAL_CHECKS),
        proposal=proposal,
        bless=proposal.proposal.bless if proposal is not None and proposal.proposal is not None else None,
        time_ns=read.time_ns,
        signed_by=read.signed_by,
        request_id=read.request_id,
    )


def verify_embedded_proposal(
    data: bytes,
    *,
    root_key: bytes,
    request: bytes | None,
    stage: Stage = "recover",
    now_ns: int | None = None,
) -> ProposalVerification:
    """`verify_proposal` for a certificate that speaks for itself: about whichever proposal it holds."""
    return verify_proposal(
        data, root_key=root_key, proposal_id=None, stage=stage, request=request, now_ns=now_ns
    )


@dataclass(frozen=True, slots=True)
class AuthenticProposal:
    """What checks 1 to 13 found; a further check of the proposal is added to the log.

    Attributes:
        log: the decisions.
        proposal: the proposal when none of the checks failed, else None.
        time_ns, signed_by, request_id: as in `ProposalVerification`.
    """

    log: DecisionLog
    proposal: ProposalInfo | None
    time_ns: int | None
    signed_by: str
    request_id: bytes | None


def require_question(proposal_id: int | None, stage: Stage) -> None:
    """Makes sure that a proposal can be asked about.

    Raises:
        ParameterError: ``stage`` is unknown, or ``proposal_id`` does not fit 64 bits.
    """
    if stage not in ("vote", "recover"):
        raise ParameterError(f"there is no stage {stage!r}", hint="say vote or recover")
    if proposal_id is not None and not 0 <= proposal_id < 1 << 64:
        raise ParameterError(f"{proposal_id} cannot be the number of a proposal", hint="give a 64-bit number")


def read_authentic(
    data: bytes,
    *,
    root_key: bytes,
    proposal_id: int | None,
    request: bytes | None,
    now_ns: int,
    limits: Limits,
) -> AuthenticProposal:
    """Decides checks 1 to 13, whatever the proposal does. Args and errors are those of `verify_proposal`."""
    signed = verify_certificate(data, root_key=root_key, canister=GOVERNANCE, now_ns=now_ns, limits=limits)
    log = DecisionLog()
    log.add(*signed.decisions)
    request_id: bytes | None = None
    proposal: ProposalInfo | None = None
    if signed.certificate is not None:
        answer = decide_request(log, signed.certificate.tree, request, proposal_id, limits)
        request_id = answer.request_id
        if answer.reply is not None:
            proposal = _decide_reply(log, answer.reply, answer.asked_for, signed.signed_by, limits)
    return AuthenticProposal(
        log=log,
        proposal=proposal if log.failed is None else None,
        time_ns=signed.time_ns,
        signed_by=signed.signed_by,
        request_id=request_id,
    )


def _decide_reply(
    log: DecisionLog, reply: bytes, proposal_id: int | None, signed_by: str, limits: Limits
) -> ProposalInfo | None:
    """Check 13: the proposal when the reply holds it."""
    check = checks.PROPOSAL_REPLY
    wanted = "a proposal" if proposal_id is None else f"proposal {proposal_id}"
    try:
        proposal = decode_proposal_info(reply, limits=limits)
    except EvidenceError as error:
        log.add(
            check.failed(
                str(error), "The reply is not a proposal in the governance interface.", expected=wanted
            )
        )
        return None
    if proposal is None:
        reason = f"Governance says that there is no such proposal; the answer is signed by {signed_by}."
        log.add(check.failed("null", reason, expected=wanted))
        return None
    if proposal.id is None or proposal_id not in (None, proposal.id):
        log.add(
            check.failed(f"proposal {proposal.id}", "The reply is about another proposal.", expected=wanted)
        )
        return None
    log.add(
        check.passed(f"proposal {proposal.id}", "The reply, decoded completely, holds it.", expected=wanted)
    )
    return proposal


def _stage_decision(info: ProposalInfo, stage: Stage, signed_ns: int, now_ns: int) -> Decision:
    """Check 14."""
    check = checks.PROPOSAL_STAGE
    if info.proposal is None or info.proposal.bless is None:
        observed, expected = state_and_wanted(info, BLESS_ACTION, stage)
        return check.failed(observed, something_else(info), expected=expected)
    return status_decision(check, info, BLESS_ACTION, stage, (signed_ns, now_ns))


def status_decision(
    check: Check, info: ProposalInfo, action: str, stage: Stage, times_ns: tuple[int, int]
) -> Decision:
    """Whether the status of a proposal that does what it should fits the stage.

    Args:
        check: the check that asks.
        action: what the proposal should do.
        times_ns: when the answer was signed, and the present; nanoseconds since 1970.
    """
    signed_ns, now_ns = times_ns
    accepted = _accepted(stage)
    observed, expected = state_and_wanted(info, action, stage)
    if info.status is None or info.status not in accepted:
        still = " It is open for votes: that is stage vote." if info.status is ProposalStatus.OPEN else ""
        return check.failed(
            observed,
            f"A proposal in this status cannot be acted on at stage {stage}.{still}",
            expected=expected,
        )
    if info.status is ProposalStatus.OPEN and info.deadline_timestamp_seconds is not None:
        deadline_ns = info.deadline_timestamp_seconds * 1_000_000_000
        if deadline_ns < signed_ns:
            return check.failed(
                observed,
                f"It is said to be open at {time_text(signed_ns)}, when its own voting deadline had passed.",
                expected=expected,
            )
        if deadline_ns <= now_ns:
            return check.skipped(
                f"The vote is over: it was open when this answer was signed, until {time_text(deadline_ns)}. "
                "Fetch it again to see how it ended."
            )
    return check.passed(observed, accepted[info.status], expected=expected)


def something_else(info: ProposalInfo) -> str:
    """That a proposal does something else than what was asked about, and whether that can be audited too."""
    proposal = info.proposal
    if proposal is not None and proposal.bless is not None:
        return "The proposal blesses a recovery GuestOS and elects nothing: audit it with subject: recovery."
    execute = proposal.execute if proposal is not None else None
    if execute is not None and execute.nns_function == NNS_FUNCTION_REVISE_ELECTED:
        return "The proposal is about the election of GuestOS releases: audit it with subject: election."
    return "The proposal does something else."


def state_and_wanted(info: ProposalInfo, action: str, stage: Stage) -> tuple[str, str]:
    """What a proposal does and how it stands, and what would have been accepted."""
    found = info.proposal.action if info.proposal is not None else None
    names = " or ".join(status.name.capitalize() for status in _accepted(stage))
    return f"{found or 'no action'}, {_state_text(info)}", f"{action}, {names}"


def _accepted(stage: Stage) -> Mapping[ProposalStatus, str]:
    return _RECOVER if stage == "recover" else _VOTE


_RECOVER: Final = {ProposalStatus.EXECUTED: "The proposal was adopted and executed."}
_VOTE: Final = {
    ProposalStatus.OPEN: "The proposal is open for votes.",
    ProposalStatus.ACCEPTED: "The proposal was adopted: voting is over.",
    ProposalStatus.EXECUTED: "The proposal was adopted and executed: voting is over.",
}


def _state_text(info: ProposalInfo) -> str:
    parts = [info.status_name]
    if info.latest_tally is not None:
        parts.append(f"tally {info.latest_tally}")
    if info.deadline_timestamp_seconds is not None:
        parts.append(f"voting deadline {time_text(info.deadline_timestamp_seconds * 1_000_000_000)}")
    if info.failure_reason is not None:
        parts.append(f"failure: {info.failure_reason[:200]}")
    return ", ".join(parts)
