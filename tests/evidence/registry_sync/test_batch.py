"""Where values stand in an answer; and the real answer of mainnet, kept and looked up as any other."""

from __future__ import annotations

import json

import pytest
from ic.registry.writing import NOW, W, blob, fork, labeled, leaf, number, varint
from registry_world import history, read_since, write

from auditkit.errors import EvidenceError
from auditkit.evidence.registry_sync import open_registry, verify_folder
from auditkit.evidence.registry_sync.batch import read_batch
from auditkit.evidence.registry_sync.keeping import Keeping
from auditkit.evidence.registry_sync.store import writing
from auditkit.ic import MAINNET_ROOT_KEY, REGISTRY, hash_tree
from auditkit.ic.registry import read_mixed_tree
from auditkit.practice.nns.candid_writer import uleb128
from auditkit.practice.nns.subnets import ROOT_KEY

ROOT = W.root.public_key_der


def values(batch) -> list[tuple[int, bytes, bytes]]:
    return [(row.version, row.key, batch.data[row.place : row.place + row.size]) for row in batch.rows]


def test_values_that_are_parts_of_each_other():
    told = ["a", "aa", "a", "", "aaa", "b", "a"]
    registry = history(*(write(f"k{place}", value.encode()) for place, value in enumerate(told)))
    batch = read_batch(read_since(registry, 0), root_key=ROOT_KEY, since=0)
    assert values(batch) == [(place + 1, b"k%d" % place, value.encode()) for place, value in enumerate(told)]


def change(version: int, value: bytes) -> bytes:
    mutation = blob(1, number(1, 4) + blob(2, b"k%d" % version) + blob(3, value))
    return blob(3, blob(1, version.to_bytes(8, "big")) + blob(2, leaf(mutation)))


def answer(tree: bytes, time: int = NOW) -> bytes:
    root = hash_tree.root_hash(read_mixed_tree(tree))
    state = {"canister": {REGISTRY.raw: {"certified_data": root}}, "time": uleb128(time)}
    return blob(1, tree) + blob(2, W.certificate(state))


def test_an_answer_that_is_written_from_right_to_left():
    """Nobody writes so, and it can be read in one way all the same."""
    turned = blob(2, blob(2, change(2, b"later")) + blob(1, change(1, b"sooner")))
    tree = fork(labeled("current_version", leaf(varint(2))), labeled("delta", turned))
    batch = read_batch(answer(tree), root_key=ROOT, since=0)
    assert values(batch) == [(1, b"k1", b"sooner"), (2, b"k2", b"later")]


@pytest.mark.parametrize(("newest", "time"), [((1 << 63), NOW), (1, 1 << 63)])
def test_numbers_that_no_store_can_hold_are_refused(newest, time):
    tree = fork(labeled("current_version", leaf(varint(newest))), labeled("delta", change(1, b"v")))
    with pytest.raises(EvidenceError, match="beyond any real one"):
        read_batch(answer(tree, time), root_key=ROOT, since=0)


@pytest.fixture
def real(vectors):
    """The answer of mainnet to "what changed since version 62,953?", and what was decoded from it elsewhere."""
    told = json.loads((vectors / "registry" / "registry_delta_62954.json").read_text())
    written = told["report"]["certification"]
    tree, certificate = bytes.fromhex(written["hash_tree_hex"]), bytes.fromhex(written["certificate_hex"])
    return blob(1, tree) + blob(2, certificate), told["report"]["versions"][0]


def test_the_real_answer_of_mainnet(real, folder):
    data, told = real
    batch = read_batch(data, root_key=MAINNET_ROOT_KEY, since=62_953)
    with writing(folder, MAINNET_ROOT_KEY) as connection:
        Keeping(connection).keep(batch)
    (mutation,) = told["mutations"]
    with open_registry(folder, MAINNET_ROOT_KEY) as opened:
        record = opened.record(bytes.fromhex(mutation["key_hex"]))
        assert record.value == bytes.fromhex(mutation["value_hex"])
        assert (record.version, record.time_ns) == (62_954, told["timestamp_nanoseconds"])
        assert opened.prove(record).last == 62_954
        assert opened.standing.complete
    with pytest.raises(EvidenceError, match="have a gap"):  # it is not the whole registry
        verify_folder(folder, MAINNET_ROOT_KEY)
