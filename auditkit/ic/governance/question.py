"""Check 12: is the certified reply the answer to our question to the governance canister?"""

from __future__ import annotations

from dataclasses import dataclass

from auditkit import checks
from auditkit.decision import Qualification
from auditkit.errors import EvidenceError
from auditkit.ic import candid
from auditkit.ic.candid import Primitive
from auditkit.ic.decision_log import DecisionLog
from auditkit.ic.governance.proposals import GET_PROPOSAL_INFO
from auditkit.ic.hash_tree import HashTree
from auditkit.ic.principal import GOVERNANCE
from auditkit.ic.reply_binding import call_answered, reply_of
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
        request_id, reply = reply_of(tree)
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


def _check_request(data: bytes, request_id: bytes, proposal_id: int | None, limits: Limits) -> int:
    """The proposal that the call in ``data``, which has this id, asks governance for.

    Raises:
        EvidenceError: malformed, another call, or another question.
    """
    request = call_answered(data, request_id, GOVERNANCE, "governance", GET_PROPOSAL_INFO, limits=limits)
    arguments = candid.decode(request.argument, limits=limits)
    asked = [argument.number(Primitive.NAT64) for argument in arguments]
    if len(asked) != 1 or proposal_id not in (None, *asked):
        raise EvidenceError(
            "the call asked for another proposal",
            expected="one proposal" if proposal_id is None else str(proposal_id),
            observed=", ".join(map(str, asked[:4])) or "nothing",
        )
    return asked[0]
