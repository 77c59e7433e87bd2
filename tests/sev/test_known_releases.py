"""The known releases are those of the vectors, value by value."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from auditkit.sev import (
    KnownRelease,
    PublishedMeasurement,
    all_releases,
    find_release,
    release_with_root,
    releases_for,
)


def published(vectors):
    """(version prefix, build) -> measurements, as the stored files of dfinity/ic have them."""
    files = {}
    for path in (vectors / "mainnet").glob("launch-measurements.*.json"):
        files[path.name.split(".")[1], "production"] = json.loads(path.read_text())
    for path in (vectors / "mainnet").glob("mainnet-icos-revisions.*.json"):
        revisions = json.loads(path.read_text())
        for record in (*revisions["guestos"]["subnets"].values(), revisions["guestos"]["latest_release"]):
            files[record["version"][:8], "production"] = record["launch_measurements"]
            files[record["version"][:8], "development"] = record["launch_measurements_dev"]
    return {key: document["guest_launch_measurements"] for key, document in files.items()}


def test_every_published_measurement_is_found(vectors):
    for (version, build), entries in published(vectors).items():
        for entry in entries:
            release = find_release(bytes(entry["measurement"]))
            assert release is not None
            assert (release.version[:8], release.build) == (version, build)
            (known,) = (
                item for item in release.measurements if list(item.measurement) == entry["measurement"]
            )
            assert known.kernel_cmdline == entry["metadata"]["kernel_cmdline"]
            assert known.vcpu_type == entry["metadata"].get("vcpu_type")


def test_every_release_says_where_it_was_taken_from():
    for release in all_releases():
        assert re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{8}", release.version)
        assert release.source.startswith("dfinity/ic mainnet-icos-revisions.json")
        assert {len(item.measurement) for item in release.measurements} == {48}


def test_an_unknown_measurement_belongs_to_no_release():
    assert find_release(bytes(48)) is None
    assert releases_for([bytes(48)]) == ()


@pytest.mark.parametrize("count", [1, 5])
def test_the_release_with_most_of_the_measurements_comes_first(count):
    first, second = (
        next(release for release in all_releases() if release.version.startswith(prefix))
        for prefix in ("7360f8f3", "e9fd136f")
    )
    wanted = [item.measurement for item in (*second.measurements[: count + 1], *first.measurements[:count])]
    assert releases_for(wanted) == ((second, count + 1), (first, count))
    assert second.text == "the production build of release e9fd136f"


MINE = KnownRelease("0" * 40, "practice", "a test", (PublishedMeasurement(b"\1" * 48, None, None),))


def test_further_releases_are_looked_up_first():
    assert find_release(b"\1" * 48) is None
    assert find_release(b"\1" * 48, more=(MINE,)) is MINE
    assert find_release(b"\2" * 48, more=(MINE,)) is None
    listed = all_releases()[0].measurements[0].measurement
    assert find_release(listed, more=(MINE,)) is all_releases()[0]
    same = replace(MINE, measurements=(PublishedMeasurement(listed, None, None),))
    assert find_release(listed, more=(MINE, same)) is same
    assert releases_for([b"\1" * 48], more=(MINE,)) == ((MINE, 1),)
    assert releases_for([listed], more=(same,))[0] == (same, 1)
    assert MINE.text == "the practice build of release 0000000000000000000000000000000000000000"


def booting(line: str | None, version: str = "0" * 40) -> KnownRelease:
    return replace(
        MINE,
        version=version,
        measurements=(
            PublishedMeasurement(b"\1" * 48, "root=/dev/vda5", None),
            PublishedMeasurement(b"\2" * 48, line, None),
        ),
    )


ROOT = "ab" * 32


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (f"root_hash={ROOT}", True),
        (f"root=/dev/vda5 root_hash={ROOT} console=ttyS0", True),
        (f"root_hash={ROOT}0", False),
        (f"other_root_hash={ROOT}", False),
        (f"root_hash={ROOT[:-1]}", False),
        ("", False),
        (None, False),
    ],
)
def test_a_release_is_known_by_the_root_that_it_boots(line, named):
    release = booting(line)
    assert release_with_root(ROOT, more=(MINE, release)) is (release if named else None)


def test_of_two_releases_with_a_root_the_first_is_told():
    first, second = booting(f"root_hash={ROOT}"), booting(f"root_hash={ROOT}", "1" * 40)
    assert release_with_root(ROOT, more=(first, second)) is first


def test_a_listed_release_is_known_by_its_root():
    for release in all_releases():
        lines = [item.kernel_cmdline for item in release.measurements if item.kernel_cmdline]
        for root in {re.search(r"root_hash=([0-9a-f]{64})", line)[1] for line in lines}:
            same = release_with_root(root)
            assert any(f"root_hash={root}" in (item.kernel_cmdline or "") for item in same.measurements)


def test_builds_are_told_apart():
    assert {release.build for release in all_releases()} == {"production", "development"}
    assert len({(release.version, release.build) for release in all_releases()}) == len(all_releases())
