"""Checks 12 to 14: the request, the reply and the stage."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ic import electing

from auditkit.errors import ParameterError
from auditkit.ic import (
    ANONYMOUS,
    Principal,
    request_id,
    verify_election,
    verify_embedded_proposal,
    verify_proposal,
)
from auditkit.ic.candid import Primitive, encode_nat64_argument
from auditkit.practice.nns import certify
from auditkit.practice.nns.candid_writer import OptType, encode, record
from auditkit.practice.nns.certify import build_tree, prune

REQUEST, REPLY, STAGE = 12, 13, 14
OTHER_CANISTER = Principal(bytes.fromhex("00000000000000020101"))


def failed(verification):
    return [decision.number for decision in verification.decisions if decision.outcome == "fail"]


def answer_to(world, **changes):
    """A certificate for another call, and that call."""
    call = world.call(**changes)
    state = certify.reply_state(request_id(call), world.reply(), time_ns=world.now)
    return world.certificate(state), world.request(**changes)


@pytest.mark.parametrize("generation", ["2026-03", "2026-07"])
def test_both_generations_of_the_interface(world, generation):
    verification = world.verify(world.certificate(world.state(world.reply(generation))))
    assert not failed(verification)
    entry = verification.bless.base_guest_launch_measurements[0]
    assert entry.measurement == b"m" * 48
    assert entry.vcpu_type == ("EPYC-Milan" if generation == "2026-07" else None)
    assert verification.request_id == world.request_id
    assert verification.signed_by.startswith("the root key")


def test_an_unknown_request_is_a_warning(world):
    verification = world.verify(world.certificate(), request=None)
    assert [d.number for d in verification.decisions if d.outcome == "warn"] == [REQUEST]
    assert "not proven" in verification.decisions[11].reason
    assert verification.proposal == world.info


OTHER_CALLS = {
    "another canister": {"canister": OTHER_CANISTER},
    "another method": {"method": "get_pending_proposals"},
    "another proposal": {"argument": encode_nat64_argument(139001)},
    "no argument": {"argument": b"DIDL\x00\x00"},
    "two arguments": {"argument": b"DIDL\x00\x02\x78\x78" + (139000).to_bytes(8, "little") * 2},
    "argument of another type": {"argument": b"DIDL\x00\x01\x7d" + b"\xf8\xbd\x08"},
    "argument is no Candid": {"argument": b"139000"},
}


@pytest.mark.parametrize("changes", OTHER_CALLS.values(), ids=OTHER_CALLS.keys())
def test_answers_to_other_questions(world, changes):
    data, request = answer_to(world, **changes)
    verification = world.verify(data, request=request)
    assert failed(verification) == [REQUEST]
    assert verification.proposal is None
    assert verification.decisions[12].outcome == "skip"


@pytest.mark.parametrize(
    "changes", [{"nonce": b"x"}, {"nonce": None}, {"ingress_expiry_ns": 1}, {"sender": Principal(b"\1")}]
)
def test_the_same_question_asked_another_time(world, changes):
    assert failed(world.verify(world.certificate(), request=world.request(**changes))) == [REQUEST]
    data, request = answer_to(world, **changes)
    assert not failed(world.verify(data, request=request))


@pytest.mark.parametrize("request_bytes", [b"", b"\xa0", b"\x80", b"not CBOR"])
def test_a_broken_request_file(world, request_bytes):
    assert failed(world.verify(world.certificate(), request=request_bytes)) == [REQUEST]


STATES = {
    "no request": lambda w: {"time": w.state()["time"]},
    "two requests": lambda w: {
        **w.state(),
        "request_status": {
            **w.state()["request_status"],
            bytes(32): {"status": b"replied", "reply": w.reply()},
        },
    },
    "request id of 31 bytes": lambda w: certify.reply_state(bytes(31), w.reply(), time_ns=w.now),
    "rejected": lambda w: certify.rejected_state(w.request_id, 4, "canister trapped", time_ns=w.now),
    "processing": lambda w: certify.pending_state(w.request_id, "processing", time_ns=w.now),
    "done": lambda w: certify.pending_state(w.request_id, "done", time_ns=w.now),
    "no reply": lambda w: certify.pending_state(w.request_id, "replied", time_ns=w.now),
    "reply is a tree": lambda w: certify.reply_state(w.request_id, {"x": b"y"}, time_ns=w.now),
    "requests are a value": lambda w: {**w.state(), "request_status": b"replied"},
    "rejected with a reply": lambda w: {
        **w.state(),
        "request_status": {w.request_id: {"status": b"rejected", "reply": w.reply()}},
    },
    "status with a space": lambda w: {
        **w.state(),
        "request_status": {w.request_id: {"status": b"replied ", "reply": w.reply()}},
    },
}


@pytest.mark.parametrize("make", STATES.values(), ids=STATES.keys())
@pytest.mark.parametrize("known", [True, False])
def test_states_without_one_reply(world, make, known):
    verification = world.verify(world.certificate(make(world)), request=world.request() if known else None)
    assert failed(verification) == [REQUEST]


@pytest.mark.parametrize("label", ["status", "reply"])
def test_pruned_answers(world, label):
    kept = [("time",), ("request_status", world.request_id, label)]
    assert failed(world.verify(world.certificate_of(prune(build_tree(world.state()), kept)))) == [REQUEST]


def test_the_reason_of_a_rejection_is_told(world):
    state = certify.rejected_state(world.request_id, 4, "canister trapped", time_ns=world.now)
    assert "canister trapped" in world.verify(world.certificate(state)).decisions[11].observed


REPLIES = {
    "nothing": b"",
    "no Candid": b"hello",
    "null": encode(OptType(record()), None),
    "two values": b"DIDL\x00\x02\x7f\x7f",
    "no values": b"DIDL\x00\x00",
    "a number": encode(Primitive.NAT64, 139000),
    "an empty record": encode(OptType(record()), {}),
    "the id alone": encode(OptType(record(id=OptType(record(id=Primitive.NAT64)))), {"id": {"id": 139000}}),
    "a text in an opt": encode(OptType(Primitive.TEXT), "139000"),
}


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES.keys())
def test_replies_that_hold_no_proposal(world, reply):
    assert failed(world.verify(world.certificate(world.state(reply)))) == [REPLY]


@pytest.mark.parametrize("identifier", [None, 138999, 0])
def test_replies_about_another_proposal(world, identifier):
    verification = world.verify(world.certificate(world.state(world.reply(id=identifier))))
    assert failed(verification) == [REPLY]
    assert verification.proposal is None


def test_a_reply_with_bytes_after_it(world):
    assert failed(world.verify(world.certificate(world.state(world.reply() + b"\0")))) == [REPLY]


@pytest.mark.parametrize(
    ("status", "vote", "recover"),
    [
        (0, "fail", "fail"),
        (1, "pass", "fail"),
        (2, "fail", "fail"),
        (3, "pass", "fail"),
        (4, "pass", "pass"),
        (5, "fail", "fail"),
        (6, "fail", "fail"),
        (-1, "fail", "fail"),
    ],
)
def test_the_status_has_to_fit_the_stage(world, status, vote, recover):
    data = world.certificate(world.state(world.reply(status_number=status)))
    for stage, outcome in (("vote", vote), ("recover", recover)):
        verification = world.verify(data, stage=stage)
        assert verification.decisions[13].outcome == outcome, stage
        assert failed(verification) == ([] if outcome == "pass" else [STAGE])
        assert verification.proposal.status_number == status
        assert verification.bless is not None


def test_an_open_proposal_tells_tally_and_deadline(world):
    data = world.certificate(world.state(world.reply(status_number=1)))
    observed = world.verify(data, stage="vote").decisions[13].observed
    for part in ("Open", "yes 6", "no 1", "60.00%", "2026-05-30"):
        assert part in observed


NOW = 1_780_000_000
"""When the world's certificate was signed, in seconds since 1970."""


