"""Hash trees: what the IC signs is the root hash of one, and a certificate carries it with parts pruned away.

Source: IC interface specification, "Certification": "Certificate", "Lookup".
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from auditkit.errors import EvidenceError
from auditkit.limits import LIMITS, Limits


def _domain(separator: str) -> bytes:
    return bytes([len(separator)]) + separator.encode("ascii")


_EMPTY_DOMAIN: Final = _domain("ic-hashtree-empty")
_FORK_DOMAIN: Final = _domain("ic-hashtree-fork")
_LABELED_DOMAIN: Final = _domain("ic-hashtree-labeled")
_LEAF_DOMAIN: Final = _domain("ic-hashtree-leaf")
_EMPTY_HASH: Final = hashlib.sha256(_EMPTY_DOMAIN).digest()


@dataclass(frozen=True, slots=True)
class Empty:
    """A tree with nothing in it."""


@dataclass(frozen=True, slots=True)
class Fork:
    """Two trees side by side."""

    left: HashTree
    right: HashTree


@dataclass(frozen=True, slots=True)
class Labeled:
    """A tree under a label (any bytes)."""

    label: bytes
    subtree: HashTree


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value (any bytes)."""

    value: bytes


@dataclass(frozen=True, slots=True)
class Pruned:
    """A tree that was left out; only its 32-byte hash is here."""

    digest: bytes


HashTree: TypeAlias = Empty | Fork | Labeled | Leaf | Pruned


@dataclass(frozen=True, slots=True)
class Found:
    """The path leads to this value."""

    value: bytes


@dataclass(frozen=True, slots=True)
class FoundSubtree:
    """The path leads to this tree, which is neither pruned nor empty."""

    tree: HashTree


@dataclass(frozen=True, slots=True)
class Absent:
    """The tree proves that nothing stands at the path."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The part of the tree that would tell is pruned."""


@dataclass(frozen=True, slots=True)
class Error:
    """The path leads to a tree where a value was asked for."""


Lookup: TypeAlias = Found | Absent | Unknown | Error
SubtreeLookup: TypeAlias = FoundSubtree | Absent | Unknown


def parse(value: object, *, limits: Limits = LIMITS) -> HashTree:
    """Builds a tree from decoded CBOR: ``[0]``, ``[1, l, r]``, ``[2, label, t]``, ``[3, bytes]``, ``[4,
    hash]``.

    Raises:
        EvidenceError: a node of any other shape, or more than ``limits.tree_depth`` nodes above one another.
    """
    return _parse(value, limits.tree_depth)


def _parse(value: object, depth: int) -> HashTree:
    if depth <= 0:
        raise EvidenceError("the hash tree is nested too deeply")
    match value:
        # bool is an int to Python and True == 1; the profile has no booleans, but parse() stands on its own.
        case [bool(), *_]:
            pass
        case [0]:
            return Empty()
        case [1, left, right]:
            return Fork(_parse(left, depth - 1), _parse(right, depth - 1))
        case [2, bytes(label), subtree]:
            return Labeled(label, _parse(subtree, depth - 1))
        case [3, bytes(content)]:
            return Leaf(content)
        case [4, bytes(digest)] if len(digest) == 32:
            return Pruned(digest)
    raise EvidenceError("a node of the hash tree has no known shape", observed=_describe(value))


def _describe(value: object) -> str:
    if not isinstance(value, list):
        return f"a {type(value).__name__} instead of an array"
    kinds = [str(item) if isinstance(item, int) else type(item).__name__ for item in value[:4]]
    return f"[{', '.join(kinds)}{', ...' if len(value) > 4 else ''}]"


def encode(tree: HashTree) -> list[object]:
    """The tree as the arrays that `parse` reads."""
    match tree:
        case Empty():
            return [0]
        case Fork(left, right):
            return [1, encode(left), encode(right)]
        case Labeled(label, subtree):
            return [2, label, encode(subtree)]
        case Leaf(value):
            return [3, value]
        case Pruned(digest):
            return [4, digest]


