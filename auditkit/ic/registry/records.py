"""What a record of the registry says about a GuestOS version that the NNS has elected.

A version is elected while there is a record ``replica_version_<40 hex digits>``: an election proposal writes it,
another removes it. Source: dfinity/ic, rs/protobuf/src/gen/registry/registry.replica_version.v1.rs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from auditkit.errors import EvidenceError, ParameterError
from auditkit.ic.governance import BlessedMeasurement
from auditkit.ic.registry.wire import LayoutError, Message, read_message
from auditkit.limits import LIMITS, Limits

REPLICA_VERSION_PREFIX: Final = "replica_version_"
MEASUREMENT_BYTES: Final = 48

_SHA256, _URLS, _MEASUREMENTS, _ID = 6, 7, 9, 10
_ENTRIES = 1
_MEASUREMENT, _METADATA = 1, 2
_CMDLINE, _VCPU_TYPE = 1, 2


@dataclass(frozen=True, slots=True)
class ReplicaVersionRecord:
    """What the NNS elected under a version's name; texts are as they stand there, not judged.

    Attributes:
        sha256_hex: SHA-256 of the update image; 64 hex digits where the proposal was sound, empty when absent.
        urls: where the update image is; empty when absent.
        measurements: the launch measurements, 48 bytes each; None when the field is absent and empty when it lists
            none. Either way the version was elected without measurements.
        replica_version_id: the version's own name, which equals that of the key; None in older records.
        unknown: the fields that this version does not know, such as ``11`` or ``9.1.3``.
    """

    sha256_hex: str
    urls: tuple[str, ...]
    measurements: tuple[BlessedMeasurement, ...] | None
    replica_version_id: str | None
    unknown: tuple[str, ...]


def replica_version_key(version: str) -> str:
    """The key of the record about a GuestOS version.

    Args:
        version: 40 hex digits in lower case.
    """
    return f"{REPLICA_VERSION_PREFIX}{version}"


def read_replica_version(value: bytes, key: str, *, limits: Limits = LIMITS) -> ReplicaVersionRecord:
    """Reads the record about a GuestOS version.

    Args:
        value: the record's bytes.
        key: its key, from `replica_version_key`.

    Raises:
        ParameterError: ``key`` is not that of a GuestOS version.
        LayoutError: a layout that this version does not know.
        EvidenceError: malformed, or it names another version than its key does.
    """
    if not key.startswith(REPLICA_VERSION_PREFIX):
        raise ParameterError(f"{key[:80]!r} is not the key of a GuestOS version")
    message = read_message(value, "the record", limits=limits)
    unknown = _Unknown(message, (_SHA256, _URLS, _MEASUREMENTS, _ID))
    measurements = message.message(_MEASUREMENTS, "the record's measurements", limits=limits)
    record = ReplicaVersionRecord(
        sha256_hex=message.text(_SHA256) or "",
        urls=message.texts(_URLS),
        measurements=None if measurements is None else _read_measurements(measurements, unknown, limits),
        replica_version_id=message.text(_ID),
        unknown=tuple(unknown.found),
    )
    if record.replica_version_id not in (None, key.removeprefix(REPLICA_VERSION_PREFIX)):
        raise EvidenceError(
            "the record is about another version than its key",
            expected=key.removeprefix(REPLICA_VERSION_PREFIX),
            observed=record.replica_version_id[:80] if record.replica_version_id else "an empty name",
        )
    return record


class _Unknown:
    """Collects the fields that are not known, each by its path and once."""

    def __init__(self, message: Message, known: tuple[int, ...]) -> None:
        self.found: dict[str, None] = {}
        self.add(message, known)

    def add(self, message: Message, known: tuple[int, ...], path: str = "") -> None:
        self.found |= dict.fromkeys(f"{path}{number}" for number in message.unknown(known))


def _read_measurements(message: Message, unknown: _Unknown, limits: Limits) -> tuple[BlessedMeasurement, ...]:
    unknown.add(message, (_ENTRIES,), f"{_MEASUREMENTS}.")
    entries = message.messages(_ENTRIES, "a measurement of the record", limits=limits)
    return tuple(_read_measurement(entry, unknown, limits) for entry in entries)


def _read_measurement(entry: Message, unknown: _Unknown, limits: Limits) -> BlessedMeasurement:
    path = f"{_MEASUREMENTS}.{_ENTRIES}."
    unknown.add(entry, (_MEASUREMENT, _METADATA), path)
    measurement = entry.blob(_MEASUREMENT) or b""
    if len(measurement) != MEASUREMENT_BYTES:
        raise LayoutError(
            "a measurement of the record is not a launch measurement",
            expected=f"{MEASUREMENT_BYTES} bytes",
            observed=f"{len(measurement)} bytes",
        )
    metadata = entry.message(_METADATA, "what the record says about a measurement", limits=limits)
    if metadata is None:
        return BlessedMeasurement(measurement, None, None)
    unknown.add(metadata, (_CMDLINE, _VCPU_TYPE), f"{path}{_METADATA}.")
    return BlessedMeasurement(measurement, metadata.text(_CMDLINE), metadata.text(_VCPU_TYPE))
