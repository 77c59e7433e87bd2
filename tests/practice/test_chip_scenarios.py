"""The scenarios about chips: what each one's registry says, and whom its audit asks."""

from __future__ import annotations

import hashlib

import pytest
import yaml
from practice.asking import certified, place, question
from practice.messages import parse

from auditkit import practice
from auditkit.errors import ParameterError
from auditkit.evidence.registry_sync import open_registry, verify_folder
from auditkit.pipeline import Parameters, check
from auditkit.practice.scenarios import ChipsSay

CHIPS = [hashlib.shake_256(b"auditkit practice chip %d" % number).digest(64) for number in (1, 2)]
SYNCED = [
    one for one in practice.scenarios() if one.parameters.get("chips_source", "").startswith("practice:")
]
SOURCES = practice.PRACTICE_WORLD.sources


@pytest.fixture(scope="module")
def network():
    with practice.serving() as running:
        yield running


def parameters(name: str) -> dict[str, object]:
    return yaml.safe_load(practice.parameter_file(name).read_text())


def node_at(url: str, node: str):
    return parse("NodeRecord", certified(url, question(f"node_record_{node}".encode())).value)


def test_who_asks_a_synced_registry():
    assert {one.name for one in SYNCED} == {
        "recovery-honest", "node-honest", "chips-honest", "chip-of-two-nodes", "chip-of-nobody", "chip-not-told",
        "chips-across-subnets", "chip-moved", "chip-was-there", "node-elsewhere",
    }  # fmt: skip


# how often the registry has chip 1 and chip 2 now
NODES = {
    ChipsSay.ONE_SUBNET: [1, 1],
    ChipsSay.TWO_NODES: [2, 1],
    ChipsSay.NOBODY: [1, 0],
    ChipsSay.NOT_TOLD: [1, 0],
    ChipsSay.TWO_SUBNETS: [1, 1],
    ChipsSay.MOVED: [1, 1],
    ChipsSay.WAS_THERE: [1, 0],
}


@pytest.mark.parametrize("scenario", SYNCED, ids=lambda one: one.name)
def test_the_folder_holds_the_registry_of_its_scenario(scenario):
    with SOURCES.open(scenario.name, "chips_source", scenario.base_version) as source:
        verified = verify_folder(source.path, practice.ROOT_KEY)
        with open_registry(source.path, practice.ROOT_KEY) as folder:
            records = [parse("NodeRecord", one.value) for one in folder.records(b"node_record_")]
    assert verified.standing.version == verified.standing.newest
    told = [record.chip_id for record in records]
    assert [told.count(chip) for chip in CHIPS] == NODES[scenario.chips]
    assert not source.path.exists()


def test_an_election_names_no_chips():
    with pytest.raises(ParameterError, match="no such file"):
        SOURCES.require("election-honest", "chips_source")
    SOURCES.require("honest", "chips_source")


@pytest.mark.parametrize(
    ("name", "has"), [("chips-by-hint", [CHIPS[0], CHIPS[1]]), ("hint-lies", [CHIPS[0], None])]
)
def test_what_the_nodes_of_a_hint_have(network, name, has):
    _, _, nodes = parameters(name)["chips_source"].partition("hint:")
    told = [node_at(network.url, node).chip_id for node in nodes.split(",")]
    assert [chip if chip in CHIPS else None for chip in told] == has
    assert all(len(chip) == 64 for chip in told)


def test_the_node_that_is_said_to_attest_has_another_chip(network):
    node = node_at(network.url, parameters("node-elsewhere")["attested_node"])
    assert len(node.chip_id) == 64
    assert node.chip_id not in CHIPS


@pytest.mark.parametrize("scenario", [one for one in practice.scenarios() if one.chips is not ChipsSay.ONE_SUBNET],
                         ids=lambda one: one.name)  # fmt: skip
def test_a_scenario_whose_chips_are_told_otherwise_has_an_address_of_its_own(network, scenario):
    with practice.serving(scenario.name) as running:
        assert running.url.endswith(f"/scenario/{scenario.name}")
    assert certified(place(network, scenario.name), question(b"subnet_list")).value


# outcomes of checks 64, 65 and 66
DECIDED = {
    "honest": ("skip", "skip", "skip"),
    "recovery-honest": ("pass", "pass", "skip"),
    "node-honest": ("pass", "pass", "pass"),
    "chips-honest": ("pass", "pass", "skip"),
    "chip-of-two-nodes": ("pass", "warn", "skip"),
    "chip-of-nobody": ("fail", "warn", "skip"),
    "chip-not-told": ("warn", "warn", "skip"),
    "chips-across-subnets": ("pass", "warn", "skip"),
    "chip-moved": ("pass", "pass", "skip"),
    "chip-was-there": ("warn", "warn", "skip"),
    "chips-by-hint": ("pass", "pass", "skip"),
    "hint-lies": ("warn", "warn", "skip"),
    "node-elsewhere": ("pass", "pass", "fail"),
}


@pytest.mark.parametrize(("name", "outcomes"), DECIDED.items(), ids=list(DECIDED))
def test_what_its_audit_decides(name, outcomes):
    overrides = ("depth=certificates", "recovery_image=null")
    document, _ = check(Parameters.from_file(practice.parameter_file(name), overrides, {}))
    found = {one.id: one.outcome.value for one in document.decisions}
    assert tuple(found[f"chips.{what}"] for what in ("known", "subnet", "attested")) == outcomes


def test_each_scenario_about_chips_is_decided():
    about = {one.name for one in practice.scenarios() if one.parameters.get("chips_source")}
    assert about == set(DECIDED) - {"honest"}
