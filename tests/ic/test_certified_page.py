"""A certified page of the list of proposals is refused when it could leave an election out."""

from __future__ import annotations

import pytest
from election_world import NOW_NS, ROOT_KEY, Governance, certified

from auditkit.errors import EvidenceError
from auditkit.ic import (
    GET_PROPOSAL_INFO,
    LIST_PROPOSALS,
    MAINNET_ROOT_KEY,
    OTHER_TOPICS,
    REGISTRY,
    candid,
    encode_list_proposals_argument,
    verify_proposal_page,
)
from auditkit.ic.candid import Primitive
from auditkit.practice.nns.candid_writer import OptType, VecType, encode, record
from auditkit.practice.nns.governance_reply import encode_list_reply

NUMBERS = VecType(Primitive.INT32)
ARGUMENT = encode_list_proposals_argument(None, 100, OTHER_TOPICS)


@pytest.fixture
def governance() -> Governance:
    held = Governance()
    for number in (3, 5, 9):
        held.elect(number)
    return held


def verify(call, **changes):
    arguments = {"root_key": ROOT_KEY, "request": call.request, "now_ns": NOW_NS, **changes}
    return verify_proposal_page(call.certificate, **arguments)


def reply_of(governance: Governance, *numbers: int) -> bytes:
    return encode_list_reply([governance.held[number].info for number in numbers])


def asked(**changes) -> bytes:
    """An argument that another program would send, with what a test changes."""
    value = {
        "include_reward_status": [],
        "before_proposal": None,
        "limit": 100,
        "exclude_topic": [12],
        "include_status": [],
        **changes,
    }
    fields = {
        "include_reward_status": NUMBERS,
        "before_proposal": OptType(record(id=Primitive.NAT64)),
        "limit": Primitive.NAT32,
        "exclude_topic": NUMBERS,
        "include_status": NUMBERS,
    }
    return encode(record(**fields), value)


def test_a_page_says_what_it_lists(governance):
    page = verify(governance.page(before=9))
    assert [info.id for info in page.proposals] == [5, 3]
    assert (page.before, page.limit, page.time_ns, page.is_last) == (9, 100, NOW_NS, True)


def test_a_page_as_long_as_was_asked_for_is_not_the_last(governance):
    page = verify(governance.page(limit=3))
    assert (page.before, len(page.proposals), page.is_last) == (None, 3, False)


def test_the_question_of_another_program_is_understood(governance):
    argument = asked(before_proposal={"id": 7}, limit=2)
    page = verify(certified(LIST_PROPOSALS, argument, reply_of(governance, 5, 3)))
    assert (page.before, page.limit, page.is_last) == (7, 2, False)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"exclude_topic": [12, 13]}, "left out the topic"),
        ({"include_status": [4]}, "in some states only"),
        ({"include_reward_status": [1]}, "in some states only"),
        ({"limit": 0}, "so many"),
        ({"limit": 101}, "so many"),
    ],
)
def test_a_question_that_leaves_out_elections_is_refused(governance, changes, told):
    with pytest.raises(EvidenceError, match=told):
        verify(certified(LIST_PROPOSALS, asked(**changes), reply_of(governance, 5, 3)))


def test_two_arguments_are_refused(governance):
    argument = encode(Primitive.NAT64, 1)
    two = argument[:5] + b"\x02\x78\x78" + argument[-8:] * 2
    assert len(candid.decode(two)) == 2
    with pytest.raises(EvidenceError, match="not one argument"):
        verify(certified(LIST_PROPOSALS, two, reply_of(governance, 5, 3)))


@pytest.mark.parametrize(
    ("numbers", "before"), [((3, 5), None), ((5, 5), None), ((9, 5, 3), 9), ((9, 5, 3), 4)]
)
def test_a_page_out_of_order_is_refused(governance, numbers, before):
    argument = encode_list_proposals_argument(before, 100, OTHER_TOPICS)
    with pytest.raises(EvidenceError, match="from the newest down"):
        verify(certified(LIST_PROPOSALS, argument, reply_of(governance, *numbers)))


def test_a_page_that_is_too_long_is_refused(governance):
    argument = encode_list_proposals_argument(None, 2, OTHER_TOPICS)
    with pytest.raises(EvidenceError, match="longer than was asked for"):
        verify(certified(LIST_PROPOSALS, argument, reply_of(governance, 9, 5, 3)))


def test_another_method_is_refused(governance):
    with pytest.raises(EvidenceError, match="another method"):
        verify(certified(GET_PROPOSAL_INFO, ARGUMENT, reply_of(governance, 9, 5, 3)))


def test_another_canister_is_refused(governance):
    with pytest.raises(EvidenceError, match="another canister"):
        verify(certified(LIST_PROPOSALS, ARGUMENT, reply_of(governance, 9), canister=REGISTRY))


def test_the_request_of_another_page_is_refused(governance):
    with pytest.raises(EvidenceError, match="another call"):
        verify(governance.page(), request=governance.page(before=9).request)


def test_another_root_key_is_refused(governance):
    with pytest.raises(EvidenceError, match="does not hold"):
        verify(governance.page(), root_key=MAINNET_ROOT_KEY)


def test_a_changed_page_is_refused(governance):
    call = governance.page()
    changed = call.certificate.replace(b"Elect 5", b"Elect 6")
    assert changed != call.certificate
    with pytest.raises(EvidenceError, match="does not hold") as refused:
        verify_proposal_page(changed, root_key=ROOT_KEY, request=call.request)
    assert refused.value.where == "certificate.signature"


def test_a_reply_that_is_no_list_is_refused(governance):
    with pytest.raises(EvidenceError, match="another type"):
        verify(certified(LIST_PROPOSALS, ARGUMENT, encode(Primitive.NAT64, 1)))
