"""ProposalInfo: what is read from a reply, and what a newer or older governance may send."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditkit.errors import EvidenceError
from auditkit.ic import (
    BlessAlternativeGuestOsVersion,
    BlessedMeasurement,
    ExecuteNnsFunction,
    Proposal,
    ProposalInfo,
    ProposalStatus,
    Tally,
    decode_proposal_info,
)
from auditkit.ic.candid import Primitive, label_hash
from auditkit.ic.governance import ACTIONS, BLESS_ACTION, EXECUTE_ACTION
from auditkit.practice.nns.candid_writer import (
    BLOB,
    OptType,
    RecordType,
    VariantType,
    VecType,
    encode,
    record,
)
from auditkit.practice.nns.governance_reply import encode_proposal_reply

# Written from governance.did by hand, not through the practice writer of replies.
NAT64, INT32, TEXT = Primitive.NAT64, Primitive.INT32, Primitive.TEXT
TIMES = ("proposal", "failed", "decided", "executed")


def minimal(action_type, action, **more):
    """A reply with the fields that are read and these only, and with ``more`` ones: name -> (type, value)."""
    proposal = record(url=TEXT, summary=TEXT, action=OptType(action_type))
    fields = {
        "id": (OptType(record(id=NAT64)), {"id": 5}),
        "status": (INT32, 1),
        "topic": (INT32, 5),
        "reject_cost_e8s": (NAT64, 0),
        **{f"{name}_timestamp_seconds": (NAT64, 0) for name in TIMES},
        "proposal": (OptType(proposal), {"url": "", "summary": "", "action": action}),
        **more,
    }
    kind = RecordType(tuple((name, wire_type) for name, (wire_type, _) in fields.items()))
    return encode(OptType(kind), {name: value for name, (_, value) in fields.items()})


def test_there_are_22_actions_and_no_two_share_a_hash():
    assert len(ACTIONS) == 22
    assert len({label_hash(name) for name in ACTIONS}) == 22


@pytest.mark.parametrize("name", [name for name in ACTIONS if name not in (BLESS_ACTION, EXECUTE_ACTION)])
def test_known_actions_are_named(name):
    info = decode_proposal_info(minimal(VariantType(((name, record()),)), (name, {})))
    assert info.proposal.action == name
    assert info.proposal.bless is None


def test_an_unknown_action_is_named_by_its_hash():
    info = decode_proposal_info(
        minimal(VariantType(((4_000_000_000, record(a=TEXT)),)), (4_000_000_000, {"a": "b"}))
    )
    assert info.proposal.action == "unknown action #4000000000"


def test_fields_of_a_newer_interface_are_left_aside():
    more = {"zzz": (VecType(record(a=OptType(TEXT))), [{"a": "b"}]), "aaa": (Primitive.PRINCIPAL, b"\1\2")}
    assert decode_proposal_info(minimal(VariantType((("Motion", record()),)), ("Motion", {}), **more)).id == 5


def bless_reply(content_type, content):
    return minimal(VariantType(((BLESS_ACTION, content_type),)), (BLESS_ACTION, content))


def test_absent_parts_of_the_action_are_empty():
    empty = BlessAlternativeGuestOsVersion((), "", ())
    assert decode_proposal_info(bless_reply(record(), {})).proposal.bless == empty
    kind = record(chip_ids=OptType(VecType(BLOB)), rootfs_hash=OptType(TEXT))
    assert (
        decode_proposal_info(bless_reply(kind, {"chip_ids": None, "rootfs_hash": None})).proposal.bless
        == empty
    )


WRONG = {
    "chip ids of texts": (
        record(chip_ids=OptType(VecType(TEXT))),
        {"chip_ids": ["a"]},
        ("vec nat8", "text"),
    ),
    "one chip id": (record(chip_ids=OptType(BLOB)), {"chip_ids": b"a"}, ("vec nat8", "nat8")),
    "chip ids of opts": (
        record(chip_ids=OptType(VecType(OptType(Primitive.NAT8)))),
        {"chip_ids": [3]},
        ("vec nat8", "opt"),
    ),
    "a root hash of bytes": (record(rootfs_hash=OptType(BLOB)), {"rootfs_hash": b"ab"}, ("text", "vec")),
    "measurements of bytes": (
        record(base_guest_launch_measurements=OptType(BLOB)),
        {"base_guest_launch_measurements": b""},
        ("record", "vec"),
    ),
    "a text": (TEXT, "x", ("record", "text")),
}


@pytest.mark.parametrize(("content_type", "content", "told"), WRONG.values(), ids=WRONG.keys())
def test_parts_of_another_type_are_refused_and_not_taken_for_absent(content_type, content, told):
    with pytest.raises(EvidenceError, match=r"^the answer holds a value of another type") as caught:
        decode_proposal_info(bless_reply(content_type, content))
    assert (caught.value.expected, caught.value.observed) == told


@pytest.mark.parametrize(("reply", "count"), [(b"DIDL\x00\x00", "0"), (b"DIDL\x00\x02\x7f\x7f", "2")])
def test_a_reply_is_one_value(reply, count):
    with pytest.raises(EvidenceError, match=r"^the reply does not hold one value") as caught:
        decode_proposal_info(reply)
    assert (caught.value.expected, caught.value.observed) == ("1", count)


@pytest.mark.parametrize(
    ("tally", "told"),
    [
        (
            Tally(yes=1, no=2, total=3, timestamp_seconds=0),
            "yes 1, no 2, total 3 (33.33% of the voting power in favour)",
        ),
        (Tally(0, 0, 0, 0), "yes 0, no 0, total 0"),
    ],
)
def test_a_tally_in_words(tally, told):
    assert str(tally) == told


def test_statuses_beyond_the_known_ones():
    info = decode_proposal_info(
        minimal(VariantType((("Motion", record()),)), ("Motion", {}), status=(INT32, 77))
    )
    assert info.status is None
    assert info.status_name == "unknown status 77"
    assert [status.value for status in ProposalStatus] == [0, 1, 2, 3, 4, 5]


def test_null_is_no_proposal():
    assert decode_proposal_info(encode_proposal_reply(None)) is None
    assert decode_proposal_info(b"DIDL\x00\x01\x7f") is None


u64 = st.integers(0, 2**64 - 1)
texts = st.text(max_size=20)
measurements = st.builds(BlessedMeasurement, st.binary(max_size=50), st.none() | texts, st.none() | texts)
blessings = st.builds(
    BlessAlternativeGuestOsVersion,
    st.lists(st.binary(max_size=70), max_size=4).map(tuple),
    texts,
    st.lists(measurements, max_size=5).map(tuple),
)
infos = st.builds(
    ProposalInfo,
    id=st.none() | u64,
    status_number=st.integers(-(2**31), 2**31 - 1),
    topic=st.integers(-(2**31), 2**31 - 1),
    proposer=st.none() | u64,
    proposal=st.none()
    | st.builds(Proposal, st.none() | texts, texts, texts, st.just(BLESS_ACTION), blessings),
    latest_tally=st.none() | st.builds(Tally, u64, u64, u64, u64),
    proposal_timestamp_seconds=u64,
    deadline_timestamp_seconds=st.none() | u64,
    decided_timestamp_seconds=u64,
    executed_timestamp_seconds=u64,
    failed_timestamp_seconds=u64,
    reject_cost_e8s=u64,
    failure_reason=st.none() | texts,
)


@settings(deadline=1000)
@given(infos)
def test_what_the_practice_canister_writes_is_read(info):
    assert decode_proposal_info(encode_proposal_reply(info)) == info


EXECUTE = record(nns_function=INT32, payload=BLOB)


def execute_reply(kind, value, **more):
    return minimal(VariantType(((EXECUTE_ACTION, kind),)), (EXECUTE_ACTION, value), **more)


def test_a_function_of_the_nns_is_read_with_its_payload():
    proposal = decode_proposal_info(execute_reply(EXECUTE, {"nns_function": 38, "payload": b"DIDL"})).proposal
    assert proposal.execute == ExecuteNnsFunction(38, b"DIDL")
    assert proposal.bless is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (record(), {}),
        (record(payload=BLOB), {"payload": b""}),
        (record(nns_function=INT32), {"nns_function": 38}),
        (record(nns_function=TEXT, payload=BLOB), {"nns_function": "38", "payload": b""}),
        (record(nns_function=INT32, payload=TEXT), {"nns_function": 38, "payload": ""}),
    ],
)
def test_a_function_of_another_form_is_refused(kind, value):
    with pytest.raises(EvidenceError):
        decode_proposal_info(execute_reply(kind, value))


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        (record(type_name=OptType(TEXT)), {"type_name": "Motion"}, "Motion"),
        (record(type_name=OptType(TEXT)), {"type_name": None}, None),
        (record(type_name=INT32), {"type_name": 1}, None),
        (TEXT, "Motion", None),
    ],
)
def test_the_name_that_governance_gives_an_action_decides_nothing(kind, value, told):
    proposal = record(url=TEXT, summary=TEXT, self_describing_action=OptType(kind))
    reply = minimal(
        VariantType(()),
        None,
        proposal=(OptType(proposal), {"url": "", "summary": "", "self_describing_action": value}),
    )
    assert decode_proposal_info(reply).proposal.self_described == told
