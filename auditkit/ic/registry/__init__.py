"""The registry canister: which GuestOS versions the NNS has elected, and how large records are asked for.

Protocol buffers in, records and decisions out. No network.
"""

from auditkit.ic.registry.chip_node import chip_node
from auditkit.ic.registry.chips import (
    BatchDigest,
    ChipHistory,
    ChipNode,
    ChipsInRegistry,
    ClaimedNode,
    FormerNode,
)
from auditkit.ic.registry.chunks import GET_CHUNK, decode_chunk, get_chunk_argument, named_parts
from auditkit.ic.registry.delta import (
    GET_CERTIFIED_CHANGES_SINCE,
    CertifiedDelta,
    Mutation,
    MutationType,
    OlderRegistryError,
    VersionChange,
    changes_since_argument,
    verify_certified_delta,
)
from auditkit.ic.registry.expected_answers import (
    lists_any,
    require_expected_answers,
    require_few_answers,
)
from auditkit.ic.registry.mixed_tree import read_mixed_tree
from auditkit.ic.registry.named_nodes import chips_of_nodes
from auditkit.ic.registry.node_records import (
    NODE_PREFIX,
    SUBNET_LIST_KEY,
    SUBNET_PREFIX,
    DataCenterRecord,
    NodeOperatorRecord,
    NodeRecord,
    SubnetRecord,
    api_boundary_key,
    data_center_key,
    node_key,
    node_operator_key,
    read_data_center,
    read_if_known,
    read_node,
    read_node_operator,
    read_subnet,
    read_subnet_list,
    subnet_key,
)
from auditkit.ic.registry.possible_word import require_possible
from auditkit.ic.registry.records import (
    REPLICA_VERSION_PREFIX,
    ReplicaVersionRecord,
    read_replica_version,
    replica_version_key,
)
from auditkit.ic.registry.reply import KEY_NOT_PRESENT, RegistryReply, decode_reply
from auditkit.ic.registry.request import GET_VALUE, get_value_argument, read_get_value_argument
from auditkit.ic.registry.verification import (
    RegistryAnswer,
    RegistryVerification,
    verify_registry_answer,
)
from auditkit.ic.registry.wire import Field, LayoutError, Message, WireType, read_message

__all__ = [
    "GET_CERTIFIED_CHANGES_SINCE",
    "GET_CHUNK",
    "GET_VALUE",
    "KEY_NOT_PRESENT",
    "NODE_PREFIX",
    "REPLICA_VERSION_PREFIX",
    "SUBNET_LIST_KEY",
    "SUBNET_PREFIX",
    "BatchDigest",
    "CertifiedDelta",
    "ChipHistory",
    "ChipNode",
    "ChipsInRegistry",
    "ClaimedNode",
    "DataCenterRecord",
    "Field",
    "FormerNode",
    "LayoutError",
    "Message",
    "Mutation",
    "MutationType",
    "NodeOperatorRecord",
    "NodeRecord",
    "OlderRegistryError",
    "RegistryAnswer",
    "RegistryReply",
    "RegistryVerification",
    "ReplicaVersionRecord",
    "SubnetRecord",
    "VersionChange",
    "WireType",
    "api_boundary_key",
    "changes_since_argument",
    "chip_node",
    "chips_of_nodes",
    "data_center_key",
    "decode_chunk",
    "decode_reply",
    "get_chunk_argument",
    "get_value_argument",
    "lists_any",
    "named_parts",
    "node_key",
    "node_operator_key",
    "read_data_center",
    "read_get_value_argument",
    "read_if_known",
    "read_message",
    "read_mixed_tree",
    "read_node",
    "read_node_operator",
    "read_replica_version",
    "read_subnet",
    "read_subnet_list",
    "replica_version_key",
    "require_expected_answers",
    "require_few_answers",
    "require_possible",
    "subnet_key",
    "verify_certified_delta",
    "verify_registry_answer",
]
