"""dfinity's own clients against the practice registry and the elections of the practice network."""

from __future__ import annotations

import hashlib
import json
import re

import cbor2
import pytest
import requests
from practice.messages import message, parse

from auditkit import practice
from auditkit.evidence.agent import fetch_certified_call
from auditkit.ic import REGISTRY, Principal, encode_nat64_argument
from auditkit.practice.nns.answers import PracticeNns
from auditkit.practice.scenarios import BASE_COMMIT, RETIRED_COMMIT
from tests.judges.conftest import HERE

CANISTER = "rwlgt-iiaaa-aaaaa-aaaaa-cai"
GOVERNANCE = "rrkah-fqaaa-aaaaa-aaaaq-cai"


@pytest.fixture(scope="module")
def network():
    with practice.serving() as running:
        yield running


def query(nns: PracticeNns, method: str, argument: bytes) -> bytes:
    content = {
        "request_type": "query",
        "canister_id": REGISTRY.raw,
        "method_name": method,
        "arg": argument,
        "sender": b"\x04",
        "ingress_expiry": nns.now_ns() + 10**11,
    }
    answer = nns.query("v3", REGISTRY, cbor2.dumps({"content": content}))
    return cbor2.loads(answer.body)["reply"]["arg"]


NODE = "ao34y-yqy4n-dencr-5pcg7-npm5e-aqq43-6drfg-tvgbo-rryqt-xgbch-dae"


@pytest.mark.parametrize(
    ("key", "error"),
    [
        (f"replica_version_{BASE_COMMIT}", 0),
        (f"replica_version_{RETIRED_COMMIT}", 1),
        (f"node_record_{NODE}", 0),
    ],
)
def test_icp_gets_the_same_value_certified_and_by_query(icp_call, network, key, error):
    argument = message("GetValueRequest", key=key.encode()).SerializeToString()
    judged = icp_call(
        network.url, network.root_key, CANISTER, "get_value",
        argument.hex(), "--args-format", "hex", "--output", "hex",
    )  # fmt: skip
    assert judged.accepted, judged.complaint
    reply = bytes.fromhex(json.loads(judged.output)["response_bytes"])
    assert reply == query(PracticeNns(server=network.url), "get_value", argument)
    told = parse("GetValueResponse", reply)
    assert told.error.code == error
    assert bool(told.value) is not bool(error)
    if key.startswith("node_record_"):
        node = parse("NodeRecord", told.value)
        assert node.chip_id == hashlib.shake_256(b"auditkit practice chip 1").digest(64)


def test_icp_refuses_a_registry_with_another_root_key(icp_call, network):
    from auditkit.ic import MAINNET_ROOT_KEY

    judged = icp_call(
        network.url,
        MAINNET_ROOT_KEY,
        CANISTER,
        "get_value",
        "1200",
        "--args-format",
        "hex",
        "--output",
        "hex",
    )
    assert not judged.accepted
    assert "Certificate verification failed" in judged.complaint


def test_icp_reads_the_list_of_proposals(icp_call, network):
    question = (
        "(record { include_reward_status = vec {}; omit_large_fields = opt true; "
        "before_proposal = opt record { id = 910_013 : nat64 }; limit = 3 : nat32; "
        "exclude_topic = vec { 4 : int32; 5 : int32 }; include_all_manage_neuron_proposals = null; "
        "include_status = vec {}; return_self_describing_action = null })"
    )
    judged = icp_call(
        network.url,
        network.root_key,
        GOVERNANCE,
        "list_proposals",
        question,
        "--candid",
        HERE / "governance.did",
    )
    assert judged.accepted, judged.complaint
    candid = json.loads(judged.output)["response_candid"]
    assert re.findall(r"id = opt record \{ id = ([0-9_]+) : nat64 \}", candid) == [
        "910_012",
        "910_011",
        "910_004",
    ]
    assert re.findall(r"topic = ([0-9]+) : int32", candid) == ["13", "13", "13"]
    assert candid.count("nns_function = 38 : int32") == 3
    assert candid.count('payload = blob ""') == 3


def test_icp_reads_an_election(icp, network):
    judged = icp(network.url, network.root_key, 910001)
    assert judged.accepted, judged.complaint
    candid = json.loads(judged.output)["response_candid"]
    assert "nns_function = 38 : int32" in candid
    assert "Elect new IC/GuestOS revision (commit 7080d886)" in candid


