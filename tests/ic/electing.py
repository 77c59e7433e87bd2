"""Election payloads in both generations of their interface, and proposals that carry them."""

from __future__ import annotations

from ic.world import NOW, World

from auditkit.ic import verify_election
from auditkit.ic.candid import Primitive
from auditkit.practice.nns.candid_writer import (
    BLOB,
    OptType,
    RecordType,
    VariantType,
    VecType,
    encode,
    record,
)

W = World()
TEXT = Primitive.TEXT
COMMIT = "0123456789abcdef0123456789abcdef01234567"
OLDER = "fedcba9876543210fedcba9876543210fedcba98"
IMAGE = "ab" * 32
URL = "https://download.example.org/update-img.tar.zst"


def newer_type(metadata: RecordType | None = None) -> RecordType:
    metadata = metadata or record(kernel_cmdline=OptType(TEXT), vcpu_type=OptType(TEXT))
    entry = record(measurement=BLOB, metadata=OptType(metadata))
    return record(
        release_package_urls=VecType(TEXT),
        replica_versions_to_unelect=VecType(TEXT),
        replica_version_to_elect=OptType(TEXT),
        release_package_sha256_hex=OptType(TEXT),
        guest_launch_measurements=OptType(record(guest_launch_measurements=VecType(entry))),
    )


MIDDLE_TYPE = newer_type(record(kernel_cmdline=TEXT))
OLDEST_TYPE = record(
    release_package_urls=VecType(TEXT),
    replica_versions_to_unelect=VecType(TEXT),
    replica_version_to_elect=OptType(TEXT),
    release_package_sha256_hex=OptType(TEXT),
    guest_launch_measurement_sha256_hex=OptType(TEXT),
)

VALUE = {
    "release_package_urls": [URL],
    "replica_versions_to_unelect": [OLDER],
    "replica_version_to_elect": COMMIT,
    "release_package_sha256_hex": IMAGE,
    "guest_launch_measurements": {
        "guest_launch_measurements": [
            {"measurement": b"m" * 48, "metadata": {"kernel_cmdline": "root=", "vcpu_type": "EPYC-Milan"}}
        ]
    },
    "guest_launch_measurement_sha256_hex": None,
}


def payload(wire_type: RecordType | None = None, **changes) -> bytes:
    return encode(wire_type or newer_type(), {**VALUE, **changes})


NAT64, INT32 = Primitive.NAT64, Primitive.INT32
EXECUTE = record(nns_function=INT32, payload=BLOB)
TIMES = ("proposal", "failed", "decided", "executed")
DEADLINE = 1_780_100_000


def info_type(action: VariantType, described: RecordType) -> RecordType:
    """What governance tells about a proposal, as far as it is read; typed from governance.did."""
    proposal = record(
        url=TEXT,
        summary=TEXT,
        title=OptType(TEXT),
        action=OptType(action),
        self_describing_action=OptType(described),
    )
    return record(
        id=OptType(record(id=NAT64)),
        status=INT32,
        topic=INT32,
        deadline_timestamp_seconds=OptType(NAT64),
        reject_cost_e8s=NAT64,
        proposal=OptType(proposal),
        **{f"{name}_timestamp_seconds": NAT64 for name in TIMES},
    )


INFO_TYPE = info_type(VariantType((("ExecuteNnsFunction", EXECUTE),)), record(type_name=OptType(TEXT)))


def info(
    execute: dict[str, object] | None, number: int = 139000, status: int = 4, **changes
) -> dict[str, object]:
    return {
        "id": {"id": number},
        "status": status,
        "topic": 13,
        "deadline_timestamp_seconds": DEADLINE,
        "reject_cost_e8s": 0,
        **{f"{name}_timestamp_seconds": 0 for name in TIMES},
        "proposal": {
            "url": "",
            "summary": "why",
            "title": "Elect new IC/GuestOS revision (commit 01234567)",
            "action": None if execute is None else ("ExecuteNnsFunction", execute),
            "self_describing_action": {"type_name": "Revise Elected GuestOS Versions"},
        },
        **changes,
    }


def reply(content: bytes | None = None, *, function: int = 38, **changes) -> bytes:
    """The reply of get_proposal_info about a proposal that calls a function with this payload."""
    execute = {"nns_function": function, "payload": payload() if content is None else content}
    return encode(OptType(INFO_TYPE), info(execute, **changes))


def decided(answer: bytes | None = None, *, stage="recover", now=NOW, **changes):
    """What is decided about a reply."""
    arguments = {
        "root_key": W.root.public_key_der,
        "proposal_id": 139000,
        "stage": stage,
        "request": W.request(),
        "now_ns": now,
        **changes,
    }
    return verify_election(W.certificate(W.state(reply() if answer is None else answer)), **arguments)
