"""The certified form of the registry's history: a hash tree whose root is the canister's certified data.

A history is hashed once and each answer walks only along what it shows, so that a long one can be served too.

Source: dfinity/ic, rs/registry/canister (``get_certified_changes_since``) and messaging/xnet/v1/mixed_hash_tree.proto.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Final

from auditkit.ic import Empty, Fork, HashTree, Labeled, Leaf, Pruned, hash_tree
from auditkit.practice.nns.candid_writer import uleb128
from auditkit.practice.nns.protobuf_writer import bytes_field, message_field
from auditkit.practice.nns.registry.history import History

_CURRENT_VERSION, _DELTA = b"current_version", b"delta"
MOST_VERSIONS: Final = 1_000
"""How many versions the registry hands out in one answer."""
MOST_BYTES: Final = 1_400_000
"""How many bytes of changes it hands out in one answer, unless one version has more."""


def certified_data(history: History) -> bytes:
    """The root hash of the tree of all that the registry certifies."""
    return hash_tree.root_hash(_whole(history, Pruned(_hashed(history).digest)))


def changes_since(
    history: History, since: int, *, most: int = MOST_VERSIONS, most_bytes: int = MOST_BYTES
) -> HashTree:
    """The tree with the changes after version ``since``, as many of them as fit into one answer; others are pruned."""
    hashed = _hashed(history)
    last, size = since, 0
    while last < history.latest and last - since < most:
        size += len(history.encoded(last + 1))
        if size > most_bytes and last > since:
            break
        last += 1
    return _whole(history, hashed.showing(since + 1, last))


def encode_mixed_tree(tree: HashTree) -> bytes:
    """The message MixedHashTree."""
    match tree:
        case Empty():
            return message_field(1, b"")
        case Fork(left, right):
            halves = message_field(1, encode_mixed_tree(left)) + message_field(2, encode_mixed_tree(right))
            return message_field(2, halves)
        case Labeled(label, subtree):
            return message_field(3, bytes_field(1, label) + message_field(2, encode_mixed_tree(subtree)))
        case Leaf(value):
            return bytes_field(4, value, explicit=True)
        case Pruned(digest):
            return bytes_field(5, digest, explicit=True)


def _whole(history: History, deltas: HashTree) -> HashTree:
    newest = Labeled(_CURRENT_VERSION, Leaf(uleb128(history.latest)))
    return Fork(newest, Labeled(_DELTA, deltas))


class _Hashed:
    """The changes of a history as a tree: the quiet versions on one side, those that are told on the other."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._digests: dict[tuple[int, int], bytes] = {}
        self._ends = (1, history.first, history.latest + 1)
        self.digest = self._fork_of_both(self._digest(*self._ends[:2]), self._digest(*self._ends[1:]))

    def showing(self, first: int, last: int) -> HashTree:
        """The tree with the changes from version ``first`` to ``last``, if there are any."""
        parts = [
            self._witness(low, high, first, last + 1)
            for low, high in (self._ends[:2], self._ends[1:])
            if low < high
        ]
        if all(isinstance(part, Pruned) for part in parts):
            return Pruned(self.digest)
        return parts[0] if len(parts) == 1 else Fork(*parts)

    @staticmethod
    def _fork_of_both(left: bytes, right: bytes) -> bytes:
        return hash_tree.root_hash(Fork(Pruned(left), Pruned(right))) if left and right else left or right

    def _digest(self, low: int, high: int) -> bytes:
        """The hash of the versions from ``low`` to before ``high``; nothing where there are none."""
        if low >= high:
            return b""
        if high <= self._history.first:
            return _quiet(low, high)
        known = self._digests.get((low, high))
        if known is None:
            known = hash_tree.root_hash(
                self._change(low)
                if high - low == 1
                else Fork(*(Pruned(self._digest(*half)) for half in _halves(low, high)))
            )
            self._digests[low, high] = known
        return known

    def _witness(self, low: int, high: int, first: int, end: int) -> HashTree:
        if high <= first or end <= low or first >= end:
            return Pruned(self._digest(low, high))
        if high - low == 1:
            return self._change(low)
        return Fork(*(self._witness(*half, first, end) for half in _halves(low, high)))

    def _change(self, version: int) -> HashTree:
        return Labeled(_label(version), Leaf(self._history.encoded(version)))


@lru_cache(maxsize=64)
def _hashed(history: History) -> _Hashed:
    return _Hashed(history)


@cache
def _quiet(low: int, high: int) -> bytes:
    """The hash of versions of which nothing is told; the same in every history."""
    if high - low == 1:
        return hash_tree.root_hash(Labeled(_label(low), Leaf(b"")))
    return hash_tree.root_hash(Fork(*(Pruned(_quiet(*half)) for half in _halves(low, high))))


def _halves(low: int, high: int) -> tuple[tuple[int, int], tuple[int, int]]:
    middle = (low + high + 1) // 2
    return (low, middle), (middle, high)


def _label(version: int) -> bytes:
    return version.to_bytes(8, "big")
