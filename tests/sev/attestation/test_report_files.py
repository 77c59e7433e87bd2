"""What is said of a file that is no report, and what belongs to one: exactly, sentence by sentence."""

from __future__ import annotations

import base64
import json

import pytest
from chains import TCB_BYTES, report_bytes

from auditkit.errors import EvidenceError
from auditkit.sev.attestation import split_report

FORMS = "a report of 1184 bytes: raw, or as hex digits, hex dump, base 64 or one value in JSON"
REPORT = report_bytes(also=((0x38, TCB_BYTES), (0x90, b"\x14" * 48)))
OTHER = report_bytes(version=3)


def header(status: int = 0, size: int = 1184, rest: bytes = bytes(24)) -> bytes:
    return status.to_bytes(4, "little") + size.to_bytes(4, "little") + rest


def refusal(data: bytes) -> tuple[str, str, str]:
    with pytest.raises(EvidenceError) as raised:
        split_report(data)
    return raised.value.what, raised.value.expected, raised.value.observed


# Bytes


@pytest.mark.parametrize(
    ("begin", "what"),
    [
        (b"\x30\x82", "a certificate in DER"),
        (b"HCLA", "a report of Azure's paravisor, which holds the processor's report from byte 32 on"),
        (b"\x1f\x8b", "a file packed with gzip"),
        (b"PK\x03\x04", "a zip archive"),
        (b"\x28\xb5\x2f\xfd", "a file packed with zstd"),
    ],
)
def test_other_files_are_named(begin, what):
    told = (f"this is not an attestation report but {what}", FORMS, "")
    assert refusal(begin + bytes(2000)) == told
    assert refusal(base64.b64encode(begin + b"\xff" * 5)) == told


@pytest.mark.parametrize("size", [0, 1, 31, 32, 1183])
def test_too_few_bytes(size):
    told = ("this is not an attestation report: it is too short", "1184 bytes or more", f"{size} bytes")
    assert refusal(REPORT[:size]) == told


@pytest.mark.parametrize(
    ("behind", "rest"),
    [
        (b"", b""),
        (b"\0", b""),
        (bytes(4096), b""),
        (b"\1", b"\1"),
        (bytes(30) + b"\1", bytes(30) + b"\1"),
    ],
)
def test_what_follows_a_report(behind, rest):
    assert split_report(REPORT + behind) == (REPORT, rest)
    assert split_report(header() + REPORT + behind) == (REPORT, rest)


def test_an_answer_without_a_report_is_named():
    assert refusal(header(0x16) + bytes(2000)) == (
        "this is the firmware's answer (MSG_REPORT_RSP) that it made no report",
        "",
        "status 0x16",
    )
    assert refusal(header(size=1183) + REPORT) == (
        "this has the form of a firmware's answer (MSG_REPORT_RSP) with something other than a report",
        "1184 bytes",
        "1183 bytes",
    )
    assert refusal(header(size=0, status=1))[2] == "status 0x1"


@pytest.mark.parametrize("at", range(8, 32))
def test_a_byte_in_the_place_of_the_header_makes_it_none(at):
    raw = bytearray(header() + REPORT)
    raw[at] = 1
    assert split_report(bytes(raw)) == (bytes(raw[:1184]), b"")


def test_zeros_are_no_header():
    assert split_report(bytes(1184)) == (bytes(1184), b"")


# Texts


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "-----BEGIN CERTIFICATE-----\nAAAA",
            ("this is not an attestation report but PEM, as certificates are kept in", FORMS, ""),
        ),
        (
            "a report, said somebody, and nobody could find it",
            (
                "this is text, but not in a form in which auditkit reads reports",
                FORMS,
                "a report, said somebody, and nobody coul",
            ),
        ),
        (
            (b"\3\0\1\0" + REPORT[4:]).hex(),
            (
                "this is hex digits, and what it writes down does not begin as an attestation report",
                "a version number, such as 03000000",
                "03000100",
            ),
        ),
        (
            base64.b64encode(b"\0\0\0\3" + REPORT[4:]).decode(),
            (
                "this is base 64, and what it writes down does not begin as an attestation report; the bytes of each "
                "word are in reverse order",
                "a version number, such as 03000000",
                "00000003",
            ),
        ),
        (
            REPORT.hex()[:-2],
            ("this is not an attestation report: it is too short", "1184 bytes or more", "1183 bytes"),
        ),
    ],
    ids=["PEM", "prose", "another begin", "reversed", "short"],
)
def test_other_texts_are_named(text, told):
    assert refusal(text.encode()) == told


def test_an_answer_may_be_written_down_too():
    assert split_report((header() + REPORT).hex().encode()) == (REPORT, b"")
    assert refusal((header(5) + REPORT).hex().encode())[2] == "status 0x5"


def test_a_report_of_a_later_version_is_still_taken_for_one():
    """Which version it is, `parse_report` judges."""
    later = b"\x09\0\0\0" + REPORT[4:]
    assert split_report(later.hex().encode()) == (later, b"")


# JSON


@pytest.mark.parametrize(
    "value",
    [
        list(REPORT),
        REPORT.hex(),
        {"a": {"b": [{"c": list(REPORT)}]}},
        [[REPORT.hex()], {"version": 3, "measurement": [0], "signature": 7}],
        {"x": list(REPORT), "y": REPORT.hex(), "z": base64.b64encode(REPORT).decode()},
        {"x": list(REPORT), "chip_id": [1] * 1183, "data": [True] * 1184, "too": "0" * 1184},
        {"x": list(REPORT), "y": [256] * 1184, "z": [-1] * 1184, "float": [1.0] * 1184},
        {"x": list(REPORT), "words": "0000000 0100 0302\n0000004 0504" + "\n0000004" * 300},
        {"x": list(REPORT), "other": (b"\0\0\0\3" + REPORT[4:]).hex()},
        {"answer": (header() + REPORT).hex()},
    ],
    ids=range(10),
)
def test_the_one_report_in_json_is_found(value):
    assert split_report(json.dumps(value).encode()) == (REPORT, b"")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", ("this begins like JSON but is not JSON", FORMS, "{")),
        ("[1, 2" + " " * 50 + "x", ("this begins like JSON but is not JSON", FORMS, "[1, 2" + " " * 35)),
        ('"abc', ("this begins like JSON but is not JSON", FORMS, '"abc')),
        (
            json.dumps([REPORT.hex(), OTHER.hex()]),
            ("this is JSON with more than one attestation report", "one report", ""),
        ),
        (
            '[{"version": 2, "measurement": "00", "signature": {}, "chip_id": ""}]',
            (
                "this is JSON with the fields of an attestation report, and not the report that the chip signed",
                FORMS,
                "",
            ),
        ),
        (
            '{"version": 2, "measurement": ""}',
            ("this is JSON without an attestation report in it", FORMS, ""),
        ),
        (json.dumps([True] * 1184), ("this is JSON without an attestation report in it", FORMS, "")),
        (json.dumps([0] * 1183), ("this is JSON without an attestation report in it", FORMS, "")),
        (json.dumps("0" * 1184), ("this is JSON without an attestation report in it", FORMS, "")),
        ('["' + "00" * 700 + '0"]', ("this is JSON without an attestation report in it", FORMS, "")),
        ('"text"', ("this is JSON without an attestation report in it", FORMS, "")),
    ],
    ids=range(11),
)
def test_other_json_is_named(text, told):
    assert refusal(text.encode()) == told
