"""The practice registry, read by Google's `protobuf`, and by the rules that dfinity's clients keep."""

from __future__ import annotations

import hashlib
import json
import re
import time
from itertools import pairwise

import cbor2
import pytest
import requests
from practice.asking import (
    REGISTRY,
    ask,
    certified,
    changes,
    place,
    queried,
    question,
    read_changes,
    since,
)
from practice.messages import parse, unknown

from auditkit import practice
from auditkit.errors import SourceError
from auditkit.evidence.agent import fetch_certified_call
from auditkit.ic.candid import decode
from auditkit.practice.nns.answers import PracticeNns
from auditkit.practice.nns.candid_writer import BLOB, OptType, encode, record
from auditkit.practice.release.published import DATA
from auditkit.practice.scenarios import BASE_COMMIT, OTHER_COMMIT, RETIRED_COMMIT

BASE, OTHER, RETIRED = (
    f"replica_version_{commit}".encode() for commit in (BASE_COMMIT, OTHER_COMMIT, RETIRED_COMMIT)
)
QUIET, LATEST = 2_000, 2_022


@pytest.fixture(scope="module")
def network():
    with practice.serving() as running:
        yield running


@pytest.fixture(scope="module")
def session():
    with requests.Session() as opened:
        opened.trust_env = False
        yield opened


def read_record(value: bytes):
    return parse("ReplicaVersionRecord", value)


def published(commit: str) -> list[dict]:
    folder = DATA / "ic" / commit / "guest-os" / "update-img"
    return json.loads((folder / "launch-measurements.json").read_bytes())["guest_launch_measurements"]


def measured(told) -> list[dict]:
    return [
        {
            "measurement": list(one.measurement),
            "metadata": {
                "kernel_cmdline": one.metadata.kernel_cmdline,
                "vcpu_type": one.metadata.vcpu_type,
            },
        }
        for one in told.guest_launch_measurements.guest_launch_measurements
    ]


@pytest.mark.parametrize(("key", "commit", "version", "seconds"), [
    (BASE, BASE_COMMIT, 2_015, 1_788_000_000),
    (OTHER, OTHER_COMMIT, 2_017, 1_789_000_000),
])  # fmt: skip
def test_a_record_is_what_the_release_server_hands_out(network, session, key, commit, version, seconds):
    reply = certified(network.url, b"\x12\x38" + key)
    assert (reply.version, reply.timestamp_nanoseconds) == (version, seconds * 10**9)
    assert not reply.HasField("error")
    told = read_record(reply.value)
    assert unknown(told) == []
    assert told.replica_version_id == commit
    (url,) = told.release_package_urls
    assert url.startswith(f"{network.url}/ic/{commit}/")
    image = session.get(url)
    assert image.status_code == 200
    assert told.release_package_sha256_hex == hashlib.sha256(image.content).hexdigest()
    assert measured(told) == published(commit)


def test_a_retired_version_is_certified_to_be_absent(network):
    reply = certified(network.url, question(RETIRED))
    assert (reply.error.code, reply.error.key, reply.version) == (1, RETIRED, LATEST)
    assert reply.WhichOneof("c") is None
    assert reply.timestamp_nanoseconds == 0


@pytest.mark.parametrize(("asked", "there"), [(2_012, False), (2_013, True), (2_016, True), (2_017, False)])
def test_the_registry_remembers_how_it_was(network, asked, there):
    reply = certified(network.url, question(RETIRED, asked))
    assert reply.HasField("error") is not there
    assert reply.version == (2_013 if there else asked)
    if there:
        told = read_record(reply.value)
        assert len(told.release_package_sha256_hex) == 64
        assert not told.HasField("guest_launch_measurements")
        assert not told.HasField("replica_version_id")


def test_a_key_that_never_was_is_absent(network):
    reply = certified(network.url, question(b"no_such_key"))
    assert (reply.error.code, reply.error.key) == (1, b"no_such_key")


@pytest.mark.parametrize("argument", [b"\x12\x39" + BASE, b"\x0b", b"\x12", b"\x10\x05", b"\x02\x00"])
def test_a_malformed_question_is_answered_with_the_error_of_that_name(network, argument):
    reply = certified(network.url, argument)
    assert reply.HasField("error")
    assert (reply.error.code, reply.version) == (0, 0)
    assert reply.error.reason


# what a scenario's registry says


def told_by(network, name: str, key: bytes = BASE):
    return read_record(certified(place(network, name), question(key)).value)


def test_at_a_scenarios_address_others_are_as_they_are(network):
    for name in ("other-digest", "not-elected", "layout-unknown"):
        assert measured(told_by(network, name, OTHER)) == published(OTHER_COMMIT)


def test_later_fields_stand_beside_the_known_ones(network):
    told = told_by(network, "elected-later-field")
    assert unknown(told) == [40, 41]
    assert measured(told) == published(BASE_COMMIT)


def test_an_unelected_version_was_there_once(network):
    url = place(network, "unelected-with-proposal")
    now = certified(url, question(BASE))
    assert (now.error.code, now.version) == (1, 2_023)
    assert measured(read_record(certified(url, question(BASE, 2_022)).value)) == published(BASE_COMMIT)


