"""Google's protobuf against ours, both ways: what either writes the other reads, and reads the same.

The descriptors are made from the field numbers of dfinity/ic (rs/protobuf, rs/registry/transport), not from our code.
"""

from __future__ import annotations

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ic.registry.writing import KEY

from auditkit.errors import EvidenceError
from auditkit.ic import BlessedMeasurement, Empty, Fork, Labeled, Leaf, Pruned
from auditkit.ic.registry import (
    ReplicaVersionRecord,
    decode_reply,
    get_value_argument,
    read_get_value_argument,
    read_message,
    read_mixed_tree,
    read_replica_version,
)

U64, INT32, STRING, BYTES = 4, 5, 9, 12  # FieldDescriptorProto.Type

# message: field: (number, type or message, label), where a label is "", "repeated", "optional" or the name of a oneof.
MESSAGES = {
    "UInt64Value": {"value": (1, U64, "")},
    "GetValueRequest": {"version": (1, "UInt64Value", ""), "key": (2, BYTES, "")},
    "RegistryError": {"code": (1, INT32, ""), "reason": (2, STRING, ""), "key": (3, BYTES, "")},
    "LargeValueChunkKeys": {"sha256": (1, BYTES, "repeated")},
    "GetValueResponse": {
        "error": (1, "RegistryError", ""),
        "version": (2, U64, ""),
        "value": (3, BYTES, "content"),
        "chunks": (4, "LargeValueChunkKeys", "content"),
        "timestamp": (5, U64, ""),
    },
    "Metadata": {"kernel_cmdline": (1, STRING, "optional"), "vcpu_type": (2, STRING, "optional")},
    "Measurement": {"measurement": (1, BYTES, ""), "metadata": (2, "Metadata", "")},
    "Measurements": {"entries": (1, "Measurement", "repeated")},
    "ReplicaVersionRecord": {
        "sha256": (6, STRING, ""),
        "urls": (7, STRING, "repeated"),
        "measurements": (9, "Measurements", ""),
        "replica_version_id": (10, STRING, "optional"),
    },
    "EmptyTree": {},
    "ForkTree": {"left": (1, "MixedHashTree", ""), "right": (2, "MixedHashTree", "")},
    "LabeledTree": {"label": (1, BYTES, ""), "subtree": (2, "MixedHashTree", "")},
    "MixedHashTree": {
        "empty": (1, "EmptyTree", "tree"),
        "fork": (2, "ForkTree", "tree"),
        "labeled": (3, "LabeledTree", "tree"),
        "leaf": (4, BYTES, "tree"),
        "pruned": (5, BYTES, "tree"),
    },
}


def _classes() -> dict[str, type]:
    file = descriptor_pb2.FileDescriptorProto(name="registry.proto", package="r", syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for label in dict.fromkeys(label for _, _, label in fields.values()):
            if label not in ("", "repeated", "optional"):
                message.oneof_decl.add(name=label)
        for field, (number, kind, label) in fields.items():
            made = message.field.add(name=field, number=number, label=3 if label == "repeated" else 1)
            if isinstance(kind, str):
                made.type, made.type_name = 11, f".r.{kind}"
            else:
                made.type = kind
            if label == "optional":
                made.proto3_optional = True
                made.oneof_index = len(message.oneof_decl)
                message.oneof_decl.add(name=f"_{field}")
            elif label not in ("", "repeated"):
                made.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"r.{name}")) for name in MESSAGES
    }


G = _classes()
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
U64S = st.integers(0, (1 << 64) - 1)
KEYS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=60)
few = settings(max_examples=200, deadline=None)


@few
@given(KEYS, st.none() | U64S)
@example("k", 0)
def test_questions(key, version):
    """The bytes are the same, and both read each other's."""
    theirs = G["GetValueRequest"](key=key.encode())
    if version is not None:
        theirs.version.value = version
        theirs.version.SetInParent()
    ours = get_value_argument(key, version)
    assert ours == theirs.SerializeToString(deterministic=True)
    assert read_get_value_argument(ours) == (key, version)


@few
@given(
    U64S,
    U64S,
    st.binary(max_size=100) | st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=5),
)
def test_replies_with_a_record(version, timestamp, content):
    theirs = G["GetValueResponse"](version=version, timestamp=timestamp)
    if isinstance(content, bytes):
        theirs.value = content
    else:
        theirs.chunks.sha256.extend(content)
    read = decode_reply(theirs.SerializeToString())
    assert (read.version, read.timestamp_ns or 0, read.error_code) == (version, timestamp, None)
    assert read.value == (content if isinstance(content, bytes) else None)
    assert read.chunk_digests == (None if isinstance(content, bytes) else tuple(content))
    assert read.unknown == ()


