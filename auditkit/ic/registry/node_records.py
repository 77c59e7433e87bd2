"""The registry's records about nodes, and about whose they are.

Fields that are not read here are passed over: these records have many, and grow. Source: dfinity/ic, rs/protobuf,
``registry/{node,node_operator,dc,subnet}/v1``, and rs/registry/keys.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from auditkit.errors import EvidenceError
from auditkit.ic.principal import Principal
from auditkit.ic.registry.wire import LayoutError, Message, read_message
from auditkit.limits import LIMITS, Limits

NODE_PREFIX: Final = "node_record_"
SUBNET_PREFIX: Final = "subnet_record_"
SUBNET_LIST_KEY: Final = "subnet_list"
_OPERATOR, _CHIP = 15, 16
_PROVIDER, _DATA_CENTER = 3, 4
_REGION, _OWNER = 2, 3
_SUBNETS, _MEMBERSHIP, _TYPE, _FEATURES, _SEV_ENABLED = 2, 3, 15, 23, 9
_SUBNET_TYPES: Final = {
    0: "unspecified",
    1: "application",
    2: "system",
    4: "verified application",
    5: "cloud engine",
}


_Record = TypeVar("_Record")


@dataclass(frozen=True, slots=True)
class NodeRecord:
    """A node.

    Attributes:
        operator: who added it; None where the record says nothing.
        chip_id: of its processor, 64 bytes where it is sound; None for a node that registered without SEV.
    """

    operator: Principal | None
    chip_id: bytes | None


@dataclass(frozen=True, slots=True)
class NodeOperatorRecord:
    """Who runs nodes: for which provider, in which data center; None and empty where the record says nothing."""

    provider: Principal | None
    data_center: str


@dataclass(frozen=True, slots=True)
class DataCenterRecord:
    """Where nodes stand: ``region`` such as ``Europe,CH,Zurich``, and who owns the place."""

    region: str
    owner: str


@dataclass(frozen=True, slots=True)
class SubnetRecord:
    """A subnet.

    Attributes:
        members: its nodes.
        subnet_type: in words; ``type 7`` for one that is not known here.
        sev_enabled: whether its nodes run as SEV guests.
    """

    members: frozenset[Principal]
    subnet_type: str
    sev_enabled: bool


def node_key(node: Principal) -> str:
    """The key of a node's record."""
    return f"{NODE_PREFIX}{node}"


def node_operator_key(operator: Principal) -> str:
    """The key of a node operator's record."""
    return f"node_operator_record_{operator}"


def data_center_key(data_center: str) -> str:
    """The key of a data center's record."""
    return f"data_center_record_{data_center}"


def subnet_key(subnet: Principal) -> str:
    """The key of a subnet's record."""
    return f"{SUBNET_PREFIX}{subnet}"


def api_boundary_key(node: Principal) -> str:
    """The key of a node's record as an API boundary node."""
    return f"api_boundary_node_{node}"


def read_node(value: bytes, *, limits: Limits = LIMITS) -> NodeRecord:
    """Reads the record of a node.

    Raises:
        LayoutError: a layout that this version does not know.
        EvidenceError: malformed.
    """
    message = read_message(value, "the record of a node", limits=limits)
    return NodeRecord(_principal(message, _OPERATOR), message.blob(_CHIP) or None)


def read_node_operator(value: bytes, *, limits: Limits = LIMITS) -> NodeOperatorRecord:
    """Reads the record of a node operator; errors are those of `read_node`."""
    message = read_message(value, "the record of a node operator", limits=limits)
    return NodeOperatorRecord(_principal(message, _PROVIDER), message.text(_DATA_CENTER) or "")


def read_data_center(value: bytes, *, limits: Limits = LIMITS) -> DataCenterRecord:
    """Reads the record of a data center; errors are those of `read_node`."""
    message = read_message(value, "the record of a data center", limits=limits)
    return DataCenterRecord(message.text(_REGION) or "", message.text(_OWNER) or "")


def read_subnet_list(value: bytes, *, limits: Limits = LIMITS) -> tuple[Principal, ...]:
    """Reads the list of all subnets; errors are those of `read_node`."""
    message = read_message(value, "the list of subnets", limits=limits)
    return tuple(_read_principal(raw, message.name) for raw in message.blobs(_SUBNETS))


def read_subnet(value: bytes, *, limits: Limits = LIMITS) -> SubnetRecord:
    """Reads the record of a subnet; errors are those of `read_node`."""
    message = read_message(value, "the record of a subnet", limits=limits)
    number = message.number(_TYPE) or 0
    features = message.message(_FEATURES, "the features of a subnet", limits=limits)
    return SubnetRecord(
        frozenset(_read_principal(raw, message.name) for raw in message.blobs(_MEMBERSHIP)),
        _SUBNET_TYPES.get(number, f"type {number}"),
        features is not None and bool(features.number(_SEV_ENABLED)),
    )


def read_if_known(read: Callable[[bytes], _Record], value: bytes | None) -> _Record | None:
    """A record that only says more about a node; None where there is none, and where it cannot be read."""
    try:
        return None if value is None else read(value)
    except EvidenceError:
        return None


def _principal(message: Message, field: int) -> Principal | None:
    raw = message.blob(field)
    return _read_principal(raw, message.name) if raw else None


def _read_principal(raw: bytes, name: str) -> Principal:
    try:
        return Principal(raw)
    except EvidenceError as error:
        raise LayoutError(f"{name} holds what is no principal: {error.what}") from None
