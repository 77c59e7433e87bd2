"""The CBOR profile: what it takes, what it refuses and at which byte."""

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditkit.errors import EvidenceError
from auditkit.ic import cbor

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
    "": 0,
    "d9d9f7": 3,
    "20": 0,  # a negative integer
    "8120": 1,
    "f4": 0,  # false
    "f5": 0,
    "f7": 0,  # undefined
    "f90000": 0,  # floats
    "fa00000000": 0,
    "fb0000000000000000": 0,
    "f820": 0,
    "ff": 0,  # break
    "c000": 0,  # tags
    "d9d9f7d9d9f700": 3,  # the tag twice
    "81d9d9f700": 1,  # the tag inside
    "d81c80": 0,  # a shared value
    "d81d00": 0,  # a reference
    "c240": 0,  # a bignum
    "5f4101ff": 0,  # indefinite lengths
    "7f6161ff": 0,
    "9f00ff": 0,
    "bf616100ff": 0,
    "1c": 0,  # reserved
    "1817": 0,  # longer than needed
    "190018": 0,
    "1900ff": 0,
    "1a0000ffff": 0,
    "1b00000000ffffffff": 0,
    "580101": 0,
    "780161": 0,
    "980100": 0,
    "b801616100": 0,
    "18": 0,  # cut short
    "1a0000": 0,
    "4201": 0,
    "8101ff": 2,  # bytes after the end
    "0000": 1,
    "81": 0,
    "8301": 0,
    "82015a7fffffff": 2,
    "a1": 0,
    "a10000": 1,  # keys that are not text
    "a1410000": 1,
    "a18000": 1,
    "a26161006161 01".replace(" ", ""): 4,  # a key twice
    "61ff": 1,  # not UTF-8
    "a161ff00": 2,
    "62c3": 0,
    "9bffffffffffffffff": 0,
    "bb7fffffffffffffff": 0,
    "5bffffffffffffffff": 0,
}


@pytest.mark.parametrize(("digits", "value"), ACCEPTED.items())
def test_documents_of_the_profile(digits, value):
    assert cbor.decode(bytes.fromhex(digits)) == value


@pytest.mark.parametrize(("digits", "offset"), REFUSED.items())
def test_other_documents_are_refused_at_the_right_byte(digits, offset):
    with pytest.raises(EvidenceError) as caught:
        cbor.decode(bytes.fromhex(digits))
    assert caught.value.where == f"CBOR byte {offset}"


def test_depth_is_limited():
    assert cbor.decode(b"\x81" * 127 + b"\x80")
    with pytest.raises(EvidenceError, match="deeper"):
        cbor.decode(b"\x81" * 128 + b"\x80")


def test_size_and_items_are_limited():
    with pytest.raises(EvidenceError, match="too large"):
        cbor.decode(bytes(5 << 20))
    with pytest.raises(EvidenceError, match="items"):
        cbor.decode(b"\x9a\x00\x04\x00\x00" + bytes(0x40000))


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
