"""A record of the registry from hosts that answer well and badly, and in files beside each other."""

from __future__ import annotations

import gc
import hashlib
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import cbor2
import pytest
from ic.registry.writing import COMMIT, KEY, blob, error, measurement, record, reply, value
from ic.world import ROOT

from auditkit.errors import AuditkitError, EvidenceError, ParameterError, SourceError
from auditkit.evidence import (
    RegistryValue,
    chunks_path,
    decode_chunks,
    encode_chunks,
    fetch_query,
    fetch_registry_value,
    read_registry_value,
    request_path,
    save_registry_value,
)
from auditkit.ic import REGISTRY
from auditkit.ic.candid import Primitive
from auditkit.ic.registry import verify_registry_answer
from auditkit.limits import LIMITS
from auditkit.practice.nns import certify
from auditkit.practice.nns.candid_writer import BLOB, OptType, VariantType, encode
from auditkit.practice.nns.candid_writer import record as record_type

PATH = "/api/{}/canister/rwlgt-iiaaa-aaaaa-aaaaa-cai/{}"
CHUNK = VariantType((("Ok", record_type(content=OptType(BLOB))), ("Err", Primitive.TEXT)))
WHOLE = record(measurement())
PARTS = (WHOLE[:40], WHOLE[40:])


def in_parts(*parts: bytes) -> bytes:
    return reply(blob(4, b"".join(blob(1, hashlib.sha256(part).digest()) for part in parts)))


def certificate(request_id: bytes, answer: bytes) -> bytes:
    state = certify.reply_state(request_id, answer, time_ns=time.time_ns())
    return certify.certificate(certify.build_tree(state), ROOT)


def replied(wire, content: object) -> None:
    """An answer to a query, with the signature that nobody looks at."""
    wire.cbor(
        {"status": "replied", "reply": {"arg": content}, "signatures": [{"timestamp": 1, "signature": b"s"}]}
    )


def registry(answer: bytes, chunk=None):
    """A host with a registry that certifies ``answer`` and gives the parts of ``chunk``, by their digests."""
    parts = {hashlib.sha256(part).digest(): part for part in PARTS} if chunk is None else chunk

    def script(asked, wire):
        if asked.path.endswith("call"):
            wire.cbor({"status": "replied", "certificate": certificate(asked.request_id, answer)})
        else:
            digest = asked.content["arg"][-32:]
            replied(wire, encode(CHUNK, ("Ok", {"content": parts[digest]})))

    return script


@pytest.fixture
def fetch(hasty):
    def run(*urls, key=KEY, version=None, **limits):
        hurried = replace(LIMITS, call_deadline_seconds=5, http_read_seconds=1, **limits)
        return fetch_registry_value(urls, key, version, backoff=hasty, limits=hurried)

    return run


def verified(got: RegistryValue, key=KEY):
    return verify_registry_answer(
        got.certificate, root_key=ROOT.public_key_der, key=key, request=got.request, chunks=got.chunks
    )


def test_a_record_is_asked_for_by_a_certified_call(serve, fetch):
    server = serve(registry(value()))
    got = fetch(server.url)
    assert server.paths() == [PATH.format("v4", "call")]
    content = server.asked[0].content
    assert (content["request_type"], content["method_name"]) == ("call", "get_value")
    assert content["canister_id"] == bytes.fromhex("00000000000000000101")
    assert content["arg"] == bytes.fromhex("1238") + KEY.encode()
    assert (got.origin, got.chunks) == (server.url, ())
    assert verified(got).answer.value == WHOLE


def test_an_earlier_version_is_asked_about(serve, fetch):
    server = serve(registry(value(version=62_000)))
    got = fetch(server.url, version=62_500)
    assert server.asked[0].content["arg"].hex().startswith("0a0408a4e803")  # 62,500 as a varint
    assert verified(got).answer.asked_version == 62_500


