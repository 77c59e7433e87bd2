"""The hash tree of the registry canister, which is written as a protocol buffer.

Its hash is computed as that of every hash tree; the canister has it certified. Source: dfinity/ic,
rs/registry/transport/proto (``MixedHashTree``).
"""

from __future__ import annotations

from typing import Final

from auditkit.errors import EvidenceError
from auditkit.ic.hash_tree import Empty, Fork, HashTree, Labeled, Leaf, Pruned, check_well_formed
from auditkit.ic.registry.wire import LayoutError, Message, read_message
from auditkit.limits import LIMITS, Limits

_EMPTY, _FORK, _LABELED, _LEAF, _PRUNED = 1, 2, 3, 4, 5
_NODE: Final = (_EMPTY, _FORK, _LABELED, _LEAF, _PRUNED)
_LEFT, _RIGHT = 1, 2
_LABEL, _SUBTREE = 1, 2

_WHAT: Final = "a node of the hash tree"


def read_mixed_tree(data: bytes | memoryview, *, limits: Limits = LIMITS) -> HashTree:
    """Reads a tree in which every path can be read in one way only.

    Raises:
        LayoutError: a node of a shape that this version does not know.
        EvidenceError: malformed, not well-formed, or beyond a limit.
    """
    tree = _read(memoryview(data), limits)
    check_well_formed(tree)
    return tree


def _read(data: memoryview, limits: Limits) -> HashTree:
    # What is still to do, the next thing last: a node to read, or (None) one to build from those that are done.
    pending: list[tuple[memoryview, int] | bytes | None] = [(data, 1)]
    done: list[HashTree] = []
    nodes = 0
    while pending:
        step = pending.pop()
        if step is None:
            right = done.pop()
            done.append(Fork(done.pop(), right))
        elif isinstance(step, bytes):
            done.append(Labeled(step, done.pop()))
        else:
            nodes += 1
            if nodes > limits.registry_tree_nodes:
                raise EvidenceError(f"the hash tree has more than {limits.registry_tree_nodes} nodes")
            view, depth = step
            if depth > limits.tree_depth:
                raise EvidenceError("the hash tree is nested too deeply")
            message = _only(read_message(view, _WHAT, limits=limits), _NODE)
            kind = message.one_of(_NODE)
            if kind == _FORK:
                fork = _only(_inside(message, _FORK, limits), (_LEFT, _RIGHT))
                pending += (None, (_below(fork, _RIGHT), depth + 1), (_below(fork, _LEFT), depth + 1))
            elif kind == _LABELED:
                labeled = _only(_inside(message, _LABELED, limits), (_LABEL, _SUBTREE))
                pending += (labeled.blob(_LABEL) or b"", (_below(labeled, _SUBTREE), depth + 1))
            else:
                done.append(_end(message, kind, limits))
    return done[0]


def _end(message: Message, kind: int | None, limits: Limits) -> HashTree:
    """A node that holds no other."""
    if kind == _EMPTY:
        _only(_inside(message, _EMPTY, limits), ())
        return Empty()
    if kind == _LEAF:
        return Leaf(message.blob(_LEAF) or b"")
    digest = message.blob(_PRUNED)
    if digest is None:
        raise LayoutError(f"{_WHAT} has no known shape")
    if len(digest) != 32:
        raise EvidenceError(
            "a pruned part of the hash tree is not named by its hash",
            expected="32 bytes",
            observed=f"{len(digest)} bytes",
        )
    return Pruned(digest)


def _inside(message: Message, number: int, limits: Limits) -> Message:
    view = message.view(number)
    return read_message(b"" if view is None else view, _WHAT, limits=limits)


def _below(message: Message, number: int) -> memoryview:
    view = message.view(number)
    if view is None:
        raise EvidenceError(f"{_WHAT} lacks a part", expected=f"field {number}")
    return view


def _only(message: Message, known: tuple[int, ...]) -> Message:
    """The message, which has no other fields: what is not hashed is not certified."""
    if unknown := message.unknown(known):
        raise LayoutError(f"{_WHAT} has a field that is not known", observed=f"field {unknown[0]}")
    return message
