"""DER has one reading: every other way to write the same is refused, each with its sentence (ITU-T X.690)."""

from __future__ import annotations

import pytest
from chains import integer, oid, sequence, tlv

from auditkit.errors import EvidenceError
from auditkit.sev.attestation.der import Element, parse_der


def refusal(read) -> str:
    with pytest.raises(EvidenceError) as raised:
        read()
    begin = "this is not DER: "
    assert raised.value.what.startswith(begin)
    return raised.value.what.removeprefix(begin)


@pytest.mark.parametrize("size", [0, 1, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 0x10000])
def test_lengths_in_their_shortest_form_are_read(size):
    raw = tlv(4, bytes(size))
    assert parse_der(raw) == Element(4, bytes(size), raw)


CUT, SHORTEST = "it is cut short", "a length is not in its shortest form"


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("", CUT),
        ("04", CUT),
        ("0401", CUT),
        ("04810080", SHORTEST),
        ("04817f" + "00" * 0x7F, SHORTEST),
        ("0482007f" + "00" * 0x7F, SHORTEST),
        ("048200ff" + "00" * 0xFF, SHORTEST),
        ("0480", SHORTEST),
        ("04800000", SHORTEST),
        ("0481", SHORTEST),
        ("048201", SHORTEST),
        ("048401000000", SHORTEST),
        ("04ff", SHORTEST),
        ("048180" + "00" * 0x7F, CUT),
        ("0483ffffff", CUT),
        ("1f0100", "a tag is too long"),
        ("bf0100", "a tag is too long"),
        ("040000", "something follows it"),
    ],
)
def test_other_lengths_and_tags_are_refused(raw, told):
    assert refusal(lambda: parse_der(bytes.fromhex(raw))) == told


@pytest.mark.parametrize("number", [0, 1, 0x7F, 0x80, 0xFF, 0x100, 1 << 64])
def test_integers(number):
    assert parse_der(integer(number)).integer() == number


PADDED = "an integer is negative, empty or padded"


@pytest.mark.parametrize("content", ["", "80", "ff", "ff7f", "0000", "007f", "000001"])
def test_other_integers_are_refused(content):
    assert refusal(parse_der(tlv(2, bytes.fromhex(content))).integer) == PADDED


@pytest.mark.parametrize("content", ["0080", "00ff"])
def test_a_zero_before_a_high_byte_is_no_padding(content):
    assert parse_der(tlv(2, bytes.fromhex(content))).integer() == int(content, 16)


@pytest.mark.parametrize(
    "dotted", ["0.0", "0.39", "1.0", "1.39", "2.0", "2.5.4.3", "2.999.3", "1.2.840.113549"]
)
def test_object_identifiers(dotted):
    assert parse_der(oid(dotted)).oid() == dotted


OF_OID = "an object identifier is cut short or too long"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", OF_OID),
        ("2a86", OF_OID),
        ("55" * 33, OF_OID),
        ("8055", "an object identifier is padded"),
        ("558003", "an object identifier is padded"),
    ],
)
def test_other_object_identifiers_are_refused(content, told):
    assert refusal(parse_der(tlv(6, bytes.fromhex(content))).oid) == told


def test_an_object_identifier_of_32_bytes_is_the_longest():
    assert parse_der(tlv(6, b"\x55" * 32)).oid() == "2" + ".5" + ".85" * 31
    assert parse_der(tlv(6, bytes.fromhex("5581807f"))).oid() == "2.5.16511"  # 0x80 in the middle of an arc


@pytest.mark.parametrize(("content", "bits"), [("00", b""), ("00ff", b"\xff")])
def test_bit_strings_of_whole_bytes(content, bits):
    assert parse_der(tlv(3, bytes.fromhex(content))).bits() == bits


@pytest.mark.parametrize("content", ["", "01fe", "08"])
def test_other_bit_strings_are_refused(content):
    told = "a bit string does not consist of whole bytes"
    assert refusal(parse_der(tlv(3, bytes.fromhex(content))).bits) == told


@pytest.mark.parametrize(
    ("tag", "read", "wanted"),
    [(4, "integer", 2), (2, "bits", 3), (3, "oid", 6)],
    ids=["integer", "bits", "oid"],
)
def test_another_tag_is_refused(tag, read, wanted):
    told = f"an element has the tag {tag:#04x} where {wanted:#04x} is required"
    assert refusal(getattr(parse_der(tlv(tag, b"\0")), read)) == told


def test_the_elements_inside():
    parts = integer(1), oid("2.5.4.3"), sequence()
    assert [part.raw for part in parse_der(sequence(*parts)).children()] == list(parts)
    assert parse_der(sequence()).children() == ()
    assert refusal(parse_der(tlv(0x30, integer(1) + b"\2")).children) == CUT
    assert refusal(parse_der(tlv(0x30, integer(1) + b"\2\2\0")).children) == CUT


def test_256_elements_are_the_most():
    assert len(parse_der(sequence(*[integer(1)] * 256)).children()) == 256
    assert refusal(parse_der(sequence(*[integer(1)] * 257)).children) == "an element holds too many others"
