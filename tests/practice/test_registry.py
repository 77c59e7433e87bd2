"""The practice registry, read by Google's `protobuf`, and by the rules that dfinity's clients keep."""

from __future__ import annotations

import hashlib
import json
import time
from itertools import pairwise

import cbor2
import pytest
import requests
from practice.messages import message, parse, unknown

from auditkit import practice
from auditkit.errors import SourceError
from auditkit.evidence.agent import fetch_certified_call
from auditkit.ic import Principal, verify_certificate
from auditkit.ic.candid import decode
from auditkit.practice.nns.answers import PracticeNns
from auditkit.practice.nns.candid_writer import BLOB, OptType, encode, record
from auditkit.practice.release.published import DATA
from auditkit.practice.scenarios import BASE_COMMIT, OTHER_COMMIT, RETIRED_COMMIT

REGISTRY = Principal.from_text("rwlgt-iiaaa-aaaaa-aaaaa-cai")
CBOR = {"Content-Type": "application/cbor"}
BASE, OTHER, RETIRED = (
    f"replica_version_{commit}".encode() for commit in (BASE_COMMIT, OTHER_COMMIT, RETIRED_COMMIT)
)
LATEST = 60_007


@pytest.fixture(scope="module")
def network():
    with practice.serving() as running:
        yield running


@pytest.fixture(scope="module")
def session():
    with requests.Session() as opened:
        opened.trust_env = False
        yield opened


def place(network, name: str) -> str:
    return f"{network.url}/scenario/{name}"


def question(key: bytes, version: int | None = None) -> bytes:
    asked = message("GetValueRequest", key=key)
    if version is not None:
        asked.version.value = version
    return asked.SerializeToString()


def certified(url: str, argument: bytes, method: str = "get_value"):
    """The reply to a certified call, read by Google's protobuf."""
    call = fetch_certified_call([url], REGISTRY, method, argument)
    verified = verify_certificate(call.certificate, root_key=practice.ROOT_KEY, canister=REGISTRY)
    assert [decision.id for decision in verified.decisions if decision.outcome == "fail"] == []
    certificate = cbor2.loads(call.certificate)
    assert "delegation" not in certificate  # the NNS answers itself
    return parse("GetValueResponse", leaf_called(certificate["tree"], b"reply"))


def leaf_called(tree: list, label: bytes) -> bytes:
    """The value under the only label of this name anywhere in a tree."""
    (found,) = (subtree[1] for name, subtree in labels(tree) if name == label and subtree[0] == 3)
    return found


def labels(tree: list):
    match tree:
        case [1, left, right]:
            yield from labels(left)
            yield from labels(right)
        case [2, label, subtree]:
            yield label, subtree
            yield from labels(subtree)


def ask(session, url: str, method: str, argument: bytes, **changes: object) -> requests.Response:
    content = {
        "request_type": "query",
        "canister_id": REGISTRY.raw,
        "method_name": method,
        "arg": argument,
        "sender": b"\x04",
        "ingress_expiry": time.time_ns() + 180 * 10**9,
    } | changes
    address = f"{url}/api/{content.pop('interface', 'v3')}/canister/{REGISTRY}/query"
    return session.post(address, data=cbor2.dumps({"content": content}), headers=CBOR)


def queried(session, url: str, method: str, argument: bytes) -> bytes:
    answer = ask(session, url, method, argument)
    assert answer.status_code == 200, answer.text
    body = cbor2.loads(answer.content)
    assert body["status"] == "replied", body
    return body["reply"]["arg"]


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
    (BASE, BASE_COMMIT, 60_003, 1_788_000_000),
    (OTHER, OTHER_COMMIT, 60_005, 1_789_000_000),
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


@pytest.mark.parametrize(
    ("asked", "there"), [(60_000, False), (60_001, True), (60_004, True), (60_005, False)]
)
def test_the_registry_remembers_how_it_was(network, asked, there):
    reply = certified(network.url, question(RETIRED, asked))
    assert reply.HasField("error") is not there
    assert reply.version == (60_001 if there else asked)
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


def test_the_other_records_can_be_read(network):
    keys = {one.key for change in changes(network)[1].values() for one in change.mutations}
    (subnet,) = (key for key in keys if key.startswith(b"subnet_record_"))
    (operator,) = (key for key in keys if key.startswith(b"node_operator_record_"))
    told = parse("SubnetRecord", certified(network.url, question(subnet)).value)
    assert told.replica_version_id == OTHER_COMMIT
    told = parse("NodeOperatorRecord", certified(network.url, question(operator)).value)
    assert told.dc_id == "pr1"
    assert str(Principal(told.node_operator_principal_id)) == operator.decode().removeprefix(
        "node_operator_record_"
    )
    told = parse("DataCenterRecord", certified(network.url, question(b"data_center_record_pr1")).value)
    assert told.region == "Europe,CH,Zurich"


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
    assert (now.error.code, now.version) == (1, 60_008)
    assert measured(read_record(certified(url, question(BASE, 60_007)).value)) == published(BASE_COMMIT)


@pytest.mark.parametrize(
    "name", ["not-elected", "witness-not-adopted", "election-open", "election-not-executed"]
)
def test_an_absent_version_never_was_there(network, name):
    for version in (None, 60_003, LATEST):
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


# the certified history: the rules of dfinity's clients, written anew


