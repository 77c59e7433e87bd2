"""The argument of get_value: raw protocol buffers, as the facts of the registry state them."""

from __future__ import annotations

import pytest
from ic.registry.writing import ARGUMENT, KEY, blob, number

from auditkit.errors import EvidenceError, ParameterError
from auditkit.ic.registry import LayoutError, get_value_argument, read_get_value_argument


def test_the_argument_for_the_newest_version():
    assert get_value_argument(KEY) == bytes([0x12, 0x38]) + KEY.encode("ascii") == ARGUMENT


@pytest.mark.parametrize(
    ("version", "written"),
    [
        (0, "0a00"),
        (1, "0a020801"),
        (62_948, "0a0408e4eb03"),
        ((1 << 64) - 1, "0a0b08ffffffffffffffffff01"),
    ],
)
def test_a_version_is_a_message_of_its_own(version, written):
    argument = get_value_argument("k", version)
    assert argument.hex() == written + "12016b"
    assert read_get_value_argument(argument) == ("k", version)


def test_a_long_key():
    assert get_value_argument("k" * 200) == bytes.fromhex("12c801") + b"k" * 200


@pytest.mark.parametrize(
    ("key", "version"), [("", None), ("k" * 4097, None), ("é" * 2049, None), ("k", -1), ("k", 1 << 64)]
)
def test_what_cannot_be_asked(key, version):
    with pytest.raises(ParameterError):
        get_value_argument(key, version)


def test_the_order_of_the_fields_does_not_matter():
    assert read_get_value_argument(blob(2, "k") + blob(1, number(1, 7))) == ("k", 7)
    assert read_get_value_argument(blob(2, "k")) == ("k", None)


REFUSED = {
    "nothing": b"",
    "no key": blob(1, number(1, 7)),
    "an empty key": blob(2, b""),
    "two keys": blob(2, "k") + blob(2, "k"),
    "a key that is no text": blob(2, b"\xff"),
    "a key that is a number": number(2, 1),
    "another field": blob(2, "k") + number(3, 1),
    "a version that is a number": number(1, 7) + blob(2, "k"),
    "two versions": blob(1, number(1, 7)) * 2 + blob(2, "k"),
    "a version with another field": blob(1, number(1, 7) + number(2, 1)) + blob(2, "k"),
    "Candid": b"DIDL\x00\x01\x78\x00\x00\x00\x00\x00\x00\x00\x00",
    "bytes after the end": blob(2, "k") + b"\0",
}


@pytest.mark.parametrize("argument", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_question(argument):
    with pytest.raises(EvidenceError):
        read_get_value_argument(argument)


@pytest.mark.parametrize("name", ["another field", "a version with another field"])
def test_a_later_question_is_not_guessed_at(name):
    with pytest.raises(LayoutError):
        read_get_value_argument(REFUSED[name])
