"""The writer of Protocol Buffers and the small reader, against Google's `protobuf` and against a real answer."""

from __future__ import annotations

import json

import pytest
from practice.messages import message, parse

from auditkit.errors import EvidenceError
from auditkit.ic import Empty, Fork, Labeled, Leaf, Pruned
from auditkit.practice.nns.protobuf_reader import bytes_in, number_in
from auditkit.practice.nns.protobuf_writer import (
    bytes_field,
    float_field,
    message_field,
    number_field,
    repeated_bytes,
    text_field,
)
from auditkit.practice.nns.registry.delta import encode_mixed_tree
from auditkit.practice.nns.registry.history import Mutation, MutationKind, Version

NUMBERS = [0, 1, 127, 128, 300, 60_001, 2**32, 2**63, 2**64 - 1]


@pytest.mark.parametrize("value", NUMBERS)
def test_numbers(value):
    told = message("GetLatestVersionResponse", version=value)
    assert number_field(1, value) == told.SerializeToString()
    assert number_in(told.SerializeToString(), 1) == value


def test_a_default_is_left_out_but_where_it_has_presence():
    assert number_field(1, 0) == bytes_field(2, b"") == text_field(2, "") == b""
    assert text_field(10, "", explicit=True) == b"\x52\x00"
    assert message("ReplicaVersionRecord", replica_version_id="").SerializeToString() == b"\x52\x00"
    assert number_field(3, 0, explicit=True) == b"\x18\x00"


def test_texts_bytes_and_messages():
    told = message("GetValueResponse", version=7)
    told.error.code, told.error.reason, told.error.key = 1, "grün", b"k" * 200
    error = number_field(1, 1) + text_field(2, "grün") + bytes_field(3, b"k" * 200)
    assert message_field(1, error) + number_field(2, 7) == told.SerializeToString()


def test_floats():
    assert float_field(1, 47.38) + float_field(2, -121.99) == (
        message("Gps", latitude=47.38, longitude=-121.99).SerializeToString()
    )
    assert float_field(1, 0.0) == message("Gps", latitude=0.0).SerializeToString() == b""


def test_repeated_elements_are_there_although_they_are_empty():
    told = message("LargeValueChunkKeys", chunk_content_sha256s=[b"", b"x", b""])
    assert repeated_bytes(1, [b"", b"x", b""]) == told.SerializeToString()


def test_the_reader_takes_the_last_of_several_and_passes_over_others():
    data = b"\x21" + bytes(8) + b"\x2d" + bytes(4) + b"\x12\x01a\x08\x05\x12\x01b\x08\x06"
    assert number_in(data, 1) == 6
    assert bytes_in(data, 2) == b"b"
    assert number_in(data, 9) == 0
    assert bytes_in(data, 9) is None


@pytest.mark.parametrize("data", [
    b"\x08", b"\x08" + b"\xff" * 10 + b"\x01", b"\x12\x02a", b"\x0b\x0c", b"\x00\x01", b"\x0d\x00", b"\x09\x00",
], ids=bytes.hex)  # fmt: skip
def test_what_is_no_message_is_refused(data):
    with pytest.raises(EvidenceError):
        number_in(data, 9)


def test_a_field_of_another_type_is_refused():
    with pytest.raises(EvidenceError, match="no number"):
        number_in(b"\x0a\x00", 1)
    with pytest.raises(EvidenceError, match="no bytes"):
        bytes_in(b"\x08\x00", 1)


def tree_of(told):
    match told.WhichOneof("t"):
        case "fork":
            return Fork(tree_of(told.fork.left_tree), tree_of(told.fork.right_tree))
        case "labeled":
            return Labeled(told.labeled.label, tree_of(told.labeled.subtree))
        case "leaf_data":
            return Leaf(told.leaf_data)
        case "pruned_digest":
            return Pruned(told.pruned_digest)
    return Empty()


@pytest.fixture(scope="module")
def real_tree(vectors) -> bytes:
    answer = json.loads((vectors / "registry" / "registry_delta_62954.json").read_text())
    return bytes.fromhex(answer["report"]["certification"]["hash_tree_hex"])


def test_a_real_tree_is_written_as_the_registry_writes_it(real_tree):
    assert encode_mixed_tree(tree_of(parse("MixedHashTree", real_tree))) == real_tree


def test_an_empty_tree():
    told = message("MixedHashTree")
    told.empty.SetInParent()
    assert encode_mixed_tree(Empty()) == told.SerializeToString() == b"\x0a\x00"


def test_a_real_change_is_written_as_the_registry_writes_it(real_tree):
    node = parse("MixedHashTree", real_tree).fork.right_tree.labeled.subtree
    while node.WhichOneof("t") == "fork":
        node = node.fork.right_tree
    leaf = node.labeled.subtree.leaf_data
    change = parse("AtomicMutateRequest", leaf)
    mutations = tuple(
        Mutation(MutationKind(one.mutation_type), one.key, one.value) for one in change.mutations
    )
    assert len(mutations) == 1
    assert Version(62_954, change.timestamp_nanoseconds, mutations).encoded() == leaf
