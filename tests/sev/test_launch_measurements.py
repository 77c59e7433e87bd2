"""launch-measurements.json: real files, and files that are none."""

from __future__ import annotations

import json
import random

import pytest

from auditkit.errors import EvidenceError
from auditkit.practice.release.firmware import practice_firmware, practice_initrd, practice_kernel
from auditkit.sev import (
    PublishedMeasurement,
    measure,
    measured_boot,
    parse_launch_measurements,
    render_launch_measurements,
)

RELEASES = ("03783153", "7360f8f3", "79faae8b", "bcac7ca3", "e9fd136f", "fa06b0e8")


@pytest.mark.parametrize("release", RELEASES)
def test_real_files_are_read_and_written_byte_for_byte(vectors, release):
    data = (vectors / "mainnet" / f"launch-measurements.{release}.json").read_bytes()
    parsed = parse_launch_measurements(data)
    assert render_launch_measurements(parsed) == data
    entries = json.loads(data)["guest_launch_measurements"]
    assert [list(item.measurement) for item in parsed] == [entry["measurement"] for entry in entries]
    assert [item.vcpu_type for item in parsed] == [entry["metadata"].get("vcpu_type") for entry in entries]


def test_a_computed_matrix_has_the_form_of_a_real_file(vectors):
    boot = measured_boot(practice_firmware("a"), practice_kernel("a", 2000), practice_initrd("a", 2000))
    real = (vectors / "mainnet" / "launch-measurements.7360f8f3.json").read_bytes()
    published = parse_launch_measurements(real)
    lines = {"BOOT_ARGS_TEE_A": published[0].kernel_cmdline, "BOOT_ARGS_TEE_B": published[1].kernel_cmdline}
    computed = measure(boot, lines)
    rendered = render_launch_measurements(computed)
    for ours, theirs in zip(computed, published, strict=True):
        old, new = (str(list(item.measurement)).replace(" ", "").encode() for item in (ours, theirs))
        assert rendered.count(old) == 1
        rendered = rendered.replace(old, new)
    assert rendered == real


def test_text_beyond_ascii_is_written_as_it_is():
    data = json.dumps(
        {"guest_launch_measurements": [{"measurement": [0] * 48, "metadata": {"kernel_cmdline": "é"}}]},
        separators=(",", ":"),
        ensure_ascii=False,
    ).encode()
    assert render_launch_measurements(parse_launch_measurements(data)) == data + b"\n"


def document(entry: str) -> bytes:
    return f'{{"guest_launch_measurements":[{entry}]}}'.encode()


DIGEST = json.dumps([7] * 48)


@pytest.mark.parametrize(
    "entry", [f'{{"measurement":{DIGEST}}}', f'{{"measurement":{DIGEST},"metadata":null}}']
)
def test_absent_metadata_is_no_label(entry):
    (item,) = parse_launch_measurements(document(entry))
    assert (item.measurement, item.kernel_cmdline, item.vcpu_type) == (bytes([7] * 48), None, None)


