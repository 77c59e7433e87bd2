"""The payload of an election, in each form that it has had, and what is not one."""

from __future__ import annotations

import pytest
from ic.electing import (
    COMMIT,
    IMAGE,
    MIDDLE_TYPE,
    OLDER,
    OLDEST_TYPE,
    TEXT,
    URL,
    newer_type,
    payload,
)

from auditkit.errors import EvidenceError
from auditkit.ic import BlessedMeasurement, ElectionPayload, decode_election
from auditkit.ic.candid import Primitive
from auditkit.practice.nns.candid_writer import BLOB, OptType, RecordType, VecType, encode, record

M = b"m" * 48
WHOLE = ElectionPayload(
    version_to_elect=COMMIT,
    sha256_hex=IMAGE,
    urls=(URL,),
    versions_to_unelect=(OLDER,),
    measurements=(BlessedMeasurement(M, "root=", "EPYC-Milan"),),
)


def measured(metadata, wire_type=None):
    listed = {"guest_launch_measurements": [{"measurement": M, "metadata": metadata}]}
    return decode_election(payload(wire_type, guest_launch_measurements=listed)).measurements


def test_the_newest_form():
    assert decode_election(payload()) == WHOLE


@pytest.mark.parametrize(
    ("metadata", "read"),
    [
        (None, (None, None)),
        ({"kernel_cmdline": None, "vcpu_type": None}, (None, None)),
        ({"kernel_cmdline": "", "vcpu_type": "EPYC-v4"}, ("", "EPYC-v4")),
    ],
)
def test_labels_that_are_absent_and_labels_that_are_empty(metadata, read):
    assert measured(metadata) == (BlessedMeasurement(M, *read),)


def test_the_form_before_has_a_plain_command_line_and_no_cpu_type():
    assert measured({"kernel_cmdline": "root="}, MIDDLE_TYPE) == (BlessedMeasurement(M, "root=", None),)


@pytest.mark.parametrize("older", [None, "cd" * 32])
def test_the_oldest_form_has_no_measurements(older):
    read = decode_election(payload(OLDEST_TYPE, guest_launch_measurement_sha256_hex=older))
    assert (read.version_to_elect, read.measurements) == (COMMIT, None)


@pytest.mark.parametrize(
    ("changes", "read"),
    [
        ({"replica_version_to_elect": None}, {"version_to_elect": None}),
        ({"release_package_sha256_hex": None}, {"sha256_hex": None}),
        ({"release_package_urls": []}, {"urls": ()}),
        ({"release_package_urls": ["b", "a", "b"]}, {"urls": ("b", "a", "b")}),
        ({"replica_versions_to_unelect": []}, {"versions_to_unelect": ()}),
        ({"guest_launch_measurements": None}, {"measurements": None}),
        ({"guest_launch_measurements": {"guest_launch_measurements": []}}, {"measurements": ()}),
    ],
)
def test_parts_that_are_absent(changes, read):
    found = decode_election(payload(**changes))
    assert {name: getattr(found, name) for name in read} == read


def test_a_measurement_is_told_as_it_is():
    """How long it is, is for the audit to judge."""
    listed = {"guest_launch_measurements": [{"measurement": b"short", "metadata": None}]}
    (entry,) = decode_election(payload(guest_launch_measurements=listed)).measurements
    assert entry.measurement == b"short"


def without(name: str) -> bytes:
    kind = RecordType(tuple((field, part) for field, part in newer_type().fields if field != name))
    return payload(kind)


def other(name: str, part, value) -> bytes:
    kind = RecordType(tuple((field, part if field == name else kept) for field, kept in newer_type().fields))
    return payload(kind, **{name: value})


ENTRY = record(measurement=BLOB, metadata=OptType(record(kernel_cmdline=TEXT)))


def listed(kind, value) -> bytes:
    return other(
        "guest_launch_measurements",
        OptType(record(guest_launch_measurements=VecType(kind))),
        {"guest_launch_measurements": [value]},
    )


REFUSED = {
    "nothing": b"",
    "no Candid": b"hello",
    "no values": b"DIDL\x00\x00",
    "two values": b"DIDL\x00\x02\x7f\x7f",
    "no record": encode(TEXT, COMMIT),
    "bytes after the end": payload() + b"\0",
    "cut short": payload()[:-1],
    "a later field": payload(RecordType((*newer_type().fields, ("later", TEXT))), later="x"),
    "no addresses": without("release_package_urls"),
    "no versions to un-elect": without("replica_versions_to_unelect"),
    "one address": other("release_package_urls", TEXT, URL),
    "addresses that are bytes": other("release_package_urls", VecType(BLOB), [b"x"]),
    "a version that is bytes": other("replica_version_to_elect", OptType(BLOB), b"x"),
    "a hash that is bytes": other("release_package_sha256_hex", OptType(BLOB), b"x"),
    "an older hash that is a number": payload(
        RecordType((*newer_type().fields, ("guest_launch_measurement_sha256_hex", Primitive.NAT64))),
        guest_launch_measurement_sha256_hex=1,
    ),
    "measurements that are a list": other("guest_launch_measurements", VecType(ENTRY), []),
    "a later field beside the list": other(
        "guest_launch_measurements",
        OptType(record(guest_launch_measurements=VecType(ENTRY), later=TEXT)),
        {"guest_launch_measurements": [], "later": "x"},
    ),
    "a later field of a measurement": listed(
        record(measurement=BLOB, metadata=OptType(record()), encoded_measurement=TEXT),
        {"measurement": M, "metadata": None, "encoded_measurement": "ab"},
    ),
    "a later field of the metadata": listed(
        record(measurement=BLOB, metadata=OptType(record(kernel_cmdline=TEXT, later=TEXT))),
        {"measurement": M, "metadata": {"kernel_cmdline": "", "later": "x"}},
    ),
    "no measurement": listed(record(metadata=OptType(record())), {"metadata": None}),
    "a measurement in hex": listed(record(measurement=TEXT), {"measurement": "ab" * 48}),
    "a measurement that may be absent": listed(record(measurement=OptType(BLOB)), {"measurement": M}),
    "a command line that is bytes": listed(
        record(measurement=BLOB, metadata=OptType(record(kernel_cmdline=BLOB))),
        {"measurement": M, "metadata": {"kernel_cmdline": b"x"}},
    ),
    "a CPU type that is a number": listed(
        record(measurement=BLOB, metadata=OptType(record(vcpu_type=Primitive.NAT64))),
        {"measurement": M, "metadata": {"vcpu_type": 1}},
    ),
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_election(data):
    with pytest.raises(EvidenceError):
        decode_election(data)


def test_a_foreign_field_is_named_by_its_number():
    with pytest.raises(
        EvidenceError, match="the payload has a field that this version does not know"
    ) as caught:
        decode_election(REFUSED["a later field"])
    assert caught.value.observed.startswith("field ")
