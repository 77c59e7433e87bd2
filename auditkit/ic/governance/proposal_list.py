"""The list of proposals, newest first: how to ask the governance canister for a page of it, and what it answers.

The list leaves out what is long (the payload of an ExecuteNnsFunction above 1,000 bytes among it): it says which
numbers there are, and ``get_proposal_info`` says the rest.

Source: dfinity/ic, rs/nns/governance/canister/governance.did
(``list_proposals : (ListProposalInfoRequest) -> (ListProposalInfoResponse)``).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from auditkit.errors import EvidenceError, ParameterError
from auditkit.ic import candid
from auditkit.ic.candid import Primitive, encode_record_argument
from auditkit.ic.governance.proposals import ProposalInfo
from auditkit.ic.governance.reply import read_info
from auditkit.limits import LIMITS, Limits

LIST_PROPOSALS: Final = "list_proposals"
LARGEST_PAGE: Final = 100
"""As many proposals as governance gives at once."""

# The type table behind the argument's own record, which has place 0.
_NUMBERS, _FLAG, _PAGE, _PROPOSAL = 1, 2, 3, 4
_TYPES: Final = (
    candid.Vec(Primitive.INT32),
    candid.Opt(Primitive.BOOL),
    candid.Opt(_PROPOSAL),
    candid.Record(((candid.label_hash("id"), Primitive.NAT64),)),
)
_NONE: Final = b"\x00"
_SOME: Final = b"\x01"
_EMPTY_VEC: Final = b"\x00"


def encode_list_proposals_argument(
    before: int | None, limit: int, exclude_topics: Sequence[int] = ()
) -> bytes:
    """The argument of ``list_proposals``.

    Args:
        before: only proposals with lower numbers; None for the newest.
        limit: how many, 1 to 100.
        exclude_topics: topics that are left out, as governance numbers them, 0 to 127 of them. There is no way to ask
            for one topic alone.

    Raises:
        ParameterError: a number that does not fit.
    """
    if not 1 <= limit <= LARGEST_PAGE:
        raise ParameterError(
            f"governance does not list {limit} proposals at once", expected=f"1 to {LARGEST_PAGE}"
        )
    if before is not None and not 0 <= before < 1 << 64:
        raise ParameterError(f"{before} cannot be the number of a proposal", hint="give a 64-bit number")
    if len(exclude_topics) > 127 or any(not 0 <= topic < 1 << 31 for topic in exclude_topics):
        raise ParameterError("these cannot be topics of proposals")
    topics = bytes([len(exclude_topics)]) + b"".join(struct.pack("<i", topic) for topic in exclude_topics)
    return encode_record_argument(
        {
            "include_reward_status": (_NUMBERS, _EMPTY_VEC),
            "omit_large_fields": (_FLAG, _SOME + b"\x01"),
            "before_proposal": (_PAGE, _NONE if before is None else _SOME + struct.pack("<Q", before)),
            "limit": (Primitive.NAT32, struct.pack("<I", limit)),
            "exclude_topic": (_NUMBERS, topics),
            "include_all_manage_neuron_proposals": (_FLAG, _NONE),
            "include_status": (_NUMBERS, _EMPTY_VEC),
            "return_self_describing_action": (_FLAG, _NONE),
        },
        _TYPES,
    )


def decode_list_proposals(reply: bytes, *, limits: Limits = LIMITS) -> tuple[ProposalInfo, ...]:
    """The proposals of a page, in the order of the answer; payloads may be emptied.

    Raises:
        EvidenceError: not Candid, no list of proposals, or beyond a limit.
    """
    values = candid.decode(reply, limits=limits)
    if len(values) != 1:
        raise EvidenceError("the reply does not hold one value", expected="1", observed=str(len(values)))
    return tuple(read_info(info) for info in values[0].field("proposal_info").elements())
