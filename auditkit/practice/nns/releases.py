"""What is true of the practice releases: the one thing that registry records and election proposals both tell."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from hashlib import sha256, shake_256
from pathlib import Path

from auditkit.digests import SUMS_NAME, parse_sha256sums
from auditkit.evidence import IMAGE_NAME, MEASUREMENTS_NAME
from auditkit.ic import BlessedMeasurement
from auditkit.practice.release.published import DATA, release_folder
from auditkit.practice.scenarios import RETIRED_COMMIT


@dataclass(frozen=True, slots=True)
class Release:
    """A release as the NNS is told of it.

    Attributes:
        version: its commit, 40 hex digits.
        sha256_hex: digest of its update image, 64 hex digits.
        urls: where the update image is.
        measurements: its launch measurements; None when nobody told.
    """

    version: str
    sha256_hex: str
    urls: tuple[str, ...]
    measurements: tuple[BlessedMeasurement, ...] | None


def release(version: str, server: str) -> Release:
    """A practice release.

    Args:
        version: its commit. Of the retired one there are neither image nor measurements any more.
        server: the address of the release server, such as ``http://127.0.0.1:8900``.
    """
    url = f"{server}/{release_folder(version)}/{IMAGE_NAME}"
    if version == RETIRED_COMMIT:
        return Release(version, sha256(b"auditkit practice: retired image").hexdigest(), (url,), None)
    return Release(version, image_digest(version), (url,), published_measurements(version))


@cache
def image_digest(version: str) -> str:
    """The digest of a published update image, from the ``SHA256SUMS`` beside it."""
    sums = (DATA / release_folder(version) / SUMS_NAME).read_text("ascii")
    return parse_sha256sums(sums)[IMAGE_NAME]


def published_measurements(version: str) -> tuple[BlessedMeasurement, ...]:
    """The measurements of a release, from the ``launch-measurements.json`` beside it."""
    return read_measurements(DATA / release_folder(version) / MEASUREMENTS_NAME)


@cache
def read_measurements(path: Path) -> tuple[BlessedMeasurement, ...]:
    """The measurements in a file such as ``launch-measurements.json``."""
    return tuple(
        BlessedMeasurement(
            bytes(entry["measurement"]), entry["metadata"]["kernel_cmdline"], entry["metadata"]["vcpu_type"]
        )
        for entry in json.loads(path.read_bytes())["guest_launch_measurements"]
    )


def invented_measurement(number: int) -> bytes:
    """A measurement that nothing measures to: 48 bytes."""
    return shake_256(b"auditkit practice measurement %d" % number).digest(48)


def with_labels_exchanged(measurements: tuple[BlessedMeasurement, ...]) -> tuple[BlessedMeasurement, ...]:
    """The measurements, each with the command line of its neighbour: of boot slot B instead of A, and back."""
    return tuple(
        BlessedMeasurement(one.measurement, measurements[place ^ 1].kernel_cmdline, one.vcpu_type)
        for place, one in enumerate(measurements)
    )
