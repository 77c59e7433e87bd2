"""The base image as an audit gets it: what stands beside it, where it came from, and whose it is."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from http_folder import serving

from auditkit import checks
from auditkit.evidence import IMAGE_NAME, download, image_file
from auditkit.limits import LIMITS
from auditkit.pipeline import Parameters, check, replay, write_report
from auditkit.practice import parameter_file
from auditkit.practice.release.published import DATA, release_folder
from auditkit.practice.scenarios import BASE_COMMIT, OTHER_COMMIT
from auditkit.report import to_json

RELEASE = DATA / release_folder(BASE_COMMIT)
OTHER = DATA / release_folder(OTHER_COMMIT)


def audit(*overrides: str, name: str = "honest"):
    return check(Parameters.from_file(parameter_file(name), overrides, {}))


def decision(document, wanted):
    return next(made for made in document.decisions if made.id == wanted.id)


def outside_run(data: bytes) -> dict[str, object]:
    value: dict[str, object] = json.loads(data)
    del value["run"]
    return value


def replayed_alike(document, evidence, folder: Path) -> bool:
    write_report(document, evidence, folder)
    again, _ = replay(folder / "evidence")
    return outside_run(to_json(again)) == outside_run(to_json(document))


@pytest.fixture
def release(tmp_path) -> Path:
    """A folder with the base release, for a test to change."""
    folder = tmp_path / "release"
    shutil.copytree(RELEASE, folder)
    return folder


NO_USE = {
    "missing": (None, "There is no SHA256SUMS"),
    "empty": (b"", "cannot be used"),
    "a web page": (b"<html>Sign in</html>\n", "cannot be used"),
    "not text": (b"\xff" * 100, "cannot be used"),
    "the image listed twice": (
        f"{'0' * 64} {IMAGE_NAME}\n{'1' * 64} {IMAGE_NAME}\n".encode(),
        "is listed twice",
    ),
    "others only": (f"{'0' * 64} disk-img.tar.zst\n".encode(), f"does not list {IMAGE_NAME}"),
    "larger than any": (b"#" * (8 << 20) + b"#", "larger than any real one"),
}


@pytest.mark.parametrize(("sums", "told"), NO_USE.values(), ids=NO_USE.keys())
def test_sums_of_no_use_are_a_warning_and_never_trouble(release, tmp_path, sums, told):
    (release / "SHA256SUMS").unlink()
    if sums is not None:
        (release / "SHA256SUMS").write_bytes(sums)
    document, evidence = audit(f"base_image={release / IMAGE_NAME}")
    made = decision(document, checks.BASE_DIGEST)
    assert (document.verdict, made.outcome) == ("PASS", "pass")  # the NNS certified the digest
    assert replayed_alike(document, evidence, tmp_path / "certified")
    document, evidence = audit(f"base_image={release / IMAGE_NAME}", "election_source=null")
    made = decision(document, checks.BASE_DIGEST)
    assert (document.verdicts.overlap, made.outcome) == ("PASS", "warn")
    assert told in made.reason
    assert replayed_alike(document, evidence, tmp_path / "report")


def test_sums_that_contradict_the_image_fail_where_nobody_certified_it(release):
    (release / "SHA256SUMS").write_text(f"{'0' * 64} {IMAGE_NAME}\n")
    document, _ = audit(f"base_image={release / IMAGE_NAME}")
    assert document.verdict == "PASS"
    document, _ = audit(f"base_image={release / IMAGE_NAME}", "election_source=null")
    assert (document.verdict, document.deciding.decision) == ("FAIL", "base.digest")


@pytest.mark.parametrize("place", ["http", "file", "practice"])
def test_an_image_that_came_by_plain_http_says_so(place, tmp_path, monkeypatch):
    monkeypatch.setenv("AUDITKIT_CACHE", str(tmp_path / "cache"))
    with serving(RELEASE) as url:
        source = {"http": f"{url}/{IMAGE_NAME}", "file": RELEASE / IMAGE_NAME, "practice": "practice:honest"}
        certified, _ = audit(f"base_image={source[place]}")
        document, evidence = audit(f"base_image={source[place]}", "election_source=null")
    assert "plain http" not in decision(certified, checks.BASE_DIGEST).reason
    reason = decision(document, checks.BASE_DIGEST).reason
    assert ("plain http" in reason) is (place == "http")
    assert replayed_alike(document, evidence, tmp_path / "report")


@pytest.mark.parametrize("place", ["http", "file"])
def test_a_recovery_image_that_came_by_plain_http_says_so(place, tmp_path):
    with serving(OTHER) as url:
        source = f"{url}/{IMAGE_NAME}" if place == "http" else OTHER / IMAGE_NAME
        document, evidence = audit(f"recovery_image={source}")
    made = decision(document, checks.RECOVERY_VERSION)
    assert ("plain http" in made.reason) is (place == "http")
    assert replayed_alike(document, evidence, tmp_path / "report")


def test_a_download_over_the_limit_is_trouble_and_not_another_digest(tmp_path, monkeypatch):
    monkeypatch.setenv("AUDITKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(image_file, "download", partial(download, limits=replace(LIMITS, image_bytes=1000)))
    with serving(RELEASE) as url:
        document, _ = audit(f"base_image={url}/{IMAGE_NAME}")
    assert document.verdict == "TROUBLE"
    assert "larger than any real one" in document.trouble[0].what
    assert not any(made.outcome == "fail" for made in document.decisions)


def test_another_release_at_the_audited_address_is_found_out(tmp_path):
    """The proposal blesses that other release, so that every measurement fits."""
    document, evidence = audit(f"base_image={OTHER / IMAGE_NAME}", name="wrong-base")
    assert decision(document, checks.OVERLAP_EXPLAINED).outcome == "pass"
    assert (document.verdict, document.deciding.decision) == ("FAIL", "base.version")
    listed = decision(document, checks.MEASUREMENT_PUBLISHED)
    assert listed.outcome == "warn"
    assert f"the practice build of release {OTHER_COMMIT}" in listed.reason
    assert replayed_alike(document, evidence, tmp_path / "report")


def test_the_list_of_known_releases_says_nothing_against_the_right_image():
    document, _ = audit()
    assert decision(document, checks.MEASUREMENT_PUBLISHED).outcome == "pass"
