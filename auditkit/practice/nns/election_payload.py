"""The payloads of proposals that elect releases, in the generations that governance has stored.

Source: dfinity/ic, ``ReviseElectedGuestosVersionsPayload`` of the registry canister.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from auditkit.ic import BlessedMeasurement, Principal
from auditkit.ic.candid import Primitive
from auditkit.practice.nns.candid_writer import (
    BLOB,
    OptType,
    RecordType,
    VecType,
    WireType,
    encode,
    record,
)
from auditkit.practice.nns.releases import Release

_TEXT = Primitive.TEXT


class Generation(StrEnum):
    """Which form of the payload's type was current when it was made."""

    CURRENT = "command line and CPU type, both optional"
    BEFORE_CPU_TYPES = "a command line beside each measurement"
    BEFORE_MEASUREMENTS = "a digest of measurements that are published elsewhere"


def election_payload(
    release: Release | None, retired: tuple[str, ...] = (), *, generation: Generation = Generation.CURRENT
) -> bytes:
    """The Candid payload of an election.

    Args:
        release: what is elected; None to retire versions only.
        retired: the versions that are un-elected.
        generation: the form. Before CPU types, a measurement without a command line has an empty one.
    """
    value: dict[str, Any] = {
        "replica_version_to_elect": None if release is None else release.version,
        "release_package_sha256_hex": None if release is None else release.sha256_hex,
        "release_package_urls": [] if release is None else list(release.urls),
        "replica_versions_to_unelect": list(retired),
    }
    if generation is Generation.BEFORE_MEASUREMENTS:
        value["guest_launch_measurement_sha256_hex"] = None
    else:
        measurements = None if release is None else release.measurements
        value["guest_launch_measurements"] = (
            None
            if measurements is None
            else {"guest_launch_measurements": [_measurement(one, generation) for one in measurements]}
        )
    return encode(_payload_type(generation), value)


def deployment_payload(subnet: Principal, version: str) -> bytes:
    """The Candid payload that has a subnet run a version."""
    payload = record(subnet_id=Primitive.PRINCIPAL, replica_version_id=_TEXT)
    return encode(payload, {"subnet_id": subnet.raw, "replica_version_id": version})


def _payload_type(generation: Generation) -> RecordType:
    base: dict[str, WireType] = {
        "replica_version_to_elect": OptType(_TEXT),
        "release_package_sha256_hex": OptType(_TEXT),
        "release_package_urls": VecType(_TEXT),
        "replica_versions_to_unelect": VecType(_TEXT),
    }
    if generation is Generation.BEFORE_MEASUREMENTS:
        return record(**base, guest_launch_measurement_sha256_hex=OptType(_TEXT))
    if generation is Generation.BEFORE_CPU_TYPES:
        metadata = record(kernel_cmdline=_TEXT)
    else:
        metadata = record(kernel_cmdline=OptType(_TEXT), vcpu_type=OptType(_TEXT))
    measurement = record(measurement=BLOB, metadata=OptType(metadata))
    measurements = record(guest_launch_measurements=VecType(measurement))
    return record(**base, guest_launch_measurements=OptType(measurements))


def _measurement(one: BlessedMeasurement, generation: Generation) -> dict[str, Any]:
    if generation is Generation.BEFORE_CPU_TYPES:
        return {"measurement": one.measurement, "metadata": {"kernel_cmdline": one.kernel_cmdline or ""}}
    metadata = {"kernel_cmdline": one.kernel_cmdline, "vcpu_type": one.vcpu_type}
    return {"measurement": one.measurement, "metadata": metadata}
