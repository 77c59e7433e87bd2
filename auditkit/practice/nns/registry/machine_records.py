"""Registry records of machines, as the registry stores them. Field numbers: dfinity/ic, rs/protobuf, ``registry``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from auditkit.ic import Principal
from auditkit.practice.nns.protobuf_writer import (
    bytes_field,
    float_field,
    message_field,
    number_field,
    repeated_bytes,
    text_field,
)
from auditkit.practice.nns.registry.machines import DataCenter, Node, NodeSubnet, Operator
from auditkit.practice.release.published import release_commit

SUBNET_LIST_KEY: Final = b"subnet_list"
_HOSTOS_VERSION: Final = release_commit("hostos")
_XNET_PORT, _HTTP_PORT = 2497, 8080
_TYPE_3_1: Final = 5  # a machine of the second generation, as most nodes are rewarded
_ALLOWANCE: Final = 2


def data_center_key(data_center: DataCenter) -> bytes:
    """The key under which a data center stands."""
    return f"data_center_record_{data_center.identifier}".encode()


def node_operator_key(operator: Operator) -> bytes:
    """The key under which a node operator stands."""
    return f"node_operator_record_{operator.principal}".encode()


def node_key(node: Node) -> bytes:
    """The key under which a node stands."""
    return f"node_record_{node.principal}".encode()


def api_boundary_node_key(node: Node) -> bytes:
    """The key under which it stands that a node is an API boundary node."""
    return f"api_boundary_node_{node.principal}".encode()


def subnet_key(subnet: NodeSubnet) -> bytes:
    """The key under which a subnet stands."""
    return f"subnet_record_{subnet.principal}".encode()


def data_center_record(data_center: DataCenter) -> bytes:
    """A data center."""
    latitude, longitude = data_center.place
    return (
        text_field(1, data_center.identifier)
        + text_field(2, data_center.region)
        + text_field(3, data_center.owner)
        + message_field(4, float_field(1, latitude) + float_field(2, longitude))
    )


def node_operator_record(operator: Operator) -> bytes:
    """A node operator, who may add some more nodes."""
    rewarded = text_field(1, "type3.1") + number_field(2, 1)
    return (
        bytes_field(1, operator.principal.raw)
        + number_field(2, _ALLOWANCE)
        + bytes_field(3, operator.provider.raw)
        + text_field(4, operator.data_center.identifier)
        + message_field(5, rewarded)
    )


def node_record(node: Node) -> bytes:
    """A node; one that tells no chip has no such field."""
    chip = b"" if node.chip_id is None else bytes_field(16, node.chip_id, explicit=True)
    return (
        message_field(5, _endpoint(node, _XNET_PORT))
        + message_field(6, _endpoint(node, _HTTP_PORT))
        + bytes_field(15, node.operator.principal.raw)
        + chip
        + text_field(17, _HOSTOS_VERSION)
        + text_field(19, node.domain)
        + number_field(20, _TYPE_3_1)
    )


def _endpoint(node: Node, port: int) -> bytes:
    """Where a node listens: an address that is set aside for documentation."""
    return text_field(1, f"2001:db8::{node.number:x}") + number_field(2, port)


def api_boundary_node_record(version: str) -> bytes:
    """That a node is an API boundary node and runs a GuestOS version."""
    return text_field(1, version)


def subnet_record(subnet: NodeSubnet, members: Iterable[Node], version: str) -> bytes:
    """A subnet whose nodes run a GuestOS version."""
    features = number_field(2, 1) + number_field(3, 1)
    if subnet.sev_enabled is not None:
        features += number_field(9, subnet.sev_enabled, explicit=True)
    return (
        repeated_bytes(3, (node.principal.raw for node in members))
        + number_field(5, 2 * 1024 * 1024)
        + number_field(7, 1_000)
        + number_field(8, 300)
        + text_field(9, version)
        + number_field(10, 499)
        + number_field(15, subnet.kind)
        + number_field(16, 1)
        + number_field(18, 1_000)
        + number_field(19, 4 * 1024 * 1024)
        + message_field(23, features)
    )


def subnet_list_record(subnets: Iterable[Principal]) -> bytes:
    """Which subnets there are."""
    return repeated_bytes(2, (subnet.raw for subnet in subnets))
