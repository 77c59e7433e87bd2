"""Whose chips: what certified answers about single records say, where nobody has the whole registry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from auditkit.errors import EvidenceError, ParameterError
from auditkit.ic.principal import Principal
from auditkit.ic.registry.chips import ChipHistory, ChipNode, ChipsInRegistry, ClaimedNode
from auditkit.ic.registry.node_records import (
    NODE_PREFIX,
    SUBNET_PREFIX,
    NodeRecord,
    SubnetRecord,
    api_boundary_key,
    data_center_key,
    node_operator_key,
    read_data_center,
    read_if_known,
    read_node,
    read_node_operator,
    read_subnet,
)
from auditkit.ic.registry.verification import RegistryAnswer
from auditkit.times import rfc3339_if_possible


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
        as_of=_time(as_of_ns),
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
            str(_principal(key.removeprefix(SUBNET_PREFIX))): read_if_known(read_subnet, answer.value)
            for key, answer in self._answers.items()
            if key.startswith(SUBNET_PREFIX)
        }
        self._subnets = {name: record for name, record in subnets.items() if record is not None}

    def node(self, node: Principal, record: NodeRecord) -> ChipNode:
        run = self._value(None if record.operator is None else node_operator_key(record.operator))
        by = read_if_known(read_node_operator, run)
        place = self._value(data_center_key(by.data_center) if by and by.data_center else None)
        center = read_if_known(read_data_center, place)
        subnet, members = self._subnet_of(node)
        written = self.nodes[node]
        return ChipNode(
            node=str(node),
            operator=None if record.operator is None else str(record.operator),
            provider=str(by.provider) if by and by.provider else None,
            data_center=by.data_center or None if by else None,
            region=center.region if center else None,
            owner=center.owner if center else None,
            subnet=subnet,
            subnet_type=members.subnet_type if members else None,
            sev_enabled=members.sev_enabled if members else None,
            api_boundary=self._value(api_boundary_key(node)) is not None,
            since=written.version,
            since_time=_time(written.timestamp_ns),
        )

    def _subnet_of(self, node: Principal) -> tuple[str | None, SubnetRecord | None]:
        found = ((name, record) for name, record in self._subnets.items() if node in record.members)
        return next(found, (None, None))

    def _value(self, key: str | None) -> bytes | None:
        answer = None if key is None else self._answers.get(key)
        return None if answer is None else answer.value


def _time(nanoseconds: int | None) -> str | None:
    return rfc3339_if_possible(None if nanoseconds is None else nanoseconds // 10**9)


def _principal(text: str) -> Principal:
    try:
        return Principal.from_text(text)
    except ParameterError as error:
        raise EvidenceError(f"an answer is about a node or a subnet that is none: {error.what}") from None
