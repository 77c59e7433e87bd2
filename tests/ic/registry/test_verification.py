"""Checks 46 and 47: one broken rule, one decision. What each says word for word stands in tests/audit/outcomes."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from ic.registry.writing import (
    ARGUMENT,
    COMMIT,
    KEY,
    NOW,
    URL,
    W,
    blob,
    call,
    certified,
    decided,
    error,
    measurement,
    number,
    outcome,
    record,
    reply,
    value,
)

from auditkit.decision import Outcome
from auditkit.ic import GOVERNANCE, REGISTRY, Principal, encode_envelope, request_id
from auditkit.ic.registry import verify_registry_answer
from auditkit.limits import LIMITS
from auditkit.practice.nns import certify

REQUEST, REPLY = "registry.request", "registry.reply"
TIME = 1_786_014_092_906_939_149


def bad(verification) -> dict[str, str]:
    """The decisions about the answer that are no passes."""
    return {
        one.id: one.outcome for one in verification.decisions if one.number > 11 and one.outcome != "pass"
    }


def test_the_registry_is_the_canister_of_that_name():
    assert REGISTRY.raw == bytes.fromhex("00000000000000000101")


def test_a_record():
    verification = decided()
    assert bad(verification) == {}
    assert [one.number for one in verification.decisions] == [*range(1, 12), 46, 47]
    answer = verification.answer
    assert (answer.key, answer.version, answer.asked_version) == (KEY, 62_948, None)
    assert answer.timestamp_ns == TIME
    assert answer.value == record(measurement())
    assert answer.record.urls == (URL,)
    assert len(answer.record.measurements) == 1
    assert verification.time_ns == NOW
    assert verification.request_id == request_id(call())
    assert verification.signed_by.startswith("the root key")


def test_the_request_says_which_record_it_is():
    assert decided(key=None).answer.key == KEY


def test_another_kind_of_record_is_not_read():
    answer = decided(value(b"\xff\xff"), key="node_record_x", argument=blob(2, "node_record_x")).answer
    assert answer.value == b"\xff\xff"
    assert answer.record is None


def test_without_the_request_nothing_is_concluded():
    verification = decided(request=False)
    assert bad(verification) == {REQUEST: Outcome.SKIP, REPLY: Outcome.SKIP}
    assert verification.answer is None
    assert verification.request_id == request_id(call())


def test_an_absence_without_the_request_is_none():
    verification = decided(error(1), request=False)
    assert bad(verification) == {REQUEST: Outcome.SKIP, REPLY: Outcome.SKIP}
    assert verification.answer is None


@pytest.mark.parametrize(
    "changes",
    [
        {"canister": GOVERNANCE},
        {"canister": Principal(bytes.fromhex("00000000000000020101"))},
        {"method": "get_latest_version"},
        {"argument": blob(2, KEY[:-1])},
        {"argument": blob(2, "replica_version_" + "f" * 40)},
        {"argument": b""},
        {"argument": b"DIDL\x00\x00"},
        {"argument": ARGUMENT + number(3, 1)},
    ],
)
def test_answers_to_other_questions(changes):
    verification = decided(**changes)
    assert bad(verification) == {REQUEST: Outcome.FAIL, REPLY: Outcome.SKIP}
    assert verification.answer is None


@pytest.mark.parametrize(
    "changes", [{"nonce": b"x"}, {"nonce": None}, {"ingress_expiry_ns": 1}, {"sender": Principal(b"\1")}]
)
def test_the_same_question_asked_another_time(changes):
    stored = encode_envelope(call(**changes))
    assert bad(decided(request=stored)) == {REQUEST: Outcome.FAIL, REPLY: Outcome.SKIP}
    assert bad(decided(**changes)) == {}


@pytest.mark.parametrize(
    "stored", [b"\xa0", b"not CBOR", encode_envelope({**call(), "request_type": "query"})]
)
def test_a_request_file_that_is_none(stored):
    assert bad(decided(request=stored)) == {REQUEST: Outcome.FAIL, REPLY: Outcome.SKIP}


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    "state",
    [
        {"time": W.state()["time"]},
        certify.pending_state(request_id(call()), "processing", time_ns=NOW),
        certify.rejected_state(request_id(call()), 5, "trapped", time_ns=NOW),
    ],
)
def test_states_without_a_reply(state, known):
    verification = decided(certificate=W.certificate(state), request=known)
    assert bad(verification) == {REQUEST: Outcome.FAIL, REPLY: Outcome.SKIP}


def test_a_forged_certificate():
    state = certify.reply_state(request_id(call()), value(), time_ns=NOW)
    verification = decided(certificate=W.certificate(state, signer=W.subnet))
    assert bad(verification) == {REQUEST: Outcome.SKIP, REPLY: Outcome.SKIP}
    assert verification.answer is None
    assert verification.time_ns is None


def test_a_subnet_that_may_not_speak_for_the_registry():
    """The range of the world's delegation begins at canister 0; this one begins behind the registry."""
    ranges = [
        (Principal(bytes.fromhex("00000000000000010101")), Principal(bytes.fromhex("00000000000000ff0101")))
    ]
    state = certify.reply_state(request_id(call()), value(), time_ns=NOW)
    verification = decided(certificate=W.certificate(state, delegation=W.delegation(ranges=ranges)))
    assert outcome(verification, "delegation.ranges") == Outcome.FAIL
    assert verification.answer is None


