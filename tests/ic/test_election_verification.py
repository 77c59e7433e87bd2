"""Check 48: does the proposal elect a GuestOS version, and does its status fit the stage?"""

from __future__ import annotations

import pytest
from ic.electing import COMMIT, DEADLINE, INFO_TYPE, decided, info, payload, reply
from ic.world import World

from auditkit.errors import ParameterError
from auditkit.practice.nns.candid_writer import OptType, encode

STAGE = 48


def failed(verification):
    return [one.number for one in verification.decisions if one.outcome == "fail"]


def test_an_executed_election():
    verification = decided()
    assert not failed(verification)
    assert [one.number for one in verification.decisions] == [*range(1, 14), STAGE]
    assert verification.election.version_to_elect == COMMIT
    assert verification.proposal.topic == 13
    assert verification.proposal.proposal.self_described == "Revise Elected GuestOS Versions"
    assert verification.request_id == World().request_id
    assert verification.signed_by.startswith("the root key")


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
    ],
)
def test_the_status_has_to_fit_the_stage(status, vote, recover):
    for stage, outcome in (("vote", vote), ("recover", recover)):
        verification = decided(reply(status=status), stage=stage)
        assert verification.decisions[-1].outcome == outcome
        assert verification.election is not None


def test_a_vote_that_is_over_is_asked_about_again():
    now = DEADLINE * 10**9
    verification = decided(reply(status=1), stage="vote", now=now)
    assert verification.decisions[-1].outcome == "skip"


OTHERS = {
    "un-elects only": reply(payload(replica_version_to_elect=None)),
    "another function": reply(function=39),
    "function 0": reply(function=0),
    "a payload that was left out": reply(b""),
    "a payload that is no election": reply(b"DIDL\x00\x00"),
    "no action": encode(OptType(INFO_TYPE), info(None)),
    "a blessing": World().reply(),
    "a motion": World().reply(proposal=None),
}


@pytest.mark.parametrize("stage", ["vote", "recover"])
@pytest.mark.parametrize("answer", OTHERS.values(), ids=OTHERS.keys())
def test_proposals_that_elect_nothing(answer, stage):
    verification = decided(answer, stage=stage)
    assert failed(verification) == [STAGE]
    assert verification.election is None
    assert verification.proposal is not None


@pytest.mark.parametrize(
    ("answer", "number"),
    [(b"hello", 13), (reply(number=138999), 13), (encode(OptType(INFO_TYPE), None), 13)],
)
def test_another_answer(answer, number):
    verification = decided(answer)
    assert failed(verification) == [number]
    assert verification.decisions[-1].outcome == "skip"
    assert verification.proposal is verification.election is None


def test_another_request():
    verification = decided(request=World().request(nonce=b"x"))
    assert failed(verification) == [12]
    assert verification.election is None


def test_without_the_request_it_is_a_warning():
    verification = decided(request=None)
    assert verification.decisions[11].outcome == "warn"
    assert verification.election is not None


def test_a_forged_certificate():
    verification = decided(root_key=World().subnet.public_key_der)
    assert 5 in failed(verification)
    assert verification.proposal is verification.election is verification.time_ns is None


@pytest.mark.parametrize("changes", [{"stage": "later"}, {"proposal_id": -1}, {"proposal_id": 1 << 64}])
def test_questions_that_make_no_sense(changes):
    with pytest.raises(ParameterError):
        decided(**changes)


def test_the_clock_says_what_is_over():
    """The world's vote was open when it was signed, in 2026, until two days later."""
    assert (
        decided(reply(status=1, deadline_timestamp_seconds=1 << 40), stage="vote", now=None)
        .decisions[-1]
        .outcome
        == "pass"
    )