def elections_read_by(agent_js, url: str, proposal_ids: list[int]) -> list[dict]:
    calls = [
        fetch_certified_call(
            [url], Principal.from_text(GOVERNANCE), "get_proposal_info", encode_nat64_argument(one)
        )
        for one in proposal_ids
    ]
    return agent_js(
        [
            {
                "certificate": call.certificate.hex(),
                "rootKey": practice.ROOT_KEY.hex(),
                "canister": GOVERNANCE,
                "request": call.request.hex(),
            }
            for call in calls
        ]
    )


def test_agent_js_reads_elections_of_each_form(agent_js, network):
    named = [910000, 910001, practice.scenario("election-older-labels").proposal_id]
    named.append(practice.scenario("election-other-function").proposal_id)
    eldest, newest, older, other = elections_read_by(agent_js, network.url, named)
    url = f"{network.url}/ic/{BASE_COMMIT}/guest-os/update-img"
    with requests.Session() as session:
        session.trust_env = False
        image = session.get(f"{url}/update-img.tar.zst").content
        measurements = session.get(f"{url}/launch-measurements.json").json()["guest_launch_measurements"]
    published = [{"measurement": bytes(one["measurement"]).hex(), **one["metadata"]} for one in measurements]
    right = {
        "version": BASE_COMMIT,
        "digest": hashlib.sha256(image).hexdigest(),
        "urls": [f"{url}/update-img.tar.zst"],
        "retired": [],
        "measurements": published,
    }
    assert newest["election"] == right
    assert older["election"] == right | {"measurements": [one | {"vcpu_type": None} for one in published]}
    assert eldest["election"]["version"] == RETIRED_COMMIT
    assert eldest["election"]["measurements"] is None
    assert (other["nnsFunction"], other["election"]) == (11, None)


def tree(told) -> list:
    """A MixedHashTree as agent-js has hash trees, bytes in hex."""
    match told.WhichOneof("t"):
        case "fork":
            return [1, tree(told.fork.left_tree), tree(told.fork.right_tree)]
        case "labeled":
            return [2, told.labeled.label.hex(), tree(told.labeled.subtree)]
        case "leaf_data":
            return [3, told.leaf_data.hex()]
        case "pruned_digest":
            return [4, told.pruned_digest.hex()]
    return [0]


def asked(reply: bytes, **changes: object) -> dict[str, object]:
    told = parse("CertifiedResponse", reply)
    return {
        "certificate": told.certificate.hex(),
        "rootKey": practice.ROOT_KEY.hex(),
        "canister": CANISTER,
        "tree": tree(told.hash_tree),
    } | changes


def test_agent_js_accepts_the_certified_changes(agent_js_registry):
    nns = PracticeNns()
    since = message("GetChangesSinceRequest", version=2_015).SerializeToString()
    changes = query(nns, "get_certified_changes_since", since)
    latest = query(nns, "get_certified_latest_version", b"")
    said = agent_js_registry(
        [
            asked(changes),
            asked(latest),
            asked(changes, tree=asked(latest)["tree"]),
            asked(changes, canister=GOVERNANCE),
        ]
    )
    first, second, third, other = said
    assert first["version"] == second["version"] == "e60f"  # 2,022 in LEB128
    assert [len(delta) > 100 for delta in first["deltas"]] == [False, True, True, False]
    change = parse("AtomicMutateRequest", bytes.fromhex(first["deltas"][2]))
    assert [one.mutation_type for one in change.mutations] == [0, 2]
    assert [len(delta) > 100 for delta in second["deltas"]] == [False] * 4
    assert third == second  # the same state, more of it pruned
    assert "certified_data" in other["refused"]


def test_agent_js_refuses_a_changed_change(agent_js_registry):
    since = message("GetChangesSinceRequest", version=2_015).SerializeToString()
    reply = query(PracticeNns(), "get_certified_changes_since", since)
    key = f"replica_version_{RETIRED_COMMIT}".encode()
    changed = reply.replace(key, key[:-1] + b"0")
    assert changed != reply
    (said,) = agent_js_registry([asked(changed)])
    assert "another root hash" in said["refused"]