def test_a_large_record_is_put_together_by_queries(serve, fetch):
    server = serve(registry(in_parts(*PARTS)))
    got = fetch(server.url)
    assert server.paths() == [PATH.format("v4", "call"), *[PATH.format("v3", "query")] * 2]
    content = server.asked[1].content
    assert (content["request_type"], content["method_name"]) == ("query", "get_chunk")
    assert content["sender"] == b"\x04"
    assert "nonce" not in content
    assert got.chunks == PARTS
    assert verified(got).answer.record.replica_version_id == COMMIT


def test_an_older_host_is_queried_by_an_older_interface(serve, fetch):
    script = registry(in_parts(*PARTS))

    def older(asked, wire):
        if "/v3/" in asked.path and asked.path.endswith("query"):
            wire.send(404, b"no such page")
        else:
            script(asked, wire)

    server = serve(older)
    assert fetch(server.url).chunks == PARTS
    assert server.paths()[-1] == PATH.format("v2", "query")


def test_an_absence_is_an_answer(serve, fetch):
    assert verified(fetch(serve(registry(error(1))).url)).answer.value is None


def test_what_cannot_be_read_is_for_the_checks(serve, fetch):
    assert verified(fetch(serve(registry(b"\x0b")).url)).answer is None


def test_a_part_that_another_host_has(serve, fetch):
    lies = dict.fromkeys((hashlib.sha256(part).digest() for part in PARTS), b"another")
    first, second = serve(registry(in_parts(*PARTS), lies)), serve(registry(in_parts(*PARTS)))
    with pytest.raises(EvidenceError, match="not the one that the answer names"):
        fetch(first.url)
    got = fetch(first.url, second.url)
    assert got.chunks == PARTS


def chunk_answers(answer):
    def script(asked, wire):
        if asked.path.endswith("call"):
            wire.cbor({"status": "replied", "certificate": certificate(asked.request_id, in_parts(*PARTS))})
        else:
            answer(wire)

    return script


@pytest.mark.parametrize(
    ("answer", "kind", "told"),
    [
        (lambda wire: replied(wire, encode(CHUNK, ("Err", "no such chunk"))), EvidenceError, "no such chunk"),
        (lambda wire: replied(wire, encode(CHUNK, ("Ok", {"content": None}))), EvidenceError, "no part"),
        (lambda wire: replied(wire, "text"), EvidenceError, "no known form"),
        (lambda wire: wire.cbor({"status": "replied"}), EvidenceError, "no known form"),
        (lambda wire: wire.cbor([1]), EvidenceError, "not a CBOR map"),
        (
            lambda wire: wire.cbor(
                {"status": "rejected", "reject_code": 5, "reject_message": "trapped", "error_code": "IC0502"}
            ),
            SourceError,
            "trapped",
        ),
        (lambda wire: wire.send(200, b"<html>", Content_Type="text/html"), SourceError, "web page"),
        (lambda wire: wire.send(503), SourceError, "503"),
        (lambda wire: wire.hang(), SourceError, "within 1 seconds"),
    ],
)
def test_hosts_that_do_not_give_a_part(serve, fetch, answer, kind, told):
    with pytest.raises(kind, match=told):
        fetch(serve(chunk_answers(answer)).url)


def test_a_record_in_too_many_parts_is_not_begun(serve, fetch):
    server = serve(registry(in_parts(*PARTS)))
    got = fetch(server.url, registry_chunks=1)
    assert got.chunks == ()
    assert len(server.asked) == 1


def test_a_record_of_endless_bytes_is_given_up(serve, fetch):
    server = serve(registry(in_parts(*PARTS)))
    with pytest.raises(EvidenceError, match="larger than any real one"):
        fetch(server.url, registry_value_bytes=len(PARTS[0]) - 1)
    assert len(server.asked) == 2


