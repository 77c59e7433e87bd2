"""`locks/verify.txt`: what a verifier installs is what verifying needs, and every file of it has a digest."""

from __future__ import annotations

import re
import tomllib

from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from auditkit.dependencies import NOTEBOOK_MODULES

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
WANTED = {
    str(Requirement(line))
    for line in (ROOT / "locks" / "verify.in").read_text().splitlines()
    if line and not line.startswith("#")
}
LOCK = (ROOT / "locks" / "verify.txt").read_text()
# What the notebooks' packages bring and nothing else does: in a lock for verifying it would be a mistake.
NOTEBOOK_PACKAGES = {
    *NOTEBOOK_MODULES,
    "ipython",
    "jupyter-client",
    "jupyter-core",
    "numpy",
    "pyzmq",
    "tornado",
}


def pins() -> dict[str, tuple[Requirement, list[str]]]:
    """Each package of the lock: its line, and its digests."""
    found = {}
    for entry in re.split(r"\n(?=[a-z])", LOCK.replace(" \\\n", " ")):
        line, *_ = entry.split("\n")
        requirement, *hashes = line.split(" --hash=")
        pinned = Requirement(requirement)
        found[canonicalize_name(pinned.name)] = (pinned, [digest.strip() for digest in hashes[0:]])
    return found


def test_verifying_needs_every_dependency_but_those_of_the_notebooks_and_what_builds_auditkit():
    dependencies = {str(Requirement(line)) for line in PROJECT["project"]["dependencies"]}
    of_notebooks = {line for line in dependencies if Requirement(line).name in NOTEBOOK_MODULES}
    assert len(of_notebooks) == len(NOTEBOOK_MODULES)
    assert (dependencies - of_notebooks) | set(PROJECT["build-system"]["requires"]) == WANTED


def test_the_lock_pins_all_of_it_within_the_bounds():
    locked = pins()
    for line in WANTED:
        wanted = Requirement(line)
        pinned, _ = locked[canonicalize_name(wanted.name)]
        (specifier,) = pinned.specifier
        assert specifier.operator == "=="
        assert wanted.specifier.contains(specifier.version), pinned


def test_every_package_of_the_lock_has_digests_and_no_address():
    locked = pins()
    assert len(locked) > len(WANTED)
    for name, (pinned, digests) in locked.items():
        assert pinned.url is None, name
        assert digests, name
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in digests), name
    assert not re.search(r"https?:|file:|--(extra-)?index-url|--find-links", LOCK)


def test_the_lock_holds_nothing_of_the_notebooks():
    assert NOTEBOOK_PACKAGES.isdisjoint(pins())


def test_the_lock_leaves_out_no_python_that_we_support():
    """A marker may leave a package out for another Python or system, but none of those that auditkit supports."""
    for python in ("3.11", "3.12", "3.13"):
        here = {
            "python_version": python,
            "python_full_version": f"{python}.0",
            "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
        }
        left_out = [
            name for name, (pinned, _) in pins().items() if pinned.marker and not pinned.marker.evaluate(here)
        ]
        assert left_out == []
