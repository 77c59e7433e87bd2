"""Small answers of the registry that describe large things are refused at once, and large ones stay small."""

from __future__ import annotations

import time
import tracemalloc

import pytest
from ic.registry.writing import KEY, blob, fork, labeled, leaf, number, pruned, reply, varint
from ic.test_bombs import HANG, LONGEST, cpu_seconds_to_refuse

from auditkit.errors import EvidenceError
from auditkit.ic.registry import decode_reply, read_message, read_mixed_tree, read_replica_version

MIB = 1 << 20


def read(data: bytes):
    return read_message(data, "it")


def nested(levels: int) -> bytes:
    """Labels inside labels, written from the inside out without copying what is inside each time."""
    parts: list[bytes] = [leaf("x")]
    size = len(parts[0])
    for _ in range(levels):
        head = varint(2 * 8 + 2) + varint(size)
        parts.append(head)
        size += len(head)
        head = varint(3 * 8 + 2) + varint(size)
        parts.append(head)
        size += len(head)
    return b"".join(reversed(parts))


def wide(leaves: int) -> bytes:
    trees = [labeled(f"{place:08}", leaf("")) for place in range(leaves)]
    while len(trees) > 1:
        trees = [fork(*trees[i : i + 2]) for i in range(0, len(trees) - 1, 2)] + trees[len(trees) & ~1 :]
    return trees[0]


BOMBS = {
    "a length of 2 GB": (read, b"\x0a" + varint(1 << 31)),
    "a length of 2^64 - 1": (read, b"\x0a" + varint((1 << 64) - 1)),
    "100 MB": (read, bytes(100 * MIB)),
    "a million fields": (read, b"\x08\x01" * 1_000_000),
    "a million empty parts": (read, b"\x0a\x00" * 1_000_000),
    "a tag of a megabyte": (read, b"\x80" * MIB),
    "a number of a megabyte": (read, b"\x08" + b"\x80" * MIB),
    "groups in groups": (read, b"\x0b" * MIB),
    "endless digests": (decode_reply, reply(blob(4, blob(1, b"") * 1_000_000))),
    "whole digests without end": (decode_reply, reply(blob(4, blob(1, b"d" * 32) * 8_000))),
    "a million measurements": (
        lambda data: read_replica_version(data, KEY),
        blob(9, b"\x0a\x00" * 1_000_000),
    ),
    "a deep tree": (read_mixed_tree, nested(50_000)),
    "a deep tree of forks": (read_mixed_tree, b"\x12\xff\xff\xff\x7f\x0a" * 100_000),
    "a tree of a million fields": (read_mixed_tree, leaf("") * 1_000_000),
}


@pytest.mark.parametrize(("reader", "data"), BOMBS.values(), ids=BOMBS.keys())
def test_bombs(reader, data):
    assert cpu_seconds_to_refuse(reader, data) < LONGEST


@pytest.mark.parametrize(("reader", "data"), BOMBS.values(), ids=BOMBS.keys())
def test_bombs_stay_small(reader, data):
    tracemalloc.start()
    try:
        with pytest.raises(EvidenceError):
            reader(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 64 * MIB


LARGEST = {
    "as many fields as are allowed": (read, number(1, 1) * 8_192),
    "as many parts as are allowed": (read, blob(1, b"x" * 100) * 8_192),
    "as many nodes as are allowed": (read_mixed_tree, wide(2_700)),
    "pruned nodes": (read_mixed_tree, fork(pruned(), pruned())),
}


@pytest.mark.parametrize(("reader", "data"), LARGEST.values(), ids=LARGEST.keys())
def test_the_largest_that_is_accepted(reader, data):
    started = time.thread_time()
    reader(data)
    assert time.thread_time() - started < HANG
    tracemalloc.start()
    try:
        reader(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 64 * MIB


def test_a_wide_tree_is_refused_no_later_than_the_largest_is_read():
    data = wide(30_000)
    started = time.thread_time()
    with pytest.raises(EvidenceError, match="nodes"):
        read_mixed_tree(data)
    assert time.thread_time() - started < HANG
