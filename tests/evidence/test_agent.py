"""The certified call against servers that speak the interface well, each in its own generation."""

from __future__ import annotations

import time
from dataclasses import replace

import cbor2
import pytest

from auditkit.errors import ParameterError, SourceError
from auditkit.evidence import (
    MAINNET_URLS,
    CertifiedCall,
    Clock,
    fetch_certified_call,
    request_path,
    save_proposal,
)
from auditkit.evidence import files as files_module
from auditkit.ic.principal import GOVERNANCE
from auditkit.limits import LIMITS

ARGUMENT = bytes.fromhex("4449444c0001780d1e020000000000")
PATH = "/api/{}/canister/rrkah-fqaaa-aaaaa-aaaaq-cai/{}"


@pytest.fixture
def call(hasty):
    def run(*urls, **options):
        return fetch_certified_call(
            urls,
            GOVERNANCE,
            "get_proposal_info",
            ARGUMENT,
            backoff=hasty,
            **{"limits": replace(LIMITS, call_deadline_seconds=10), **options},
        )

    return run


@pytest.fixture
def replies(certificate_of):
    """Answers a v4 call with a certificate."""

    def script(asked, wire):
        wire.cbor(
            {
                "status": "replied",
                "certificate": certificate_of(asked.request_id, status=b"replied", reply=b"R"),
            }
        )

    return script


def test_the_newest_interface_answers_at_once(serve, call, replies):
    server = serve(replies)
    got = call(server.url + "/")
    assert server.paths() == [PATH.format("v4", "call")]
    assert got.url == server.url
    # Bare, as dfinity's tool writes it: no tag, just the map.
    assert got.certificate[0] == 0xA2
    assert set(cbor2.loads(got.certificate)) == {"tree", "signature"}


def test_the_request_is_anonymous_fresh_and_kept(serve, call, replies):
    server = serve(replies)
    before = time.time()
    first, second = call(server.url), call(server.url)
    one, two = server.asked
    assert one.body.startswith(b"\xd9\xd9\xf7")
    assert set(cbor2.loads(one.body[3:])) == {"content"}  # no sender_pubkey, no sender_sig
    content = one.content
    assert content.pop("nonce") != two.content["nonce"]
    assert 170e9 < content.pop("ingress_expiry") - before * 1e9 <= 182e9
    assert content == {
        "request_type": "call",
        "canister_id": bytes.fromhex("00000000000000010101"),
        "method_name": "get_proposal_info",
        "arg": ARGUMENT,
        "sender": b"\x04",
    }
    assert first.request == one.body != second.request
    assert one.headers["Content-Type"] == "application/cbor"
    assert "Authorization" not in one.headers
    assert "Cookie" not in two.headers


def test_netrc_and_cookies_stay_at_home(serve, call, certificate_of, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))

    def script(asked, wire):
        status = b"replied" if asked.path.endswith("read_state") else b"processing"
        certificate = certificate_of(
            asked_ids[0] if asked_ids else asked.request_id, status=status, reply=b"R"
        )
        asked_ids.append(asked.request_id)
        wire.cbor({"status": "replied", "certificate": certificate}, Set_Cookie="who=you; Path=/")

    asked_ids: list[bytes] = []
    server = serve(script)
    call(server.url)
    assert len(server.asked) == 2
    for asked in server.asked:
        assert not {"Authorization", "Cookie"} & set(asked.headers)


def test_older_hosts_are_asked_by_older_interfaces(serve, call, certificate_of):
    polls = [{}, {"status": b"received"}, {"status": b"processing"}, {"status": b"replied", "reply": b"R"}]

    def script(asked, wire):
        version, what = asked.path.split("/")[2], asked.path.split("/")[-1]
        if (version, what) in (("v4", "call"), ("v3", "call"), ("v3", "read_state")):
            wire.send(404, b"<html>no such page</html>", Content_Type="text/html")
        elif what == "call":
            ids.append(asked.request_id)
            wire.send(202)
        else:
            assert asked.content["paths"] == [[b"request_status", ids[0]]]
            wire.cbor({"certificate": certificate_of(ids[0], **polls.pop(0))})

    ids: list[bytes] = []
    waits: list[float] = []
    server = serve(script)
    events: list[str] = []
    call(server.url, clock=Clock(sleep=waits.append), on_event=events.append)
    assert server.paths()[:5] == [
        PATH.format("v4", "call"),
        PATH.format("v3", "call"),
        PATH.format("v2", "call"),
        PATH.format("v3", "read_state"),
        PATH.format("v2", "read_state"),
    ]
    assert waits == pytest.approx([0.5, 0.7, 0.98, 1.0])
    assert any("does not know call v4" in event for event in events)
    assert any("waiting for the reply" in event for event in events)


