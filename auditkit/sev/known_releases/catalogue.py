"""The known releases: which release of the Internet Computer has a given launch measurement.

The data are in ``releases.json``, each release with the repository, file and commit it was taken from. They
are a hint, not evidence: a proposal that blesses another release's measurement is explained by them, never
passed.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, cast

from auditkit.sev.launch_measurements import PublishedMeasurement


@dataclass(frozen=True, slots=True)
class KnownRelease:
    """A published GuestOS release and its launch measurements.

    Attributes:
        version: commit of dfinity/ic the release was built from: 40 hex digits, or the first 8 where no more
            is known.
        build: ``production``; ``development`` for a build that lets its developers in; ``practice`` for one of the
            practice world, which is not in the list here.
        source: repository, file and, where known, commit that the measurements were taken from.
        measurements: in the order in which they were published.
    """

    version: str
    build: Literal["production", "development", "practice"]
    source: str
    measurements: tuple[PublishedMeasurement, ...]

    @property
    def text(self) -> str:
        """What the release is called in a sentence."""
        return f"the {self.build} build of release {self.version}"


@cache
def all_releases() -> tuple[KnownRelease, ...]:
    """Every known release."""
    text = Path(__file__).with_name("releases.json").read_text(encoding="utf-8")
    document = cast("dict[str, list[dict[str, object]]]", json.loads(text))
    return tuple(_release(entry) for entry in document["releases"])


def find_release(measurement: bytes, *, more: Collection[KnownRelease] = ()) -> KnownRelease | None:
    """The release that has this measurement (48 bytes); None when none is known to.

    Args:
        measurement: 48 bytes.
        more: releases that are known beside those of the list.
    """
    for release in more:
        if any(item.measurement == measurement for item in release.measurements):
            return release
    return _by_measurement().get(measurement)


def releases_for(
    measurements: Collection[bytes], *, more: Collection[KnownRelease] = ()
) -> tuple[tuple[KnownRelease, int], ...]:
    """The known releases that have any of these measurements, with how many of them, best match first.

    Args:
        measurements: 48 bytes each.
        more: releases that are known beside those of the list.
    """
    wanted = set(measurements)
    hits = (
        (release, sum(item.measurement in wanted for item in release.measurements))
        for release in (*more, *all_releases())
    )
    return tuple(sorted((hit for hit in hits if hit[1]), key=lambda hit: -hit[1]))


def release_with_root(root_hash: str, *, more: Collection[KnownRelease] = ()) -> KnownRelease | None:
    """The release whose kernel command lines name this root file system; None when none is known to.

    Args:
        root_hash: dm-verity root hash, 64 hex digits in lower case.
        more: releases that are known beside those of the list.
    """
    option = f"root_hash={root_hash}"
    for release in (*more, *all_releases()):
        if any(option in (item.kernel_cmdline or "").split() for item in release.measurements):
            return release
    return None


@cache
def _by_measurement() -> dict[bytes, KnownRelease]:
    return {item.measurement: release for release in all_releases() for item in release.measurements}


def _release(entry: dict[str, object]) -> KnownRelease:
    measurements = cast("list[dict[str, str | None]]", entry["measurements"])
    return KnownRelease(
        version=str(entry["version"]),
        build="development" if entry["build"] == "development" else "production",
        source=str(entry["source"]),
        measurements=tuple(
            PublishedMeasurement(
                measurement=bytes.fromhex(str(item["measurement"])),
                kernel_cmdline=item["kernel_cmdline"],
                vcpu_type=item.get("vcpu_type"),
            )
            for item in measurements
        ),
    )
