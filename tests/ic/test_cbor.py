"""The CBOR profile: what it takes, what it refuses and at which byte."""

from dataclasses import replace

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditkit.errors import EvidenceError
from auditkit.ic import cbor
from auditkit.limits import LIMITS

ACCEPTED = {
    "00": 0,
    "1bffffffffffffffff": 2**64 - 1,
    "40": b"",
    "43010203": b"\1\2\3",
    "6161": "a",
    "80": [],
    "8201820203": [1, [2, 3]],
    "a0": {},
    "a161610 1".replace(" ", ""): {"a": 1},
    "a26161f661620 0".replace(" ", ""): {"a": None, "b": 0},
    "d9d9f7820102": [1, 2],
}

REFUSED = {
    "": (0, "the document ends too early"),
    "d9d9f7": (3, "the document ends too early"),
    "20": (0, "a negative integer, which has no place here"),  # a negative integer
    "8120": (1, "a negative integer, which has no place here"),
    "f4": (0, "a simple value or a float, which has no place here"),  # false
    "f5": (0, "a simple value or a float, which has no place here"),
    "f7": (0, "a simple value or a float, which has no place here"),  # undefined
    "f90000": (0, "a simple value or a float, which has no place here"),  # floats
    "fa00000000": (0, "a simple value or a float, which has no place here"),
    "fb0000000000000000": (0, "a simple value or a float, which has no place here"),
    "f820": (0, "a simple value or a float, which has no place here"),
    "ff": (0, "a simple value or a float, which has no place here"),  # break
    "c000": (0, "a tag, which has no place here"),  # tags
    "d9d9f7d9d9f700": (3, "a tag, which has no place here"),  # the tag twice
    "81d9d9f700": (1, "a tag, which has no place here"),  # the tag inside
    "d81c80": (0, "a tag, which has no place here"),  # a shared value
    "d81d00": (0, "a tag, which has no place here"),  # a reference
    "c240": (0, "a tag, which has no place here"),  # a bignum
    "5f4101ff": (0, "an indefinite length"),  # indefinite lengths
    "7f6161ff": (0, "an indefinite length"),
    "9f00ff": (0, "an indefinite length"),
    "bf616100ff": (0, "an indefinite length"),
    "1c": (0, "a reserved length form"),  # reserved
    "1817": (0, "the number 23 in more bytes than it needs"),  # longer than needed
    "190018": (0, "the number 24 in more bytes than it needs"),
    "1900ff": (0, "the number 255 in more bytes than it needs"),
    "1a0000ffff": (0, "the number 65535 in more bytes than it needs"),
    "1b00000000ffffffff": (0, "the number 4294967295 in more bytes than it needs"),
    "580101": (0, "the number 1 in more bytes than it needs"),
    "780161": (0, "the number 1 in more bytes than it needs"),
    "980100": (0, "the number 1 in more bytes than it needs"),
    "b801616100": (0, "the number 1 in more bytes than it needs"),
    "18": (0, "the document ends too early"),  # cut short
    "1a0000": (0, "the document ends too early"),
    "4201": (0, "a string of 2 bytes where 1 are left"),
    "8101ff": (2, "1 bytes after the end of the document"),  # bytes after the end
    "0000": (1, "1 bytes after the end of the document"),
    "81": (0, "a container of 1 entries where 0 bytes are left"),
    "8301": (0, "a container of 3 entries where 1 bytes are left"),
    "82015a7fffffff": (2, "a string of 2147483647 bytes where 0 are left"),
    "a1": (0, "a container of 1 entries where 0 bytes are left"),
    "a10000": (1, "a map key that is not text"),  # keys that are not text
    "a1410000": (1, "a map key that is not text"),
    "a18000": (1, "a map key that is not text"),
    "a26161006161 01".replace(" ", ""): (4, "the map key 'a' a second time"),  # a key twice
    "61ff": (1, "text that is not UTF-8"),  # not UTF-8
    "a161ff00": (2, "text that is not UTF-8"),
    "62c3": (0, "a string of 2 bytes where 1 are left"),
    "9bffffffffffffffff": (0, "a container of 18446744073709551615 entries where 0 bytes are left"),
    "bb7fffffffffffffff": (0, "a container of 9223372036854775807 entries where 0 bytes are left"),
    "5bffffffffffffffff": (0, "a string of 18446744073709551615 bytes where 0 are left"),
}