def test_a_certified_absence_fails_and_is_an_answer():
    verification = decided(error(1))
    assert bad(verification) == {REPLY: Outcome.FAIL}
    answer = verification.answer
    assert (answer.value, answer.version, answer.timestamp_ns, answer.record) == (None, 62_948, None, None)


def test_an_absence_need_not_name_the_key():
    assert decided(error(1, key="")).answer.value is None


@pytest.mark.parametrize("key", [KEY[:-1], KEY.upper(), b"\xff"])
def test_an_absence_of_another_record(key):
    verification = decided(error(1, key=key))
    assert bad(verification) == {REPLY: Outcome.FAIL}
    assert verification.answer is None


@pytest.mark.parametrize("code", [0, 2, 4, 999])
def test_other_errors_are_no_answer(code):
    verification = decided(error(code, "who knows"))
    assert bad(verification) == {REPLY: Outcome.SKIP}
    assert "who knows" in verification.decisions[-1].reason
    assert str(code) in verification.decisions[-1].reason
    assert verification.answer is None


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        reply(b""),
        value() + number(2, 1),
        value(record(measurement(b"m" * 47))),
        value(record() + blob(6, "cd" * 32)),
    ],
)
def test_a_layout_that_is_not_known_is_no_answer(answer):
    verification = decided(answer)
    assert bad(verification) == {REPLY: Outcome.SKIP}
    assert verification.answer is None


@pytest.mark.parametrize(
    "answer",
    [
        b"DIDL\x00\x00",
        value() + b"\0",
        error(1) + blob(3, record()),
        value(record(more=blob(10, "f" * 40))),
        value(b"\x0b"),
    ],
)
def test_an_answer_that_is_not_sound(answer):
    verification = decided(answer)
    assert bad(verification) == {REPLY: Outcome.FAIL}
    assert verification.answer is None


def test_later_fields_are_told():
    verification = decided(value(record(measurement()) + number(11, 1)) + number(7, 1))
    assert bad(verification) == {}
    assert verification.decisions[-1].observed.endswith("; fields that are not known: 7, record 11")
    assert verification.answer.unknown == ("7",)
    assert verification.answer.record.unknown == ("11",)


def asked_at(version: int) -> bytes:
    return blob(1, number(1, version)) + blob(2, KEY)


def test_an_earlier_version_can_be_asked_about():
    verification = decided(argument=asked_at(62_948))
    assert bad(verification) == {}
    assert verification.answer.asked_version == 62_948
    assert "as of version 62948" in verification.decisions[-2].reason


@pytest.mark.parametrize("answer", [value(), error(1)])
def test_an_answer_is_not_later_than_the_question(answer):
    verification = decided(answer, argument=asked_at(62_947))
    assert bad(verification) == {REPLY: Outcome.FAIL}
    assert verification.answer is None


WHOLE = record(measurement())
PARTS = (WHOLE[:50], WHOLE[50:])


def in_parts(*parts: bytes) -> bytes:
    return reply(blob(4, b"".join(blob(1, hashlib.sha256(part).digest()) for part in parts)))


def test_a_record_in_parts():
    verification = decided(in_parts(*PARTS), chunks=PARTS)
    assert bad(verification) == {}
    assert verification.answer.value == WHOLE
    assert verification.answer.record.replica_version_id == COMMIT


@pytest.mark.parametrize("chunks", [(), PARTS[:1]])
def test_parts_that_are_not_there(chunks):
    verification = decided(in_parts(*PARTS), chunks=chunks)
    assert bad(verification) == {REPLY: Outcome.SKIP}
    assert verification.answer is None
    assert f"in 2 parts, and {len(chunks)} of them" in verification.decisions[-1].reason


@pytest.mark.parametrize(
    "chunks",
    [
        PARTS[::-1],
        (PARTS[0], PARTS[1] + b"x"),
        (b"", WHOLE),
        (*PARTS, b""),
    ],
)
def test_parts_that_were_not_certified(chunks):
    verification = decided(in_parts(*PARTS), chunks=chunks)
    assert bad(verification) == {REPLY: Outcome.FAIL}
    assert verification.answer is None


def test_parts_of_a_record_that_comes_whole():
    assert bad(decided(chunks=(b"x",))) == {REPLY: Outcome.FAIL}


def test_a_record_in_parts_is_limited():
    def outcomes(most: int):
        return bad(
            verify_registry_answer(
                certified(in_parts(*PARTS)),
                root_key=W.root.public_key_der,
                key=KEY,
                request=encode_envelope(call()),
                chunks=PARTS,
                now_ns=NOW,
                limits=replace(LIMITS, registry_value_bytes=most),
            )
        )

    assert outcomes(len(WHOLE)) == {}
    assert outcomes(len(WHOLE) - 1) == {REPLY: Outcome.FAIL}