@pytest.mark.parametrize(
    "name", ["not-elected", "witness-not-adopted", "election-open", "election-not-executed"]
)
def test_an_absent_version_never_was_there(network, name):
    for version in (None, 2_015, LATEST):
        assert certified(place(network, name), question(BASE, version)).error.code == 1


def test_a_record_without_measurements(network):
    told = told_by(network, "elected-without-measurements")
    assert not told.HasField("guest_launch_measurements")
    assert (
        told.release_package_sha256_hex
        == read_record(certified(network.url, question(BASE)).value).release_package_sha256_hex
    )


def test_a_layout_that_nobody_knows(network):
    told = told_by(network, "layout-unknown")
    entries = told.guest_launch_measurements.guest_launch_measurements
    assert [len(one.measurement) for one in entries] == [0] * 6
    assert [unknown(one) for one in entries] == [[3]] * 6


@pytest.mark.parametrize("name", ["other-digest", "election-record-differs"])
def test_another_digest(network, session, name):
    told = told_by(network, name)
    (url,) = told.release_package_urls
    assert told.release_package_sha256_hex != hashlib.sha256(session.get(url).content).hexdigest()
    assert measured(told) == published(BASE_COMMIT)


def test_other_measurements(network):
    told = told_by(network, "other-measurements")
    assert measured(told) == published(OTHER_COMMIT)
    assert told.replica_version_id == BASE_COMMIT


def test_a_record_that_names_another_version(network):
    told = told_by(network, "other-key")
    assert told.replica_version_id == OTHER_COMMIT
    assert measured(told) == published(BASE_COMMIT)


def test_an_executed_election_has_its_record(network):
    assert measured(told_by(network, "election-executed")) == published(BASE_COMMIT)


def chunk(session, url: str, argument: bytes):
    (reply,) = decode(queried(session, url, "get_chunk", argument))
    return reply


def chunk_request(digest: bytes | None) -> bytes:
    return encode(record(content_sha256=OptType(BLOB)), {"content_sha256": digest})


OK, ERR = 17724, 3456837  # hashes of the names of Candid cases


def test_a_record_in_chunks(network, session):
    url = place(network, "elected-in-chunks")
    reply = certified(url, question(BASE))
    assert reply.WhichOneof("c") == "large_value_chunk_keys"
    digests = list(reply.large_value_chunk_keys.chunk_content_sha256s)
    assert len(digests) == len(set(digests)) == 3
    pieces = []
    for digest in digests:
        case, content = chunk(session, url, chunk_request(digest)).case()
        assert case == OK
        pieces.append(content.field("content").optional().blob())
        assert hashlib.sha256(pieces[-1]).digest() == digest
    assert b"".join(pieces) == certified(network.url, question(BASE)).value


@pytest.mark.parametrize(("digest", "complaint"), [(b"x" * 32, "No chunk"), (None, "does not specify")])
def test_a_chunk_that_is_not_there(network, session, digest, complaint):
    case, content = chunk(session, place(network, "elected-in-chunks"), chunk_request(digest)).case()
    assert case == ERR
    assert complaint in content.text()


# queries


@pytest.mark.parametrize("key", [BASE, RETIRED])
@pytest.mark.parametrize("interface", ["v2", "v3"])
def test_a_query_gives_the_same_value(network, session, key, interface):
    answer = ask(session, network.url, "get_value", question(key), interface=interface)
    reply = parse("GetValueResponse", cbor2.loads(answer.content)["reply"]["arg"])
    assert reply == certified(network.url, question(key))


def test_the_latest_version(network, session):
    told = parse("GetLatestVersionResponse", queried(session, network.url, "get_latest_version", b""))
    assert told.version == LATEST


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"sender": b"\x05"}, "anonymous"),
        ({"ingress_expiry": 1}, "ingress_expiry"),
        ({"canister_id": b"\x01"}, "not that of its address"),
        ({"request_type": "call"}, "no query"),
        ({"arg": None}, "cannot be read"),
    ],
    ids=["sender", "expired", "canister", "call", "argument"],
)
def test_bad_queries_are_refused_with_a_reason(network, session, changes, complaint):
    answer = ask(session, network.url, "get_value", question(BASE), **changes)
    assert answer.status_code == 400
    assert complaint in answer.text


def test_an_interface_that_has_no_queries(network, session):
    assert ask(session, network.url, "get_value", question(BASE), interface="v4").status_code == 404


@pytest.mark.parametrize(
    ("method", "argument"),
    [
        ("get_nothing", b""),
        ("get_chunk", b"DIDL"),
        ("get_certified_changes_since", b"\x08"),
        ("get_certified_changes_since", b"\x0a\x00"),
    ],
)
def test_what_the_registry_does_not_understand_is_rejected(network, session, method, argument):
    body = cbor2.loads(ask(session, network.url, method, argument).content)
    assert (body["status"], body["reject_code"]) == ("rejected", 5)


