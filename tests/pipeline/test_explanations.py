"""What `auditkit check --json` says about measurements that are not the base release's, and what ``auto`` finds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditkit import practice
from auditkit.ic import MAINNET_ROOT_KEY
from auditkit.practice.scenarios import BASE_COMMIT, OTHER_COMMIT
from auditkit.sev import find_release
from auditkit.trust import trust_named

FOLDER = Path(__file__).parents[2] / "params" / "practice"


def check(name: str, *overrides: str, capsys) -> dict:
    from auditkit.cli import main

    arguments = [part for override in overrides for part in ("-p", override)]
    with pytest.raises(SystemExit):
        main(["check", str(FOLDER / f"{name}.yaml"), "--json", *arguments])
    return json.loads(capsys.readouterr().out)


def test_sixteen_vcpus_are_named_in_the_deciding_reason_and_in_every_row(capsys):
    document = check("base-16-vcpus", capsys=capsys)
    assert document["deciding"]["decision"] == "overlap.any"
    split = (
        "; releases are measured with 64 vCPUs, and a host that is split into several virtual machines gives each "
        "another number."
    )
    assert document["deciding"]["reason"].endswith(
        f"This is the base release started with 16 vCPUs of type EPYC-v4 on line BOOT_ARGS_TEE_A{split}"
    )
    told = [row["explanation"] for row in document["overlap"] if row["relation"] == "blessed-only"]
    assert told == [
        f"This is the base release started with 16 vCPUs of type {vcpu_type} on line BOOT_ARGS_TEE_{slot}{split}"
        for vcpu_type in ("EPYC-v4", "EPYC-Genoa", "EPYC-Turin")
        for slot in "AB"
    ]


def test_a_wrong_base_is_named_in_the_deciding_reason(capsys):
    document = check("wrong-base", capsys=capsys)
    assert document["deciding"]["decision"] == "overlap.any"
    told = f"This is a measurement of another release, {OTHER_COMMIT} (practice)."
    assert document["deciding"]["reason"].endswith(told)
    rows = [row for row in document["overlap"] if row["relation"] == "blessed-only"]
    assert [row["explanation"] for row in rows] == [told] * 6


def test_what_nobody_can_explain_is_said_to_be_that(capsys):
    reason = check("no-overlap", capsys=capsys)["deciding"]["reason"]
    assert "Nobody can say what they are" in reason
    assert "another release" not in reason


def test_without_a_sweep_sixteen_vcpus_stay_unexplained(capsys):
    reason = check("base-16-vcpus", "sweep_vcpus_max=15", capsys=capsys)["deciding"]["reason"]
    assert "Nobody can say what they are" in reason


@pytest.mark.parametrize(("name", "commit"), [("honest", BASE_COMMIT), ("wrong-base", OTHER_COMMIT)])
def test_auto_finds_the_release_that_a_proposal_refers_to(name, commit, capsys):
    document = check(name, "base_version=auto", capsys=capsys)
    assert document["subject"]["base_version"] == commit
    assert document["verdict"] == "PASS"


@pytest.mark.parametrize("name", ["no-overlap", "base-16-vcpus"])
def test_auto_is_trouble_where_no_known_release_fits(name, capsys):
    document = check(name, "base_version=auto", capsys=capsys)
    assert document["verdict"] == "TROUBLE"
    assert "give the 40 hex digits" in document["trouble"][0]["hint"]


def test_practice_releases_are_known_to_the_practice_world_only():
    assert trust_named(MAINNET_ROOT_KEY.hex()).more_releases == ()
    for name in ("practice", practice.ROOT_KEY.hex()):
        assert {release.version for release in trust_named(name).more_releases} == {BASE_COMMIT, OTHER_COMMIT}
    wanted = practice.known_releases()[0].measurements[0].measurement
    assert find_release(wanted) is None
