"""The hash tree of the registry canister. Shapes are typed out; the hash is that of the interface specification."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ic.registry.writing import HASH, blob, empty, fork, labeled, leaf, number, pruned

from auditkit.errors import EvidenceError
from auditkit.ic import Empty, Fork, Labeled, Leaf, Pruned, hash_tree
from auditkit.ic.registry import LayoutError, read_mixed_tree
from auditkit.limits import LIMITS


def test_every_shape():
    written = fork(fork(labeled("a", leaf("x")), labeled("b", empty())), pruned())
    assert read_mixed_tree(written) == Fork(
        Fork(Labeled(b"a", Leaf(b"x")), Labeled(b"b", Empty())), Pruned(HASH)
    )


def test_what_the_wire_leaves_out_is_empty():
    assert read_mixed_tree(blob(3, blob(2, blob(4, b"")))) == Labeled(b"", Leaf(b""))


# IC interface specification, "Example": the tree with labels a, b, c, d and its root hash.
def test_the_example_of_the_specification():
    written = fork(
        fork(
            labeled(
                "a",
                fork(fork(labeled("x", leaf("hello")), empty()), labeled("y", leaf("world"))),
            ),
            labeled("b", leaf("good")),
        ),
        fork(labeled("c", empty()), labeled("d", leaf("morning"))),
    )
    expected = "eb5c5b2195e62d996b84c9bcc8259d19a83786a2f59e0878cec84c811f669aa0"
    assert hash_tree.root_hash(read_mixed_tree(written)).hex() == expected


LAYOUT = {
    "nothing": b"",
    "an unknown shape": blob(6, b""),
    "two shapes": leaf("x") + pruned(),
    "a shape twice": leaf("x") + leaf("x"),
    "a field beside the shape": leaf("x") + number(9, 1),
    "a field inside a fork": blob(2, blob(1, leaf("x")) + blob(2, leaf("y")) + number(3, 1)),
    "a field inside a label": blob(3, blob(1, "a") + blob(2, leaf("x")) + number(3, 1)),
    "a field inside nothing": blob(1, number(1, 1)),
    "a leaf that is a number": number(4, 1),
}


@pytest.mark.parametrize("written", LAYOUT.values(), ids=LAYOUT.keys())
def test_layouts_that_are_not_known(written):
    with pytest.raises(LayoutError):
        read_mixed_tree(written)


MALFORMED = {
    "a fork without its left part": blob(2, blob(2, leaf("x"))),
    "a fork without its right part": blob(2, blob(1, leaf("x"))),
    "a label without a tree": blob(3, blob(1, "a")),
    "a hash of 31 bytes": pruned(HASH[1:]),
    "a hash of 33 bytes": pruned(HASH + b"h"),
    "labels out of order": fork(labeled("b", empty()), labeled("a", empty())),
    "a label twice": fork(labeled("a", empty()), labeled("a", empty())),
    "a stray leaf": fork(labeled("a", empty()), leaf("x")),
    "bytes after the end": leaf("x") + b"\0",
}


@pytest.mark.parametrize("written", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_trees(written):
    with pytest.raises(EvidenceError) as caught:
        read_mixed_tree(written)
    assert not isinstance(caught.value, LayoutError)


def nested(levels: int) -> bytes:
    written = leaf("x")
    for _ in range(levels - 1):
        written = labeled("a", written)
    return written


def test_the_depth_is_limited():
    assert read_mixed_tree(nested(4), limits=replace(LIMITS, tree_depth=4))
    with pytest.raises(EvidenceError, match="nested too deeply"):
        read_mixed_tree(nested(5), limits=replace(LIMITS, tree_depth=4))


def test_the_number_of_nodes_is_limited():
    written = fork(labeled("a", leaf("x")), labeled("b", leaf("y")))
    assert read_mixed_tree(written, limits=replace(LIMITS, registry_tree_nodes=5))
    with pytest.raises(EvidenceError, match="more than 4 nodes"):
        read_mixed_tree(written, limits=replace(LIMITS, registry_tree_nodes=4))


@pytest.mark.parametrize("inside", [1, 14, 8_192])
def test_a_long_label_holds_no_tree_of_its_own(inside):
    """A length of three bytes, 16,384: whoever reads it as less finds a tree in the label, where there is none."""
    held = 16_384 - inside
    label = b"x" * inside + blob(2, leaf(b"y" * (held - 6)))
    assert len(label) == 16_384
    with pytest.raises(EvidenceError) as caught:
        read_mixed_tree(blob(3, blob(1, label)))
    assert caught.value.expected == "field 2"
