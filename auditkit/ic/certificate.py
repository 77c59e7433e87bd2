"""Certificates: a hash tree, a signature of its root hash, and perhaps the delegation that names the signer.

The functions here read and look up; `auditkit.ic.verification` decides. Source: IC interface specification,
"Certification" ("Certificate", "Delegation").
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from auditkit.errors import EvidenceError
from auditkit.ic import cbor, hash_tree, leb128
from auditkit.ic.hash_tree import Found, FoundSubtree, HashTree, Leaf, Unknown
from auditkit.ic.principal import Principal
from auditkit.limits import LIMITS, Limits

STATE_ROOT_DOMAIN: Final = b"\x0dic-state-root"


@dataclass(frozen=True, slots=True)
class CertificateForm:
    """The outer form of a certificate: the CBOR is of the profile and the fields are there, the tree is
    unread.

    Attributes:
        tree: decoded CBOR, not yet checked.
        signature: any number of bytes.
        delegation: subnet id and form of the delegation's own certificate, if there is a delegation.
    """

    tree: object
    signature: bytes
    delegation: DelegationForm | None


@dataclass(frozen=True, slots=True)
class DelegationForm:
    """The outer form of a delegation."""

    subnet: Principal
    certificate: CertificateForm


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that was read. One that `auditkit.ic.verification` hands out was verified as well.

    Attributes:
        tree: well-formed, as far as it is not pruned.
        signature: 48 bytes in a verified certificate.
        delegation: who the NNS says signed; None when the root key itself signed.
    """

    tree: HashTree
    signature: bytes
    delegation: Delegation | None


@dataclass(frozen=True, slots=True)
class Delegation:
    """The NNS's statement which key and which canisters a subnet has."""

    subnet: Principal
    certificate: Certificate


def read_form(data: bytes, *, limits: Limits = LIMITS) -> CertificateForm:
    """Reads the map ``{tree, signature[, delegation]}``, with or without tag 55799, and delegations inside
    it.

    Raises:
        EvidenceError: not CBOR of the profile, a missing, unknown or ill-typed field.
    """
    return _read_form(data, limits, levels=3)


def _read_form(data: bytes, limits: Limits, levels: int) -> CertificateForm:
    if levels == 0:
        raise EvidenceError("delegations are nested in delegations without end")
    value = cbor.decode(data, limits=limits)
    if not isinstance(value, dict):
        raise EvidenceError("not a certificate", expected="a map", observed=type(value).__name__)
    _require_keys(value.keys(), {"tree", "signature"}, {"delegation"}, "the certificate")
    signature = value["signature"]
    if not isinstance(signature, bytes):
        raise EvidenceError("the signature of the certificate is not a byte string")
    return CertificateForm(
        value["tree"], signature, _read_delegation(value.get("delegation"), limits, levels)
    )


def _read_delegation(value: cbor.CborValue, limits: Limits, levels: int) -> DelegationForm | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise EvidenceError("the delegation is not a map")
    _require_keys(value.keys(), {"subnet_id", "certificate"}, set(), "the delegation")
    subnet, certificate = value["subnet_id"], value["certificate"]
    if not isinstance(subnet, bytes) or not isinstance(certificate, bytes):
        raise EvidenceError("a field of the delegation is not a byte string")
    try:
        form = _read_form(certificate, limits, levels - 1)
    except EvidenceError as error:
        raise error.at("certificate of the delegation") from None
    return DelegationForm(Principal(subnet), form)


def _require_keys(keys: Iterable[str], required: set[str], optional: set[str], what: str) -> None:
    found = set(keys)
    if not required <= found <= required | optional:
        raise EvidenceError(
            f"{what} has the wrong fields",
            expected=", ".join(sorted(required))
            + "".join(f" and perhaps {name}" for name in sorted(optional)),
            observed=", ".join(sorted(found)),
        )


def read_trees(form: CertificateForm, *, limits: Limits = LIMITS) -> Certificate:
    """Reads the hash trees of a form; whether they are well-formed, and who signed them, is not asked.

    Raises:
        EvidenceError: a node of a shape that there is not, or a tree that is too deep.
    """
    delegation = None
    if form.delegation is not None:
        inner = read_trees(form.delegation.certificate, limits=limits)
        delegation = Delegation(form.delegation.subnet, inner)
    return Certificate(hash_tree.parse(form.tree, limits=limits), form.signature, delegation)


