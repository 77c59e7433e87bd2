"""The machines of the practice world: data centers, who runs nodes there, the nodes, and the subnets they form.

Principals follow from key pairs that anybody can derive, as the real ones do from secret ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cache
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auditkit.ic import Principal
from auditkit.practice.chips import practice_chip
from auditkit.practice.nns.keys import KeyPair
from auditkit.practice.scenarios import ChipsSay

_ED25519_DER: Final = bytes.fromhex("302a300506032b6570032100")


@cache
def principal_of(name: str) -> Principal:
    """The self-authenticating principal of an Ed25519 key that a name makes: 29 bytes."""
    key = Ed25519PrivateKey.from_private_bytes(sha256(b"auditkit practice key: " + name.encode()).digest())
    return Principal.self_authenticating(_ED25519_DER + key.public_key().public_bytes_raw())


@dataclass(frozen=True, slots=True)
class DataCenter:
    """A data center.

    Attributes:
        identifier: a few letters and a digit.
        region: continent, country and place, with commas between.
        owner: whose it is.
        place: latitude and longitude, degrees.
    """

    identifier: str
    region: str
    owner: str
    place: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Operator:
    """Who runs nodes in a data center, for a provider.

    Attributes:
        provider_name: the provider as the public list calls it; the registry knows its principal alone.
    """

    provider_name: str
    data_center: DataCenter

    @property
    def principal(self) -> Principal:
        """Who the operator is."""
        return principal_of(f"operator of {self.provider_name}")

    @property
    def provider(self) -> Principal:
        """Who the provider is."""
        return principal_of(f"provider {self.provider_name}")


@dataclass(frozen=True, slots=True)
class Node:
    """A node.

    Attributes:
        number: which one, from 1 on, in the order in which they joined.
        operator: who runs it.
        chip: the number of the practice chip that its record tells; None when it tells none.
        domain: what an API boundary node is called; empty for others.
    """

    number: int
    operator: Operator
    chip: int | None = None
    domain: str = ""

    @property
    def principal(self) -> Principal:
        """Which node it is."""
        return principal_of(f"node {self.number}")

    @property
    def chip_id(self) -> bytes | None:
        """The chip id in its record, 64 bytes."""
        return None if self.chip is None else practice_chip(self.chip)


class SubnetType(IntEnum):
    """What a subnet is for, as the registry numbers it."""

    APPLICATION = 1
    SYSTEM = 2


@dataclass(frozen=True, slots=True)
class NodeSubnet:
    """A subnet as the registry has it.

    Attributes:
        seed: the text that its key is derived from.
        kind: what it is for.
        sev_enabled: whether its nodes run confidential guests; None where nothing is said about it.
    """

    seed: str
    kind: SubnetType
    sev_enabled: bool | None = None

    @property
    def principal(self) -> Principal:
        """Which subnet it is."""
        return KeyPair(self.seed).subnet_id


SYSTEM: Final = NodeSubnet("system subnet", SubnetType.SYSTEM)
APPLICATION: Final = NodeSubnet("other subnet", SubnetType.APPLICATION, sev_enabled=False)
CONFIDENTIAL: Final = NodeSubnet("confidential subnet", SubnetType.APPLICATION, sev_enabled=True)

_ZURICH, _FREMONT, _TOKYO, _LJUBLJANA = DATA_CENTERS = (
    DataCenter("zh9", "Europe,CH,Zurich", "Practice Data Centers", (47.38, 8.54)),
    DataCenter("fm9", "North America,US,California", "Practice Bay Hosting", (37.55, -121.99)),
    DataCenter("ty9", "Asia,JP,Tokyo", "Practice Kanto Hosting", (35.68, 139.69)),
    DataCenter("lj9", "Europe,SI,Ljubljana", "Practice Data Centers", (46.06, 14.51)),
)
_ALPINE, _BAY, _KANTO, _CARNIOLA = OPERATORS = (
    Operator("Practice Alpine Nodes", _ZURICH),
    Operator("Practice Bay Nodes", _FREMONT),
    Operator("Practice Kanto Nodes", _TOKYO),
    Operator("Practice Carniola Nodes", _LJUBLJANA),
)

BOUNDARY, SPARE = 11, 12
"""The API boundary node, and one that belongs to no subnet: they joined last."""
_FIRST, _SECOND, _NEIGHBOUR, _NEW = 5, 6, 9, 13
_NODES: Final = {
    **{number: Node(number, operator) for number, operator in enumerate(OPERATORS, 1)},
    _FIRST: Node(_FIRST, _ALPINE, 1),
    _SECOND: Node(_SECOND, _BAY, 2),
    7: Node(7, _KANTO, 3),
    8: Node(8, _CARNIOLA, 4),
    _NEIGHBOUR: Node(_NEIGHBOUR, _BAY, 5),
    10: Node(10, _KANTO),
    BOUNDARY: Node(BOUNDARY, _CARNIOLA, 6, "boundary.practice.example"),
    SPARE: Node(SPARE, _ALPINE),
}
_MEMBERS: Final = {SYSTEM: (1, 2, 3, 4), APPLICATION: (_NEIGHBOUR, 10), CONFIDENTIAL: (_FIRST, _SECOND, 7, 8)}
_OTHER_CHIP, _INVENTED_CHIPS = 7, 100


@dataclass(frozen=True, slots=True)
class Machines:
    """The nodes of a practice registry, and what became of them.

    Attributes:
        nodes: all that joined before anything is removed, in that order.
        members: the nodes of each subnet, before anything is removed.
        removed: the node of the confidential subnet that is taken away later.
        replacement: the node that takes its place.
    """

    nodes: tuple[Node, ...]
    members: Mapping[NodeSubnet, tuple[Node, ...]]
    removed: Node | None = None
    replacement: Node | None = None

    def live(self) -> tuple[Node, ...]:
        """The nodes that there are at the end."""
        stayed = tuple(node for node in self.nodes if node is not self.removed)
        return stayed if self.replacement is None else (*stayed, self.replacement)

    def subnet_of(self, node: Node) -> NodeSubnet | None:
        """The subnet of a node at the end."""
        place = self.removed if node is self.replacement else node
        return next((subnet for subnet, nodes in self.members.items() if place in nodes), None)


@cache
def machines(chips: ChipsSay) -> Machines:
    """The machines of the practice world, where the registry says ``chips`` about those with chips 1 and 2."""
    nodes, members, removed, replacement = dict(_NODES), dict(_MEMBERS), None, None
    match chips:
        case ChipsSay.TWO_NODES:
            nodes[SPARE] = replace(nodes[SPARE], chip=nodes[_FIRST].chip)
        case ChipsSay.NOBODY:
            nodes[_SECOND] = replace(nodes[_SECOND], chip=_OTHER_CHIP)
            for number, node in nodes.items():
                nodes[number] = node if node.chip else replace(node, chip=_INVENTED_CHIPS + number)
        case ChipsSay.NOT_TOLD:
            nodes[_SECOND] = replace(nodes[_SECOND], chip=None)
        case ChipsSay.TWO_SUBNETS:
            members = {**members, APPLICATION: (_SECOND, 10), CONFIDENTIAL: (_FIRST, _NEIGHBOUR, 7, 8)}
        case ChipsSay.MOVED:
            removed, replacement = nodes[_SECOND], replace(nodes[_SECOND], number=_NEW)
        case ChipsSay.WAS_THERE:
            removed = nodes[_SECOND]
        case ChipsSay.ONE_SUBNET:
            pass
    return Machines(
        tuple(nodes.values()),
        {subnet: tuple(nodes[number] for number in numbers) for subnet, numbers in members.items()},
        removed,
        replacement,
    )
