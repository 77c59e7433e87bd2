"""What a text writes down, byte by byte, in each form, and what is said of a text that is cut short or ambiguous."""

from __future__ import annotations

import codecs

import pytest

from auditkit.errors import EvidenceError
from auditkit.limits import LIMITS
from auditkit.sev.attestation.text_forms import read_written_bytes, text_of, without_mark

DUMP, HEX, BASE_64 = "a hex dump", "hex digits", "base 64"
BYTES = bytes(range(32))


def refusal(text: str) -> tuple[str, str, str]:
    with pytest.raises(EvidenceError) as raised:
        read_written_bytes(text)
    return raised.value.what, raised.value.expected, raised.value.observed


# Marks and controls


@pytest.mark.parametrize(
    ("data", "without"),
    [
        (b"plain", b"plain"),
        (codecs.BOM_UTF8 + b"text", b"text"),
        (codecs.BOM_UTF16_LE + "text é".encode("utf-16-le"), "text é".encode()),
        (codecs.BOM_UTF16_BE + "text é".encode("utf-16-be"), "text é".encode()),
        (codecs.BOM_UTF8 * 2, codecs.BOM_UTF8),
        (b"", b""),
    ],
)
def test_a_mark_is_taken_away(data, without):
    assert without_mark(data) == without


@pytest.mark.parametrize(
    "data", [codecs.BOM_UTF8 + b"\xff", codecs.BOM_UTF16_LE + b"x", codecs.BOM_UTF16_BE + b"\xd8\0"]
)
def test_a_mark_before_something_else_is_named(data):
    with pytest.raises(EvidenceError) as raised:
        without_mark(data)
    assert raised.value.what == "the file begins like text but is not text"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b" a\tb\r\n", "a\tb"),
        ("é".encode(), "é"),
        (b"~", "~"),
        (b"", None),
        (b" \n", None),
        (b"a\0b", None),
        (b"a\x1fb", None),
        (b"a\x7fb", None),
        ("a\x9fb".encode(), None),
        ("a\xa0b".encode(), "a\xa0b"),
        (b"\xff", None),
    ],
)
def test_what_is_text(data, text):
    assert text_of(data) == text


# Dumps


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("00000000: 0001 0203  ....\n00000004: 0405  ..", bytes(range(6))),
        ("00000000: 00010203 0405\n00000006: 06", bytes(range(7))),
        ("00000000  00 01 02 03  |....|\n00000004", bytes(range(4))),
        ("00000000  00 01 02 03  |....|\n00000004  04  |.|\n00000005", bytes(range(5))),
        ("000000 00 01 02 03  >....<\n000004 04 05", bytes(range(6))),
        ("0000000 00 01 02 03 04 05 06 07\n0000010 08", bytes(range(9))),
        ("00000000 aa\n*\n00000004 bb\n00000005", b"\xaa\xaa\xaa\xaa\xbb"),
        ("00000000 aa bb\n*\n00000006", b"\xaa\xbb" * 3),
        (
            "0000000 00 00 00 00 00 00 00 00\n0000010 aa aa aa aa aa aa aa aa\n*\n0000040 01",
            bytes(8) + b"\xaa" * 24 + b"\1",
        ),  # offsets in octal
        ("00000000: AABB\n00000002: ccDD", bytes.fromhex("aabbccdd")),
        ("00000000\n00000000", b""),
    ],
)
def test_a_dump_is_read(text, data):
    assert read_written_bytes(text) == (DUMP, data)


WORDS = "this is a dump in words, and the order of the bytes in a word is unknown"
ROW = "a row of the hex dump does not hold whole bytes"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "0000000 0100 0302\n0000004",
            (WORDS, "one byte at a time, as xxd, hexdump -C and od -t x1 write them", "0100 0302"),
        ),
        ("00000000: 000\n00000002", (ROW, "", "000")),
        ("00000000: 00 0\n00000002", (ROW, "", "00 0")),
        ("00000000  zz  |..|\n00000001", (ROW, "", "zz  |..|")),
        ("00000000: zz\n00000001", (ROW, "", "zz")),
        ("00000000: 00" + "0" * 99 + "\n00000001", (ROW, "", "0" * 60)),
    ],
)
def test_a_damaged_dump_is_named(text, told):
    assert refusal(text) == told