def read_certificate(data: bytes, *, limits: Limits = LIMITS) -> Certificate:
    """Reads a certificate to look at; nothing about it is verified, and it proves nothing.

    Raises:
        EvidenceError: it is none.
    """
    return read_trees(read_form(data, limits=limits), limits=limits)


def signed_message(tree: HashTree) -> bytes:
    """What the signature of a certificate signs: a domain separator and the 32-byte root hash."""
    return STATE_ROOT_DOMAIN + hash_tree.root_hash(tree)


def subnet_key(delegation: Delegation) -> bytes:
    """The DER key that the delegation's tree holds for its subnet (not yet checked to be a key).

    Raises:
        EvidenceError: the tree holds no such key, or not as a value.
    """
    path = (b"subnet", delegation.subnet.raw, b"public_key")
    result = hash_tree.lookup(delegation.certificate.tree, path)
    if isinstance(result, Found):
        return result.value
    raise EvidenceError(
        f"the delegation names no key for subnet {delegation.subnet}",
        expected="a value at /subnet/<id>/public_key",
        observed=type(result).__name__.lower(),
    )


@dataclass(frozen=True, slots=True)
class CanisterRange:
    """All canisters from ``first`` to ``last``, both included, compared bytewise."""

    first: Principal
    last: Principal

    def __contains__(self, canister: Principal) -> bool:
        return self.first.raw <= canister.raw <= self.last.raw

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"


def canister_ranges(delegation: Delegation, *, limits: Limits = LIMITS) -> tuple[CanisterRange, ...]:
    """The canisters the NNS says the subnet has, as far as the delegation shows them; never empty.

    The sharded form ``/canister_ranges/<subnet>/<shard>`` counts when any of it is there (the union of the
    shards that are not pruned), else the flat form ``/subnet/<subnet>/canister_ranges``.

    Raises:
        EvidenceError: the ranges are missing, empty, pruned or malformed.
    """
    tree, subnet = delegation.certificate.tree, delegation.subnet.raw
    sharded = hash_tree.lookup_subtree(tree, (b"canister_ranges", subnet))
    flat = hash_tree.lookup(tree, (b"subnet", subnet, b"canister_ranges"))
    documents: list[bytes] = []
    if isinstance(sharded, FoundSubtree):
        if isinstance(sharded.tree, Leaf):
            raise EvidenceError("the sharded canister ranges are a single value")
        for shard in hash_tree.children(sharded.tree):
            match hash_tree.lookup(shard.subtree, ()):
                case Found(value):
                    documents.append(value)
                case Unknown():
                    continue
                case _:
                    raise EvidenceError("a shard of the canister ranges is not a value")
    elif isinstance(flat, Found):
        documents.append(flat.value)
    elif isinstance(sharded, Unknown) or isinstance(flat, Unknown):
        raise EvidenceError("the canister ranges of the subnet are pruned from the delegation")
    else:
        raise EvidenceError("the delegation holds no canister ranges for the subnet")
    ranges = tuple(entry for document in documents for entry in _read_ranges(document, limits))
    if not ranges:
        raise EvidenceError("the canister ranges of the subnet are empty or pruned")
    return ranges


def _read_ranges(document: bytes, limits: Limits) -> list[CanisterRange]:
    value = cbor.decode(document, limits=limits)
    if not isinstance(value, list):
        raise EvidenceError("the canister ranges are not a list")
    ranges: list[CanisterRange] = []
    for entry in value:
        match entry:
            case [bytes(first), bytes(last)] if first <= last:
                ranges.append(CanisterRange(Principal(first), Principal(last)))
            case _:
                raise EvidenceError("a canister range is not a pair of a first and a last principal")
    return ranges


def time_of(tree: HashTree) -> int:
    """When the tree was signed: nanoseconds since 1970 from ``/time``, a minimal unsigned LEB128 of 64 bits.

    Raises:
        EvidenceError: no such value, or another encoding.
    """
    result = hash_tree.lookup(tree, (b"time",))
    if not isinstance(result, Found):
        raise EvidenceError("the certificate holds no time", observed=type(result).__name__.lower())
    return leb128.read_unsigned(result.value, "the time")
