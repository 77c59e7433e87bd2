"""list_proposals: the argument, as another writer of Candid writes it, and pages of the answer."""

from __future__ import annotations

import pytest
from ic.electing import INFO_TYPE, info

from auditkit.errors import EvidenceError, ParameterError
from auditkit.ic import decode_list_proposals, encode_list_proposals_argument
from auditkit.ic.candid import Primitive, decode
from auditkit.practice.nns.candid_writer import OptType, VecType, encode, record

PAGE = record(proposal_info=VecType(INFO_TYPE))
NUMBERS = VecType(Primitive.INT32)
FLAG = OptType(Primitive.BOOL)
ARGUMENT = record(
    include_reward_status=NUMBERS,
    omit_large_fields=FLAG,
    before_proposal=OptType(record(id=Primitive.NAT64)),
    limit=Primitive.NAT32,
    exclude_topic=NUMBERS,
    include_all_manage_neuron_proposals=FLAG,
    include_status=NUMBERS,
    return_self_describing_action=FLAG,
)


def fields(data: bytes) -> dict[int, object]:
    """What a message says, whatever the order of its type table."""
    (value,) = decode(data)
    kind = value.table[value.ref]
    return {name: raw for (name, _), raw in zip(kind.fields, value.raw, strict=True)}


@pytest.mark.parametrize(
    ("before", "limit", "topics"),
    [(None, 1, ()), (139_000, 100, (4, 5, 12)), (0, 50, (1,) * 127), ((1 << 64) - 1, 2, (2**31 - 1,))],
)
def test_the_argument(before, limit, topics):
    expected = encode(
        ARGUMENT,
        {
            "include_reward_status": [],
            "omit_large_fields": True,
            "before_proposal": None if before is None else {"id": before},
            "limit": limit,
            "exclude_topic": list(topics),
            "include_all_manage_neuron_proposals": None,
            "include_status": [],
            "return_self_describing_action": None,
        },
    )
    assert fields(encode_list_proposals_argument(before, limit, topics)) == fields(expected)


def test_the_types_of_the_argument():
    (value,) = decode(encode_list_proposals_argument(5, 7, (1,)))
    assert value.field("limit").number(Primitive.NAT32) == 7
    assert value.field("before_proposal").optional().field("id").number(Primitive.NAT64) == 5
    assert [one.number(Primitive.INT32) for one in value.field("exclude_topic").elements()] == [1]
    assert value.field("omit_large_fields").optional().raw is True


@pytest.mark.parametrize(
    ("before", "limit", "topics"),
    [
        (None, 0, ()),
        (None, 101, ()),
        (-1, 1, ()),
        (1 << 64, 1, ()),
        (None, 1, (-1,)),
        (None, 1, (1 << 31,)),
        (None, 1, (1,) * 128),
    ],
)
def test_what_cannot_be_asked(before, limit, topics):
    with pytest.raises(ParameterError):
        encode_list_proposals_argument(before, limit, topics)


def page(*infos) -> bytes:
    return encode(PAGE, {"proposal_info": list(infos)})


def test_a_page_in_its_order_with_emptied_payloads():
    emptied = {"nns_function": 38, "payload": b""}
    read = decode_list_proposals(page(info(emptied, number=9), info(emptied, number=7, status=1)))
    assert [(one.id, one.status_number) for one in read] == [(9, 4), (7, 1)]
    assert read[0].proposal.execute.nns_function == 38
    assert read[0].proposal.execute.payload == b""


def test_an_empty_page():
    assert decode_list_proposals(page()) == ()


REFUSED = {
    "nothing": b"",
    "no values": b"DIDL\x00\x00",
    "two values": b"DIDL\x00\x02\x7f\x7f",
    "no list": encode(record(), {}),
    "a list of numbers": encode(record(proposal_info=VecType(Primitive.NAT64)), {"proposal_info": [1]}),
    "a proposal of another form": encode(record(proposal_info=VecType(record())), {"proposal_info": [{}]}),
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_page(data):
    with pytest.raises(EvidenceError):
        decode_list_proposals(data)
