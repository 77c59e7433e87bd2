"""What an election proposal says: which GuestOS version it elects, which ones it removes.

The action is ExecuteNnsFunction with function 38, and its payload is Candid. It is read strictly by the types that the
wire itself states, in each form that it has had: a payload that holds anything else is refused, so that nothing that a
proposal does is left out. Source: dfinity/ic, rs/registry/canister/src/mutations/do_revise_elected_replica_versions.rs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from auditkit.errors import EvidenceError
from auditkit.ic import candid
from auditkit.ic.candid import Typed, label_hash
from auditkit.ic.governance import BlessedMeasurement
from auditkit.limits import LIMITS, Limits

NNS_FUNCTION_REVISE_ELECTED: Final = 38
"""The number of the function ReviseElectedGuestosVersions."""

_PAYLOAD: Final = (
    "release_package_urls",
    "replica_versions_to_unelect",
    "replica_version_to_elect",
    "release_package_sha256_hex",
    "guest_launch_measurements",
    "guest_launch_measurement_sha256_hex",
)
_MEASUREMENTS: Final = ("guest_launch_measurements",)
_MEASUREMENT: Final = ("measurement", "metadata")
_METADATA: Final = ("kernel_cmdline", "vcpu_type")


@dataclass(frozen=True, slots=True)
class ElectionPayload:
    """What the NNS is asked to elect; texts are the proposer's, not judged.

    Attributes:
        version_to_elect: 40 hex digits where the proposal is sound; None in one that only un-elects.
        sha256_hex: SHA-256 of the update image; None when absent.
        urls: where the update image is.
        versions_to_unelect: versions whose election ends.
        measurements: launch measurements, 48 bytes each in a proposal that governance accepted; None when absent.
    """

    version_to_elect: str | None
    sha256_hex: str | None
    urls: tuple[str, ...]
    versions_to_unelect: tuple[str, ...]
    measurements: tuple[BlessedMeasurement, ...] | None


def decode_election(payload: bytes, *, limits: Limits = LIMITS) -> ElectionPayload:
    """Reads the payload of function 38.

    Raises:
        EvidenceError: not Candid, not one such record, a field that is not known, or beyond a limit.
    """
    values = candid.decode(payload, limits=limits)
    if len(values) != 1:
        raise EvidenceError("the payload does not hold one value", expected="1", observed=str(len(values)))
    record = _only(values[0], _PAYLOAD, "the payload")
    _optional_text(record, "guest_launch_measurement_sha256_hex")
    measurements = record.field("guest_launch_measurements").optional()
    return ElectionPayload(
        version_to_elect=_optional_text(record, "replica_version_to_elect"),
        sha256_hex=_optional_text(record, "release_package_sha256_hex"),
        urls=_texts(record, "release_package_urls"),
        versions_to_unelect=_texts(record, "replica_versions_to_unelect"),
        measurements=None if measurements is None else _read_measurements(measurements),
    )


def _read_measurements(measurements: Typed) -> tuple[BlessedMeasurement, ...]:
    entries = _only(measurements, _MEASUREMENTS, "the list of measurements").field(
        "guest_launch_measurements"
    )
    return tuple(_read_measurement(entry) for entry in entries.elements())


def _read_measurement(entry: Typed) -> BlessedMeasurement:
    measurement = _only(entry, _MEASUREMENT, "a measurement").field("measurement").blob()
    metadata = entry.field("metadata").optional()
    if metadata is None:
        return BlessedMeasurement(measurement, None, None)
    _only(metadata, _METADATA, "the metadata of a measurement")
    return BlessedMeasurement(
        measurement=measurement,
        kernel_cmdline=_optional_text(metadata, "kernel_cmdline"),
        vcpu_type=_optional_text(metadata, "vcpu_type"),
    )


def _only(record: Typed, names: Sequence[str], what: str) -> Typed:
    """The record, which has no fields but these."""
    if foreign := record.field_ids() - {label_hash(name) for name in names}:
        raise EvidenceError(
            f"{what} has a field that this version does not know",
            expected=", ".join(names),
            observed=f"field {min(foreign)}",
        )
    return record


def _texts(record: Typed, name: str) -> tuple[str, ...]:
    return tuple(text.text() for text in record.field(name).elements())


def _optional_text(record: Typed, name: str) -> str | None:
    text = record.field(name).optional()
    return None if text is None else text.text()
