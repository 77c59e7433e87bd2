"""Servers that break off, lie, drip, redirect, replay or refuse: each is one clear error, in bounded time."""

from __future__ import annotations

import datetime
import ssl
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import cbor2
import pytest

from auditkit.errors import EvidenceError, SourceError
from auditkit.evidence import Clock, fetch_certified_call
from auditkit.ic.principal import GOVERNANCE
from auditkit.limits import LIMITS

REJECTED = {"status": b"rejected", "reject_code": b"\x05", "reject_message": b"IC0503: trapped \x1b[31mred"}


@pytest.fixture
def call(hasty):
    def run(*urls, **options):
        return fetch_certified_call(
            urls,
            GOVERNANCE,
            "get_proposal_info",
            b"DIDL\0\0",
            backoff=hasty,
            **{"limits": replace(LIMITS, call_deadline_seconds=8), **options},
        )

    return run


def test_a_dropped_connection(serve, call):
    server = serve(lambda asked, wire: None)
    with pytest.raises(SourceError, match="the connection broke off"):
        call(server.url)
    assert len(server.asked) == 4


def test_a_connection_dropped_inside_the_headers(serve, call):
    with pytest.raises(SourceError, match="so a truncated file would not be noticed"):
        call(serve(lambda asked, wire: wire.raw(b"HTTP/1.1 200 OK\r\nContent-")).url)


@pytest.mark.parametrize("chunked", [False, True])
def test_half_an_answer(serve, call, chunked):
    def script(asked, wire):
        half = cbor2.dumps({"status": "replied", "certificate": bytes(2000)})[:1000]
        if chunked:
            wire.raw(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/cbor\r\nTransfer-Encoding: chunked\r\n\r\n800\r\n"
            )
            wire.raw(half)
        else:
            wire.send(200, half, Content_Type="application/cbor", Content_Length="2023")

    server = serve(script)
    with pytest.raises(SourceError, match=r"broke off|cut short"):
        call(server.url)
    assert len(server.asked) == 4  # tried again, since it may be passing


def test_a_content_length_that_is_too_small(serve, call, certificate_of):
    def script(asked, wire):
        body = cbor2.dumps(
            {"status": "replied", "certificate": certificate_of(asked.request_id, status=b"replied")}
        )
        wire.send(200, body, Content_Type="application/cbor", Content_Length=str(len(body) - 9))

    with pytest.raises(EvidenceError, match="the answer from http://127"):
        call(serve(script).url)


def test_a_redirect_is_not_followed(serve, call, certificate_of):
    other = serve(lambda asked, wire: wire.send(200))
    server = serve(lambda asked, wire: wire.send(307, Location=other.url + "/x"))
    with pytest.raises(SourceError, match=r"redirects to http://127.*not followed"):
        call(server.url)
    assert len(server.asked) == 1
    assert not other.asked


@pytest.mark.parametrize("status", [200, 400, 403, 500])
def test_a_web_page(serve, call, status):
    server = serve(
        lambda asked, wire: wire.send(status, b"<html>Sign in", Content_Type="text/html; charset=utf-8")
    )
    with pytest.raises(SourceError, match="web page instead of data"):
        call(server.url)


def test_another_media_type(serve, call):
    with pytest.raises(SourceError, match="answered with text/plain instead of CBOR"):
        call(serve(lambda asked, wire: wire.send(200, b"hello", Content_Type="text/plain")).url)


@pytest.mark.parametrize("part", ["headers", "body"])
def test_a_slow_drip_ends_at_the_deadline(serve, call, part):
    def script(asked, wire):
        if part == "body":
            wire.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/cbor\r\nContent-Length: 9999\r\n\r\n")
        else:
            wire.raw(b"HTTP/1.1 200 OK\r\nX: ")
        wire.drip(b"a" * 9999, 0.02)

    started = time.monotonic()
    with pytest.raises(SourceError, match="no complete answer within"):
        call(serve(script).url, limits=replace(LIMITS, call_deadline_seconds=0.6))
    assert time.monotonic() - started < 2


