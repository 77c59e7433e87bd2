"""Protocol buffers: the strict reader, case by case. The bytes are typed out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditkit.errors import EvidenceError
from auditkit.ic.registry import LayoutError, WireType, read_message
from auditkit.limits import LIMITS


def read(digits: str, **limits):
    return read_message(bytes.fromhex(digits), "it", limits=replace(LIMITS, **limits))


# From protobuf.dev, "Encoding": field 1 = 150; field 2 = "testing"; field 3 is a message whose field 1 is 150.
def test_the_examples_of_the_specification():
    assert read("08 96 01").number(1) == 150
    assert read("12 07 74 65 73 74 69 6e 67").text(2) == "testing"
    assert read("1a 03 08 96 01").message(3, "inside").number(1) == 150


@pytest.mark.parametrize(
    ("digits", "number"),
    [
        ("08 00", 0),
        ("08 7f", 127),
        ("08 80 01", 128),
        ("08 ff ff ff ff ff ff ff ff ff 01", (1 << 64) - 1),
    ],
)
def test_numbers(digits, number):
    assert read(digits).number(1) == number


def test_every_wire_type_is_read_in_the_order_of_the_wire():
    message = read("0d 01 00 00 00 11 02 00 00 00 00 00 00 00 18 03 22 01 04")
    assert [(one.number, one.wire_type) for one in message.fields] == [
        (1, WireType.FIXED32),
        (2, WireType.FIXED64),
        (3, WireType.VARINT),
        (4, WireType.BYTES),
    ]
    assert [one.value if isinstance(one.value, int) else bytes(one.value) for one in message.fields] == [
        1,
        2,
        3,
        b"\4",
    ]


def test_the_largest_field_number():
    assert read("f8 ff ff ff 0f 00").fields[0].number == (1 << 29) - 1


def test_an_empty_message():
    message = read("")
    assert message.fields == ()
    assert message.number(1) is message.blob(1) is message.text(1) is message.message(1, "inside") is None
    assert message.blobs(1) == message.texts(1) == tuple(message.messages(1, "inside")) == ()
    assert message.one_of((1, 2)) is None


MALFORMED = {
    "a number that ends too early": ("08 96", "the message ends inside a number"),
    "a tag that ends too early": ("80", "the message ends inside a number"),
    "a number of eleven bytes": (
        "08 80 80 80 80 80 80 80 80 80 80 01",
        "a number of more than 10 bytes",
    ),
    "a number of 65 bits": ("08 80 80 80 80 80 80 80 80 80 02", "a number of more than 64 bits"),
    "zero in two bytes": ("08 80 00", "a number in more bytes than it needs"),
    "a tag in three bytes": ("88 80 00 01", "a number in more bytes than it needs"),
    "a length in two bytes": ("0a 81 00 78", "a number in more bytes than it needs"),
    "a length beyond the end": ("0a 02 78", "2 bytes are wanted where 1 are left"),
    "a length of 2^64 - 1": (
        "0a ff ff ff ff ff ff ff ff ff 01",
        "18446744073709551615 bytes are wanted where 0 are left",
    ),
    "four bytes that are three": ("0d 01 00 00", "4 bytes are wanted where 3 are left"),
    "eight bytes that are seven": ("09 01 00 00 00 00 00 00", "8 bytes are wanted where 7 are left"),
    "the start of a group": ("0b 0c", "a field of a wire type that has no place here"),
    "the end of a group": ("0c", "a field of a wire type that has no place here"),
    "wire type 6": ("0e 00", "a field of a wire type that has no place here"),
    "wire type 7": ("0f 00", "a field of a wire type that has no place here"),
    "field 0": ("00 00", "a field with a number that no field can have"),
    "a field number of 30 bits": ("80 80 80 80 10 00", "a field with a number that no field can have"),
}


@pytest.mark.parametrize(("digits", "told"), MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_bytes(digits, told):
    with pytest.raises(EvidenceError) as caught:
        read(digits)
    assert caught.value.what == told
    assert caught.value.where.startswith("byte ")
    assert not isinstance(caught.value, LayoutError)


def test_a_refusal_names_the_byte_and_the_message():
    with pytest.raises(EvidenceError) as caught:
        read("08 01 0a 05 78")
    assert caught.value.where == "byte 4 of it"


@pytest.mark.parametrize(
    ("digits", "ask", "told"),
    [
        ("08 01 08 02", lambda m: m.number(1), "field 1 of it stands there 2 times"),
        ("0a 01 78 0a 01 78", lambda m: m.blob(1), "field 1 of it stands there 2 times"),
        ("0a 01 78 0a 01 78", lambda m: m.text(1), "field 1 of it stands there 2 times"),
        ("0a 00 0a 00", lambda m: m.message(1, "inside"), "field 1 of it stands there 2 times"),
        ("0a 00", lambda m: m.number(1), "field 1 of it is of another type"),
        ("08 01", lambda m: m.blob(1), "field 1 of it is of another type"),
        ("0d 00 00 00 00", lambda m: m.number(1), "field 1 of it is of another type"),
        ("09 00 00 00 00 00 00 00 00", lambda m: m.text(1), "field 1 of it is of another type"),
        ("0a 01 78 08 01", lambda m: m.blobs(1), "field 1 of it is of another type"),
        ("0a 01 78 08 01", lambda m: list(m.messages(1, "inside")), "field 1 of it is of another type"),
        ("0a 01 ff", lambda m: m.text(1), "field 1 of it is no text"),
        ("0a 03 ed a0 80", lambda m: m.texts(1), "field 1 of it is no text"),  # a surrogate
        ("08 01 10 01", lambda m: m.one_of((1, 2, 3)), "it holds several things of which there can be one"),
    ],
)
def test_a_layout_that_is_not_ours(digits, ask, told):
    with pytest.raises(LayoutError) as caught:
        ask(read(digits))
    assert caught.value.what == told


def test_a_field_that_is_there_twice_is_read_as_a_repeated_one():
    message = read("0a 01 78 12 00 0a 01 79")
    assert message.blobs(1) == (b"x", b"y")
    assert message.texts(1) == ("x", "y")
    assert message.count(1) == 2
    assert [one.number(1) for one in read("0a 02 08 01 0a 02 08 02").messages(1, "inside")] == [1, 2]
    assert message.one_of((1, 3)) == 1


def test_unknown_fields_are_listed_once_and_in_order():
    assert read("28 01 08 01 28 02 1a 00").unknown((1,)) == (3, 5)


def test_a_part_is_malformed_where_it_is_asked_for():
    message = read("0a 01 08 10 05")
    assert message.number(2) == 5
    with pytest.raises(EvidenceError) as caught:
        message.message(1, "the part")
    assert caught.value.where == "byte 1 of the part"


def test_the_number_of_fields_is_limited():
    assert len(read("08 01 08 01", protobuf_fields=2).fields) == 2
    with pytest.raises(EvidenceError) as caught:
        read("08 01 08 01 08 01", protobuf_fields=2)
    assert caught.value.what == "more than 2 fields"


def test_the_size_is_limited():
    assert read("0a 01 78", protobuf_bytes=3).blob(1) == b"x"
    with pytest.raises(EvidenceError) as caught:
        read("0a 02 78 78", protobuf_bytes=3)
    assert str(caught.value) == "it is too large (expected at most 3 bytes, found 4 bytes)"
