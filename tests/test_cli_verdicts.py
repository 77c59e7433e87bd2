"""Commands that check a part of the chain: one judge, the qualifications beside the verdict, no PASS for a skip."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import in_process as run

from auditkit import practice
from auditkit.guestos import open_boot_source
from auditkit.pipeline.sources.places import fetch_proposal
from auditkit.practice.release.published import DATA, release_folder
from auditkit.practice.scenarios import BASE_COMMIT

BASE = DATA / release_folder(BASE_COMMIT) / "update-img.tar.zst"
KEY = "practice"
GOVERNANCE = "rrkah-fqaaa-aaaaa-aaaaq-cai"


@pytest.fixture(scope="module")
def proposals(tmp_path_factory) -> dict[str, Path]:
    from auditkit.evidence import save_proposal

    folder = tmp_path_factory.mktemp("proposals")
    found = {}
    with practice.serving() as network:
        for name in ("honest", "delegated"):
            found[name] = folder / f"{name}.cbor"
            save_proposal(found[name], fetch_proposal((network.url,), practice.scenario(name).proposal_id))
    found["without request"] = folder / "bare.cbor"
    found["without request"].write_bytes(found["honest"].read_bytes())
    return found


@pytest.fixture(scope="module")
def boot(tmp_path_factory) -> Path:
    """The base's boot.img alone."""
    return open_boot_source(BASE, work=tmp_path_factory.mktemp("boot"))


def told(*arguments: str | Path, capsys) -> tuple[int, dict]:
    status, out, _ = run(*arguments, "--root-key", KEY, "--json", capsys=capsys)
    return status, json.loads(out)


def test_a_subnet_s_certificate_without_a_canister_has_no_answer(proposals, capsys):
    status, document = told("verify-certificate", proposals["delegated"], capsys=capsys)
    assert (status, document["verdict"]) == (2, "TROUBLE")
    assert document["error"]["where"] == "delegation.ranges"
    assert "No canister was named" in document["error"]["what"]
    _, out, err = run("verify-certificate", proposals["delegated"], "--root-key", KEY, capsys=capsys)
    assert out.splitlines()[-1] == "TROUBLE (practice network)"
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("name", ["honest", "delegated"])
def test_a_certificate_for_a_canister_has_one(proposals, name, capsys):
    arguments = ("verify-certificate", proposals[name], "--canister", GOVERNANCE)
    status, document = told(*arguments, capsys=capsys)
    assert (status, document["verdict"], document["qualifications"]) == (0, "PASS", ["practice-network"])


def test_the_nns_itself_speaks_for_every_canister(proposals, capsys):
    assert told("verify-certificate", proposals["honest"], capsys=capsys)[0] == 0


@pytest.mark.parametrize(
    ("name", "qualifications"),
    [("honest", ["practice-network"]), ("without request", ["practice-network", "no-request"])],
)
def test_a_proposal_is_qualified_by_what_is_not_there(proposals, name, qualifications, capsys):
    number = str(practice.scenario("honest").proposal_id)
    arguments = ("verify-proposal", proposals[name], "--proposal-id", number)
    status, document = told(*arguments, capsys=capsys)
    assert (status, document["verdict"], document["qualifications"]) == (0, "PASS", qualifications)
    _, out, _ = run(*arguments, "--root-key", KEY, capsys=capsys)
    shown = [line for line in out.splitlines() if line.startswith("PASS")]
    others = qualifications[1:]
    assert shown == [f"PASS (practice network){', qualified: ' if others else ''}{', '.join(others)}"]


def test_two_bare_boot_partitions_say_nothing_of_the_root(proposals, boot, tmp_path, program, capsys):
    for name in ("mke2fs", "debugfs"):
        program(name)
    made = tmp_path / "boot.img"
    arguments = (
        "assemble",
        boot,
        "--proposal",
        proposals["honest"],
        "--out",
        tmp_path / "t",
        "--image",
        made,
    )
    assert run(*arguments, "--root-key", KEY, capsys=capsys)[0] == 0
    for more in ((), ("--proposal", proposals["honest"])):
        status, document = told("compare-images", boot, made, *more, capsys=capsys)
        assert (status, document["verdict"]) == (2, "TROUBLE")
        assert document["error"]["where"] == "recovery.root-hash"


def test_a_chip_s_report_is_qualified_by_the_key(proposals, capsys):
    from auditkit.practice.attested import Attested
    from auditkit.practice.chips import attestation_files

    report, chain = attestation_files(Attested.HONEST)
    arguments = ("verify-attestation", report, "--chain", chain, "--proposal", proposals["honest"])
    status, document = told(*arguments, capsys=capsys)
    assert (status, document["verdict"], document["qualifications"]) == (0, "PASS", ["practice-network"])


def test_a_sound_tree_passes_and_one_that_is_not_dfinitys_fails(tmp_path, capsys):
    status, out, _ = run("verity-hash", BASE, "--json", capsys=capsys)
    document = json.loads(out)
    assert (status, document["verdict"], document["problems"]) == (0, "PASS", [])
    assert [one["id"] for one in document["decisions"]] == ["root.verity"]


def test_a_list_of_measurements_is_taken_at_its_word_and_that_is_told(proposals, tmp_path, capsys):
    status, out, _ = run("measure", BASE, capsys=capsys)
    assert status == 0
    listed = tmp_path / "launch-measurements.json"
    listed.write_text(out)
    arguments = ("overlap", "--proposal", proposals["honest"], "--measurements", listed)
    status, document = told(*arguments, capsys=capsys)
    assert (status, document["qualifications"]) == (0, ["practice-network", "image-not-read"])
