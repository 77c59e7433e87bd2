"""What the practice network signs: state trees, certificates, and the replies of its governance canister.

The forms are those of the real network, so that dfinity's own clients accept them under the practice root
key.
Source: IC interface specification, "State tree" and "Certification"; dfinity/ic, governance.did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from auditkit.ic import (
    STATE_ROOT_DOMAIN,
    Empty,
    Fork,
    HashTree,
    Labeled,
    Leaf,
    Principal,
    Pruned,
    cbor,
    hash_tree,
)
from auditkit.practice.nns.candid_writer import uleb128
from auditkit.practice.nns.keys import KeyPair

State: TypeAlias = "Mapping[str | bytes, State] | bytes"
Path: TypeAlias = Sequence[str | bytes]
RangesForm: TypeAlias = Literal["flat", "sharded"]

SUBNET_PART: Final = "subnet"
RANGES_PART: Final = "canister_ranges"
CANISTER_ERROR: Final = 5


@dataclass(frozen=True, slots=True)
class Rejection:
    """That a call was rejected.

    Attributes:
        code: 1 to 5; `CANISTER_ERROR` says that the canister refused it.
        message: why.
    """

    code: int
    message: str


def _bytes(label: str | bytes) -> bytes:
    return label.encode("utf-8") if isinstance(label, str) else label


def build_tree(state: State) -> HashTree:
    """The hash tree of nested dictionaries: labels in order, forks balanced, bytes as leaves."""
    if isinstance(state, bytes):
        return Leaf(state)
    labelled = {_bytes(label): build_tree(part) for label, part in state.items()}
    return join([Labeled(label, labelled[label]) for label in sorted(labelled)])


def join(trees: Sequence[HashTree]) -> HashTree:
    """The given trees side by side, forks balanced."""
    if not trees:
        return Empty()
    if len(trees) == 1:
        return trees[0]
    middle = (len(trees) + 1) // 2
    return Fork(join(trees[:middle]), join(trees[middle:]))


def prune(tree: HashTree, paths: Sequence[Path]) -> HashTree:
    """``tree`` with everything pruned that is on none of ``paths``; what is below a path's end stays."""
    return _prune(tree, [[_bytes(label) for label in path] for path in paths])


def _prune(tree: HashTree, paths: list[list[bytes]]) -> HashTree:
    if any(not path for path in paths):
        return tree
    match tree:
        case Fork(left, right):
            pruned = (_prune(left, paths), _prune(right, paths))
            if all(isinstance(part, Pruned) for part in pruned):
                return Pruned(hash_tree.root_hash(tree))
            return Fork(*pruned)
        case Labeled(label, subtree):
            below = [path[1:] for path in paths if path[0] == label]
            return Labeled(label, _prune(subtree, below)) if below else Pruned(hash_tree.root_hash(tree))
        case Empty():
            return tree
        case _:
            return Pruned(hash_tree.root_hash(tree))


def certificate(
    tree: HashTree, signer: KeyPair, *, delegation: Mapping[str, object] | None = None, tagged: bool = False
) -> bytes:
    """A certificate of ``tree``, signed by ``signer``; ``delegation`` comes from `delegate`."""
    signature = signer.sign(STATE_ROOT_DOMAIN + hash_tree.root_hash(tree))
    fields: dict[str, object] = {"tree": hash_tree.encode(tree), "signature": signature}
    if delegation is not None:
        fields["delegation"] = delegation
    return cbor.encode(fields, tagged=tagged)


def encode_ranges(ranges: Sequence[tuple[Principal, Principal]]) -> bytes:
    """Canister ranges as the state tree holds them: tagged CBOR, a list of pairs."""
    document = [[first.raw, last.raw] for first, last in ranges]
    return cbor.encode(document, tagged=True)


def delegate(
    root: KeyPair,
    subnet: KeyPair,
    ranges: Sequence[tuple[Principal, Principal]],
    *,
    time_ns: int,
    form: RangesForm = "sharded",
) -> dict[str, object]:
    """The delegation map ``{subnet_id, certificate}`` in which ``root`` vouches for ``subnet``.

    Args:
        root: the root key.
        subnet: the subnet's key; its id follows from it.
        ranges: first and last canister of each range, in order.
        time_ns: when the delegation is signed, nanoseconds since 1970.
        form: ``sharded`` puts each range under ``/canister_ranges/<subnet>/<first>`` as v4 calls do, ``flat``
            all of them under ``/subnet/<subnet>/canister_ranges`` as v3 calls do.
    """
    tree = build_tree(delegation_state(subnet, ranges, time_ns=time_ns, form=form))
    return {"subnet_id": subnet.subnet_id.raw, "certificate": certificate(tree, root, tagged=True)}


def delegation_state(
    subnet: KeyPair,
    ranges: Sequence[tuple[Principal, Principal]],
    *,
    time_ns: int,
    form: RangesForm = "sharded",
) -> dict[str | bytes, State]:
    """The part of the NNS's state that a delegation shows."""
    identifier = subnet.subnet_id.raw
    about: dict[str | bytes, State] = {"public_key": subnet.public_key_der}
    state: dict[str | bytes, State] = {SUBNET_PART: {identifier: about}, "time": uleb128(time_ns)}
    if form == "flat":
        about[RANGES_PART] = encode_ranges(ranges)
    else:
        shards: dict[str | bytes, State] = {entry[0].raw: encode_ranges([entry]) for entry in ranges}
        state[RANGES_PART] = {identifier: shards}
    return state


def reply_state(request_id: bytes, reply: bytes, *, time_ns: int) -> dict[str | bytes, State]:
    """The state after a call was answered with ``reply``."""
    answer: dict[str | bytes, State] = {"status": b"replied", "reply": reply}
    return {"request_status": {request_id: answer}, "time": uleb128(time_ns)}


def rejected_state(request_id: bytes, code: int, message: str, *, time_ns: int) -> dict[str | bytes, State]:
    """The state after a call was rejected with a reject code (1 to 5) and a message."""
    answer: dict[str | bytes, State] = {
        "status": b"rejected",
        "reject_code": uleb128(code),
        "reject_message": message.encode("utf-8"),
        "error_code": b"IC0503",
    }
    return {"request_status": {request_id: answer}, "time": uleb128(time_ns)}


def pending_state(request_id: bytes, status: str, *, time_ns: int) -> dict[str | bytes, State]:
    """The state while a call is ``received`` or ``processing``, or once its answer is gone (``done``)."""
    return {"request_status": {request_id: {"status": status.encode("utf-8")}}, "time": uleb128(time_ns)}