@pytest.mark.parametrize(("digits", "value"), ACCEPTED.items())
def test_documents_of_the_profile(digits, value):
    assert cbor.decode(bytes.fromhex(digits)) == value


@pytest.mark.parametrize(("digits", "refusal"), REFUSED.items())
def test_other_documents_are_refused_at_the_right_byte(digits, refusal):
    with pytest.raises(EvidenceError) as caught:
        cbor.decode(bytes.fromhex(digits))
    offset, what = refusal
    assert (caught.value.where, caught.value.what) == (f"CBOR byte {offset}", what)


LIMITED = {
    "nesting": ("cbor_depth", b"\x81\x81\x80", 3, "CBOR byte 2", "nesting deeper than 2"),
    "items": ("cbor_items", b"\x82\x01\x02", 3, "CBOR byte 2", "more than 2 data items"),
    "size": ("certificate_bytes", b"\x41\x00", 2, "", "the document is too large"),
}


@pytest.mark.parametrize(("name", "data", "most", "where", "what"), LIMITED.values(), ids=LIMITED.keys())
def test_each_limit_is_the_last_that_is_taken(name, data, most, where, what):
    assert cbor.decode(data, limits=replace(LIMITS, **{name: most})) is not None
    with pytest.raises(EvidenceError) as caught:
        cbor.decode(data, limits=replace(LIMITS, **{name: most - 1}))
    assert (caught.value.where, caught.value.what) == (where, what)


def test_a_document_that_is_too_large_is_told_with_its_size():
    with pytest.raises(EvidenceError) as caught:
        cbor.decode(bytes(5), limits=replace(LIMITS, certificate_bytes=4))
    assert (caught.value.expected, caught.value.observed) == ("at most 4 bytes", "5 bytes")


@pytest.mark.parametrize("error", [cbor2.CBORDecodeError("no"), ValueError("no"), RecursionError("no")])
def test_what_the_library_alone_refuses_is_refused(monkeypatch, error):
    def refuse(data):
        raise error

    monkeypatch.setattr(cbor.cbor2, "loads", refuse)
    with pytest.raises(EvidenceError, match=r"^the CBOR library refuses the document: no$"):
        cbor.decode(b"\x00")


@settings(deadline=1000)
@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused(data):
    try:
        value = cbor.decode(data)
    except EvidenceError:
        return
    body = data.removeprefix(cbor.SELF_DESCRIBED_TAG)
    # One value, one encoding: what was accepted is what the library would have written.
    assert cbor2.dumps(value) == body


VALUES = st.recursive(
    st.integers(0, 2**64 - 1) | st.binary(max_size=40) | st.text(max_size=20) | st.none(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=30,
)


@settings(deadline=1000)
@given(VALUES, st.booleans())
def test_what_is_written_is_read(value, tagged):
    assert cbor.decode(cbor.encode([value], tagged=tagged)) == [value]


@settings(deadline=1000)
@given(VALUES, st.data())
def test_changed_documents_are_decoded_or_refused(value, data):
    document = bytearray(cbor.encode([value], tagged=False))
    place = data.draw(st.integers(0, len(document) - 1))
    document[place] = data.draw(st.integers(0, 255))
    try:
        decoded = cbor.decode(bytes(document))
    except EvidenceError:
        return
    assert cbor2.dumps(decoded) == bytes(document).removeprefix(cbor.SELF_DESCRIBED_TAG)
