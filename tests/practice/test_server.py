"""The practice network over HTTP: what a node and a release server answer, also to bad requests."""

from __future__ import annotations

import hashlib
import http.client
import socket
import subprocess
import sys
import threading
import time
from urllib.parse import urlsplit

import cbor2
import pytest
import requests

from auditkit import practice
from auditkit.errors import ParameterError, SourceError
from auditkit.evidence.agent import fetch_certified_call
from auditkit.ic import GOVERNANCE, Principal, encode_nat64_argument, request_id, verify_certificate
from auditkit.practice.nns.answers import PracticeNns

CBOR = {"Content-Type": "application/cbor"}
CALL = "/api/v4/canister/rrkah-fqaaa-aaaaa-aaaaq-cai/call"
READ_STATE = "/api/v3/canister/rrkah-fqaaa-aaaaa-aaaaq-cai/read_state"
HONEST = practice.scenario("honest")


@pytest.fixture(scope="module")
def network():
    with practice.serving() as running:
        yield running


@pytest.fixture
def session():
    with requests.Session() as opened:
        opened.trust_env = False
        yield opened


def content(**changes: object) -> dict[str, object]:
    """The content map of a good call, with changes; None drops a field."""
    fields = {
        "request_type": "call",
        "canister_id": GOVERNANCE.raw,
        "method_name": "get_proposal_info",
        "arg": encode_nat64_argument(HONEST.proposal_id),
        "sender": b"\x04",
        "ingress_expiry": time.time_ns() + 180 * 10**9,
        "nonce": b"1" * 16,
    } | changes
    return {name: value for name, value in fields.items() if value is not None}


def envelope(fields: dict[str, object], **more: object) -> bytes:
    return cbor2.dumps(cbor2.CBORTag(55799, {"content": fields, **more}))


def fields_of(answer: requests.Response) -> dict[str, object]:
    assert answer.content.startswith(b"\xd9\xd9\xf7")
    return cbor2.loads(answer.content[3:])


def test_status_names_the_root_key(network, session):
    answer = session.get(f"{network.url}/api/v2/status")
    assert answer.headers["Content-Type"] == "application/cbor"
    assert fields_of(answer)["root_key"] == network.root_key == practice.ROOT_KEY
    assert len(network.root_key) == 133


def test_it_listens_on_the_loopback_only(network):
    assert urlsplit(network.url).hostname == "127.0.0.1"
    assert network.release_url_template.startswith(network.url)
    assert "{base_version}" in network.release_url_template


def test_a_call_is_answered_at_once(network, session):
    fields = content()
    answer = session.post(network.url + CALL, data=envelope(fields), headers=CBOR)
    assert answer.status_code == 200
    body = fields_of(answer)
    assert body["status"] == "replied"
    verified = verify_certificate(body["certificate"], root_key=network.root_key, canister=GOVERNANCE)
    assert [decision.id for decision in verified.decisions if decision.outcome == "fail"] == []
    assert request_id(fields) in body["certificate"]


@pytest.mark.parametrize("version", ["v4", "v3", "v2"])
def test_every_interface_leads_to_the_reply(version):
    with practice.serving(call_versions=(version,)) as network:
        call = fetch_certified_call(
            [network.url], GOVERNANCE, "get_proposal_info", encode_nat64_argument(HONEST.proposal_id)
        )
    verified = verify_certificate(call.certificate, root_key=network.root_key, canister=GOVERNANCE)
    assert [decision.id for decision in verified.decisions if decision.outcome == "fail"] == []


def test_a_slow_node_is_polled(session):
    with practice.serving(polls=1) as network:
        fields = content()
        accepted = session.post(network.url + CALL, data=envelope(fields), headers=CBOR)
        assert accepted.status_code == 202
        question = {
            "request_type": "read_state",
            "sender": b"\x04",
            "ingress_expiry": time.time_ns() + 10**9,
            "paths": [[b"request_status", request_id(fields)]],
        }
        told = [
            session.post(network.url + READ_STATE, data=envelope(question), headers=CBOR).content
            for _ in "123"
        ]
    assert [b"processing" in answer for answer in told] == [True, False, False]
    assert [b"replied" in answer for answer in told] == [False, True, True]