@pytest.mark.parametrize(("key", "version"), [("", None), (KEY, -1), (KEY, 1 << 64)])
def test_what_cannot_be_asked(fetch, key, version):
    with pytest.raises(ParameterError):
        fetch("http://127.0.0.1:9", key=key, version=version)


def test_nobody_vouches_for_a_query(serve, hasty):
    server = serve(lambda asked, wire: replied(wire, b"reply"))
    read = fetch_query([server.url], REGISTRY, "get_value", b"argument", bytes.upper, backoff=hasty)
    assert read == b"REPLY"
    assert server.asked[0].content["arg"] == b"argument"


def errors_there_are() -> int:
    return sum(issubclass(type(one), AuditkitError) for one in gc.get_objects())


def refuse(_: bytes) -> None:
    raise EvidenceError("this is nothing")


@pytest.mark.parametrize("most", [LIMITS.answer_bytes, 10])
@pytest.mark.parametrize("hosts", [1, 2])
def test_an_answer_that_was_refused_is_let_go_at_once(most, hosts, serve, hasty):
    """A command collects garbage seldom: a host that answers 250 questions with 7 MB each took 1.8 GB."""
    server = serve(lambda asked, wire: replied(wire, b"r" * 100))
    limits = replace(LIMITS, answer_bytes=most)

    def ask() -> None:
        with suppress(EvidenceError, SourceError):
            fetch_query([server.url] * hosts, REGISTRY, "m", b"", refuse, backoff=hasty, limits=limits)

    ask()
    gc.collect()
    before = errors_there_are()
    gc.disable()
    try:
        ask()
        assert errors_there_are() == before
    finally:
        gc.enable()


def test_the_files_beside_each_other(tmp_path):
    path = tmp_path / "elected.cbor"
    save_registry_value(path, RegistryValue(b"C", b"R", PARTS, "host"))
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "elected.cbor",
        "elected.chunks.cbor",
        "elected.request.cbor",
    ]
    assert path.read_bytes() == b"C"
    assert request_path(path).read_bytes() == b"R"
    assert cbor2.loads(chunks_path(path).read_bytes()) == list(PARTS)
    assert read_registry_value(path) == RegistryValue(b"C", b"R", PARTS, str(path))


def test_a_small_record_has_no_parts_and_may_have_lost_its_request(tmp_path):
    path = tmp_path / "elected.cbor"
    save_registry_value(path, RegistryValue(b"C", None, (), "host"))
    assert [file.name for file in tmp_path.iterdir()] == ["elected.cbor"]
    assert read_registry_value(path) == RegistryValue(b"C", None, (), str(path))


def test_a_request_that_is_elsewhere(tmp_path):
    path, other = tmp_path / "elected.cbor", tmp_path / "request"
    save_registry_value(path, RegistryValue(b"C", b"R", (), "host"))
    other.write_bytes(b"O")
    assert read_registry_value(path, other).request == b"O"
    with pytest.raises(SourceError):
        read_registry_value(path, tmp_path / "nowhere")
    with pytest.raises(SourceError):
        read_registry_value(tmp_path / "nowhere")


def test_all_or_none_are_kept(tmp_path, monkeypatch):
    path = tmp_path / "elected.cbor"
    rename = Path.rename

    def fails_for_the_certificate(self, target):
        if Path(target) == path:
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails_for_the_certificate)
    with pytest.raises(SourceError):
        save_registry_value(path, RegistryValue(b"C", b"R", PARTS, "host"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xa0",
        cbor2.dumps(b"part"),
        cbor2.dumps(["part"]),
        cbor2.dumps([[b"part"]]),
        cbor2.dumps([b"part"] * 65),
        cbor2.dumps([b"part"]) + b"\0",
    ],
)
def test_files_that_hold_no_parts(data):
    with pytest.raises(EvidenceError):
        decode_chunks(data)


def test_parts_of_megabytes_are_kept():
    parts = (bytes(2 << 20),) * 8
    assert decode_chunks(encode_chunks(parts)) == parts
