"""The subnets of the practice network and how each certifies its state.

The NNS subnet signs with the root key itself, as on the mainnet; the others show a delegation. Certificates are
pruned as real ones are: neighbours of what was asked for are there as hashes only.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping, Sequence
from typing import Final

from auditkit.ic import GOVERNANCE, REGISTRY, Principal
from auditkit.practice.nns.certify import (
    Path,
    State,
    build_tree,
    certificate,
    delegation_state,
    prune,
)
from auditkit.practice.nns.keys import KeyPair
from auditkit.practice.scenarios import Subnet

ROOT: Final = KeyPair("nns")
ROOT_KEY: Final = ROOT.public_key_der
"""Public root key of the practice network: 133 bytes of DER. It is no secret and secures nothing."""


def _canister(number: int) -> Principal:
    return Principal(struct.pack(">Q", number) + b"\x01\x01")


_SUBNETS: Final = {
    Subnet.SHARDED: (
        KeyPair("system subnet"),
        ((_canister(0), _canister(0xFFFFF)), (_canister(0x2100000), _canister(0x21FFFFF))),
    ),
    Subnet.FOREIGN: (KeyPair("other subnet"), ((_canister(0x100000), _canister(0x1FFFFF)),)),
}


def certify(
    subnet: Subnet,
    state: Mapping[str | bytes, State],
    paths: Sequence[Path],
    *,
    time_ns: int,
    flat: bool,
) -> bytes:
    """A certificate, with tag 55799, of the parts of a state that are on ``paths``.

    Args:
        subnet: who signs.
        state: what is asked about; what else a subnet's state holds is added.
        paths: what is not pruned.
        time_ns: when it is signed, nanoseconds since 1970.
        flat: whether a delegation shows its canister ranges in one list, as for the interfaces before v4.
    """
    tree = prune(build_tree(_merge(_surroundings(), state)), paths)
    if subnet is Subnet.NNS:
        return certificate(tree, ROOT, tagged=True)
    signer, _ = _SUBNETS.get(subnet, _SUBNETS[Subnet.SHARDED])
    delegation = _delegation(subnet, time_ns=time_ns, flat=flat or subnet is Subnet.FLAT)
    return certificate(tree, signer, delegation=delegation, tagged=True)


def _surroundings() -> dict[str | bytes, State]:
    """What a real subnet's state holds besides; all of it is pruned away."""
    canisters: dict[str | bytes, State] = {
        canister.raw: {"module_hash": hashlib.sha256(b"practice " + name).digest()}
        for canister, name in ((GOVERNANCE, b"governance"), (REGISTRY, b"registry"))
    }
    return {"canister": canisters, "metadata": b"practice", "streams": {}}


def _merge(below: State, above: State) -> State:
    """The state ``above``, and of ``below`` what it leaves open."""
    if isinstance(below, bytes) or isinstance(above, bytes):
        return above
    merged = dict(below)
    for label, part in above.items():
        merged[label] = _merge(merged[label], part) if label in merged else part
    return merged


def _delegation(subnet: Subnet, *, time_ns: int, flat: bool) -> dict[str, object]:
    key, ranges = _SUBNETS.get(subnet, _SUBNETS[Subnet.SHARDED])
    identifier = key.subnet_id.raw
    state = delegation_state(key, ranges, time_ns=time_ns, form="flat" if flat else "sharded")
    about: Path = ("subnet", identifier)
    # A node prunes the shards that do not matter; governance is in the first.
    shown = (*about, "canister_ranges") if flat else ("canister_ranges", identifier, ranges[0][0].raw)
    tree = prune(build_tree(state), [("time",), (*about, "public_key"), shown])
    return {"subnet_id": identifier, "certificate": certificate(tree, ROOT, tagged=True)}
