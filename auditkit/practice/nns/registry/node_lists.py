"""The public list of nodes, which anybody may ask for and nobody signs: who runs them and where, and no chips.

Its names are those of the dashboard's interface, ``/api/v3/nodes``.
"""

from __future__ import annotations

from typing import TypedDict

from auditkit.practice.nns.registry.machines import BOUNDARY, Node, NodeSubnet, machines
from auditkit.practice.scenarios import ChipsSay


class ListedNode(TypedDict):
    """A node in the list."""

    dc_id: str
    dc_name: str
    node_id: str
    node_operator_id: str
    node_provider_id: str
    node_provider_name: str
    node_type: str
    owner: str
    region: str
    status: str
    subnet_id: str | None


def node_list(chips: ChipsSay = ChipsSay.ONE_SUBNET) -> dict[str, list[ListedNode]]:
    """The nodes of the practice world, as the registry has them where it says ``chips`` about two of them."""
    there = machines(chips)
    return {"nodes": [_listed(node, there.subnet_of(node)) for node in there.live()]}


def _listed(node: Node, subnet: NodeSubnet | None) -> ListedNode:
    operator, boundary = node.operator, node.number == BOUNDARY
    return {
        "dc_id": operator.data_center.identifier,
        "dc_name": operator.data_center.region.rpartition(",")[2],
        "node_id": str(node.principal),
        "node_operator_id": str(operator.principal),
        "node_provider_id": str(operator.provider),
        "node_provider_name": operator.provider_name,
        "node_type": "API_BOUNDARY" if boundary else "REPLICA",
        "owner": operator.data_center.owner,
        "region": operator.data_center.region,
        "status": "UNASSIGNED" if subnet is None and not boundary else "UP",
        "subnet_id": None if subnet is None else str(subnet.principal),
    }
