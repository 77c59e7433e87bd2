"""Whose chips: what a synced registry says about the nodes that have them."""

from __future__ import annotations

from collections.abc import Sequence

from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.evidence.registry_sync.folder import KeptRecord, SyncedRegistry
from auditkit.evidence.registry_sync.node_spells import NodeSpell
from auditkit.ic import Principal
from auditkit.ic.registry import (
    NODE_PREFIX,
    SUBNET_PREFIX,
    BatchDigest,
    ChipHistory,
    ChipNode,
    ChipsInRegistry,
    ClaimedNode,
    FormerNode,
    SubnetRecord,
    chip_node,
    node_key,
    read_if_known,
    read_node,
    read_subnet,
    subnet_key,
)
from auditkit.times import rfc3339_of_ns


def chips_in_registry(
    registry: SyncedRegistry,
    chips: Sequence[bytes],
    *,
    claimed: Principal | None = None,
    at: int | None = None,
    prove: bool = False,
) -> ChipsInRegistry:
    """What a synced registry says about chips.

    Args:
        registry: from `open_registry`.
        chips: their ids.
        claimed: the node that an attestation report is said to come from.
        at: the version of the registry that is asked about; None for the last one.
        prove: verify the certified answer of each record that is read; needless where all of the folder was verified.

    Raises:
        SourceError: the folder does not hold all versions up to a certified one: the sync was not finished.
        ParameterError: that version is not there.
        EvidenceError: it is damaged, or the record of one of these nodes has a layout that is not known.
    """
    standing = registry.standing
    if not standing.complete or standing.as_of_ns is None:
        raise SourceError(
            "the sync of this registry was not finished, so that later versions are missing",
            expected=f"version {standing.newest}",
            observed=f"version {standing.version}",
            hint="run `auditkit registry sync` again",
        )
    looking = _Looking(registry, at, prove=prove)
    counts = registry.node_counts(at)
    histories = tuple(looking.history(chip) for chip in chips)
    return ChipsInRegistry(
        source="registry",
        version=standing.version if at is None else at,
        as_of=rfc3339_of_ns(standing.as_of_ns),
        nodes=counts.nodes,
        without_chip=counts.without_chip,
        unreadable=counts.unreadable,
        chips=histories,
        claimed=None if claimed is None else looking.claimed(claimed),
        batches=looking.batches(),
    )


class _Looking:
    """One look-up, which remembers the versions of the records that it read."""

    def __init__(self, registry: SyncedRegistry, at: int | None, *, prove: bool) -> None:
        self._registry, self._at, self._prove = registry, at, prove
        self._versions: set[int] = set()
        self._proven: set[tuple[int, bytes]] = set()

    def history(self, chip: bytes) -> ChipHistory:
        spells = sorted(self._registry.spells_of(chip, self._at), key=lambda spell: (spell.since, spell.key))
        return ChipHistory(
            chip.hex(),
            tuple(self._node(spell, chip) for spell in spells if spell.until is None),
            tuple(
                FormerNode(
                    str(_principal(spell.key, NODE_PREFIX)),
                    spell.since,
                    spell.until,
                    rfc3339_of_ns(spell.until_ns),
                    spell.removed,
                )
                for spell in spells
                if spell.until is not None
            ),
        )

    def claimed(self, node: Principal) -> ClaimedNode:
        key = node_key(node)
        value, removed_at = self._value(key), None
        registered = value is not None
        if value is None:
            value, removed_at = self._last_value(key)
        chip = None if value is None else read_node(value).chip_id
        return ClaimedNode(str(node), registered, chip.hex() if chip else None, removed_at)

    def batches(self) -> tuple[BatchDigest, ...]:
        found = (self._registry.digest_of_answer(version) for version in sorted(self._versions))
        return tuple(dict.fromkeys(found))

    def _node(self, spell: NodeSpell, chip: bytes) -> ChipNode:
        node = _principal(spell.key, NODE_PREFIX)
        value = self._value(node_key(node))
        record = None if value is None else read_node(value)
        if record is None or record.chip_id != chip:
            raise EvidenceError(
                "the index of the registry gives a node a chip that its record does not name",
                where=str(node),
                hint="`auditkit registry verify` tells what is wrong with the folder",
            )
        subnet = self._subnet_of(node)
        if subnet is not None:
            self._value(subnet_key(subnet[0]))
        return chip_node(node, record, subnet, self._value, since=spell.since, since_ns=spell.since_ns)

    def _subnet_of(self, node: Principal) -> tuple[Principal, SubnetRecord] | None:
        """The subnet of a node. Only a record that holds the node's bytes can list it, and is read."""
        for kept in self._registry.subnets(self._at):
            record = read_if_known(read_subnet, kept.value if node.raw in (kept.value or b"") else None)
            if record is None or node not in record.members:
                continue
            try:
                return _principal(kept.key, SUBNET_PREFIX), record
            except EvidenceError:  # a key that names no subnet
                continue
        return None

    def _value(self, key: str) -> bytes | None:
        """The record under a key; None where there is none."""
        kept = self._registry.record(key.encode(), self._at)
        if kept is None or kept.value is None:
            return None
        self._used(kept)
        return kept.value

    def _last_value(self, key: str) -> tuple[bytes | None, int | None]:
        """The last record that stood under a key where there is none now, and the version that removed it."""
        removed_at = None
        for version in reversed(self._registry.versions_of(key.encode())):
            if self._at is not None and version > self._at:
                continue
            kept = self._registry.record(key.encode(), version)
            if kept is None:
                continue
            self._used(kept)
            if kept.value is not None:
                return kept.value, removed_at
            removed_at = version
        return None, removed_at

    def _used(self, kept: KeptRecord) -> None:
        if self._prove and (kept.version, kept.key) not in self._proven:
            self._registry.prove(kept)
            self._proven.add((kept.version, kept.key))
        self._versions.add(kept.version)


def _principal(key: bytes, prefix: str) -> Principal:
    """Whom the key of a record names."""
    try:
        return Principal.from_text(key.decode("ascii", "replace").removeprefix(prefix))
    except ParameterError as error:
        raise EvidenceError(f"a record has no principal in its key: {error.what}") from None
