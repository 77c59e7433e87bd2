"""The scenarios: told apart, told to users, and in step with their parameter files."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from auditkit import checks, practice
from auditkit.errors import ParameterError
from auditkit.ic.candid import decode
from auditkit.ic.governance import decode_proposal_info
from auditkit.practice.nns.proposals import proposal_reply
from auditkit.practice.scenarios import ChipsSay, ElectionSays, RegistrySays

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "params" / "practice"
SCENARIOS = practice.scenarios()
NOW = 1_795_000_000
DEMANDED = {
    "honest", "unexplained", "no-overlap", "labels-swapped", "still-open", "vote-open", "not-adopted",
    "other-action", "tampered-certificate", "wrong-base", "base-16-vcpus", "delegated", "delegated-flat",
    "elected-in-chunks", "elected-later-field", "unelected-with-proposal", "elected-without-measurements",
    "not-elected", "layout-unknown", "other-digest", "other-measurements", "other-key", "witness-not-adopted",
    "election-honest", "election-open", "election-older-labels", "election-same-url-twice",
    "election-url-of-other-version", "election-no-measurements", "election-one-wrong", "election-missing-cpu",
    "election-wrong-label", "election-other-digest", "election-short-digest", "election-no-url",
    "election-file-url", "election-unelects-only", "election-other-function", "election-not-executed",
    "election-record-differs", "election-executed", "chips-honest", "chip-of-two-nodes", "chip-of-nobody",
    "chip-not-told", "chips-across-subnets", "chip-moved", "chip-was-there", "chips-by-hint", "hint-lies",
    "node-elsewhere",
}  # fmt: skip

each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


def test_nothing_that_was_promised_is_missing():
    assert {scenario.name for scenario in SCENARIOS} >= DEMANDED


def test_every_case_has_a_scenario():
    assert {scenario.registry for scenario in SCENARIOS} == set(RegistrySays)
    assert {scenario.chips for scenario in SCENARIOS} == set(ChipsSay)
    assert {scenario.election for scenario in SCENARIOS} - {None} == set(ElectionSays)


def test_names_and_numbers_are_unique():
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)
    assert len({scenario.proposal_id for scenario in SCENARIOS}) == len(SCENARIOS)


@each_scenario
def test_a_scenario_is_found_by_its_name_and_is_decided_by_a_check_that_exists(scenario):
    assert practice.scenario(scenario.name) is scenario
    ids = {check.id for check in checks.ALL_CHECKS}
    assert scenario.deciding_check in ids or (
        scenario.strict == "TROUBLE" and scenario.deciding_check is None
    )


@each_scenario
def test_overlap_is_never_stricter_than_strict(scenario):
    assert not (scenario.strict == "PASS" and scenario.overlap == "FAIL")


def test_a_near_miss_is_suggested():
    with pytest.raises(ParameterError) as caught:
        practice.scenario("honset")
    assert caught.value.hint == "did you mean honest?"
    with pytest.raises(ParameterError) as caught:
        practice.scenario("x" * 10_000)
    assert len(str(caught.value)) < 300


@each_scenario
def test_its_parameter_file_is_in_step(scenario):
    text = (FOLDER / f"{scenario.name}.yaml").read_text()
    values = yaml.safe_load(text)
    about_an_election = {
        "subject": "election", "base_version": "auto", "base_image": None,
    } if scenario.election else {}  # fmt: skip
    assert (
        values
        == {
            "subject": "recovery",
            "proposal_id": scenario.proposal_id,
            "base_version": scenario.base_version,
            "stage": scenario.stage,
            "depth": "image",
            "policy": scenario.policy,
            "proposal_source": f"practice:{scenario.name}",
            "request_source": None,
            "root_key": "practice",
            "election_source": "registry",
            "catalogue": None,
            "base_image": f"practice:{scenario.name}",
            "all_urls": False,
            "base_image_sha256": None,
            "recovery_image": f"practice:{scenario.name}" if scenario.recovered else None,
            "compare_roots": True,
            "attestation_report": f"practice:{scenario.name}" if scenario.attested else None,
            "attestation_chain": f"practice:{scenario.name}" if scenario.attested else None,
            "tcb_min": None,
            "chips_source": None,
            "attested_node": None,
            "provenance_source": f"practice:{scenario.name}" if scenario.built else None,
            "vcpus": [64],
            "vcpu_types": ["EPYC-v4", "EPYC-Genoa", "EPYC-Turin"],
            "boot_args": ["BOOT_ARGS_TEE_A", "BOOT_ARGS_TEE_B"],
            "guest_features": 1,
            "sweep_vcpus_max": 512,
            "output_dir": f"reports/practice-{scenario.name}",
        }
        | about_an_election
        | scenario.parameters
    )
    comment = " ".join(re.findall(r"^# (.*)$", text, re.MULTILINE))
    assert comment.startswith(
        f"{scenario.title}. {scenario.story} Expected verdict: {scenario.expected_verdict},"
    )


def test_no_parameter_file_is_left_over():
    assert {path.stem for path in FOLDER.glob("*.yaml")} == {scenario.name for scenario in SCENARIOS}


def test_the_readme_names_every_parameter():
    readme = (ROOT / "params" / "README.md").read_text()
    named = set(re.findall(r"^\| `([a-z0-9_]+)` \|", readme, re.MULTILINE))
    assert named == set(yaml.safe_load((FOLDER / "honest.yaml").read_text()))
    template = yaml.safe_load((ROOT / "params" / "mainnet" / "template.yaml").read_text())
    assert named == {"proposal_id", "base_version", *template}


def published(base_version: str) -> set[bytes]:
    folder = Path(practice.__file__).parent / "data" / "ic" / base_version / "guest-os" / "update-img"
    entries = json.loads((folder / "launch-measurements.json").read_bytes())["guest_launch_measurements"]
    return {bytes(entry["measurement"]) for entry in entries}


@pytest.mark.parametrize(
    ("name", "blessed", "of_the_base"),
    [
        ("honest", 6, 6),
        ("unexplained", 7, 6),
        ("no-overlap", 6, 0),
        ("labels-swapped", 6, 6),
        ("wrong-base", 6, 0),
        ("base-16-vcpus", 6, 0),
        ("partly-blessed", 2, 2),
        ("unlabelled", 6, 6),
    ],
)
def test_what_is_blessed(name, blessed, of_the_base):
    scenario = practice.scenario(name)
    info = decode_proposal_info(proposal_reply(scenario.proposal_id, NOW))
    entries = info.proposal.bless.base_guest_launch_measurements
    measurements = {entry.measurement for entry in entries}
    assert len(entries) == len(measurements) == blessed
    assert len(measurements & published(scenario.base_version)) == of_the_base
    assert all(len(chip) == 64 for chip in info.proposal.bless.chip_ids)
    assert re.fullmatch("[0-9a-f]{64}", info.proposal.bless.rootfs_hash)


def test_an_open_proposal_is_open_now():
    info = decode_proposal_info(proposal_reply(practice.scenario("vote-open").proposal_id, NOW))
    assert info.proposal_timestamp_seconds < NOW < info.deadline_timestamp_seconds
    assert info.decided_timestamp_seconds == 0


@pytest.mark.parametrize("proposal_id", [0, 1, 138765, 2**64 - 1])
def test_other_numbers_are_no_proposals(proposal_id):
    assert decode_proposal_info(proposal_reply(proposal_id, NOW)) is None


def test_every_reply_is_whole_candid():
    for scenario in SCENARIOS:
        assert len(decode(proposal_reply(scenario.proposal_id, NOW))) == 1
