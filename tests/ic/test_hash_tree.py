"""Hash trees against the examples of the IC interface specification ("Certification", "Example")."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditkit.errors import EvidenceError
from auditkit.ic import cbor, hash_tree
from auditkit.ic.hash_tree import (
    Absent,
    Empty,
    Error,
    Fork,
    Found,
    FoundSubtree,
    Labeled,
    Leaf,
    Pruned,
    Unknown,
)
from auditkit.practice.nns.certify import build_tree, join, prune

FULL = (
    "8301830183024161830183018302417882034568656c6c6f810083024179820345776f726c6483024162820344676f6f64"
    "8301830241638100830241648203476d6f726e696e67"
)
PRUNED = (
    "83018301830241618301820458201b4feff9bef8131788b0c9dc6dbad6e81e524249c879e9f10f71ce3749f5a63883024179"
    "820345776f726c6483024162820458207b32ac0c6ba8ce35ac82c255fc7906f7fc130dab2a090f80fe12f9c2cae83ba68301"
    "82045820ec8324b8a1f1ac16bd2e806edba78006479c9877fed4eb464a25485465af601d830241648203476d6f726e696e67"
)
ROOT_HASH = "eb5c5b2195e62d996b84c9bcc8259d19a83786a2f59e0878cec84c811f669aa0"


def read(digits):
    tree = hash_tree.parse(cbor.decode(bytes.fromhex(digits)))
    hash_tree.check_well_formed(tree)
    return tree


@pytest.mark.parametrize("digits", [FULL, PRUNED])
def test_root_hash_of_the_specifications_examples(digits):
    assert hash_tree.root_hash(read(digits)).hex() == ROOT_HASH
    assert cbor.encode(hash_tree.encode(read(digits)), tagged=False).hex() == digits


@pytest.mark.parametrize(
    ("path", "result"),
    [
        ((b"a", b"a"), Unknown()),
        ((b"a", b"y"), Found(b"world")),
        ((b"aa",), Absent()),
        ((b"ax",), Absent()),
        ((b"b",), Unknown()),
        ((b"bb",), Unknown()),
        ((b"d",), Found(b"morning")),
        ((b"e",), Absent()),
    ],
)
def test_lookup_examples_of_the_specification(path, result):
    assert hash_tree.lookup(read(PRUNED), path) == result


@pytest.mark.parametrize(
    ("path", "result"),
    [
        ((b"a",), Error()),
        ((), Error()),
        ((b"c",), Absent()),
        ((b"c", b"x"), Absent()),
        ((b"a", b"x"), Found(b"hello")),
        ((b"a", b"x", b"y"), Absent()),
        ((b"",), Absent()),
        ((b"z",), Absent()),
    ],
)
def test_lookups_in_the_whole_tree(path, result):
    assert hash_tree.lookup(read(FULL), path) == result


def test_lookup_of_subtrees():
    assert isinstance(hash_tree.lookup_subtree(read(PRUNED), (b"a",)), FoundSubtree)
    assert hash_tree.lookup_subtree(read(PRUNED), (b"b",)) == Unknown()
    assert hash_tree.lookup_subtree(read(PRUNED), (b"aa",)) == Absent()
    assert hash_tree.lookup_subtree(read(FULL), (b"c",)) == Absent()
    assert [child.label for child in hash_tree.children(read(FULL))] == [b"a", b"b", b"c", b"d"]
    assert [child.label for child in hash_tree.children(read(PRUNED))] == [b"a", b"b", b"d"]


@pytest.mark.parametrize(
    "node",
    [
        None,
        7,
        b"x",
        {},
        [],
        [5],
        [False],
        [True, [0], [0]],
        [0, 0],
        [1, [0]],
        [1, [0], [0], [0]],
        [2, b"a"],
        [2, "a", [0]],
        [2, b"a", [0], [0]],
        [2, [0], b"a"],
        [3],
        [3, "a"],
        [3, b"a", b"b"],
        [4, bytes(31)],
        [4, bytes(33)],
        [4, "a" * 32],
        [4],
        [1, [0], [9]],
        [2, b"a", [3, 1]],
    ],
)
def test_other_node_shapes_are_refused(node):
    with pytest.raises(EvidenceError):
        hash_tree.parse(node)


@pytest.mark.parametrize(
    ("node", "observed"),
    [
        (7, "a int instead of an array"),
        ({}, "a dict instead of an array"),
        ([], "[]"),
        ([9], "[9]"),
        ([2, b"a", [0], "b"], "[2, bytes, list, str]"),
        ([1, 2, 3, 4, 5], "[1, 2, 3, 4, ...]"),
    ],
)
def test_a_node_of_another_shape_is_described(node, observed):
    with pytest.raises(EvidenceError, match=r"^a node of the hash tree has no known shape") as caught:
        hash_tree.parse([2, b"a", node])
    assert caught.value.observed == observed


@pytest.mark.parametrize(
    "around", [lambda node: [2, b"a", node], lambda node: [1, node, [0]], lambda n: [1, [0], n]]
)
def test_depth_is_limited(around):
    node = [0]
    for _ in range(119):
        node = around(node)
    hash_tree.parse(node)
    with pytest.raises(EvidenceError, match=r"^the hash tree is nested too deeply$"):
        hash_tree.parse(around(node))


A, B, LEAF = Labeled(b"a", Leaf(b"1")), Labeled(b"b", Leaf(b"2")), Leaf(b"3")


TWICE = "a label stands twice in the hash tree"
TURNED = "a label stands out of order in the hash tree"
STRAY = "a value stands among labelled parts of the hash tree"


@pytest.mark.parametrize(
    ("tree", "what", "observed"),
    [
        (Fork(A, A), TWICE, "a"),
        (Fork(B, A), TURNED, "a"),
        (Fork(Fork(A, B), A), TURNED, "a"),
        (Fork(A, Fork(Pruned(bytes(32)), A)), TWICE, "a"),
        (Fork(B, Fork(Empty(), A)), TURNED, "a"),
        (Fork(A, LEAF), STRAY, ""),
        (Fork(LEAF, LEAF), STRAY, ""),
        (Fork(LEAF, Empty()), STRAY, ""),
        (Labeled(b"x", Fork(B, A)), TURNED, "a"),
        (Fork(A, Labeled(b"b", Fork(A, LEAF))), STRAY, ""),
        (Fork(Labeled(b"\xff", LEAF), Labeled(b"\xff", LEAF)), TWICE, "ff"),
        (Fork(Labeled(b"a\n", LEAF), Labeled(b"a\n", LEAF)), TWICE, "610a"),
        (Fork(Labeled(b"x" * 41, LEAF), Labeled(b"x" * 41, LEAF)), TWICE, "x" * 40),
    ],
)
def test_trees_that_can_be_read_in_two_ways(tree, what, observed):
    with pytest.raises(EvidenceError) as caught:
        hash_tree.check_well_formed(tree)
    assert (caught.value.what, caught.value.observed) == (what, observed)


@pytest.mark.parametrize(
    "tree", [Empty(), LEAF, A, Fork(A, B), Fork(Pruned(bytes(32)), Empty()), Labeled(b"a", LEAF)]
)
def test_trees_that_can_be_read_in_one_way(tree):
    hash_tree.check_well_formed(tree)


STATES = st.recursive(
    st.binary(max_size=6),
    lambda inner: st.dictionaries(st.binary(max_size=3), inner, max_size=5),
    max_leaves=25,
).filter(lambda state: isinstance(state, dict))


def paths_of(state, above=()):
    for label, part in state.items():
        yield (*above, label)
        if isinstance(part, dict):
            yield from paths_of(part, (*above, label))


def at(state, path):
    for label in path:
        if not isinstance(state, dict) or label not in state:
            return None
        state = state[label]
    return state


@settings(deadline=1000)
@given(STATES, st.data())
def test_pruning_keeps_the_hash_and_never_makes_a_lookup_lie(state, data):
    tree = build_tree(state)
    every = list(paths_of(state))
    kept = data.draw(st.lists(st.sampled_from(every), max_size=3)) if every else []
    pruned = prune(tree, kept)
    assert hash_tree.root_hash(pruned) == hash_tree.root_hash(tree)
    hash_tree.check_well_formed(pruned)
    for path in [*every, *data.draw(st.lists(st.lists(st.binary(max_size=3), max_size=3), max_size=5))]:
        truth = at(state, path)
        expected = Found(truth) if isinstance(truth, bytes) else Error() if truth else Absent()
        assert hash_tree.lookup(tree, path) == expected
        assert hash_tree.lookup(pruned, path) in (expected, Unknown())
        if path in kept:
            assert hash_tree.lookup(pruned, path) == expected


def test_a_fork_is_not_a_matter_of_shape():
    left = join([A, B, Labeled(b"c", LEAF)])
    right = Fork(A, Fork(B, Labeled(b"c", LEAF)))
    assert left != right
    for path in ((b"a",), (b"b",), (b"c",), (b"d",)):
        assert hash_tree.lookup(left, path) == hash_tree.lookup(right, path)
