"""Records of GuestOS versions."""

from __future__ import annotations

import pytest
from ic.registry.writing import COMMIT, IMAGE, KEY, URL, blob, measurement, number, record

from auditkit.errors import EvidenceError, ParameterError
from auditkit.ic import BlessedMeasurement
from auditkit.ic.registry import LayoutError, read_replica_version, replica_version_key

M = b"m" * 48


def test_a_whole_record():
    read = read_replica_version(record(measurement(), measurement(b"n" * 48, metadata=None)), KEY)
    assert read.sha256_hex == IMAGE
    assert read.urls == (URL,)
    assert read.measurements == (
        BlessedMeasurement(M, "root=", "EPYC-Milan"),
        BlessedMeasurement(b"n" * 48, None, None),
    )
    assert read.replica_version_id == COMMIT
    assert read.unknown == ()


@pytest.mark.parametrize(
    ("metadata", "cmdline", "vcpu_type"),
    [
        (b"", None, None),
        (blob(1, b""), "", None),
        (blob(1, "a"), "a", None),
        (blob(2, "EPYC-v4"), None, "EPYC-v4"),
    ],
)
def test_labels_that_are_absent_and_labels_that_are_empty(metadata, cmdline, vcpu_type):
    (entry,) = read_replica_version(record(measurement(M, metadata)), KEY).measurements
    assert (entry.kernel_cmdline, entry.vcpu_type) == (cmdline, vcpu_type)


def test_elected_without_measurements():
    assert read_replica_version(record(listed=False), KEY).measurements is None
    assert read_replica_version(record(), KEY).measurements == ()


def test_an_older_record_does_not_name_its_version():
    assert read_replica_version(record(measurement(), more=b""), KEY).replica_version_id is None


def test_a_record_of_nothing():
    read = read_replica_version(b"", KEY)
    assert (read.sha256_hex, read.urls, read.measurements, read.replica_version_id) == ("", (), None, None)


def test_several_urls():
    assert read_replica_version(blob(7, "a") + blob(7, "b"), KEY).urls == ("a", "b")


UNKNOWN = {
    "of the record": (record(measurement()) + number(11, 1), ("11",)),
    "the deprecated hash": (record(measurement()) + blob(8, "ab"), ("8",)),
    "of the list": (blob(9, number(2, 1)), ("9.2",)),
    "of a measurement, beside its bytes": (record(measurement() + blob(3, "ab" * 48)), ("9.1.3",)),
    "of the metadata": (record(measurement(M, number(3, 1))), ("9.1.2.3",)),
    "each once": (record(measurement() + number(3, 1), measurement() + number(3, 1)), ("9.1.3",)),
}


@pytest.mark.parametrize(("value", "unknown"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_later_fields_are_listed(value, unknown):
    assert read_replica_version(value, KEY).unknown == unknown


LAYOUT = {
    "a measurement of 47 bytes": record(measurement(M[1:])),
    "a measurement of 49 bytes": record(measurement(M + b"m")),
    "no measurement": record(b""),
    "a measurement in hex alone": record(blob(3, "ab" * 48)),
    "a measurement in hex in its place": record(measurement(b"ab" * 48)),
    "the same measurement twice in one": record(blob(1, M) + blob(1, M)),
    "a measurement that is a number": record(number(1, 1)),
    "two lists": record(measurement()) + blob(9, b""),
    "two hashes": record() + blob(6, IMAGE),
    "a hash that is a number": number(6, 1),
    "a hash that is no text": blob(6, b"\xff"),
    "an address that is no text": blob(7, b"\xff"),
    "an address that is a number": number(7, 1),
    "two names": record() + blob(10, COMMIT),
    "two labels": record(measurement(M, blob(1, "a") + blob(1, "b"))),
}


@pytest.mark.parametrize("value", LAYOUT.values(), ids=LAYOUT.keys())
def test_layouts_that_are_not_known(value):
    with pytest.raises(LayoutError):
        read_replica_version(value, KEY)


@pytest.mark.parametrize(
    ("name", "observed"),
    [
        ("", "an empty name"),
        (COMMIT[:-1], COMMIT[:-1]),
        (COMMIT.upper(), COMMIT.upper()),
        ("f" * 81, "f" * 80),
    ],
)
def test_a_record_under_another_key(name, observed):
    with pytest.raises(EvidenceError) as caught:
        read_replica_version(record(measurement(), more=blob(10, name)), KEY)
    assert not isinstance(caught.value, LayoutError)
    assert (caught.value.expected, caught.value.observed) == (COMMIT, observed)


def test_bytes_that_are_no_message():
    with pytest.raises(EvidenceError) as caught:
        read_replica_version(b"\x0b", KEY)
    assert not isinstance(caught.value, LayoutError)


def test_keys():
    assert replica_version_key(COMMIT) == KEY
    with pytest.raises(ParameterError):
        read_replica_version(b"", "node_record_x")