BEGIN = "this is not a file of launch measurements: "
NO_JSON, TWICE = "it is not JSON", "an object in it has the same name twice"
NO_LIST = "guest_launch_measurements is not a list of measurements"
NO_BYTES = "measurement 1 holds something that is not a byte"
NO_DIGEST = "measurement 1 is not a list of 48 numbers"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", NO_JSON),
        (b"{", NO_JSON),
        (b"\xff\xfe", NO_JSON),
        (document(f'{{"measurement":{DIGEST}}}') + b"{}", NO_JSON),
        (document(f'{{"measurement":[{"9" * 5000}]}}'), NO_JSON),
        (b'{"guest_launch_measurements":' + b"[" * 100_000, NO_JSON),
        (b"[]", "the document is not a JSON object"),
        (b"null", "the document is not a JSON object"),
        (b"{}", "the document has no guest_launch_measurements"),
        (b'{"launch_measurements":[]}', "the document has no guest_launch_measurements"),
        (b'{"guest_launch_measurements":[]}', NO_LIST),
        (b'{"guest_launch_measurements":{}}', NO_LIST),
        (b'{"guest_launch_measurements":null}', NO_LIST),
        (b'{"guest_launch_measurements":"x"}', NO_LIST),
        (b'{"guest_launch_measurements":[1],"other":1}', "the document has the unknown name 'other'"),
        (b'{"guest_launch_measurements":[1],"b":1,"a":1}', "the document has the unknown name 'a'"),
        (
            b'{"guest_launch_measurements":[1],"' + b"x" * 61 + b'":1}',
            f"the document has the unknown name '{'x' * 60}'",
        ),
        (document("1"), "measurement 1 is not a JSON object"),
        (document("[]"), "measurement 1 is not a JSON object"),
        (document("{}"), "measurement 1 has no measurement"),
        (document(f'{{"measurement":{DIGEST}}},{{"metadata":{{}}}}'), "measurement 2 has no measurement"),
        (document(f'{{"measurement":{DIGEST},"vcpus":64}}'), "measurement 1 has the unknown name 'vcpus'"),
        (
            document(f'{{"measurement":{DIGEST},"metadata":[]}}'),
            "metadata of measurement 1 is not a JSON object",
        ),
        (
            document(f'{{"measurement":{DIGEST},"metadata":0}}'),
            "metadata of measurement 1 is not a JSON object",
        ),
        (
            document(f'{{"measurement":{DIGEST},"metadata":{{"vcpus":64}}}}'),
            "metadata of measurement 1 has the unknown name 'vcpus'",
        ),
        (
            document(f'{{"measurement":{DIGEST},"metadata":{{"vcpu_type":4}}}}'),
            "vcpu_type of measurement 1 is not printable text",
        ),
        (
            document(f'{{"measurement":{DIGEST},"metadata":{{"vcpu_type":false}}}}'),
            "vcpu_type of measurement 1 is not printable text",
        ),
        (
            document(f'{{"measurement":{DIGEST},"metadata":{{"kernel_cmdline":"a\\nb"}}}}'),
            "kernel_cmdline of measurement 1 is not printable text",
        ),
        (document(f'{{"measurement":{DIGEST},"measurement":{DIGEST}}}'), TWICE),
        (document(f'{{"measurement":{DIGEST},"metadata":{{"vcpu_type":"a","vcpu_type":"b"}}}}'), TWICE),
        (document('{"measurement":"' + "00" * 48 + '"}'), NO_DIGEST),
        (document('{"measurement":"' + "x" * 48 + '"}'), NO_DIGEST),
        (document('{"measurement":null}'), NO_DIGEST),
        (document(f'{{"measurement":{json.dumps([7] * 47)}}}'), NO_DIGEST),
        (document(f'{{"measurement":{json.dumps([7] * 49)}}}'), NO_DIGEST),
        (document(f'{{"measurement":{json.dumps([255] * 47 + [256])}}}'), NO_BYTES),
        (document(f'{{"measurement":{json.dumps([0] * 47 + [-1])}}}'), NO_BYTES),
        (document(f'{{"measurement":{json.dumps([True] * 48)}}}'), NO_BYTES),
        (document(f'{{"measurement":{json.dumps(["1"] * 48)}}}'), NO_BYTES),
        (
            document(f'{{"measurement":{json.dumps([1.0] * 48)}}}'),
            "it holds 1.0, which is not a whole number",
        ),
        (document('{"measurement":[NaN]}'), "it holds NaN, which is not a whole number"),
        (
            document('{"measurement":[0.' + "1" * 30 + "]}"),
            "it holds 0.111111111111111111, which is not a whole number",
        ),
        (
            document(f'{{"measurement":{DIGEST}}}') + b" " * (1 << 20),
            "it is over 1048576 bytes",
        ),
    ],
    ids=range(43),
)
def test_anything_else_is_refused(data, told):
    with pytest.raises(EvidenceError) as raised:
        parse_launch_measurements(data)
    assert raised.value.what == BEGIN + told


def test_the_largest_file_is_a_mebibyte():
    data = document(f'{{"measurement":{DIGEST}}}')
    assert len(parse_launch_measurements(data.ljust(1 << 20))) == 1
    with pytest.raises(EvidenceError, match="it is over 1048576 bytes"):
        parse_launch_measurements(data.ljust((1 << 20) + 1))


def test_the_bytes_and_labels_are_those_of_the_file():
    written = [0, 255, *range(46)]
    labelled = (
        f'{{"measurement":{json.dumps(written)},"metadata":{{"kernel_cmdline":"a b","vcpu_type":"c"}}}}'
    )
    first, second = parse_launch_measurements(
        document(f'{labelled},{{"measurement":{DIGEST},"metadata":{{}}}}')
    )
    assert first == PublishedMeasurement(bytes(written), "a b", "c")
    assert second == PublishedMeasurement(bytes([7] * 48), None, None)


def test_what_is_written():
    listed = (
        PublishedMeasurement(bytes([1, 2]), "a", "b"),
        PublishedMeasurement(b"", None, "b"),
        PublishedMeasurement(b"\3", "", None),
    )
    assert render_launch_measurements(listed) == (
        b'{"guest_launch_measurements":[{"measurement":[1,2],"metadata":{"kernel_cmdline":"a","vcpu_type":"b"}},'
        b'{"measurement":[],"metadata":{"vcpu_type":"b"}},{"measurement":[3],"metadata":{"kernel_cmdline":""}}]}\n'
    )


def test_two_thousand_damaged_files_are_refused_or_read_as_they_stand(vectors):
    real = (vectors / "mainnet" / "launch-measurements.7360f8f3.json").read_bytes()
    source = random.Random(1)
    read = 0
    for _ in range(2000):
        data = bytearray(real)
        for _ in range(source.choice((1, 1, 3))):
            place = source.randrange(len(data))
            data[place : place + source.randrange(3)] = source.choice(
                (
                    b"",
                    b'"',
                    b"1",
                    b",",
                    b"\\u0000",
                    b"\\ud800",
                    b"e9",
                    source.randbytes(1),
                    b"]",
                    b"null",
                    b" ",
                )
            )
        try:
            parsed = parse_launch_measurements(bytes(data))
        except EvidenceError:
            continue
        read += 1
        entries = json.loads(data)["guest_launch_measurements"]
        assert [list(item.measurement) for item in parsed] == [entry["measurement"] for entry in entries]
        assert [(item.kernel_cmdline, item.vcpu_type) for item in parsed] == [
            (entry["metadata"].get("kernel_cmdline"), entry["metadata"].get("vcpu_type")) for entry in entries
        ]
    assert 100 < read < 1900
