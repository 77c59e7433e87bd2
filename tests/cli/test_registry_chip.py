"""`auditkit registry chip`: its exit statuses, what it prints, and which digits it takes."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from chip_world import (
    ANNA,
    BERT,
    CHIP_A,
    CHIP_B,
    CHIP_C,
    CHIP_D,
    DORA,
    EMIL,
    OPERATOR,
    PROVIDER,
    SUBNET,
    world,
)
from commands import in_process
from practice_hosts import without_proxies
from registry_world import ROOT_KEY, Host, history, serving, write

from auditkit.errors import SourceError
from auditkit.evidence.registry_sync import sync_registry
from auditkit.limits import LIMITS

PASS, FAIL, TROUBLE = 0, 1, 2
OWN = ("--root-key", ROOT_KEY.hex())
SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "schemas" / "registry-chip-v1.json"


def synced(folder: Path, registry, **more: int) -> Path:
    with serving(Host(registry, most=5)) as url, pytest.MonkeyPatch.context() as patched:
        without_proxies(patched)
        sync_registry(folder, [url], ROOT_KEY, limits=replace(LIMITS, **more))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return synced(tmp_path_factory.mktemp("chip") / "registry", world())


@pytest.fixture
def chip(folder, capsys):
    def run(*arguments: str, folder=folder):
        return in_process("registry", "chip", *arguments, "--dir", folder, *OWN, capsys=capsys)

    return run


def test_whose_a_chip_is(chip):
    status, out, err = chip(CHIP_A.hex())
    assert (status, err) == (PASS, "")
    lines = out.splitlines()
    assert lines[:-2] == [
        f"chip: {'a1' * 64}",
        f"  node: {ANNA}",
        f"    operator: {OPERATOR}",
        f"    provider: {PROVIDER}",
        "    data center: zh1",
        "    region: Europe,CH,Zurich",
        "    owner of the data center: Owner & Sons",
        f"    subnet: {SUBNET}",
        "    type of the subnet: application",
        "    SEV enabled: yes",
        "    since: version 2 (2023-11-14T22:13:22Z)",
        f"  before: node {DORA}, from version 6 to 8, when the node was removed",
    ]
    assert lines[-2].startswith("version 12 of the registry, the newest as of 20")
    assert lines[-1] == (
        "not verified: the index of the folder, which says where the records are; --verify does that"
    )


def test_a_folder_that_was_verified_says_no_more(chip):
    status, out, _ = chip(CHIP_A.hex(), "--verify")
    assert (status, "not verified" in out) == (PASS, False)
    assert json.loads(chip(CHIP_A.hex(), "--verify", "--json")[1])["verified"] is True


def test_a_doctored_index_is_told_from_an_honest_one(chip, folder, tmp_path):
    """It hides whose a chip is, and no record is another."""
    shutil.copytree(folder, tmp_path / "doctored")
    with closing(sqlite3.connect(tmp_path / "doctored" / "registry.sqlite")) as connection, connection:
        connection.execute("UPDATE node_chip SET chip = ? WHERE chip = ?", (b"\xe5" * 64, CHIP_D))
    status, out, _ = chip(CHIP_D.hex(), "--json", folder=tmp_path / "doctored")
    assert (status, json.loads(out)["verified"]) == (FAIL, False)
    status, _, err = chip("e5" * 64, folder=tmp_path / "doctored")
    assert status == TROUBLE
    assert "gives a node a chip that its record does not name" in err
    status, out, err = chip(CHIP_D.hex(), "--verify", folder=tmp_path / "doctored")
    assert (status, out) == (TROUBLE, "")
    assert "another chip for a node than the answer certifies" in err


def test_a_boundary_node_and_a_chip_that_was_given_away(chip):
    status, out, _ = chip(CHIP_D.hex(), CHIP_B.hex())
    assert status == PASS
    assert f"  node: {EMIL}" in out
    assert "    subnet: none, it is an API boundary node" in out
    assert f"  before: node {BERT}, from version 3 to 7, when the node got another chip" in out


def test_a_chip_of_nobody_ends_with_1(chip):
    status, out, err = chip("e5" * 64, CHIP_A.hex())
    assert (status, err) == (FAIL, "")
    assert out.splitlines()[:2] == [f"chip: {'e5' * 64}", "  no node has it"]


def test_json_follows_its_schema(chip):
    status, out, _ = chip(CHIP_A.hex(), "--json")
    document = json.loads(out)
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(document)
    assert (status, document["schema"], document["verdict"]) == (PASS, "auditkit/registry-chip/v1", "PASS")
    (one,) = document["registry"]["chips"]
    assert (one["nodes"][0]["node"], one["former"][0]["node"]) == (str(ANNA), str(DORA))
    assert len(document["registry"]["batches"]) == 2  # versions 1 to 5, and 11 to 12
    status, out, _ = chip("e5" * 64, "--json")
    assert (status, json.loads(out)["verdict"]) == (FAIL, "FAIL")


@pytest.mark.parametrize(
    "digits", ["b2" * 4, "B2" * 4, "b2b2b2b2…", "b2" * 63, "b2" * 64], ids=["8", "upper", "…", "126", "128"]
)
def test_the_first_digits_are_enough(chip, digits):
    status, out, _ = chip(digits)
    assert (status, out.splitlines()[0]) == (PASS, f"chip: {CHIP_B.hex()}")


def test_a_chip_is_told_once(chip):
    _, out, _ = chip("b2b2b2b2", CHIP_B.hex(), "b2b2b2b2b2")
    assert out.count("chip: ") == 1


@pytest.mark.parametrize(
    ("digits", "told"),
    [
        ("a1" * 4, "2 chips begin with these digits"),
        ("e5" * 4, "no chip that a node has or had begins with these digits"),
        ("b2" * 3, "this is no chip id"),
        ("b2b2b2b2b", "this is no chip id"),
        ("b2" * 65, "this is no chip id"),
        ("xyxyxyxy", "this is no chip id"),
        ("b2b2 b2b2", "this is no chip id"),
        ("٠١" * 4, "this is no chip id"),
        ("…", "this is no chip id"),
        ("", "this is no chip id"),
        ("\x1b[2J", "this is no chip id"),
    ],
)
def test_digits_that_name_no_chip_are_trouble(chip, digits, told):
    status, out, err = chip(digits)
    assert (status, out) == (TROUBLE, "")
    assert told in err
    assert len(err.splitlines()) == 1
    assert "\x1b" not in err


@pytest.mark.parametrize(
    ("digits", "found"),
    [
        ("c38514g7", "'g', which is none"),
        ("c3", "2 digits"),
        ("b2b2b2b2b", "9 digits"),
        ("b2" * 65, "130 digits"),
        ("c", "1 digit"),
        ("…", "no digits"),
    ],
)
def test_it_is_told_what_was_given(chip, digits, found):
    _, _, err = chip(digits)
    assert err == (
        f"auditkit: {digits}: this is no chip id (expected 128 hex digits, or the first 8 or more, an even number, "
        f"found {found})\n"
    )


def test_two_chips_that_begin_alike_are_told_apart_by_more_digits(chip):
    assert chip(CHIP_C.hex()[:124])[1].splitlines()[0] == f"chip: {CHIP_C.hex()}"


def test_a_sync_that_was_not_finished_is_trouble(chip, tmp_path):
    with pytest.raises(SourceError):
        synced(tmp_path / "part", world(), registry_answers=1)
    status, out, err = chip(CHIP_A.hex(), folder=tmp_path / "part")
    assert (status, out) == (TROUBLE, "")
    assert "was not finished" in err


def test_another_root_key_is_trouble(folder, capsys):
    status, _, err = in_process("registry", "chip", CHIP_A.hex(), "--dir", folder, capsys=capsys)
    assert (status, "another root key" in err) == (TROUBLE, True)


def test_texts_of_the_registry_move_no_cursor(chip, tmp_path):
    from chip_world import data_center, node, operator

    there = synced(
        tmp_path / "hostile",
        history(
            [
                write("data_center_record_zh1", data_center("\x1b[2J\nnode: PASS", "\u202eevil")),
                write(f"node_operator_record_{OPERATOR}", operator()),
                write(f"node_record_{ANNA}", node(CHIP_A)),
            ]
        ),
    )
    status, out, _ = chip(CHIP_A.hex(), folder=there)
    assert status == PASS
    assert not {"\x1b", "\u202e"} & set(out)
    assert len([line for line in out.splitlines() if line.strip().startswith("node: ")]) == 1
