"""Requests against the request id example of the IC interface specification."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditkit.errors import EvidenceError, ParameterError
from auditkit.ic import (
    Principal,
    call_content,
    cbor,
    encode_envelope,
    parse_request,
    query_content,
    read_state_content,
    request_id,
)
from auditkit.ic.candid import encode_nat64_argument

CONTENT = call_content(
    Principal(bytes.fromhex("00000000000004d2")),
    "hello",
    b"DIDL\x00\xfd*",
    ingress_expiry_ns=1_685_570_400_000_000_000,
)


def test_request_id_of_the_specification():
    expected = "1d1091364d6bb8a6c16b203ee75467d59ead468f523eb058880ae8ec80e2b101"
    assert request_id(CONTENT).hex() == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            {
                "sender": bytes.fromhex("00000000000004d2"),
                "paths": [[], [b""], [b"hello", b"world"]],
            },
            "97d6f297aea699aec85d3377c7643ea66db810aba5c4372fbc2082c999f452dc",
        ),
        ({"paths": []}, "99daa8c80a61e87ac1fdf9dd49e39963bfe4dafb2a45095ebf4cad72d916d5be"),
        ({"paths": [[]]}, "ea01a9c3d3830db108e0a87995ea0d4183dc9c6e51324e9818fced5c57aa64f5"),
    ],
)
def test_request_ids_of_nested_paths_that_other_agents_compute(content, expected):
    assert request_id(content).hex() == expected


def test_argument_of_get_proposal_info():
    assert encode_nat64_argument(138765).hex() == "4449444c0001780d1e020000000000"


def test_envelopes_are_read_back():
    data = encode_envelope(CONTENT | {"nonce": b"12"})
    request = parse_request(data)
    assert request.content == CONTENT | {"nonce": b"12"}
    assert request.request_id == request_id(CONTENT | {"nonce": b"12"}) != request_id(CONTENT)
    assert data.startswith(b"\xd9\xd9\xf7")


def test_read_state_requests_hash_their_paths():
    content = read_state_content([(b"request_status", bytes(32)), (b"time",)], ingress_expiry_ns=5)
    assert request_id(content) != request_id(content | {"paths": [[b"request_status" + bytes(32), b"time"]]})
    assert cbor.decode(encode_envelope(content)) == {"content": content}


def envelope(**changes):
    content = {key: value for key, value in (CONTENT | changes).items() if value is not None}
    return encode_envelope(content)


FIELDS = "arg, canister_id, ingress_expiry, method_name, request_type, sender and perhaps nonce"
NO_ENVELOPE = (
    "the stored request is not an anonymous envelope (expected a map with content alone, found nothing)"
)
LONG = "a principal is too long (expected at most 29 bytes, found 30 bytes)"


def ill_typed(field: str) -> str:
    return f"the field {field} of the stored request has the wrong type"


def wrong_fields(found: str) -> str:
    return f"the stored request has the wrong fields (expected {FIELDS}, found {found})"


BAD = {
    "empty": (b"", "CBOR byte 0: the document ends too early"),
    "not a map": (b"\x80", NO_ENVELOPE),
    "no content": (b"\xa0", NO_ENVELOPE),
    "content is no map": (b"\xa1\x67content\x80", "the content of the stored request is not a map"),
    "a signature beside it": (cbor.encode({"content": CONTENT, "sender_sig": b""}, tagged=True), NO_ENVELOPE),
    "bytes after it": (
        envelope() + b"\0",
        f"CBOR byte {len(envelope())}: 1 bytes after the end of the document",
    ),
    "no canister": (
        envelope(canister_id=None),
        wrong_fields("request_type, method_name, arg, sender, ingress_expiry"),
    ),
    "unknown field": (
        envelope(extra=1),
        wrong_fields("request_type, canister_id, method_name, arg, sender, ingress_expiry, extra"),
    ),
    "a query": (
        envelope(request_type="query"),
        "the stored request is not an update call (expected something else, found query)",
    ),
    "canister is text": (envelope(canister_id="rrkah"), ill_typed("canister_id")),
    "canister too long": (envelope(canister_id=bytes(30)), LONG),
    "method is bytes": (envelope(method_name=b"hello"), ill_typed("method_name")),
    "expiry is text": (envelope(ingress_expiry="1"), ill_typed("ingress_expiry")),
    "nonce is text": (envelope(nonce="1"), ill_typed("nonce")),
    "nonce too long": (envelope(nonce=bytes(33)), "the nonce of the stored request is too long"),
    "argument is a list": (envelope(arg=[]), ill_typed("arg")),
    "sender too long": (envelope(sender=bytes(30)), LONG),
}


@pytest.mark.parametrize(("data", "told"), BAD.values(), ids=BAD.keys())
def test_other_envelopes_are_refused(data, told):
    with pytest.raises(EvidenceError) as caught:
        parse_request(data)
    assert str(caught.value) == told


def test_a_nonce_of_32_bytes_is_taken():
    assert parse_request(envelope(nonce=bytes(32))).nonce == bytes(32)
    assert parse_request(envelope()).nonce is None


def test_a_request_id_hashes_maps_in_maps_as_the_outer_one():
    inner = {"a": 1}
    assert (
        request_id({"x": inner}) == hashlib.sha256(hashlib.sha256(b"x").digest() + request_id(inner)).digest()
    )


def test_a_query_is_a_call_of_another_type():
    arguments = {"ingress_expiry_ns": 5, "sender": Principal(b"me")}
    query = query_content(Principal(b"canister"), "method", b"argument", **arguments)
    assert query == {
        "request_type": "query",
        "canister_id": b"canister",
        "method_name": "method",
        "arg": b"argument",
        "ingress_expiry": 5,
        "sender": b"me",
    }
    assert query_content(Principal(b""), "", b"", ingress_expiry_ns=0)["sender"] == b"\x04"


@pytest.mark.parametrize("value", [-1, True, 1.5, None])
def test_what_has_no_place_in_a_request_is_refused(value):
    with pytest.raises(ParameterError, match=f"^a {type(value).__name__} has no place in a request$"):
        request_id({"a": value})


@pytest.mark.parametrize(("number", "encoded"), [(0, "00"), (127, "7f"), (128, "8001"), (16384, "808001")])
def test_numbers_are_hashed_as_leb128(number, encoded):
    digest = hashlib.sha256(bytes.fromhex(encoded)).digest()
    assert request_id({"a": number}) == hashlib.sha256(hashlib.sha256(b"a").digest() + digest).digest()


@settings(deadline=1000)
@given(st.data())
def test_changed_envelopes_change_the_id_or_are_refused(data):
    document = bytearray(envelope(nonce=b"12"))
    place = data.draw(st.integers(0, len(document) - 1))
    document[place] ^= data.draw(st.integers(1, 255))
    try:
        request = parse_request(bytes(document))
    except EvidenceError:
        return
    assert request.request_id != request_id(CONTENT | {"nonce": b"12"})