@pytest.mark.parametrize(
    "method", ["get_certified_changes_since", "get_certified_latest_version", "atomic_mutate"]
)
def test_what_is_no_update_is_rejected_under_signature(network, method):
    with pytest.raises(SourceError, match=r"reject|refus|fail"):
        fetch_certified_call([network.url], REGISTRY, method, b"")


# the certified history


@pytest.mark.parametrize("first", range(2_001, 2_024))
def test_changes_come_without_gaps(network, first):
    current, found = changes(network.url, first - 1)
    assert current == LATEST
    assert list(found) == list(range(first, LATEST + 1))
    assert all(change.mutations and not change.preconditions for change in found.values())
    times = [change.timestamp_nanoseconds for change in found.values()]
    assert all(earlier < later for earlier, later in pairwise(times))


@pytest.mark.parametrize(("asked", "first", "last"), [(0, 1, 1_000), (1_999, 2_000, LATEST)])
def test_in_the_versions_before_nothing_changed(network, asked, first, last):
    current, found = changes(network.url, asked)
    assert (current, list(found)) == (LATEST, list(range(first, last + 1)))
    assert not any(change.mutations for version, change in found.items() if version <= QUIET)


def test_what_changed(network):
    _, found = changes(network.url, QUIET)
    told = {
        version: [
            (one.mutation_type, re.sub(rb"(_record)?_(..9|[a-z0-9]{5}-.*)$", b"", one.key))
            for one in change.mutations
        ]
        for version, change in found.items()
    }
    assert told == {
        2_001: [(0, b"data_center")] * 4,
        2_002: [(0, b"node_operator")] * 4,
        **{version: [(0, b"node")] for version in range(2_003, 2_013)},
        2_013: [(0, RETIRED)],
        2_014: [(4, b"subnet_list"), (0, b"subnet"), (0, b"subnet")],
        2_015: [(0, BASE)],
        2_016: [(4, b"subnet_list"), (0, b"subnet")],
        2_017: [(0, OTHER), (2, RETIRED)],
        2_018: [(1, b"subnet")],
        2_019: [(1, b"subnet")],
        2_020: [(0, b"node")],
        2_021: [(0, b"api_boundary_node")],
        2_022: [(0, b"node")],
    }


def test_a_replay_gives_what_is_asked_for_one_by_one(network):
    held: dict[bytes, bytes] = {}
    for change in changes(network.url, QUIET)[1].values():
        for one in change.mutations:
            if one.mutation_type == 2:
                assert one.WhichOneof("c") is None
                del held[one.key]
            else:
                assert one.mutation_type == 4 or (one.key in held) is (one.mutation_type == 1)
                held[one.key] = one.value
    assert len(held) == 4 + 4 + 12 + 1 + 2 + 1 + 3
    for key, value in held.items():
        assert certified(network.url, question(key)).value == value


def test_the_latest_version_is_certified_too(network, session):
    reply = queried(session, network.url, "get_certified_latest_version", b"")
    assert read_changes(reply) == (LATEST, {})


def test_a_history_in_chunks_names_their_digests(network, session):
    url = place(network, "elected-in-chunks")
    _, found = read_changes(queried(session, url, "get_certified_changes_since", since(2_014)))
    (told,) = found[2_015].mutations
    asked = certified(url, question(BASE)).large_value_chunk_keys
    assert told.large_value_chunk_keys == asked


def test_long_histories_come_in_pages(session):
    nns = PracticeNns(most_versions=3)
    seen, at = [], QUIET
    while True:
        body = {
            "request_type": "query", "canister_id": REGISTRY.raw, "method_name": "get_certified_changes_since",
            "arg": since(at), "sender": b"\x04", "ingress_expiry": time.time_ns() + 10**11,
        }  # fmt: skip
        answer = nns.query("v3", REGISTRY, cbor2.dumps({"content": body}))
        current, found = read_changes(cbor2.loads(answer.body)["reply"]["arg"])
        assert len(found) <= 3
        seen += found
        if not found:
            break
        at = max(found)
    assert seen == list(range(2_001, current + 1))


# addresses


def test_a_slow_node_remembers_at_whose_address_it_was_asked():
    with practice.serving("not-elected", polls=1) as slow:
        assert slow.url.endswith("/scenario/not-elected")
        assert certified(slow.url, question(BASE)).error.code == 1


def test_only_scenarios_with_something_of_their_own_have_an_address(network):
    for name, own in (("honest", False), ("other-key", True), ("election-executed", True)):
        with practice.serving(name) as running:
            assert running.url.endswith(f"/scenario/{name}") is own
            assert "/scenario/" not in running.release_url_template


def test_a_scenarios_address_is_a_whole_node(network, session):
    status = session.get(f"{place(network, 'other-key')}/api/v2/status")
    assert cbor2.loads(status.content)["root_key"] == practice.ROOT_KEY
    assert session.get(f"{place(network, 'no-such')}/api/v2/status").status_code == 404
    assert ask(session, place(network, "no-such"), "get_value", question(BASE)).status_code == 404