@few
@given(U64S, st.integers(0, 999), TEXT, st.binary(max_size=60))
def test_replies_with_an_error(version, code, reason, key):
    theirs = G["GetValueResponse"](version=version)
    theirs.error.code, theirs.error.reason, theirs.error.key = code, reason, key
    theirs.error.SetInParent()
    read = decode_reply(theirs.SerializeToString())
    assert (read.version, read.error_code, read.error_reason) == (version, code, reason)
    assert read.error_key == (key or None)
    assert read.value is read.chunk_digests is None


MEASUREMENTS = st.builds(
    BlessedMeasurement, st.binary(min_size=48, max_size=48), st.none() | TEXT, st.none() | TEXT
)
RECORDS = st.builds(
    ReplicaVersionRecord,
    TEXT,
    st.lists(TEXT, max_size=3).map(tuple),
    st.none() | st.lists(MEASUREMENTS, max_size=3).map(tuple),
    st.sampled_from([None, KEY.removeprefix("replica_version_")]),
    st.just(()),
)


@few
@given(RECORDS)
def test_records(record):
    theirs = G["ReplicaVersionRecord"](sha256=record.sha256_hex, urls=record.urls)
    if record.replica_version_id is not None:
        theirs.replica_version_id = record.replica_version_id
    if record.measurements is not None:
        theirs.measurements.SetInParent()
        for entry in record.measurements:
            made = theirs.measurements.entries.add(measurement=entry.measurement)
            if entry.kernel_cmdline is not None:
                made.metadata.kernel_cmdline = entry.kernel_cmdline
            if entry.vcpu_type is not None:
                made.metadata.vcpu_type = entry.vcpu_type
    assert read_replica_version(theirs.SerializeToString(), KEY) == record


TREES = st.recursive(
    st.just(Empty())
    | st.builds(Leaf, st.binary(max_size=8))
    | st.builds(Pruned, st.binary(min_size=32, max_size=32)),
    lambda inner: st.builds(Labeled, st.binary(max_size=8), inner),
    max_leaves=4,
)


def google_tree(tree):
    made = G["MixedHashTree"]()
    match tree:
        case Empty():
            made.empty.SetInParent()
        case Leaf(content):
            made.leaf = content
        case Pruned(digest):
            made.pruned = digest
        case Labeled(label, subtree):
            made.labeled.label = label
            made.labeled.subtree.CopyFrom(google_tree(subtree))
        case Fork(left, right):
            made.fork.left.CopyFrom(google_tree(left))
            made.fork.right.CopyFrom(google_tree(right))
    return made


@few
@given(st.dictionaries(st.binary(max_size=4), TREES, max_size=6))
def test_trees(labelled):
    tree = Empty()
    for label in sorted(labelled):
        tree = Fork(tree, Labeled(label, labelled[label]))
    assert read_mixed_tree(google_tree(tree).SerializeToString()) == tree


@settings(max_examples=1000, deadline=None)
@given(st.binary(max_size=40))
@example(b"\x0b\x0c")
@example(b"\x08\x80\x00")
def test_whatever_ours_reads_theirs_reads_too(data):
    """Ours is the stricter of the two: never does it take what theirs refuses, or read another number."""
    try:
        message = read_message(data, "it")
    except EvidenceError:
        return
    theirs = G["EmptyTree"]()
    theirs.ParseFromString(data)  # all its fields are unknown to an empty message, and it keeps them
    assert theirs.SerializeToString() == data
    assert (message.fields == ()) == (data == b"")


@settings(max_examples=500, deadline=None)
@given(RECORDS, st.data())
def test_damaged_records_are_never_read_otherwise(record, chosen):
    theirs = G["ReplicaVersionRecord"](sha256=record.sha256_hex, urls=record.urls)
    for entry in record.measurements or ():
        theirs.measurements.entries.add(measurement=entry.measurement)
    data = bytearray(theirs.SerializeToString() or b"\x32\x00")
    data[chosen.draw(st.integers(0, len(data) - 1))] ^= chosen.draw(st.integers(1, 255))
    try:
        ours = read_replica_version(bytes(data), KEY)
    except EvidenceError:
        return
    again = G["ReplicaVersionRecord"]()
    try:
        again.ParseFromString(bytes(data))
    except DecodeError:
        pytest.fail("ours reads what theirs refuses")
    assert (ours.sha256_hex, ours.urls) == (again.sha256, tuple(again.urls))
    assert [one.measurement for one in ours.measurements or ()] == [
        one.measurement for one in again.measurements.entries
    ]
