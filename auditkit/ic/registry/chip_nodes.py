"""A node that has a chip, with the records that say whose it is, wherever these come from."""

from __future__ import annotations

from collections.abc import Callable

from auditkit.ic.principal import Principal
from auditkit.ic.registry.chips import ChipNode
from auditkit.ic.registry.node_records import (
    NodeRecord,
    SubnetRecord,
    api_boundary_key,
    data_center_key,
    node_operator_key,
    read_data_center,
    read_if_known,
    read_node_operator,
)
from auditkit.times import rfc3339_of_ns


def chip_node(
    node: Principal,
    record: NodeRecord,
    subnet: tuple[Principal, SubnetRecord] | None,
    value_of: Callable[[str], bytes | None],
    *,
    since: int,
    since_ns: int | None,
) -> ChipNode:
    """What the registry says about a node that has a chip; a record whose layout is not known says nothing.

    Args:
        subnet: the one that lists the node.
        value_of: gives the record under a key; None where there is none.
        since: the version of the registry that gave the node its chip.
        since_ns: when that was made, nanoseconds since 1970; None where the registry did not keep it.
    """
    run = None if record.operator is None else value_of(node_operator_key(record.operator))
    operator = read_if_known(read_node_operator, run)
    place = value_of(data_center_key(operator.data_center)) if operator and operator.data_center else None
    center = read_if_known(read_data_center, place)
    name, members = (None, None) if subnet is None else subnet
    return ChipNode(
        node=str(node),
        operator=None if record.operator is None else str(record.operator),
        provider=str(operator.provider) if operator and operator.provider else None,
        data_center=operator.data_center or None if operator else None,
        region=center.region if center else None,
        owner=center.owner if center else None,
        subnet=None if name is None else str(name),
        subnet_type=members.subnet_type if members else None,
        sev_enabled=members.sev_enabled if members else None,
        api_boundary=value_of(api_boundary_key(node)) is not None,
        since=since,
        since_time=rfc3339_of_ns(since_ns),
    )
