"""The registry's messages for Google's `protobuf`, which knows nothing of ours: only names and numbers of fields."""

from __future__ import annotations

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_TYPES = {"float": 2, "uint64": 4, "bool": 8, "string": 9, "bytes": 12, "enum": 5}
_REPEATED, _OPTIONAL = 3, 1

# Message: fields as "label type name number"; a name with ? has presence, names with one letter before | share a oneof.
MESSAGES = {
    "UInt64Value": ["uint64 value 1"],
    "GetValueRequest": ["UInt64Value version 1", "bytes key 2"],
    "RegistryError": ["enum code 1", "string reason 2", "bytes key 3"],
    "LargeValueChunkKeys": ["repeated bytes chunk_content_sha256s 1"],
    "GetValueResponse": [
        "RegistryError error 1",
        "uint64 version 2",
        "bytes c|value 3",
        "LargeValueChunkKeys c|large_value_chunk_keys 4",
        "uint64 timestamp_nanoseconds 5",
    ],
    "GetChangesSinceRequest": ["uint64 version 1"],
    "GetLatestVersionResponse": ["uint64 version 1"],
    "Empty": [],
    "Fork": ["MixedHashTree left_tree 1", "MixedHashTree right_tree 2"],
    "Labeled": ["bytes label 1", "MixedHashTree subtree 2"],
    "MixedHashTree": [
        "Empty t|empty 1",
        "Fork t|fork 2",
        "Labeled t|labeled 3",
        "bytes t|leaf_data 4",
        "bytes t|pruned_digest 5",
    ],
    "CertifiedResponse": ["MixedHashTree hash_tree 1", "bytes certificate 2"],
    "Precondition": ["bytes key 1", "uint64 expected_version 2"],
    "Mutation": [
        "enum mutation_type 1",
        "bytes key 2",
        "bytes c|value 3",
        "LargeValueChunkKeys c|large_value_chunk_keys 4",
    ],
    "AtomicMutateRequest": [
        "repeated Mutation mutations 1",
        "repeated Precondition preconditions 5",
        "uint64 timestamp_nanoseconds 6",
    ],
    "GuestLaunchMeasurementMetadata": ["string kernel_cmdline? 1", "string vcpu_type? 2"],
    "GuestLaunchMeasurement": ["bytes measurement 1", "GuestLaunchMeasurementMetadata metadata 2"],
    "GuestLaunchMeasurements": ["repeated GuestLaunchMeasurement guest_launch_measurements 1"],
    "ReplicaVersionRecord": [
        "string release_package_sha256_hex 6",
        "repeated string release_package_urls 7",
        "GuestLaunchMeasurements guest_launch_measurements 9",
        "string replica_version_id? 10",
    ],
    "SubnetListRecord": ["repeated bytes subnets 2"],
    "SubnetFeatures": ["bool canister_sandboxing 2", "bool http_requests 3", "bool sev_enabled? 9"],
    "SubnetRecord": [
        "repeated bytes membership 3",
        "uint64 max_ingress_bytes_per_message 5",
        "uint64 unit_delay_millis 7",
        "uint64 initial_notary_delay_millis 8",
        "string replica_version_id 9",
        "uint64 dkg_interval_length 10",
        "enum subnet_type 15",
        "uint64 dkg_dealings_per_block 16",
        "bool is_halted 17",
        "uint64 max_ingress_messages_per_block 18",
        "uint64 max_block_payload_size 19",
        "SubnetFeatures features 23",
    ],
    "ConnectionEndpoint": ["string ip_addr 1", "uint64 port 2"],
    "NodeRecord": [
        "ConnectionEndpoint xnet 5",
        "ConnectionEndpoint http 6",
        "bytes node_operator_id 15",
        "bytes chip_id? 16",
        "string hostos_version_id? 17",
        "string domain? 19",
        "enum node_reward_type? 20",
    ],
    "ApiBoundaryNodeRecord": ["string version 1"],
    "Gps": ["float latitude 1", "float longitude 2"],
    "DataCenterRecord": ["string id 1", "string region 2", "string owner 3", "Gps gps 4"],
    "RewardableNodes": ["string key 1", "uint64 value 2"],
    "NodeOperatorRecord": [
        "bytes node_operator_principal_id 1",
        "uint64 node_allowance 2",
        "bytes node_provider_principal_id 3",
        "string dc_id 4",
        "repeated RewardableNodes rewardable_nodes 5",
    ],
}


def _file() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="practice_registry.proto", package="p", syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        _add_fields(message, fields)
    return file


def _add_fields(message: descriptor_pb2.DescriptorProto, fields: list[str]) -> None:
    alone = []
    for text in fields:
        *label, kind, name, number = text.split()
        choice, bar, plain = name.partition("|")
        presence, name = name.endswith("?"), (plain if bar else name).rstrip("?")
        field = message.field.add(name=name, number=int(number), label=_REPEATED if label else _OPTIONAL)
        if kind in _TYPES:
            field.type = _TYPES[kind]
        else:
            field.type, field.type_name = 11, f".p.{kind}"
        if bar:
            if not any(one.name == choice for one in message.oneof_decl):
                message.oneof_decl.add(name=choice)
            field.oneof_index = 0
        elif presence:
            alone.append(field)
    for field in alone:
        field.proto3_optional = True
        field.oneof_index = len(message.oneof_decl)
        message.oneof_decl.add(name=f"_{field.name}")


_POOL = descriptor_pool.DescriptorPool()
_POOL.Add(_file())


def message(name: str, **fields: object):
    """A message; ``parse`` reads one from bytes."""
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"p.{name}"))(**fields)


def parse(name: str, data: bytes):
    """The message ``name`` in ``data``, which must hold all of it; unknown fields are in `unknown`."""
    return type(message(name)).FromString(data)


def unknown(parsed) -> list[int]:
    """The numbers of the fields that the message type does not know, at its own level."""
    from google.protobuf.unknown_fields import UnknownFieldSet

    return [field.field_number for field in UnknownFieldSet(parsed)]
