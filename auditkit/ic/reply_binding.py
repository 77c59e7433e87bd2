"""Check 12: is the certified reply the answer to our question?

Without a delegation nothing in the tree names canister, method or argument; only the request id binds them.
Source: IC interface specification, "Request id" and "Request status".
"""

from __future__ import annotations

from dataclasses import dataclass

from auditkit import checks
from auditkit.decision import Qualification
from auditkit.errors import EvidenceError
from auditkit.ic import candid, hash_tree
from auditkit.ic.candid import Primitive
from auditkit.ic.decision_log import DecisionLog
from auditkit.ic.governance import GET_PROPOSAL_INFO
from auditkit.ic.hash_tree import Found, FoundSubtree, HashTree
from auditkit.ic.principal import GOVERNANCE
from auditkit.ic.request import parse_request
from auditkit.limits import Limits


@dataclass(frozen=True, slots=True)
class Answer:
    """What check 12 found: the request id, the reply unless the check failed, the proposal asked for."""

    request_id: bytes | None
    reply: bytes | None
    asked_for: int | None


def decide_request(
    log: DecisionLog, tree: HashTree, request: bytes | None, proposal_id: int | None, limits: Limits
) -> Answer:
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
                    qualifications=(Qualification.NO_REQUEST,),
                )
            )
            return Answer(request_id, reply, proposal_id)
        asked_for = _check_request(request, request_id, proposal_id, limits)
    except EvidenceError as error:
        reason = f"{error.what[0].upper()}{error.what[1:]}."
        log.add(check.failed(error.observed or str(error), reason, expected=error.expected))
        return Answer(request_id, None, proposal_id)
    log.add(
        check.passed(
            f"request {request_id.hex()}",
            f"It answers the stored call {GET_PROPOSAL_INFO}({asked_for}) to governance.",
        )
    )
    return Answer(request_id, reply, asked_for)


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
            "the call was not answered with a reply", expected="status replied", observed=_status_text(answer)
        )
    reply = hash_tree.lookup(answer, (b"reply",))
    if not isinstance(reply, Found):
        raise EvidenceError(
            "the certificate does not show the reply",
            expected="a reply",
            observed=type(reply).__name__.lower(),
        )
    return request_id, reply.value


def _status_text(answer: HashTree) -> str:
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