def root_hash(tree: HashTree) -> bytes:
    """The 32-byte hash that the tree stands for; pruning a part does not change it."""
    match tree:
        case Fork(left, right):
            return hashlib.sha256(_FORK_DOMAIN + root_hash(left) + root_hash(right)).digest()
        case Labeled(label, subtree):
            return hashlib.sha256(_LABELED_DOMAIN + label + root_hash(subtree)).digest()
        case Leaf(value):
            return hashlib.sha256(_LEAF_DOMAIN + value).digest()
        case Pruned(digest):
            return digest
        case Empty():
            return _EMPTY_HASH


def _siblings(tree: HashTree) -> Iterator[Empty | Labeled | Leaf | Pruned]:
    """The nodes that forks join, left to right ("flatten_forks", but that empty trees are kept)."""
    pending: list[HashTree] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, Fork):
            pending += (node.right, node.left)
        else:
            yield node


def check_well_formed(tree: HashTree) -> None:
    """Checks that labels increase strictly among siblings and that no leaf stands among labelled trees.

    In a tree that is not well-formed two lookups of one path can disagree.

    Raises:
        EvidenceError: the tree is not well-formed.
    """
    pending: list[HashTree] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, Leaf):
            continue
        last: bytes | None = None
        for sibling in _siblings(node):
            if isinstance(sibling, Leaf):
                raise EvidenceError("a value stands among labelled parts of the hash tree")
            if isinstance(sibling, Labeled):
                if last is not None and sibling.label <= last:
                    kind = "twice" if sibling.label == last else "out of order"
                    raise EvidenceError(
                        f"a label stands {kind} in the hash tree", observed=_show(sibling.label)
                    )
                last = sibling.label
                pending.append(sibling.subtree)


def _show(label: bytes) -> str:
    text = label[:40]
    return text.decode("ascii") if text.isascii() and text.decode("ascii").isprintable() else text.hex()


def lookup(tree: HashTree, path: Sequence[bytes]) -> Lookup:
    """Looks a value up. The tree must be well-formed.

    Returns:
        `Found` with the value; `Absent` when the tree proves there is none; `Unknown` when that part is
        pruned; `Error` when a tree and not a value stands there.
    """
    node = _walk(tree, path)
    match node:
        case Absent() | Unknown():
            return node
        case Leaf(value):
            return Found(value)
        case Empty():
            return Absent()
        case Pruned():
            return Unknown()
        case Fork() | Labeled():
            return Error()


def lookup_subtree(tree: HashTree, path: Sequence[bytes]) -> SubtreeLookup:
    """Looks a tree up; an empty one counts as absent and a pruned one as unknown. The tree must be
    well-formed.
    """
    node = _walk(tree, path)
    match node:
        case Absent() | Unknown():
            return node
        case Empty():
            return Absent()
        case Pruned():
            return Unknown()
        case _:
            return FoundSubtree(node)


def children(tree: HashTree) -> tuple[Labeled, ...]:
    """The labelled trees directly below ``tree``, in order, as far as they are not pruned."""
    return tuple(node for node in _siblings(tree) if isinstance(node, Labeled))


def _walk(tree: HashTree, path: Sequence[bytes]) -> HashTree | Absent | Unknown:
    for label in path:
        step = _find_label(label, tree)
        if isinstance(step, Absent | Unknown):
            return step
        tree = step
    return tree


def _find_label(label: bytes, tree: HashTree) -> HashTree | Absent | Unknown:
    # A pruned neighbour may hide the label; labels on both sides of its place with nothing between prove
    # absence.
    hidden = False
    for node in _siblings(tree):
        match node:
            case Labeled(found, subtree):
                if found == label:
                    return subtree
                if found > label:
                    return Unknown() if hidden else Absent()
                hidden = False
            case Pruned():
                hidden = True
            case Leaf() | Empty():
                pass
    return Unknown() if hidden else Absent()
