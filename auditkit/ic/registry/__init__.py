"""The registry canister: which GuestOS versions the NNS has elected, and how large records are asked for.

Protocol buffers in, records and decisions out. No network.
"""

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
from auditkit.ic.registry.mixed_tree import read_mixed_tree
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
    "REPLICA_VERSION_PREFIX",
    "CertifiedDelta",
    "Field",
    "LayoutError",
    "Message",
    "Mutation",
    "MutationType",
    "OlderRegistryError",
    "RegistryAnswer",
    "RegistryReply",
    "RegistryVerification",
    "ReplicaVersionRecord",
    "VersionChange",
    "WireType",
    "changes_since_argument",
    "decode_chunk",
    "decode_reply",
    "get_chunk_argument",
    "get_value_argument",
    "named_parts",
    "read_get_value_argument",
    "read_message",
    "read_mixed_tree",
    "read_replica_version",
    "replica_version_key",
    "verify_certified_delta",
    "verify_registry_answer",
]
