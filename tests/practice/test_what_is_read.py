"""What auditkit concludes from the answers of each scenario's registry, and from each election."""

from __future__ import annotations

import cbor2
import pytest

from auditkit import checks, practice
from auditkit.evidence.agent import CertifiedCall, fetch_certified_call
from auditkit.ic import GOVERNANCE, REGISTRY, Principal, encode_nat64_argument, verify_election
from auditkit.ic.registry import (
    decode_chunk,
    decode_reply,
    get_chunk_argument,
    get_value_argument,
    replica_version_key,
    verify_certified_delta,
    verify_registry_answer,
)
from auditkit.practice.nns.answers import PracticeNns
from auditkit.practice.scenarios import RegistrySays

OWN = [one for one in practice.scenarios() if one.has_own_address]
AUDITS = {
    one.name: one
    for one in OWN
    if one.election is None and one.registry is not RegistrySays.ELECTED and one.built is None
}
ELECTIONS = [one for one in OWN if one.election is not None]


@pytest.fixture(scope="module")
def network():
    with practice.serving() as running:
        yield running


def asked(network, scenario, canister: Principal, method: str, argument: bytes) -> CertifiedCall:
    return fetch_certified_call([f"{network.url}/scenario/{scenario.name}"], canister, method, argument)


def query(scenario, method: str, argument: bytes, server: str = "http://127.0.0.1") -> bytes:
    nns = PracticeNns(server=server)
    content = {
        "request_type": "query",
        "canister_id": REGISTRY.raw,
        "method_name": method,
        "arg": argument,
        "sender": b"\x04",
        "ingress_expiry": nns.now_ns() + 10**11,
    }
    answer = nns.query("v3", REGISTRY, cbor2.dumps({"content": content}), scenario)
    return cbor2.loads(answer.body)["reply"]["arg"]


def verified(network, scenario, chunks: tuple[bytes, ...] = ()):
    key = replica_version_key(scenario.base_version)
    call = asked(network, scenario, REGISTRY, "get_value", get_value_argument(key))
    found = verify_registry_answer(
        call.certificate, root_key=practice.ROOT_KEY, key=key, request=call.request, chunks=chunks
    )
    outcomes = {decision.id: decision.outcome.value for decision in found.decisions}
    assert "fail" not in [outcome for name, outcome in outcomes.items() if name != checks.REGISTRY_REPLY.id]
    assert outcomes[checks.REGISTRY_REQUEST.id] == "pass"
    return found.answer, outcomes[checks.REGISTRY_REPLY.id]


@pytest.mark.parametrize(
    ("name", "outcome", "measurements"),
    [
        ("elected-in-chunks", "skip", None),
        ("elected-later-field", "pass", 6),
        ("unelected-with-proposal", "fail", None),
        ("elected-without-measurements", "pass", 0),
        ("not-elected", "fail", None),
        ("not-in-catalogue", "fail", None),
        ("answer-without-request", "pass", 6),
        ("layout-unknown", "skip", None),
        ("other-digest", "pass", 6),
        ("other-measurements", "pass", 6),
        ("other-key", "fail", None),
        ("witness-not-adopted", "fail", None),
    ],
)
def test_what_the_registry_says_in_each_audit(network, name, outcome, measurements):
    answer, found = verified(network, AUDITS[name])
    assert found == outcome
    if measurements is not None:
        assert len(answer.record.measurements or ()) == measurements
    elif name in ("unelected-with-proposal", "not-elected", "not-in-catalogue", "witness-not-adopted"):
        assert (answer.value, answer.record) == (None, None)
    else:
        assert answer is None


def test_no_audit_is_left_out():
    assert len(AUDITS) == 12


def test_a_record_in_chunks_is_put_together(network):
    scenario = AUDITS["elected-in-chunks"]
    argument = get_value_argument(replica_version_key(scenario.base_version))
    digests = decode_reply(query(scenario, "get_value", argument, network.url)).chunk_digests
    chunks = tuple(
        decode_chunk(query(scenario, "get_chunk", get_chunk_argument(one), network.url)) for one in digests
    )
    answer, outcome = verified(network, scenario, chunks)
    assert outcome == "pass"
    assert len(answer.record.measurements) == 6
    assert verified(network, scenario, chunks[::-1]) == (None, "fail")


@pytest.mark.parametrize("scenario", OWN, ids=lambda one: one.name)
def test_each_history_keeps_the_rules(scenario):
    reply = query(scenario, "get_certified_changes_since", b"\x08\xd0\x0f")  # 2,000
    delta = verify_certified_delta(reply, root_key=practice.ROOT_KEY, since=2_000)
    assert [one.version for one in delta.changes] == list(range(2_001, delta.version + 1))


STAGE_FAILS = {"election-unelects-only", "election-other-function", "election-not-executed"}


@pytest.mark.parametrize("scenario", ELECTIONS, ids=lambda one: one.name)
def test_the_stage_of_each_election(network, scenario):
    argument = encode_nat64_argument(scenario.proposal_id)
    call = asked(network, scenario, GOVERNANCE, "get_proposal_info", argument)
    found = verify_election(
        call.certificate,
        root_key=practice.ROOT_KEY,
        proposal_id=scenario.proposal_id,
        stage=scenario.stage,
        request=call.request,
    )
    failed = [decision.id for decision in found.decisions if decision.outcome == "fail"]
    assert failed == (["election.stage"] if scenario.name in STAGE_FAILS else [])
    assert (scenario.deciding_check == "election.stage") is (scenario.name in {*STAGE_FAILS, "election-open"})