def root_hash(tree) -> bytes:
    """The hash of a MixedHashTree, by the text of the interface specification."""

    def digest(separator: bytes, *parts: bytes) -> bytes:
        return hashlib.sha256(bytes([len(separator)]) + separator + b"".join(parts)).digest()

    match tree.WhichOneof("t"):
        case "empty":
            return digest(b"ic-hashtree-empty")
        case "fork":
            parts = root_hash(tree.fork.left_tree), root_hash(tree.fork.right_tree)
            return digest(b"ic-hashtree-fork", *parts)
        case "labeled":
            return digest(b"ic-hashtree-labeled", tree.labeled.label, root_hash(tree.labeled.subtree))
        case "leaf_data":
            return digest(b"ic-hashtree-leaf", tree.leaf_data)
        case "pruned_digest":
            return tree.pruned_digest
    raise AssertionError("a node of no kind")


def leaves(tree, path: tuple[bytes, ...] = ()):
    match tree.WhichOneof("t"):
        case "fork":
            yield from leaves(tree.fork.left_tree, path)
            yield from leaves(tree.fork.right_tree, path)
        case "labeled":
            yield from leaves(tree.labeled.subtree, (*path, tree.labeled.label))
        case "leaf_data":
            yield path, tree.leaf_data


def leb128(data: bytes) -> int:
    assert data[-1] < 0x80
    return sum((byte & 0x7F) << 7 * place for place, byte in enumerate(data))


def read_changes(reply: bytes) -> tuple[int, dict[int, object]]:
    """The current version and the changes by version in a certified answer that keeps the rules."""
    response = parse("CertifiedResponse", reply)
    verified = verify_certificate(response.certificate, root_key=practice.ROOT_KEY, canister=REGISTRY)
    assert [decision.id for decision in verified.decisions if decision.outcome == "fail"] == []
    certificate = cbor2.loads(response.certificate)
    assert leaf_called(certificate["tree"], b"certified_data") == root_hash(response.hash_tree)
    assert (b"canister", REGISTRY.raw, b"certified_data") in set(paths_of(certificate["tree"]))
    found = dict(leaves(response.hash_tree))
    current = leb128(found.pop((b"current_version",)))
    assert all(len(path) == 2 and path[0] == b"delta" and len(path[1]) == 8 for path in found)
    return current, {
        int.from_bytes(label, "big"): parse("AtomicMutateRequest", leaf) for (_, label), leaf in found.items()
    }


def paths_of(tree: list, path: tuple[bytes, ...] = ()):
    match tree:
        case [1, left, right]:
            yield from paths_of(left, path)
            yield from paths_of(right, path)
        case [2, label, subtree]:
            yield from paths_of(subtree, (*path, label))
        case [3, _]:
            yield path


def since(version: int) -> bytes:
    return message("GetChangesSinceRequest", version=version).SerializeToString()


def changes(network, version: int = 60_000):
    with requests.Session() as session:
        return read_changes(queried(session, network.url, "get_certified_changes_since", since(version)))


@pytest.mark.parametrize("first", range(60_001, 60_009))
def test_changes_come_without_gaps(network, first):
    current, found = changes(network, first - 1)
    assert current == LATEST
    assert list(found) == list(range(first, LATEST + 1))
    assert all(change.mutations and not change.preconditions for change in found.values())
    times = [change.timestamp_nanoseconds for change in found.values()]
    assert all(earlier < later for earlier, later in pairwise(times))


@pytest.mark.parametrize(("asked", "first", "last"), [(0, 1, 1_000), (59_999, 60_000, LATEST)])
def test_in_the_versions_before_nothing_changed(network, asked, first, last):
    current, found = changes(network, asked)
    assert (current, list(found)) == (LATEST, list(range(first, last + 1)))
    assert not any(change.mutations for version, change in found.items() if version <= 60_000)


def test_what_changed(network):
    _, found = changes(network)
    told = {
        version: [(one.mutation_type, one.key.partition(b"_record")[0]) for one in change.mutations]
        for version, change in found.items()
    }
    assert told == {
        60_001: [(0, RETIRED)],
        60_002: [(4, b"subnet")],
        60_003: [(0, BASE)],
        60_004: [(0, b"data_center")],
        60_005: [(0, OTHER), (2, RETIRED)],
        60_006: [(1, b"subnet")],
        60_007: [(0, b"node_operator")],
    }


def test_a_replay_gives_what_is_asked_for_one_by_one(network):
    held: dict[bytes, bytes] = {}
    for change in changes(network)[1].values():
        for one in change.mutations:
            if one.mutation_type == 2:
                assert one.WhichOneof("c") is None
                del held[one.key]
            else:
                assert (one.key in held) is (one.mutation_type == 1)
                held[one.key] = one.value
    assert len(held) == 5
    for key, value in held.items():
        assert certified(network.url, question(key)).value == value


def test_the_latest_version_is_certified_too(network, session):
    reply = queried(session, network.url, "get_certified_latest_version", b"")
    assert read_changes(reply) == (LATEST, {})


def test_a_history_in_chunks_names_their_digests(network, session):
    url = place(network, "elected-in-chunks")
    _, found = read_changes(queried(session, url, "get_certified_changes_since", since(60_002)))
    (told,) = found[60_003].mutations
    asked = certified(url, question(BASE)).large_value_chunk_keys
    assert told.large_value_chunk_keys == asked


def test_long_histories_come_in_pages(session):
    nns = PracticeNns(most_versions=3)
    seen, at = [], 60_000
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
    assert seen == list(range(60_001, current + 1))


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
