"""Whose chips: what certified answers about single records say, where nobody has the whole registry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from auditkit.errors import EvidenceError, ParameterError
from auditkit.ic.principal import Principal
from auditkit.ic.registry.chip_nodes import chip_node
from auditkit.ic.registry.chips import ChipHistory, ChipNode, ChipsInRegistry, ClaimedNode
from auditkit.ic.registry.node_records import (
    NODE_PREFIX,
    SUBNET_PREFIX,
    NodeRecord,
    SubnetRecord,
    read_if_known,
    read_node,
    read_subnet,
)
from auditkit.ic.registry.verification import RegistryAnswer
from auditkit.times import rfc3339_of_ns


def chips_of_nodes(
    answers: Iterable[RegistryAnswer],
    chips: Sequence[bytes],
    *,
    as_of_ns: int | None,
    claimed: Principal | None = None,
) -> ChipsInRegistry:
    """What answers about some nodes, and about whose they are, say of chips.

    Args:
        answers: about the newest version each, verified: nodes, node operators, data centers, subnets.
        chips: their ids.
        as_of_ns: when the oldest of them was signed, nanoseconds since 1970; None where there is none.
        claimed: the node that an attestation report is said to come from.

    Raises:
        EvidenceError: a node's record has a layout that is not known; an answer is about an older version, or there are
            two about one record.
    """
    told = _Told(answers)
    nodes = {node: read_node(answer.value) for node, answer in told.nodes.items() if answer.value is not None}
    return ChipsInRegistry(
        source="nodes",
        version=told.version,
        as_of=rfc3339_of_ns(as_of_ns),
        nodes=len(told.nodes),
        without_chip=sum(record.chip_id is None for record in nodes.values()),
        unreadable=0,
        chips=tuple(
            ChipHistory(
                chip.hex(),
                tuple(told.node(node, record) for node, record in nodes.items() if record.chip_id == chip),
            )
            for chip in chips
        ),
        claimed=None if claimed is None else _claimed(claimed, told, nodes),
    )


def _claimed(claimed: Principal, told: _Told, nodes: dict[Principal, NodeRecord]) -> ClaimedNode:
    if claimed not in told.nodes:
        raise EvidenceError(
            "the node that the report is said to come from was not asked about", where=str(claimed)
        )
    record = nodes.get(claimed)
    chip = record.chip_id if record else None
    return ClaimedNode(str(claimed), record is not None, chip.hex() if chip else None)


class _Told:
    """The answers by their keys."""

    def __init__(self, answers: Iterable[RegistryAnswer]) -> None:
        self._answers: dict[str, RegistryAnswer] = {}
        for answer in answers:
            if answer.asked_version is not None:
                raise EvidenceError(
                    "an answer of the registry is about an older version than the newest",
                    where=answer.key[:200],
                )
            if answer.key in self._answers:
                raise EvidenceError(
                    "there are two answers of the registry about one record", where=answer.key[:200]
                )
            self._answers[answer.key] = answer
        self.version = max((answer.version for answer in self._answers.values()), default=0)
        self.nodes = {
            _principal(key.removeprefix(NODE_PREFIX)): answer
            for key, answer in self._answers.items()
            if key.startswith(NODE_PREFIX)
        }
        subnets = {
            _principal(key.removeprefix(SUBNET_PREFIX)): read_if_known(read_subnet, answer.value)
            for key, answer in self._answers.items()
            if key.startswith(SUBNET_PREFIX)
        }
        self._subnets = {name: record for name, record in subnets.items() if record is not None}

    def node(self, node: Principal, record: NodeRecord) -> ChipNode:
        written = self.nodes[node]
        return chip_node(
            node,
            record,
            self._subnet_of(node),
            self._value,
            since=written.version,
            since_ns=written.timestamp_ns,
        )

    def _subnet_of(self, node: Principal) -> tuple[Principal, SubnetRecord] | None:
        return next((found for found in self._subnets.items() if node in found[1].members), None)

    def _value(self, key: str) -> bytes | None:
        answer = self._answers.get(key)
        return None if answer is None else answer.value


def _principal(text: str) -> Principal:
    try:
        return Principal.from_text(text)
    except ParameterError as error:
        raise EvidenceError(f"an answer is about a node or a subnet that is none: {error.what}") from None