def test_silence_ends_at_the_deadline_and_leaves_time_for_the_next_host(serve, call, certificate_of):
    def good(asked, wire):
        certificate = certificate_of(asked.request_id, status=b"replied", reply=b"R")
        wire.cbor({"status": "replied", "certificate": certificate})

    silent, second = serve(lambda asked, wire: wire.hang()), serve(good)
    started = time.monotonic()
    assert call(silent.url, second.url, limits=replace(LIMITS, call_deadline_seconds=1.0)).url == second.url
    assert time.monotonic() - started < 2


def test_an_answer_that_is_too_large(serve, call):
    def script(asked, wire):
        wire.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/cbor\r\n\r\n")
        for _ in range(LIMITS.answer_bytes // (1 << 20) + 2):
            wire.raw(bytes(1 << 20))

    with pytest.raises(
        EvidenceError, match=rf"larger than any real one \(expected at most {LIMITS.answer_bytes}"
    ):
        call(serve(script).url)


def test_a_compressed_answer(serve, call):
    server = serve(
        lambda asked, wire: wire.send(200, b"x", Content_Type="application/cbor", Content_Encoding="gzip")
    )
    with pytest.raises(SourceError, match="encoded as gzip"):
        call(server.url)
    assert server.asked[0].headers["Accept-Encoding"] == "identity"


def test_the_answer_to_another_request(serve, call, certificate_of):
    other = b"\xab" * 32

    def script(asked, wire):
        wire.cbor({"status": "replied", "certificate": certificate_of(other, status=b"replied", reply=b"R")})

    with pytest.raises(EvidenceError, match="the answer to another request") as caught:
        call(serve(script).url)
    assert caught.value.observed == "request " + "ab" * 32


def test_an_old_certificate_replayed(serve, call, certificate_of):
    kept: list[bytes] = []

    def script(asked, wire):
        kept.append(certificate_of(asked.request_id, status=b"replied", reply=b"R"))
        wire.cbor({"status": "replied", "certificate": kept[0]})

    server = serve(script)
    call(server.url)  # the honest answer to the same question, asked before
    with pytest.raises(EvidenceError, match="another request, perhaps an old one"):
        call(server.url)


def test_an_old_certificate_replayed_while_polling(serve, call, certificate_of):
    def script(asked, wire):
        if asked.path.endswith("/call"):
            wire.send(202)
        else:
            wire.cbor({"certificate": certificate_of(bytes(32), status=b"replied", reply=b"R")})

    with pytest.raises(EvidenceError, match="another request, perhaps an old one"):
        call(serve(script).url, clock=Clock(sleep=lambda _: None))


def test_a_real_certificate_of_another_call(serve, call, vectors):
    real = (vectors / "certificates" / "io67a_reply_0db17a_flat.cbor").read_bytes()
    server = serve(lambda asked, wire: wire.cbor({"status": "replied", "certificate": real}))
    with pytest.raises(EvidenceError, match="another request"):
        call(server.url)


def test_the_node_refuses(serve, call):
    refusal = {
        "status": "non_replicated_rejection",
        "reject_code": 3,
        "reject_message": "no update method",
        "error_code": "IC0536",
    }
    server = serve(lambda asked, wire: wire.cbor(refusal))
    with pytest.raises(
        SourceError, match=r"node refused .* no update method \(reject code 3, no such canister"
    ):
        call(server.url)


def test_the_canister_rejects(serve, call, certificate_of):
    def script(asked, wire):
        wire.cbor({"status": "replied", "certificate": certificate_of(asked.request_id, **REJECTED)})

    with pytest.raises(
        SourceError, match=r"canister rejected the call: IC0503: trapped \[31mred \(reject code 5"
    ) as caught:
        call(serve(script).url)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "kind", "message"),
    [
        ({"status": b"done"}, SourceError, "no longer kept"),
        ({"status": b"replied"}, EvidenceError, "holds no reply"),
        ({"status": b"dancing"}, EvidenceError, "unknown status"),
    ],
)
def test_other_statuses(serve, call, certificate_of, fields, *, kind, message):
    def script(asked, wire):
        wire.cbor({"status": "replied", "certificate": certificate_of(asked.request_id, **fields)})

    with pytest.raises(kind, match=message):
        call(serve(script).url)


