"""Registry records, as the registry stores them. Field numbers: dfinity/ic, rs/protobuf, ``registry``."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from auditkit.ic import BlessedMeasurement
from auditkit.practice.nns.protobuf_writer import (
    bytes_field,
    message_field,
    number_field,
    repeated_bytes,
    text_field,
)
from auditkit.practice.nns.releases import Release, image_digest, published_measurements
from auditkit.practice.scenarios import OTHER_COMMIT, RegistrySays

_SHA256_HEX, _URLS, _MEASUREMENTS, _VERSION_ID = 6, 7, 9, 10
_LATER_TEXT, _LATER_NUMBER = 40, 41  # nobody has given these numbers a meaning
_ENCODED_MEASUREMENT: Final = 3


def replica_version_key(version: str) -> bytes:
    """The key under which the record of a GuestOS version stands."""
    return f"replica_version_{version}".encode()


def replica_version_record(release: Release, says: RegistrySays = RegistrySays.ELECTED) -> bytes:
    """The record of an elected version, right or as a scenario has it."""
    told, named, after = release, release.version, b""
    if release.measurements is None or says is RegistrySays.WITHOUT_MEASUREMENTS:
        named = ""  # what is as old as that does not name its version either
    match says:
        case RegistrySays.OTHER_DIGEST:
            told = replace(release, sha256_hex=image_digest(OTHER_COMMIT))
        case RegistrySays.OTHER_MEASUREMENTS:
            told = replace(release, measurements=published_measurements(OTHER_COMMIT))
        case RegistrySays.WITHOUT_MEASUREMENTS:
            told = replace(release, measurements=None)
        case RegistrySays.OTHER_KEY:
            named = OTHER_COMMIT
        case RegistrySays.LATER_FIELD:
            after = text_field(_LATER_TEXT, "what later versions say") + number_field(_LATER_NUMBER, 2027)
        case _:
            pass
    encoded = says is RegistrySays.LAYOUT_UNKNOWN
    return (
        text_field(_SHA256_HEX, told.sha256_hex)
        + repeated_bytes(_URLS, (url.encode() for url in told.urls))
        + _measurements(told, encoded=encoded)
        + text_field(_VERSION_ID, named)
        + after
    )


def _measurements(release: Release, *, encoded: bool) -> bytes:
    if release.measurements is None:
        return b""
    entries = [_measurement(one, encoded=encoded) for one in release.measurements]
    return message_field(_MEASUREMENTS, repeated_bytes(1, entries))


def _measurement(one: BlessedMeasurement, *, encoded: bool) -> bytes:
    """One measurement; ``encoded`` as text, as the record had it for a while."""
    value = bytes_field(1, one.measurement)
    if encoded:
        value = text_field(_ENCODED_MEASUREMENT, one.measurement.hex(), explicit=True)
    metadata = b""
    if one.kernel_cmdline is not None:
        metadata += text_field(1, one.kernel_cmdline, explicit=True)
    if one.vcpu_type is not None:
        metadata += text_field(2, one.vcpu_type, explicit=True)
    return value + message_field(2, metadata)
