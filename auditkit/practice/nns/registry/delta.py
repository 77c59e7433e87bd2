"""The certified form of the registry's history: a hash tree whose root is the canister's certified data.

Source: dfinity/ic, rs/registry/canister (``get_certified_changes_since``) and messaging/xnet/v1/mixed_hash_tree.proto.
"""

from __future__ import annotations

from typing import Final

from auditkit.ic import Empty, Fork, HashTree, Labeled, Leaf, Pruned
from auditkit.practice.nns.candid_writer import uleb128
from auditkit.practice.nns.certify import Path, build_tree, prune
from auditkit.practice.nns.protobuf_writer import bytes_field, message_field
from auditkit.practice.nns.registry.history import History

_CURRENT_VERSION, _DELTA = "current_version", "delta"
MOST_VERSIONS: Final = 1_000
"""How many versions the registry hands out in one answer."""


def whole_tree(history: History) -> HashTree:
    """The tree of all that the registry certifies."""
    deltas: dict[str | bytes, bytes] = {_label(one.number): one.encoded() for one in history.versions}
    return build_tree({_CURRENT_VERSION: uleb128(history.latest), _DELTA: deltas})


def changes_since(history: History, since: int, *, most: int = MOST_VERSIONS) -> HashTree:
    """The tree with the changes after version ``since``, the first ``most`` of them; others are pruned."""
    wanted = [one.number for one in history.versions if since < one.number <= since + most]
    paths: list[Path] = [(_CURRENT_VERSION,), *((_DELTA, _label(number)) for number in wanted)]
    return prune(whole_tree(history), paths)


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


def _label(version: int) -> bytes:
    return version.to_bytes(8, "big")
