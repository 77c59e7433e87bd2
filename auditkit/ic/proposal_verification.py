"""Checks 12 to 14: is this the governance canister's answer about our proposal, and does the answer fit?

The checks are listed in `auditkit.checks` and explained in docs/certificates.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from auditkit import checks
from auditkit.decision import Decision
from auditkit.errors import EvidenceError, ParameterError
from auditkit.ic import candid, hash_tree
from auditkit.ic.candid import Primitive
from auditkit.ic.decision_log import DecisionLog
from auditkit.ic.governance import (
    BLESS_ACTION,
    GET_PROPOSAL_INFO,
    BlessAlternativeGuestOsVersion,
    ProposalInfo,
    ProposalStatus,
    decode_proposal_info,
)
from auditkit.ic.hash_tree import Found, FoundSubtree, HashTree
from auditkit.ic.principal import GOVERNANCE
from auditkit.ic.request import parse_request
from auditkit.ic.verification import told_time, verify_certificate
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
        now_ns: the present, nanoseconds since 1970; None asks the clock.

    Raises:
        ParameterError: ``root_key`` is not a key, ``stage`` is unknown, or ``proposal_id`` does not fit 64
            bits.
        AuditkitError: no BLS library is installed.
    """
    if stage not in ("vote", "recover"):
        raise ParameterError(f"there is no stage {stage!r}", hint="say vote or recover")
    if proposal_id is not None and not 0 <= proposal_id < 1 << 64:
        raise ParameterError(f"{proposal_id} cannot be the number of a proposal", hint="give a 64-bit number")
    signed = verify_certificate(data, root_key=root_key, canister=GOVERNANCE, now_ns=now_ns, limits=limits)
    log = DecisionLog()
    log.add(*signed.decisions)
    request_id: bytes | None = None
    proposal: ProposalInfo | None = None
    if signed.certificate is not None:
        tree = signed.certificate.tree
        answer = _decide_request(log, tree, request, proposal_id, limits)
        request_id = answer.request_id
        if answer.reply is not None:
            proposal = _decide_reply(log, answer.reply, answer.asked_for, limits)
        if proposal is not None and log.failed is None:
            log.add(_stage_decision(proposal, stage))
        else:
            proposal = None
    return ProposalVerification(
        decisions=log.in_order(checks.PROPOSAL_CHECKS),
        proposal=proposal,
        bless=proposal.proposal.bless if proposal is not None and proposal.proposal is not None else None,
        time_ns=signed.time_ns,
        signed_by=signed.signed_by,
        request_id=request_id,
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
class _Answer:
    """What check 12 found: the request id, the reply unless the check failed, the proposal asked for."""

    request_id: bytes | None
    reply: bytes | None
    asked_for: int | None


def _decide_request(
    log: DecisionLog, tree: HashTree, request: bytes | None, proposal_id: int | None, limits: Limits
) -> _Answer:
    """Check 12."""
    check = checks.REPLY_REQUEST
    request_id: bytes | None = None
    try:
        request_id, reply = _reply_of(tree)
        if request is None:
            log.add(
                check.warned(
                    f"reply to request {request_id.hex()}; the request is unknown",
                    "Without the stored request it is not proven which canister, method and argument were called:"
                    " any canister that the signer may speak for could have given this answer.",
                )
            )
            return _Answer(request_id, reply, proposal_id)
        asked_for = _check_request(request, request_id, proposal_id, limits)
    except EvidenceError as error:
        reason = f"{error.what[0].upper()}{error.what[1:]}."
        log.add(check.failed(error.observed or str(error), reason, expected=error.expected))
        return _Answer(request_id, None, proposal_id)
    log.add(
        check.passed(
            f"request {request_id.hex()}",
            f"It answers the stored call {GET_PROPOSAL_INFO}({asked_for}) to governance.",
        )
    )
    return _Answer(request_id, reply, asked_for)


def _reply_of(tree: HashTree) -> tuple[bytes, bytes]:
    """The one request id in the tree, and its reply.

    Raises:
        EvidenceError: none or several, rejected, not done, or pruned.
    """
    statuses = hash_tree.lookup_subtree(tree, (b"request_status",))
    requests = hash_tree.children(statuses.tree) if isinstance(statuses, FoundSubtree) else ()
    if len(requests) != 1:
        raise EvidenceError(
            "the certificate does not answer exactly one call",
            expected="1 request",
            observed=f"{len(requests)}",
        )
    request_id, answer = requests[0].label, requests[0].subtree
    if len(request_id) != 32:
        raise EvidenceError(
            "the request id is not a hash", expected="32 bytes", observed=f"{len(request_id)} bytes"
        )
    status = hash_tree.lookup(answer, (b"status",))
    if status != Found(b"replied"):
        raise EvidenceError(
            "the call was not answered with a reply", expected="status replied", observed=_told_status(answer)
        )
    reply = hash_tree.lookup(answer, (b"reply",))
    if not isinstance(reply, Found):
        raise EvidenceError(
            "the certificate does not show the reply",
            expected="a reply",
            observed=type(reply).__name__.lower(),
        )
    return request_id, reply.value


def _told_status(answer: HashTree) -> str:
    status = hash_tree.lookup(answer, (b"status",))
    if not isinstance(status, Found):
        return f"status {type(status).__name__.lower()}"
    message = hash_tree.lookup(answer, (b"reject_message",))
    told = f"status {status.value[:40].decode('utf-8', 'replace')}"
    return f"{told}: {message.value[:200].decode('utf-8', 'replace')}" if isinstance(message, Found) else told


def _check_request(data: bytes, request_id: bytes, proposal_id: int | None, limits: Limits) -> int:
    """The proposal that the call in ``data``, which has this id, asks governance for.

    Raises:
        EvidenceError: malformed, another call, or another question.
    """
    request = parse_request(data, limits=limits)
    if request.request_id != request_id:
        raise EvidenceError(
            "the certificate answers another call than the stored one",
            expected=f"request {request.request_id.hex()}",
            observed=f"request {request_id.hex()}",
        )
    if request.canister != GOVERNANCE:
        raise EvidenceError(
            "the call went to another canister than governance",
            expected=str(GOVERNANCE),
            observed=str(request.canister),
        )
    if request.method != GET_PROPOSAL_INFO:
        raise EvidenceError(
            "another method was called", expected=GET_PROPOSAL_INFO, observed=ascii(request.method[:80])
        )
    arguments = candid.decode(request.argument, limits=limits)
    asked = [argument.number(Primitive.NAT64) for argument in arguments]
    if len(asked) != 1 or proposal_id not in (None, *asked):
        raise EvidenceError(
            "the call asked for another proposal",
            expected="one proposal" if proposal_id is None else str(proposal_id),
            observed=", ".join(map(str, asked[:4])) or "nothing",
        )
    return asked[0]


def _decide_reply(
    log: DecisionLog, reply: bytes, proposal_id: int | None, limits: Limits
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
        log.add(check.failed("null", "Governance says that there is no such proposal.", expected=wanted))
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


def _stage_decision(info: ProposalInfo, stage: Stage) -> Decision:
    """Check 14."""
    check = checks.PROPOSAL_STAGE
    action = info.proposal.action if info.proposal is not None else None
    observed = f"{action or 'no action'}, {_told_state(info)}"
    accepted = _RECOVER if stage == "recover" else _VOTE
    expected = f"{BLESS_ACTION}, {' or '.join(status.name.capitalize() for status in accepted)}"
    if info.proposal is None or info.proposal.bless is None:
        return check.failed(observed, "The proposal does something else.", expected=expected)
    if info.status is None or info.status not in accepted:
        return check.failed(
            observed, f"A proposal in this status cannot be acted on at stage {stage}.", expected=expected
        )
    return check.passed(observed, accepted[info.status], expected=expected)


_RECOVER: Final = {ProposalStatus.EXECUTED: "The proposal was adopted and executed."}
_VOTE: Final = {
    ProposalStatus.OPEN: "The proposal is open for votes.",
    ProposalStatus.ACCEPTED: "The proposal was adopted: voting is over.",
    ProposalStatus.EXECUTED: "The proposal was adopted and executed: voting is over.",
}


def _told_state(info: ProposalInfo) -> str:
    parts = [info.status_name]
    if info.latest_tally is not None:
        parts.append(f"tally {info.latest_tally}")
    if info.deadline_timestamp_seconds is not None:
        parts.append(f"voting deadline {told_time(info.deadline_timestamp_seconds * 1_000_000_000)}")
    if info.failure_reason is not None:
        parts.append(f"failure: {info.failure_reason[:200]}")
    return ", ".join(parts)
