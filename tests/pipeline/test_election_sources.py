"""Who is asked whether a release is elected, and what an audit makes of each answer."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from auditkit import practice
from auditkit.errors import ParameterError
from auditkit.evidence import fetch_registry_value, request_path, save_proposal, save_registry_value
from auditkit.evidence.catalogue import update_catalogue
from auditkit.ic.registry import replica_version_key
from auditkit.pipeline import Parameters, check, fetch_proposal, replay, write_report
from auditkit.pipeline import audit as audit_module
from auditkit.practice import ROOT_KEY
from auditkit.practice.network import running
from auditkit.practice.scenarios import BASE_COMMIT, OTHER_COMMIT
from auditkit.progress import Silent
from auditkit.report import to_json


def audited(scenario: str = "honest", **more: object):
    number = practice.scenario(scenario).proposal_id
    values = {"proposal_id": number, "base_version": BASE_COMMIT, "root_key": "practice"}
    values |= {"proposal_source": f"practice:{scenario}", "base_image": "practice:honest"}
    return check(Parameters.from_mapping(values | more), Silent())


def outcomes(document) -> tuple[str, str, str]:
    """The verdict, and checks 49 and 50."""
    made = {one.id: one.outcome.value for one in document.decisions}
    return document.verdict.value, made.get("election.answer", "none"), made.get("election.elected", "none")


def kept(folder: Path, commit: str = BASE_COMMIT, scenario: str = "honest") -> Path:
    """A proposal in a file, and beside it the registry's answer about a version."""
    network = running(scenario)
    folder.mkdir(parents=True, exist_ok=True)
    save_proposal(folder / "proposal.cbor", fetch_proposal((network.url,), 900_001))
    save_registry_value(
        folder / "election.cbor", fetch_registry_value((network.url,), replica_version_key(commit))
    )
    return folder / "proposal.cbor"


def test_beside_a_proposal_that_is_a_file_lies_the_answer(tmp_path):
    proposal = kept(tmp_path)
    assert outcomes(audited(proposal_source=str(proposal))[0]) == ("PASS", "pass", "pass")


def test_where_it_lacks_the_command_is_named_that_fetches_it(tmp_path):
    proposal = kept(tmp_path)
    (tmp_path / "election.cbor").unlink()
    document, _ = audited(proposal_source=str(proposal))
    assert outcomes(document) == ("TROUBLE", "none", "none")
    assert document.trouble[0].hint.startswith(
        f"auditkit fetch-registry replica_version_{BASE_COMMIT} --out election.cbor"
    )


def test_nobody_asked_is_trouble_under_strict_alone():
    document, _ = audited(election_source=None)
    assert outcomes(document) == ("TROUBLE", "skip", "skip")
    assert document.verdicts.overlap == "PASS"


def test_an_address_is_asked_for_the_record():
    assert outcomes(audited(election_source=running("honest").url)[0]) == ("PASS", "pass", "pass")
    address = f"{running('honest').url}/scenario/not-elected"
    assert outcomes(audited(election_source=address)[0]) == ("TROUBLE", "pass", "skip")


def test_an_address_where_nobody_answers_is_trouble():
    document, _ = audited(election_source="http://127.0.0.1:9")
    assert outcomes(document) == ("TROUBLE", "none", "none")
    assert document.trouble


def test_a_file_is_the_answer_of_whoever_was_asked(tmp_path):
    kept(tmp_path)
    assert outcomes(audited(election_source=str(tmp_path / "election.cbor"))[0]) == ("PASS", "pass", "pass")
    witness = tmp_path / "witness.cbor"
    save_proposal(witness, fetch_proposal((running("honest").url,), 910_001))
    document, _ = audited("not-elected", election_source=str(witness))
    assert outcomes(document) == ("PASS", "pass", "warn")


def test_an_answer_about_another_version_fails(tmp_path):
    kept(tmp_path, OTHER_COMMIT)
    document, _ = audited(election_source=str(tmp_path / "election.cbor"))
    assert outcomes(document) == ("FAIL", "fail", "skip")


