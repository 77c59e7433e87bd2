"""Changes of the registry, certified by the canister itself: what became of it since a version.

``get_certified_changes_since`` is a query, which nobody signs; its answer carries a certificate of the hash of the
canister's whole history, and the part of that history that was asked for. Source: dfinity/ic,
rs/registry/nns_data_provider/src/certification.rs, whose rules are kept here; rs/registry/transport/proto.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from auditkit.decision import Outcome
from auditkit.errors import EvidenceError
from auditkit.ic import hash_tree, leb128
from auditkit.ic.certificate import Certificate
from auditkit.ic.hash_tree import Found, FoundSubtree, HashTree, Leaf, Pruned
from auditkit.ic.principal import REGISTRY
from auditkit.ic.registry.mixed_tree import read_mixed_tree
from auditkit.ic.registry.reply import read_chunk_digests
from auditkit.ic.registry.wire import LayoutError, Message, read_message
from auditkit.ic.verification import verify_certificate
from auditkit.limits import LIMITS, Limits

GET_CERTIFIED_CHANGES_SINCE: Final = "get_certified_changes_since"

_SINCE = 1
_TREE, _CERTIFICATE = 1, 2
_MUTATIONS, _TIME = 1, 6
_TYPE, _KEY, _VALUE, _CHUNKS = 1, 2, 3, 4
_VERSION_BYTES: Final = 8


class OlderRegistryError(EvidenceError):
    """A genuine answer about an older state of the registry than the one that is known already."""


class MutationType(IntEnum):
    """What a mutation does to a record, numbered as the registry numbers it."""

    INSERT = 0
    UPDATE = 1
    DELETE = 2
    UPSERT = 4


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change of one record.

    Attributes:
        type: what is done.
        key: of the record.
        value: the record from then on; None when it is deleted, or comes in chunks.
        chunk_digests: SHA-256 of each part of a large record, in order; None for others.
    """

    type: MutationType
    key: bytes
    value: bytes | None
    chunk_digests: tuple[bytes, ...] | None


@dataclass(frozen=True, slots=True)
class VersionChange:
    """All that made one version of the registry out of the one before.

    Attributes:
        version: the version that it made.
        timestamp_ns: when, nanoseconds since 1970; None where the registry did not keep it.
        mutations: in the order of the registry.
    """

    version: int
    timestamp_ns: int | None
    mutations: tuple[Mutation, ...]


@dataclass(frozen=True, slots=True)
class CertifiedDelta:
    """Certified changes.

    Attributes:
        version: the newest version of the registry; the changes may end before it, then ask again from the last.
        changes: one a version, without gaps, from the one after the version that was asked about.
        time_ns: when the certificate was signed, nanoseconds since 1970.
    """

    version: int
    changes: tuple[VersionChange, ...]
    time_ns: int


def changes_since_argument(version: int) -> bytes:
    """The argument of ``get_certified_changes_since``.

    Args:
        version: the last version that is known, 64 bits; 0 for none.
    """
    return bytes([_SINCE << 3]) + leb128.unsigned(version) if version else b""


def verify_certified_delta(
    data: bytes, *, root_key: bytes, since: int, now_ns: int | None = None, limits: Limits = LIMITS
) -> CertifiedDelta:
    """The changes in an answer of ``get_certified_changes_since``, once all of it is certified.

    Args:
        data: the answer, a protocol buffer.
        root_key: DER, 133 bytes.
        since: the version that was asked about.
        now_ns: the present, nanoseconds since 1970; None asks the clock.

    Raises:
        LayoutError: a layout that this version does not know.
        OlderRegistryError: certified, and the version that was asked about is not there yet.
        EvidenceError: malformed, not certified, not about this question, or with a gap.
        ParameterError: ``root_key`` is not a key.
    """
    message = read_message(data, "the registry's answer", limits=limits)
    if unknown := message.unknown((_TREE, _CERTIFICATE)):
        raise LayoutError(
            "the registry's answer has a field that is not known", observed=f"field {unknown[0]}"
        )
    written, certificate = message.view(_TREE), message.blob(_CERTIFICATE)
    if written is None or certificate is None:
        raise EvidenceError("the registry's answer lacks its hash tree or its certificate")
    tree = read_mixed_tree(written, limits=limits)
    verified = verify_certificate(
        certificate, root_key=root_key, canister=REGISTRY, now_ns=now_ns, limits=limits
    )
    if verified.certificate is None or verified.time_ns is None:
        failed = next(decision for decision in verified.decisions if decision.outcome is Outcome.FAIL)
        raise EvidenceError(
            f"the certificate of the changes does not hold: {failed.reason}",
            where=failed.id,
            expected=failed.expected,
            observed=failed.observed,
        )
    _check_certified(verified.certificate, tree)
    version = _current_version(tree)
    changes = _changes(tree, since, version, limits)
    return CertifiedDelta(version, changes, verified.time_ns)


