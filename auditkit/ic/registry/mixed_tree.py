"""The hash tree of the registry canister, which is written as a protocol buffer.

Its hash is computed as that of every hash tree; the canister has it certified. Source: dfinity/ic,
rs/registry/transport/proto (``MixedHashTree``).
"""

from __future__ import annotations

from typing import Final

from auditkit.errors import EvidenceError
from auditkit.ic.hash_tree import Empty, Fork, HashTree, Labeled, Leaf, Pruned, check_well_formed
from auditkit.ic.registry.wire import LayoutError, WireType, read_message
from auditkit.limits import LIMITS, Limits

_EMPTY, _FORK, _LABELED, _LEAF, _PRUNED = 1, 2, 3, 4, 5
_NODE: Final = frozenset((_EMPTY, _FORK, _LABELED, _LEAF, _PRUNED))
_LEFT, _RIGHT = 1, 2
_FORKED: Final = frozenset((_LEFT, _RIGHT))
_LABEL, _SUBTREE = 1, 2
_NAMED: Final = frozenset((_LABEL, _SUBTREE))

_BYTES: Final = int(WireType.BYTES)
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
    # What is still to do, the next thing last: a node to read and its depth, or what to build from those that are
    # done: a tree with this label, or (None) a fork.
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
            kind, inside = _shape(view, limits)
            if kind == _FORK:
                fork = _parts(inside, _FORKED, limits)
                pending += (None, (_below(fork, _RIGHT), depth + 1), (_below(fork, _LEFT), depth + 1))
            elif kind == _LABELED:
                named = _parts(inside, _NAMED, limits)
                pending += (bytes(named.get(_LABEL, b"")), (_below(named, _SUBTREE), depth + 1))
            else:
                done.append(_end(kind, inside, limits))
    return done[0]


def _shape(view: memoryview, limits: Limits) -> tuple[int, memoryview]:
    """Which of the five shapes a node has, and what is in it."""
    parts = _parts(view, _NODE, limits)
    if len(parts) != 1:
        raise LayoutError(f"{_WHAT} has no known shape", expected="1 field", observed=str(len(parts)))
    return parts.popitem()


def _end(kind: int, inside: memoryview, limits: Limits) -> HashTree:
    """A node that holds no other."""
    if kind == _EMPTY:
        _parts(inside, frozenset(), limits)
        return Empty()
    if kind == _LEAF:
        return Leaf(bytes(inside))
    if len(inside) != 32:
        raise EvidenceError(
            "a pruned part of the hash tree is not named by its hash",
            expected="32 bytes",
            observed=f"{len(inside)} bytes",
        )
    return Pruned(bytes(inside))


def _parts(view: memoryview, known: frozenset[int], limits: Limits) -> dict[int, memoryview]:
    """The parts of a node by their numbers; there are no others, since what is not hashed is not certified."""
    plain = _plain_parts(view, known) if len(view) <= limits.protobuf_bytes else None
    if plain is not None:
        return plain
    parts: dict[int, memoryview] = {}
    for number, wire_type, value in read_message(view, _WHAT, limits=limits).fields:
        if (
            number not in known
            or number in parts
            or wire_type is not WireType.BYTES
            or isinstance(value, int)
        ):
            raise LayoutError(f"{_WHAT} has a field that is not known there", observed=f"field {number}")
        parts[number] = value
    return parts


def _plain_parts(view: memoryview, known: frozenset[int]) -> dict[int, memoryview] | None:
    """The same, where all is as it should be; None where it is not, or is unusual: `read_message` finds out then.

    A replay of the registry reads some hundred thousand nodes, and this takes a third of the time.
    """
    parts: dict[int, memoryview] = {}
    offset, size = 0, len(view)
    try:
        while offset < size:
            tag, count = view[offset], view[offset + 1]
            offset += 2
            number = tag >> 3
            if tag & 0x87 != _BYTES or number not in known or number in parts:
                return None
            if count >= 0x80:
                second = view[offset]
                offset += 1
                count = count & 0x7F | (second & 0x7F) << 7
                if second >= 0x80:
                    third = view[offset]
                    offset += 1
                    count |= third << 14
                    if not 0 < third < 0x80:
                        return None
                elif second == 0:
                    return None
            end = offset + count
            if end > size:
                return None
            parts[number] = view[offset:end]
            offset = end
    except IndexError:
        return None
    return parts


def _below(parts: dict[int, memoryview], number: int) -> memoryview:
    if number not in parts:
        raise EvidenceError(f"{_WHAT} lacks a part", expected=f"field {number}")
    return parts[number]
