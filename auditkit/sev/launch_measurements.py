"""``launch-measurements.json``: the file in which a release publishes its launch measurements.

Source: dfinity/ic ``ic-os/defs.bzl`` and ``rs/nns/governance`` (``GuestLaunchMeasurements``): one compact
line, each measurement a list of 48 numbers with the command line and, since CPU types are told apart, the CPU
type. The vCPU count is not recorded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import NoReturn

from auditkit.errors import EvidenceError
from auditkit.limits import LIMITS, Limits
from auditkit.sev.launch_digest import DIGEST_BYTES
from auditkit.sev.measurement import LaunchMeasurement


@dataclass(frozen=True, slots=True)
class PublishedMeasurement:
    """A launch measurement as a release or a proposal states it.

    Attributes:
        measurement: the launch digest, 48 bytes.
        kernel_cmdline: the command line it is said to belong to; None when nothing is said.
        vcpu_type: the CPU type it is said to belong to; None when nothing is said, as in older releases.
    """

    measurement: bytes
    kernel_cmdline: str | None
    vcpu_type: str | None


def render_launch_measurements(measurements: Iterable[LaunchMeasurement | PublishedMeasurement]) -> bytes:
    """``launch-measurements.json`` of these measurements, in this order: one compact line and a line feed."""
    entries = [
        {
            "measurement": list(item.measurement),
            "metadata": {
                name: value
                for name, value in (("kernel_cmdline", item.kernel_cmdline), ("vcpu_type", item.vcpu_type))
                if value is not None
            },
        }
        for item in measurements
    ]
    document = {"guest_launch_measurements": entries}
    return (json.dumps(document, separators=(",", ":"), ensure_ascii=False) + "\n").encode()


def parse_launch_measurements(data: bytes, *, limits: Limits = LIMITS) -> tuple[PublishedMeasurement, ...]:
    """Reads ``launch-measurements.json``, in the order of the file.

    Args:
        data: the whole file. White space does not matter; entries without CPU type, as in older releases, and
            without metadata are read.

    Raises:
        EvidenceError: the file is not such a document: no JSON, a name twice or unknown, a value of the wrong
            type or length, no measurement at all, or larger than any such file.
    """
    if len(data) > limits.launch_measurements_bytes:
        raise _bad(f"it is over {limits.launch_measurements_bytes} bytes")
    try:
        document = json.loads(
            data.decode(),
            object_pairs_hook=_unique_names,
            parse_float=_no_fraction,
            parse_constant=_no_fraction,
        )
    except (ValueError, RecursionError) as error:
        raise _bad("it is not JSON") from error
    fields = _object(document, "the document", required={"guest_launch_measurements"})
    entries = fields["guest_launch_measurements"]
    if not isinstance(entries, list) or not entries:
        raise _bad("guest_launch_measurements is not a list of measurements")
    return tuple(_entry(entry, f"measurement {number}") for number, entry in enumerate(entries, 1))


def _entry(entry: object, where: str) -> PublishedMeasurement:
    fields = _object(entry, where, required={"measurement"}, optional={"metadata"})
    labels: dict[str, object] = {}
    if fields.get("metadata") is not None:
        labels = _object(fields["metadata"], f"metadata of {where}", optional={"kernel_cmdline", "vcpu_type"})
    return PublishedMeasurement(
        measurement=_digest(fields["measurement"], where),
        kernel_cmdline=_text(labels.get("kernel_cmdline"), f"kernel_cmdline of {where}"),
        vcpu_type=_text(labels.get("vcpu_type"), f"vcpu_type of {where}"),
    )


def _digest(value: object, where: str) -> bytes:
    if not isinstance(value, list) or len(value) != DIGEST_BYTES:
        raise _bad(f"{where} is not a list of {DIGEST_BYTES} numbers")
    if not all(type(number) is int and 0 <= number <= 255 for number in value):
        raise _bad(f"{where} holds something that is not a byte")
    return bytes(value)


def _text(value: object, where: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value.isprintable():
        raise _bad(f"{where} is not printable text")
    return value


def _object(
    value: object, where: str, *, required: Set[str] = frozenset(), optional: Set[str] = frozenset()
) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _bad(f"{where} is not a JSON object")
    if missing := sorted(required - value.keys()):
        raise _bad(f"{where} has no {missing[0]}")
    if unknown := sorted(value.keys() - required - optional):
        raise _bad(f"{where} has the unknown name {unknown[0][:60]!r}")
    return value


def _unique_names(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise _bad("an object in it has the same name twice")
    return names


def _no_fraction(text: str) -> NoReturn:
    raise _bad(f"it holds {text[:20]}, which is not a whole number")


def _bad(what: str) -> EvidenceError:
    return EvidenceError(f"this is not a file of launch measurements: {what}")