def test_a_busy_host_is_asked_again(serve, call, replies):
    def script(asked, wire):
        match len(server.asked):
            case 1:
                wire.send(429, Retry_After="7")
            case 2:
                wire.send(503)
            case 3:
                pass  # closes without an answer
            case _:
                replies(asked, wire)

    server = serve(script)
    waits: list[float] = []
    call(server.url, clock=Clock(sleep=waits.append, chance=lambda: 0.5))
    assert waits == pytest.approx([0.02, 0.004, 0.008])  # 7 s were asked, 0.02 s is the fixture's limit
    assert len({asked.body for asked in server.asked}) == 1  # the same request, so it runs once


def test_a_host_that_stays_busy_is_given_up(serve, call):
    server = serve(lambda asked, wire: wire.send(503))
    with pytest.raises(SourceError, match=r"not available right now \(HTTP status 503\)"):
        call(server.url)
    assert len(server.asked) == 4


def test_hosts_are_tried_in_order(serve, call, replies):
    page = serve(lambda asked, wire: wire.send(200, b"<html>", Content_Type="text/html; charset=utf-8"))
    good, unused = serve(replies), serve(replies)
    events: list[str] = []
    got = call("http://127.0.0.1:9", page.url, good.url, unused.url, on_event=events.append)
    assert got.url == good.url
    assert len(page.asked) == 1
    assert not unused.asked
    assert any("web page" in event for event in events)


def test_when_no_host_answers_each_is_named(serve, call):
    page = serve(lambda asked, wire: wire.send(200, b"<html>", Content_Type="text/html"))
    with pytest.raises(SourceError, match="none of 2 hosts") as caught:
        call("http://127.0.0.1:9", page.url)
    assert "127.0.0.1:9" in str(caught.value)
    assert page.url in str(caught.value)


def test_the_systems_proxy_is_used(serve, call, replies, monkeypatch):
    proxy = serve(replies)
    monkeypatch.setenv("http_proxy", proxy.url)
    assert call("http://boundary.invalid").url == "http://boundary.invalid"
    assert proxy.paths() == ["http://boundary.invalid" + PATH.format("v4", "call")]


@pytest.mark.parametrize(
    ("urls", "message"),
    [
        ((), "no host"),
        (("ftp://127.0.0.1",), "not an http or https address"),
        (("https://me:secret@127.0.0.1",), "must not carry"),
        (("icp0.io",), "not an http"),
        (("http://[::1",), "not a web address"),
        (("http://127.0.0.1:99999",), "not a web address"),
        (("http://127.0.0.1/a\nb",), "control characters"),
    ],
)
def test_malformed_hosts_are_the_users_fault(call, urls, message):
    with pytest.raises(ParameterError, match=message) as caught:
        call(*urls)
    assert "secret" not in str(caught.value)


def test_the_mainnet_is_asked_over_tls():
    assert MAINNET_URLS == ("https://icp-api.io", "https://icp0.io")


def test_certificate_and_request_are_kept_side_by_side(tmp_path):
    path = tmp_path / "proposal-1.cbor"
    save_proposal(path, CertifiedCall(b"certificate", b"request", "u"))
    assert request_path(path) == tmp_path / "proposal-1.request.cbor"
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {
        "proposal-1.cbor": b"certificate",
        "proposal-1.request.cbor": b"request",
    }


def test_both_or_neither_are_kept(tmp_path, monkeypatch):
    path = tmp_path / "p.cbor"
    save_proposal(path, CertifiedCall(b"old certificate", b"old request", "u"))
    rename = type(path).rename

    def fails_for_the_new_certificate(self, target):
        if target == path and self.read_bytes() == b"new certificate":
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(type(path), "rename", fails_for_the_new_certificate)
    with pytest.raises(SourceError, match="no space left"):
        save_proposal(path, CertifiedCall(b"new certificate", b"new request", "u"))
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {
        "p.cbor": b"old certificate",
        "p.request.cbor": b"old request",
    }


def test_an_interrupted_write_leaves_no_rubbish(tmp_path, monkeypatch):
    monkeypatch.setattr(files_module, "write_new", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        save_proposal(tmp_path / "p.cbor", CertifiedCall(b"c", b"r", "u"))
    assert not list(tmp_path.iterdir())


def test_a_folder_is_not_overwritten(tmp_path):
    (tmp_path / "p.cbor").mkdir()
    with pytest.raises(ParameterError, match="folder"):
        save_proposal(tmp_path / "p.cbor", CertifiedCall(b"c", b"r", "u"))
    with pytest.raises(SourceError, match="cannot be written"):
        save_proposal(tmp_path / "missing" / "p.cbor", CertifiedCall(b"c", b"r", "u"))
