"""The practice world's list of releases: what `auditkit.sev.all_releases` is for the mainnet."""

from __future__ import annotations

from functools import cache

from auditkit.evidence import MEASUREMENTS_NAME
from auditkit.practice.release.published import DATA, release_folder
from auditkit.practice.scenarios import BASE_COMMIT, OTHER_COMMIT
from auditkit.sev import KnownRelease, parse_launch_measurements


@cache
def known_releases() -> tuple[KnownRelease, ...]:
    """The releases of the practice world, with the measurements that their builds published."""
    return tuple(
        KnownRelease(
            version=commit,
            build="practice",
            source=f"{MEASUREMENTS_NAME} of the practice release",
            measurements=parse_launch_measurements(
                (DATA / release_folder(commit) / MEASUREMENTS_NAME).read_bytes()
            ),
        )
        for commit in (BASE_COMMIT, OTHER_COMMIT)
    )