def test_an_unknown_request_is_shown_to_be_absent(network, session):
    question = {
        "request_type": "read_state",
        "sender": b"\x04",
        "ingress_expiry": time.time_ns() + 10**9,
        "paths": [[b"request_status", b"u" * 32]],
    }
    answer = session.post(network.url + READ_STATE, data=envelope(question), headers=CBOR)
    certificate = fields_of(answer)["certificate"]
    verified = verify_certificate(certificate, root_key=network.root_key, canister=GOVERNANCE)
    assert [decision.id for decision in verified.decisions if decision.outcome == "fail"] == []
    assert b"u" * 32 not in certificate


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"", "ends too early"),
        (b"\xff" * 100, "cannot be read"),
        (b"\x81" * 60_000, "cannot be read"),
        (envelope(content(sender=b"\x05")), "anonymous"),
        (envelope(content(ingress_expiry=1)), "ingress_expiry"),
        (envelope(content(ingress_expiry=2**63)), "ingress_expiry"),
        (envelope(content(canister_id=b"\x01")), "not that of its address"),
        (envelope(content(arg=None)), "wrong fields"),
        (envelope(content(request_type="query")), "not an update call"),
        (envelope(content(), sender_sig=b"1" * 64), "cannot be read"),
    ],
    ids=[
        "empty",
        "noise",
        "deep",
        "signed sender",
        "expired",
        "far",
        "canister",
        "no argument",
        "query",
        "signature",
    ],
)
def test_bad_calls_are_refused_with_a_reason(network, session, body, complaint):
    answer = session.post(network.url + CALL, data=body, headers=CBOR)
    assert answer.status_code == 400
    assert complaint in answer.text


@pytest.mark.parametrize(
    ("path", "headers", "body", "status"),
    [
        ("/api/v5/canister/rrkah-fqaaa-aaaaa-aaaaq-cai/call", CBOR, b"x", 404),
        ("/api/v4/canister/rrkah-fqaaa-aaaaa-aaaaq-cax/call", CBOR, b"x", 400),
        ("/api/v2/canister/rrkah-fqaaa-aaaaa-aaaaq-cai/query", CBOR, b"x", 400),
        ("/elsewhere", CBOR, b"x", 404),
        (CALL, {"Content-Type": "text/plain"}, b"x", 415),
        (CALL, CBOR, bytes(300 * 1024), 413),
        (CALL, CBOR, iter([b"chunked"]), 411),
    ],
    ids=["version", "checksum", "query", "path", "type", "size", "chunked"],
)
def test_bad_requests_are_refused(path, headers, body, status):
    with practice.serving() as running, requests.Session() as session:
        try:
            assert session.post(running.url + path, data=body, headers=headers).status_code == status
        except requests.ConnectionError:
            assert status in (411, 413)  # it may hang up while the body is still being sent


def test_another_canister_is_rejected_before_the_subnet_sees_it(network, session):
    other = Principal.from_text("ryjl3-tyaaa-aaaaa-aaaba-cai")
    answer = session.post(
        f"{network.url}/api/v4/canister/{other}/call",
        data=envelope(content(canister_id=other.raw)),
        headers=CBOR,
    )
    assert fields_of(answer)["status"] == "non_replicated_rejection"


@pytest.mark.parametrize("changes", [{"method_name": "list_neurons"}, {"arg": b"DIDL\x00\x00"}, {"arg": b""}])
def test_what_governance_does_not_understand_is_rejected_under_signature(network, changes):
    fields = content(**changes)
    with pytest.raises(SourceError, match=r"reject|refus|fail"):
        fetch_certified_call([network.url], GOVERNANCE, fields["method_name"], fields["arg"])


def test_it_remembers_a_bounded_number_of_calls():
    nns = PracticeNns()
    for number in range(1_100):
        nns.call("v2", GOVERNANCE, envelope(content(nonce=number.to_bytes(2, "big"))))
    assert len(nns._calls) == 1_000


def image(network) -> str:
    return network.release_url_template.format(base_version=HONEST.base_version)


def test_a_release_is_served_whole_and_in_parts(network, session):
    whole = session.get(image(network))
    sums = session.get(image(network).rpartition("/")[0] + "/SHA256SUMS").text
    assert f"{hashlib.sha256(whole.content).hexdigest()} update-img.tar.zst\n" in sums
    size = len(whole.content)
    for wanted, first, last in (
        ("bytes=0-0", 0, 0),
        ("bytes=1000-1999", 1000, 1999),
        (f"bytes={size - 5}-", size - 5, size - 1),
        (f"bytes=10-{10 * size}", 10, size - 1),
        ("bytes=-7", size - 7, size - 1),
    ):
        part = session.get(image(network), headers={"Range": wanted})
        assert part.status_code == 206
        assert part.headers["Content-Range"] == f"bytes {first}-{last}/{size}"
        assert part.content == whole.content[first : last + 1]


