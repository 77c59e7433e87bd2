"""The practice governance canister: what it replies to the two methods that an audit asks.

Source: dfinity/ic, governance.did and ``Governance::list_proposals``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from auditkit.errors import EvidenceError
from auditkit.ic import GET_PROPOSAL_INFO, LIST_PROPOSALS, ProposalInfo, candid
from auditkit.ic.candid import Primitive, Typed, encode_nat64_argument
from auditkit.practice.nns.certify import CANISTER_ERROR, Rejection
from auditkit.practice.nns.governance_reply import encode_list_reply
from auditkit.practice.nns.proposals import known_proposals, proposal_reply

_MOST_LISTED: Final = 100
_LISTED_PAYLOAD_BYTES: Final = 1_000
_ARGUMENT_BYTES: Final = len(encode_nat64_argument(0))


def governance_reply(method: str, argument: bytes, now_seconds: int, server: str) -> bytes | Rejection:
    """What governance replies to an update call.

    Args:
        method: its name.
        argument: Candid.
        now_seconds: seconds since 1970.
        server: the address of the release server, which election proposals name.
    """
    if method == GET_PROPOSAL_INFO:
        number = proposal_asked_for(argument)
        if number is None:
            return Rejection(CANISTER_ERROR, "the argument is not one nat64 in its plainest form")
        return proposal_reply(number, now_seconds, server)
    if method == LIST_PROPOSALS:
        try:
            return _list_reply(argument, now_seconds, server)
        except EvidenceError as error:
            return Rejection(CANISTER_ERROR, f"the argument cannot be read: {error}")
    return Rejection(CANISTER_ERROR, f"Canister has no update method '{method}'")


def proposal_asked_for(argument: bytes) -> int | None:
    """The number in the argument of ``get_proposal_info``, which must be one nat64 in its plainest form."""
    number = int.from_bytes(argument[-8:], "little")
    plain = len(argument) == _ARGUMENT_BYTES and argument == encode_nat64_argument(number)
    return number if plain else None


def _list_reply(argument: bytes, now_seconds: int, server: str) -> bytes:
    """The newest proposals that fit, at most 100; topics can be left out, but not chosen."""
    values = candid.decode(argument)
    if len(values) != 1:
        raise EvidenceError("it is not one record")
    asked = values[0]
    before = asked.field("before_proposal").optional()
    newest = None if before is None else before.field("id").number(Primitive.NAT64)
    left_out = _numbers(asked.field("exclude_topic"))
    statuses = _numbers(asked.field("include_status"))
    limit = asked.field("limit").number(Primitive.NAT32)
    describing = asked.field("return_self_describing_action").optional()
    names = describing is not None and describing.raw is True
    fitting = [
        _listed(known.info, names=names)
        for known in known_proposals(now_seconds, server)
        if (newest is None or (known.info.id or 0) < newest)
        and known.info.topic not in left_out
        and (not statuses or known.info.status_number in statuses)
    ]
    return encode_list_reply(fitting[: limit if 0 < limit < _MOST_LISTED else _MOST_LISTED])


def _numbers(field: Typed) -> set[int]:
    return {one.number(Primitive.INT32) for one in field.elements()}


def _listed(info: ProposalInfo, *, names: bool) -> ProposalInfo:
    """A list empties what is executed where it is large: whoever wants it asks for the proposal itself."""
    if info.proposal is None or info.proposal.execute is None:
        return info
    execute = info.proposal.execute
    if len(execute.payload) > _LISTED_PAYLOAD_BYTES:
        execute = replace(execute, payload=b"")
    name = info.proposal.self_described if names else None
    return replace(info, proposal=replace(info.proposal, execute=execute, self_described=name))