@pytest.mark.parametrize(
    ("deadline", "now", "outcome"),
    [
        (NOW + 1, NOW, "pass"),
        (None, NOW + 10**9, "pass"),
        ((1 << 64) - 1, NOW, "pass"),
        (NOW + 60, NOW + 59, "pass"),
        (NOW + 60, NOW + 60, "skip"),  # governance takes votes until just before it
        (NOW + 60, NOW + 10**9, "skip"),
        (NOW, NOW, "skip"),
        (NOW - 1, NOW, "fail"),
        (NOW - 1, NOW - 10, "fail"),
        (0, NOW, "fail"),
    ],
)
def test_an_open_vote_has_to_be_open_still(world, deadline, now, outcome):
    reply = world.reply(status_number=1, deadline_timestamp_seconds=deadline)
    verification = world.verify(world.certificate(world.state(reply)), stage="vote", now_ns=now * 10**9)
    decision = verification.decisions[13]
    assert decision.outcome == outcome
    assert failed(verification) == ([STAGE] if outcome == "fail" else [])
    assert verification.bless is not None
    if outcome == "skip":
        assert "The vote is over" in decision.reason
        assert "Fetch it again" in decision.reason


@pytest.mark.parametrize("status", [3, 4])
def test_a_vote_that_ended_is_judged_by_its_status_alone(world, status):
    reply = world.reply(status_number=status, deadline_timestamp_seconds=NOW - 1)
    verification = world.verify(world.certificate(world.state(reply)), stage="vote", now_ns=(NOW + 9) * 10**9)
    assert verification.decisions[13].outcome == "pass"


