"""The short way to read nodes gives what the long way gives, for every tree and every damaged one."""

from __future__ import annotations

import pytest
from ic.registry.writing import empty, fork, labeled, leaf, pruned, varint

from auditkit.errors import EvidenceError
from auditkit.ic import Labeled, Leaf
from auditkit.ic.registry import mixed_tree, read_mixed_tree

TREE = fork(
    fork(labeled("a", leaf(b"x" * 5)), labeled("b", fork(labeled("c", leaf(b"y" * 200)), empty()))),
    fork(labeled("d", pruned()), pruned(b"p" * 32)),
)


def told(data: bytes):
    try:
        return read_mixed_tree(data)
    except EvidenceError as error:
        return type(error), str(error)


@pytest.fixture
def long_way(monkeypatch):
    def read(data: bytes):
        with monkeypatch.context() as patch:
            patch.setattr(mixed_tree, "_plain_parts", lambda *_: None)
            return told(data)

    return read


@pytest.mark.slow
def test_every_byte_changed(long_way):
    assert told(TREE) == long_way(TREE)
    for at in range(len(TREE)):
        for other in (
            0,
            1,
            2,
            3,
            4,
            0x0A,
            0x12,
            0x22,
            0x7F,
            0x80,
            0x81,
            0xFF,
            TREE[at] ^ 1,
            TREE[at] + 1 & 255,
        ):
            changed = TREE[:at] + bytes([other]) + TREE[at + 1 :]
            assert told(changed) == long_way(changed)


def test_every_length(long_way):
    for length in range(len(TREE)):
        assert told(TREE[:length]) == long_way(TREE[:length])


@pytest.mark.parametrize("size", [0, 1, 127, 128, 129, 16_383, 16_384, 16_385, (1 << 21) - 40, 1 << 21])
def test_values_of_every_length(long_way, size):
    data = labeled("a", leaf(bytes(size)))
    assert told(data) == long_way(data) == Labeled(b"a", Leaf(bytes(size)))


@pytest.mark.parametrize(
    "written",
    ["8500", "858000", "85808000", "8580808000", "85", "8580", "ff", "ffff", "ffff7f", "ffffff7f"],
)
def test_counts_in_another_form(long_way, written):
    data = b"\x22" + bytes.fromhex(written) + b"x" * 5
    kind, _ = told(data)
    assert issubclass(kind, EvidenceError)
    assert told(data) == long_way(data)


def test_the_shortest_form_alone_is_plain():
    assert read_mixed_tree(b"\x22" + varint(5) + b"x" * 5) == Leaf(b"xxxxx")