def _check_certified(certificate: Certificate, tree: HashTree) -> None:
    certified = hash_tree.lookup(certificate.tree, (b"canister", REGISTRY.raw, b"certified_data"))
    if not isinstance(certified, Found):
        raise EvidenceError(
            "the certificate says nothing about the registry's data",
            expected="a value at /canister/<registry>/certified_data",
            observed=type(certified).__name__.lower(),
        )
    computed = hash_tree.root_hash(tree)
    if certified.value != computed:
        raise EvidenceError(
            "the certificate is about other changes of the registry",
            expected=certified.value[:64].hex(),
            observed=computed.hex(),
        )


def _current_version(tree: HashTree) -> int:
    found = hash_tree.lookup(tree, (b"current_version",))
    if not isinstance(found, Found):
        raise EvidenceError(
            "the registry's answer does not say which version is the newest",
            observed=type(found).__name__.lower(),
        )
    return leb128.read_unsigned(found.value, "the newest version of the registry")


def _changes(tree: HashTree, since: int, current: int, limits: Limits) -> tuple[VersionChange, ...]:
    delta = hash_tree.lookup_subtree(tree, (b"delta",))
    labeled = hash_tree.children(delta.tree) if isinstance(delta, FoundSubtree) else ()
    changes: list[VersionChange] = []
    for child in labeled:
        if isinstance(child.subtree, Pruned):
            continue  # a neighbour of the range; one inside it leaves a gap
        if len(changes) == limits.registry_versions:
            raise EvidenceError(f"the answer holds more than {limits.registry_versions} versions")
        expected = since + len(changes) + 1
        version = int.from_bytes(child.label, "big")
        if len(child.label) != _VERSION_BYTES or version != expected:
            raise EvidenceError(
                "the changes of the registry have a gap",
                expected=f"version {expected}",
                observed=f"label {child.label[:16].hex()}",
            )
        if not isinstance(child.subtree, Leaf):
            raise EvidenceError("a change of the registry is not a value")
        changes.append(_read_change(version, child.subtree.value, limits))
    last = since + len(changes)
    if current < since and not changes:
        raise OlderRegistryError(
            "the changes of the registry do not lead to its newest version, which is older than what is known",
            expected=f"version {since} or a newer one",
            observed=f"version {current}",
        )
    if last > current or (not changes and current > since):
        raise EvidenceError(
            "the changes of the registry do not lead to its newest version",
            expected=f"changes up to version {current}",
            observed=f"changes up to version {last}" if changes else "none",
        )
    return tuple(changes)


def _read_change(version: int, data: bytes, limits: Limits) -> VersionChange:
    message = read_message(data, f"the change to version {version}", limits=limits)
    return VersionChange(
        version=version,
        timestamp_ns=message.number(_TIME) or None,
        mutations=tuple(
            _read_mutation(mutation, limits)
            for mutation in message.messages(_MUTATIONS, "a change of a record", limits=limits)
        ),
    )


def _read_mutation(message: Message, limits: Limits) -> Mutation:
    message.one_of((_VALUE, _CHUNKS))
    number = message.number(_TYPE) or 0
    if number not in set(MutationType):
        raise LayoutError("a record is changed in a way that is not known", observed=f"type {number}")
    chunks = message.message(_CHUNKS, "the list of a record's parts", limits=limits)
    return Mutation(
        type=MutationType(number),
        key=message.blob(_KEY) or b"",
        value=message.blob(_VALUE),
        chunk_digests=None if chunks is None else read_chunk_digests(chunks, limits=limits),
    )