def test_the_request_expires_unanswered(serve, call, certificate_of):
    def script(asked, wire):
        if asked.path.endswith("/call"):
            wire.send(202)
        else:
            wire.cbor({"certificate": certificate_of(bytes(32))})

    later = [0.0]
    clock = Clock(now=lambda: time.time() + later[0], sleep=lambda s: later.__setitem__(0, later[0] + 60 * s))
    with pytest.raises(SourceError, match="expired before it was answered"):
        call(serve(script).url, clock=clock)


def test_polling_ends_at_the_deadline(serve, call, certificate_of):
    def script(asked, wire):
        if asked.path.endswith("/call"):
            wire.send(202)
        else:
            wire.cbor({"certificate": certificate_of(bytes(32))})

    started = time.monotonic()
    with pytest.raises(SourceError, match="accepted but not answered in time"):
        call(serve(script).url, limits=replace(LIMITS, call_deadline_seconds=1.5))
    assert time.monotonic() - started < 2.5


def test_a_wrong_clock(serve, call):
    words = b"Invalid request expiry: Specified ingress_expiry not within expected range: ..."
    server = serve(lambda asked, wire: wire.send(400, words, Content_Type="text/plain"))
    with pytest.raises(SourceError, match="check this computer's clock"):
        call(server.url)
    assert len(server.asked) == 1


def test_a_host_that_knows_no_interface(serve, call):
    server = serve(lambda asked, wire: wire.send(404))
    with pytest.raises(SourceError, match=r"HTTP status 404; check the address"):
        call(server.url)
    assert [path.split("/")[2] for path in server.paths()] == ["v4", "v3", "v2"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "ends too early"),
        (b"\xa1", "CBOR byte"),
        (bytes.fromhex("d81c82d81d00d81d00"), "a tag"),
        (b"\x80", "not a CBOR map"),
        (cbor2.dumps({"certificate": b""}), "no known form"),
        (cbor2.dumps({"status": "replied"}), "holds no certificate"),
        (cbor2.dumps({"status": "replied", "certificate": b"\x9f\xff"}), "the certificate from .*indefinite"),
        (cbor2.dumps({"status": "replied", "certificate": cbor2.dumps([])}), "not a certificate"),
        (
            cbor2.dumps({"status": "replied", "certificate": cbor2.dumps({"tree": [9], "signature": b""})}),
            "no known shape",
        ),
        (cbor2.dumps({"status": "replied", "certificate": cbor2.dumps({})}), "the certificate from"),
    ],
)
def test_malformed_answers(serve, call, body, message):
    with pytest.raises(EvidenceError, match=message) as caught:
        call(serve(lambda asked, wire: wire.send(200, body, Content_Type="application/cbor")).url)
    assert "http://127.0.0.1" in str(caught.value)


def test_the_first_host_decides_what_kind_of_trouble_it_is(serve, call):
    lying = serve(lambda asked, wire: wire.send(200, b"\xff", Content_Type="application/cbor"))
    with pytest.raises(EvidenceError, match="none of 2 hosts"):
        call(lying.url, "http://127.0.0.1:9")
    with pytest.raises(SourceError, match="none of 2 hosts"):
        call("http://127.0.0.1:9", lying.url)


def test_an_untrusted_tls_certificate(call, tmp_path, monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(self.path)

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        with pytest.raises(SourceError, match="TLS certificate is not trusted"):
            call(f"https://127.0.0.1:{server.server_address[1]}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert not asked


def self_signed(folder):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return path