@pytest.mark.parametrize(
    ("action", "told"),
    [
        ("Motion", "Motion"),
        ("ExecuteNnsFunction", "ExecuteNnsFunction"),
        ("TakeCanisterSnapshot", "TakeCanisterSnapshot"),
        ("InventedIn2031", "unknown action #"),
        (None, "no action"),
    ],
)
def test_other_actions_are_named_and_refused(world, action, told):
    proposal = replace(world.info.proposal, action=action, bless=None)
    verification = world.verify(world.certificate(world.state(world.reply(proposal=proposal))))
    assert failed(verification) == [STAGE]
    assert verification.decisions[13].observed.startswith(told)
    assert verification.proposal is not None
    assert verification.bless is None


@pytest.mark.parametrize("recover", [True, False])
def test_what_can_be_audited_as_something_else_is_told(world, recover):
    if recover:
        reply, verify = world.reply(), verify_election
        told = "The proposal blesses a recovery GuestOS and elects nothing: audit it with subject: recovery."
    else:
        reply, verify = electing.reply(), verify_proposal
        told = "The proposal is about the election of GuestOS releases: audit it with subject: election."
    verification = verify(
        world.certificate(world.state(reply)),
        root_key=world.root.public_key_der,
        proposal_id=139000,
        stage="recover",
        request=world.request(),
        now_ns=world.now,
    )
    assert (verification.decisions[-1].outcome, verification.decisions[-1].reason) == ("fail", told)


@pytest.mark.parametrize("function", [37, 39])
def test_another_function_of_the_nns_is_something_else(world, function):
    verification = world.verify(world.certificate(world.state(electing.reply(function=function))))
    assert verification.decisions[-1].reason == "The proposal does something else."


def test_a_reply_without_proposal_is_refused(world):
    assert failed(world.verify(world.certificate(world.state(world.reply(proposal=None))))) == [STAGE]


def test_a_proposal_file_that_speaks_for_itself(world):
    key = world.root.public_key_der
    data = world.certificate()
    for request in (world.request(), None):
        assert verify_embedded_proposal(data, root_key=key, request=request).proposal == world.info
    other = world.certificate(world.state(world.reply(id=7)))
    assert failed(verify_embedded_proposal(other, root_key=key, request=world.request())) == [REPLY]
    assert not failed(verify_embedded_proposal(other, root_key=key, request=None))
    nameless = world.certificate(world.state(world.reply(id=None)))
    assert failed(verify_embedded_proposal(nameless, root_key=key, request=None)) == [REPLY]


@pytest.mark.parametrize(
    "changes", [{"stage": "Vote"}, {"stage": ""}, {"proposal_id": -1}, {"proposal_id": 1 << 64}]
)
def test_parameters_that_make_no_sense(world, changes):
    with pytest.raises(ParameterError):
        world.verify(world.certificate(), **changes)


def test_our_requests_are_anonymous(world):
    assert world.call()["sender"] == ANONYMOUS.raw