@pytest.mark.parametrize(
    "text",
    [
        "00000001 aa\n00000002",  # does not begin at its beginning
        "00000000 aa\n00000003",  # a gap
        "00000000 aa bb\n00000001 cc",  # a step back
        "*\n00000000 aa",
        "00000000 aa bb\n*\n00000005",  # not a whole row more
        "00000000\n*\n00000004",  # nothing to repeat
        f"00000000 aa\n*\n{LIMITS.attestation_bytes + 8:08x}",
        "00000000 " + "aa " * 200 + "\n000000c8",
    ],
)
def test_what_does_not_come_out_even_is_no_dump(text):
    """What is then left are digits, which do not begin as a report; a row that is repeated is no digit."""
    digits = None if "*" in text else (HEX, bytes.fromhex(text))
    assert read_written_bytes(text) == digits


@pytest.mark.parametrize(
    "text", ["00000000: aabb\nhello world!", "hello world!\n00000000: aabb", "00000000 aa\n00000001\n-"]
)
def test_a_line_that_is_no_row_makes_it_no_dump(text):
    assert read_written_bytes(text) is None


def test_a_dump_has_two_rows():
    assert read_written_bytes("00000000 aa") == (HEX, bytes.fromhex("00000000aa"))


def test_a_repeated_row_goes_up_to_the_limit_of_all_files():
    form, data = read_written_bytes(f"00000000 aa bb\n*\n{LIMITS.attestation_bytes:08x}") or ("", b"")
    assert (form, data) == (DUMP, b"\xaa\xbb" * (LIMITS.attestation_bytes // 2))


def test_a_row_of_400_characters_is_the_longest():
    row = "00000000: " + "ab" * 193 + "  .."
    assert len(row) == 400
    assert read_written_bytes(row + "\n000000c1") == (DUMP, b"\xab" * 193)
    assert read_written_bytes(row + ".\n000000c1") is None


# Hex digits


@pytest.mark.parametrize(
    "text",
    [
        BYTES.hex(),
        BYTES.hex().upper(),
        "0x" + BYTES.hex(),
        "0X" + BYTES.hex(),
        BYTES.hex(" "),
        BYTES.hex(":"),
        BYTES.hex(","),
        BYTES.hex(";"),
        BYTES.hex("\t"),
        BYTES.hex(" ", 4),
        BYTES.hex()[:7] + "\n" + BYTES.hex()[7:],
        BYTES.hex(" ")[:40] + "\n" + BYTES.hex(" ")[40:],
        ", ".join(f"0x{byte:02X}" for byte in BYTES),
        " ".join(f"0x{byte:x}" for byte in BYTES),
        "unsigned char r[] = {" + ",".join(f"0x{byte:x}" for byte in BYTES) + "};\nint n = 32;",
    ],
    ids=range(15),
)
def test_hex_digits_are_read(text):
    assert read_written_bytes(text) == (HEX, BYTES)


@pytest.mark.parametrize("text", ["000", "00 0", "00 000 00", "00:0:00", "abc\nde"])
def test_hex_digits_that_are_cut_short_are_named(text):
    assert refusal(text) == ("the hex digits of the attestation report are cut short", "", "")


def test_a_byte_behind_0x_may_have_one_digit():
    assert read_written_bytes("0x0") == (HEX, b"\0")


# Base 64


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("ZZ==", b"\x65"),
        ("ZZZ=", b"\x65\x96"),
        ("ZZZZ", b"\x65\x96\x59"),
        ("ZZ", b"\x65"),
        ("-_-_", b"\xfb\xff\xbf"),
        ("+/+/", b"\xfb\xff\xbf"),
        ("ZZ\nZZ\n", b"\x65\x96\x59"),
    ],
)
def test_base_64_is_read(text, data):
    assert read_written_bytes(text) == (BASE_64, data)


def test_base_64_that_is_cut_short_is_named():
    assert refusal("ZZZZZ") == ("the base 64 of the attestation report is cut short", "", "")


@pytest.mark.parametrize("text", ["", " \n", "hello world!", "ZZ===", "Z=Z=", "{ZZ}", "char ZZ"])
def test_other_texts_are_none_of_the_forms(text):
    assert read_written_bytes(text) is None