def test_head_tells_the_size(network, session):
    head = session.head(image(network))
    assert head.status_code == 200
    assert int(head.headers["Content-Length"]) == len(session.get(image(network)).content)
    assert head.headers["Accept-Ranges"] == "bytes"
    assert head.content == b""


@pytest.mark.parametrize("beyond", ["bytes=99999999-", "bytes=-0"])
def test_a_range_beyond_the_end_is_not_satisfiable(network, session, beyond):
    answer = session.get(image(network), headers={"Range": beyond})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"].startswith("bytes */")


@pytest.mark.parametrize(
    "odd", ["bytes=9-3", "bytes=0-1,4-5", "lines=1-2", "bytes=x-", "bytes=" + "9" * 99 + "-"]
)
def test_a_range_that_makes_no_sense_gives_the_whole_file(network, session, odd):
    assert session.get(image(network), headers={"Range": odd}).status_code == 200


def test_if_range_guards_against_a_file_that_changed(network, session):
    etag = session.head(image(network)).headers["ETag"]
    same = session.get(image(network), headers={"Range": "bytes=0-9", "If-Range": etag})
    changed = session.get(image(network), headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    assert (same.status_code, changed.status_code) == (206, 200)


@pytest.mark.parametrize(
    "path",
    [
        "/", "/ic", "/ic/../../keys.py", "/base-16-vcpus.json",
        f"/ic/{HONEST.base_version}/guest-os/update-img/../update-img/SHA256SUMS",
        f"/ic/{HONEST.base_version}/guest-os/update-img/%2e%2e/SHA256SUMS",
        f"/ic/{'0' * 40}/guest-os/update-img/SHA256SUMS",
        f"/ic/{HONEST.base_version}/guest-os/update-img/SHA256SUMS?x",
    ],
)  # fmt: skip
def test_nothing_else_is_served(network, path):
    host = urlsplit(network.url)
    connection = http.client.HTTPConnection(host.hostname, host.port, timeout=5)
    connection.request("GET", path)
    assert connection.getresponse().status == 404
    connection.close()


def test_many_may_ask_at_once(network):
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            fetch_certified_call(
                [network.url], GOVERNANCE, "get_proposal_info", encode_nat64_argument(HONEST.proposal_id)
            )
        except BaseException as error:  # noqa: BLE001  (reported by the test)
            failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_it_stops_although_clients_stay_connected():
    before = threading.active_count()
    with practice.serving() as network:
        host = urlsplit(network.url)
        idle = socket.create_connection((host.hostname, host.port))
        kept = http.client.HTTPConnection(host.hostname, host.port)
        kept.request("GET", "/api/v2/status")
        kept.getresponse().read()
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before
    idle.close()
    kept.close()
    with pytest.raises(OSError):
        socket.create_connection((host.hostname, host.port), timeout=1)


def test_a_scenario_that_does_not_exist_is_refused_before_anything_runs():
    with pytest.raises(ParameterError, match="no practice scenario"), practice.serving("dishonest"):
        pass


def test_a_port_that_is_taken_or_none_is_told(network):
    with pytest.raises(SourceError, match="cannot listen"), practice.serving(port=urlsplit(network.url).port):
        pass
    with pytest.raises(ParameterError, match="no such port"), practice.serving(port=70_000):
        pass


def test_serve_forever_tells_what_a_user_needs(monkeypatch):
    told: list[str] = []

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("auditkit.practice.network.time.sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        practice.serve_forever(0, told.append)
    assert any("http://127.0.0.1:" in line for line in told)
    assert any(practice.ROOT_KEY.hex() in line for line in told)


def test_a_process_has_one_network_until_it_ends():
    program = """
import os, sys, requests
from auditkit.practice import PRACTICE_WORLD
urls = []
for case, parameter in (("honest", "proposal_source"), ("election-open", "proposal_source"), ("honest", "base_image")):
    with PRACTICE_WORLD.sources.open(case, parameter, "0" * 40) as source:
        urls.append(source.url)
with requests.Session() as session:
    session.trust_env = False
    assert session.get(urls[0] + "/api/v2/status").status_code == 200
child = os.fork()
if child == 0:
    sys.exit()
assert os.waitpid(child, 0)[1] == 0
print(*urls)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    plain, election, image = done.stdout.split()
    assert election == f"{plain}/scenario/election-open"
    assert image.startswith(f"{plain}/ic/{'0' * 40}/")