def test_an_answer_without_its_request_says_nothing(tmp_path):
    kept(tmp_path)
    request_path(tmp_path / "election.cbor").unlink()
    document, _ = audited(election_source=str(tmp_path / "election.cbor"))
    assert outcomes(document) == ("TROUBLE", "skip", "skip")


def test_a_record_in_chunks_is_read_from_files_too(tmp_path):
    proposal = kept(tmp_path, scenario="elected-in-chunks")
    assert (tmp_path / "election.chunks.cbor").is_file()
    document, evidence = audited(proposal_source=str(proposal))
    assert outcomes(document) == ("PASS", "pass", "pass")
    write_report(document, evidence, tmp_path / "report")
    again, _ = replay(tmp_path / "report" / "evidence", Silent())
    assert outside_run(again) == outside_run(document)


def outside_run(document) -> dict:
    return json.loads(to_json(document)) | {"run": None}


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("elections") / "catalogue"
    update_catalogue(folder, (running("honest").url,), ROOT_KEY)
    return folder


@pytest.mark.parametrize("source", ["catalogue", "registry"])
def test_a_catalogue_bears_witness_to_what_is_un_elected_now(source, catalogue, tmp_path):
    document, evidence = audited("not-elected", election_source=source, catalogue=str(catalogue))
    assert outcomes(document) == ("PASS", "pass", "pass")
    assert document.subject.elected_by.startswith("proposal 9100")
    write_report(document, evidence, tmp_path / "report")
    assert (tmp_path / "report" / "evidence" / "election-proposal.cbor").is_file()
    again, _ = replay(tmp_path / "report" / "evidence", Silent())
    assert outside_run(again) == outside_run(document)


def test_the_base_version_is_found_in_a_catalogue(catalogue):
    document, _ = audited(base_version="auto", catalogue=str(catalogue))
    assert (outcomes(document), document.subject.base_version) == (("PASS", "pass", "pass"), BASE_COMMIT)


def test_a_catalogue_that_lacks_a_page_decides_nothing(catalogue, tmp_path):
    partial = tmp_path / "partial"
    shutil.copytree(catalogue, partial)
    left_out = [*(partial / "pages").iterdir(), *(partial / "proposals").iterdir()]
    for file in left_out:
        if not file.name.startswith("910002-"):  # which elected another version
            file.unlink()
    document, _ = audited("not-elected", election_source="catalogue", catalogue=str(partial))
    assert outcomes(document) == ("TROUBLE", "pass", "skip")


def test_a_folder_that_is_no_catalogue_is_trouble(tmp_path):
    document, _ = audited(election_source="catalogue", catalogue=str(tmp_path / "none"))
    assert document.verdict == "TROUBLE"
    assert "auditkit catalogue update" in document.trouble[0].hint


def test_beside_a_file_nobody_can_be_asked_for_a_proposal(tmp_path):
    document, _ = audited(proposal_source=str(kept(tmp_path)), election_source="proposal:910001")
    assert outcomes(document) == ("TROUBLE", "none", "none")
    assert "no host to ask for proposal 910001" in document.trouble[0].what
    assert "auditkit fetch-proposal" in document.trouble[0].hint


def test_a_catalogue_at_an_address_is_refused():
    with pytest.raises(ParameterError, match="names a folder, not an address"):
        audited(election_source="catalogue", catalogue="https://example.invalid/elections")


def test_the_base_version_is_looked_for_once(catalogue, monkeypatch):
    """A catalogue may hold hundreds of certificates, each of which is verified when it is looked through."""
    looked: list[str] = []
    found = audit_module.found_base_version
    monkeypatch.setattr(
        audit_module, "found_base_version", lambda *given: looked.append("once") or found(*given)
    )
    assert outcomes(audited(base_version="auto", catalogue=str(catalogue))[0]) == ("PASS", "pass", "pass")
    assert looked == ["once"]
