"""dfinity's own clients against the practice network: what they accept we accept, what they refuse we refuse."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from auditkit import practice
from auditkit.evidence.agent import CertifiedCall, fetch_certified_call
from auditkit.ic import GOVERNANCE, encode_nat64_argument, verify_certificate

RELEASES = Path(practice.__file__).parent / "data" / "ic"
STATUSES = {"still-open": 1, "not-adopted": 2, "election-not-executed": 1}
REFUSED = {"tampered-certificate", "foreign-subnet"}
# Each thing that a certified answer can be, or say; other scenarios differ in what is beside it.
SAMPLE = {
    "honest", "unexplained", "still-open", "not-adopted", "other-action", "tampered-certificate", "delegated",
    "delegated-flat", "foreign-subnet", "no-such-proposal", "short-chip-id", "unlabelled", "older-interface",
    "vote-open", "election-honest", "election-open", "election-no-measurements", "election-unelects-only",
    "election-other-function", "election-not-executed",
}  # fmt: skip
NAMES = [scenario.name for scenario in practice.scenarios()]
SERIES = [pytest.param(name, marks=() if name in SAMPLE else pytest.mark.thorough) for name in NAMES]
CANISTER = "rrkah-fqaaa-aaaaa-aaaaq-cai"


@pytest.fixture(scope="module")
def network():
    with practice.serving() as running:
        yield running


def published_measurements(base_version: str) -> list[dict]:
    """launch-measurements.json of a practice release, which sev-snp-measure computed."""
    text = (RELEASES / base_version / "guest-os/update-img/launch-measurements.json").read_text()
    return [
        {"measurement": bytes(entry["measurement"]).hex(), **entry["metadata"]}
        for entry in json.loads(text)["guest_launch_measurements"]
    ]


def blobs(candid: str) -> list[bytes]:
    """The blobs in Candid's text form, where a byte is a character or a backslash and two hex digits."""
    found = re.findall(r'blob "((?:[^"\\]|\\.)*)"', candid)
    return [
        re.sub(rb"\\([0-9a-f]{2})", lambda m: bytes.fromhex(m[1].decode()), text.encode("latin-1"))
        for text in found
    ]


@pytest.mark.parametrize("name", ["honest", "delegated", "delegated-flat", "older-interface", "vote-open"])
def test_icp_gets_the_proposal(icp, network, name):
    scenario = practice.scenario(name)
    judged = icp(network.url, network.root_key, scenario.proposal_id)
    assert judged.accepted, judged.complaint
    candid = json.loads(judged.output)["response_candid"]
    assert f"id = {scenario.proposal_id:_} : nat64" in candid
    assert f"status = {1 if name == 'vote-open' else 4} : int32" in candid
    measured = [blob.hex() for blob in blobs(candid) if len(blob) == 48]
    assert measured == [entry["measurement"] for entry in published_measurements(scenario.base_version)]
    assert [len(blob) for blob in blobs(candid)].count(64) == 2


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("tampered-certificate", "Certificate verification failed"),
        ("foreign-subnet", "Certificate is not authorized"),
    ],
)
def test_icp_refuses(icp, network, name, complaint):
    judged = icp(network.url, network.root_key, practice.scenario(name).proposal_id)
    assert not judged.accepted
    assert complaint in judged.complaint


def test_icp_refuses_another_root_key(icp, network):
    from auditkit.ic import MAINNET_ROOT_KEY

    judged = icp(network.url, MAINNET_ROOT_KEY, practice.scenario("honest").proposal_id)
    assert not judged.accepted
    assert "Certificate verification failed" in judged.complaint


def test_icp_polls_an_asynchronous_node(icp):
    scenario = practice.scenario("delegated")
    with practice.serving(polls=2) as network:
        judged = icp(network.url, network.root_key, scenario.proposal_id)
    assert judged.accepted, judged.complaint
    assert f"id = {scenario.proposal_id:_} : nat64" in judged.output


def fetched(network, proposal_id: int) -> CertifiedCall:
    return fetch_certified_call(
        [network.url], GOVERNANCE, "get_proposal_info", encode_nat64_argument(proposal_id)
    )


def question(call: CertifiedCall, root_key: bytes, *, request: bytes | None = None) -> dict[str, str]:
    """What agent-js is asked about a call; ``request`` is another request than the one it answers."""
    return {
        "certificate": call.certificate.hex(),
        "rootKey": root_key.hex(),
        "canister": CANISTER,
        "request": (request or call.request).hex(),
    }


@pytest.fixture(scope="module")
def read_by_agent_js(request, agent_js, network) -> dict[str, tuple[bytes, dict]]:
    """The certificate of each scenario that is asked about, with what agent-js says of it: one start of node."""
    test = test_agent_js_and_auditkit_agree.__name__
    names = [item.callspec.params["name"] for item in request.session.items if item.originalname == test]
    calls = [fetched(network, practice.scenario(name).proposal_id) for name in names]
    said = agent_js([question(call, network.root_key) for call in calls])
    return {name: (call.certificate, one) for name, call, one in zip(names, calls, said, strict=True)}


@pytest.mark.parametrize("name", SERIES)
def test_agent_js_and_auditkit_agree(read_by_agent_js, network, name):
    scenario = practice.scenario(name)
    certificate, said = read_by_agent_js[name]
    assert ("refused" in said) is (name in REFUSED), said
    ours = verify_certificate(certificate, root_key=network.root_key, canister=GOVERNANCE)
    failed = [decision.id for decision in ours.decisions if decision.outcome == "fail"]
    assert bool(failed) is (name in REFUSED), failed
    if name in REFUSED:
        return
    assert said["status"] == "replied"
    assert (said["subnet"] is not None) is name.startswith("delegated")
    if name == "no-such-proposal":
        assert said["proposal"] is None
        return
    assert said["proposal"] == str(scenario.proposal_id)
    assert said["proposalStatus"] == STATUSES.get(name, 1 if scenario.stage == "vote" else 4)
    acts = {"other-action": "Motion"}.get(name, "BlessAlternativeGuestOsVersion")
    assert said["action"] == ("ExecuteNnsFunction" if scenario.election else acts)
    if name == "honest":
        assert said["measurements"] == published_measurements(scenario.base_version)
        assert all(len(chip) == 128 for chip in said["chipIds"])


def test_agent_js_accepts_what_older_interfaces_give(agent_js):
    with practice.serving(call_versions=("v3",)) as network:
        calls = [
            fetched(network, practice.scenario(name).proposal_id) for name in ("delegated", "delegated-flat")
        ]
        said = agent_js([question(call, network.root_key) for call in calls])
    assert [one.get("status") for one in said] == ["replied", "replied"], said


def test_agent_js_sees_that_a_certificate_answers_another_request(agent_js, network):
    call = fetched(network, practice.scenario("honest").proposal_id)
    other = fetched(network, practice.scenario("unexplained").proposal_id)
    (said,) = agent_js([question(call, network.root_key, request=other.request)])
    assert "of the request" in said["refused"]
