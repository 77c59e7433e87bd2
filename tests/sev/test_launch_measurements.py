"""launch-measurements.json: real files, and files that are none."""

from __future__ import annotations

import json
import random

import pytest

from auditkit.errors import EvidenceError
from auditkit.practice.release.firmware import practice_firmware, practice_initrd, practice_kernel
from auditkit.sev import measure, measured_boot, parse_launch_measurements, render_launch_measurements

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


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"{}",
        b'{"guest_launch_measurements":[]}',
        b'{"guest_launch_measurements":{}}',
        b'{"guest_launch_measurements":null}',
        b'{"guest_launch_measurements":[1],"other":1}',
        document("1"),
        document("{}"),
        document(f'{{"measurement":{DIGEST},"vcpus":64}}'),
        document(f'{{"measurement":{DIGEST},"metadata":[]}}'),
        document(f'{{"measurement":{DIGEST},"metadata":{{"vcpus":64}}}}'),
        document(f'{{"measurement":{DIGEST},"metadata":{{"vcpu_type":4}}}}'),
        document(f'{{"measurement":{DIGEST},"metadata":{{"kernel_cmdline":"a\\nb"}}}}'),
        document(f'{{"measurement":{DIGEST},"measurement":{DIGEST}}}'),
        document(f'{{"measurement":{DIGEST},"metadata":{{"vcpu_type":"a","vcpu_type":"b"}}}}'),
        document('{"measurement":"' + "00" * 48 + '"}'),
        document(f'{{"measurement":{json.dumps([7] * 47)}}}'),
        document(f'{{"measurement":{json.dumps([7] * 49)}}}'),
        document(f'{{"measurement":{json.dumps([256] * 48)}}}'),
        document(f'{{"measurement":{json.dumps([-1] * 48)}}}'),
        document(f'{{"measurement":{json.dumps([True] * 48)}}}'),
        document(f'{{"measurement":{json.dumps([1.0] * 48)}}}'),
        document('{"measurement":[NaN]}'),
        document(f'{{"measurement":[{"9" * 5000}]}}'),
        document(f'{{"measurement":{DIGEST}}}') + b"{}",
        b'{"guest_launch_measurements":' + b"[" * 100_000,
        document(f'{{"measurement":{DIGEST}}}') + b" " * (1 << 20),
    ],
)
def test_anything_else_is_refused(data):
    with pytest.raises(EvidenceError, match="not a file of launch measurements"):
        parse_launch_measurements(data)


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
