"""The story of a practice case on its way into the report, and the numbers that belong to another case."""

from __future__ import annotations

import json
import sys

import pytest
import yaml

from auditkit import practice
from auditkit.errors import EvidenceError, ParameterError
from auditkit.pipeline import Audit, Parameters, named_parameters, preflight, replay, write_report
from auditkit.report import from_json, to_json

STORY = (
    "One blessed measurement that nobody can explain. Six of the seven blessed measurements are those of the base "
    "release. The seventh belongs to no setting of it: a machine that starts something else entirely could use the "
    "proposal, and dfinity's own gate, which asks for one match, does not see it."
)


def written(tmp_path, name, *overrides):
    audit = Audit.named(name, *overrides)
    write_report(audit.document, audit.evidence, tmp_path / "report")
    return tmp_path / "report"


def test_a_practice_report_tells_its_story():
    assert practice.story_of("unexplained") == STORY
    assert Audit.named("unexplained").document.subject.story == STORY


def test_a_replay_tells_the_story_and_reads_it_from_no_record(tmp_path):
    """Whoever hands on a folder could write a story of theirs, and an auditor would sign it."""
    folder = written(tmp_path, "no-such-proposal")
    record = folder / "evidence" / "replay.yaml"
    assert "story" not in yaml.safe_load(record.read_text())
    document, _ = replay(folder / "evidence")
    assert document.subject.story == practice.story_of("no-such-proposal")
    record.write_text(record.read_text() + "story: This is mainnet.\n")
    with pytest.raises(EvidenceError, match="story"):
        replay(folder / "evidence")


def test_a_case_elsewhere_in_the_parameters_tells_no_story(tmp_path):
    """The proposal is what a report is about, and a file may be anybody's."""
    folder = written(tmp_path, "no-such-proposal")
    source = folder / "evidence" / "proposal.cbor"
    document = Audit.named("no-such-proposal", f"proposal_source={source}").document
    assert document.subject.story is None


@pytest.mark.parametrize(
    ("key", "qualifications"),
    [("mainnet", []), ("ab" * 133, ["other-root-key"])],
    ids=["mainnet", "another key"],
)
def test_only_a_report_of_the_practice_network_tells_a_story(key, qualifications):
    value = json.loads(to_json(Audit.named("no-such-proposal").document))
    value["parameters"]["root_key"] = key
    value["qualifications"] = qualifications
    made = next(one for one in value["decisions"] if one["id"] == "settings.root-key")
    made |= {"outcome": "warn" if qualifications else "pass", "qualifications": qualifications}
    with pytest.raises(EvidenceError, match="only a report of the practice network tells a story"):
        from_json(json.dumps(value).encode())


def test_a_report_without_the_field_is_read():
    value = json.loads(to_json(Audit.named("no-such-proposal").document))
    del value["subject"]["story"]
    assert from_json(json.dumps(value).encode()).subject.story is None


@pytest.mark.parametrize(
    ("name", "number", "owner"),
    [("unexplained", 900001, "honest"), ("election-honest", 900002, "unexplained")],
)
def test_the_number_of_another_scenario_is_refused(name, number, owner):
    """Each is there on the practice network, and the verdict would be told under the wrong name."""
    parameters = named_parameters(name, (f"proposal_id={number}",))
    with pytest.raises(ParameterError) as refused:
        preflight(parameters)
    assert f"proposal {number} is not that of the practice scenario {name}" in refused.value.what
    assert f"audit practice:{owner}" in refused.value.hint
    with pytest.raises(ParameterError):
        _ = Audit(parameters).document


def test_a_number_of_no_scenario_is_asked_for_and_the_answer_says_who_signed_it():
    parameters = named_parameters("unexplained", ("proposal_id=900777",))
    preflight(parameters)
    document = Audit(parameters).document
    assert document.verdict == "FAIL"
    assert document.deciding is not None
    assert document.deciding.reason == (
        "Governance says that there is no such proposal; the answer is signed by the root key that was given, which is "
        "not mainnet's."
    )


def test_an_audit_of_mainnet_loads_no_world(tmp_path):
    """Where nobody names one: no word of a number, a file or an address does."""
    import subprocess

    (tmp_path / "mine.yaml").write_text("proposal_id: 7\nbase_version: auto\n")
    program = (
        "import sys\n"
        "from auditkit.pipeline import Audit, named_parameters, preflight\n"
        "for name in ('139000', 'election:7', 'mine.yaml'):\n"
        "    preflight(named_parameters(name, ()))\n"
        "    assert Audit(named_parameters(name, ()))._story is None\n"
        "sys.exit('auditkit.practice' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, timeout=60, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("name", "place", "hint"),
    [
        ("election_source", "registery", "did you mean registry?"),
        ("election_source", "Registry", "did you mean registry?"),
        ("election_source", "catalog", "did you mean catalogue?"),
        ("election_source", "None", "for nothing, write null"),
        ("election_source", "910003", "did you mean proposal:910003?"),
        ("election_source", "proposal 910003", "did you mean proposal:910003?"),
        ("election_source", "proposal#910003", "did you mean proposal:910003?"),
        ("proposal_source", "mainnet", "for mainnet, leave it out"),
        ("proposal_source", "icp-api.io", "did you mean https://icp-api.io?"),
        ("proposal_source", "proposal.cbor", "check the path"),
        ("proposal_source", "honest", "did you mean practice:honest?"),
        ("recovery_image", "none", "for nothing, write null"),
        ("recovery_image", "recovery-honset", "did you mean practice:recovery-honest?"),
        ("base_image", "update-img.tar.zst", "check the path"),
    ],
)
def test_a_source_that_is_no_file_is_told_what_it_may_have_been(name, place, hint, tmp_path, monkeypatch):
    from auditkit.errors import SourceError

    monkeypatch.chdir(tmp_path)
    parameters = Parameters.from_mapping({"proposal_id": 7, "base_version": "ab" * 20, name: place})
    with pytest.raises(SourceError) as refused:
        preflight(parameters)
    assert refused.value.hint == hint
    assert refused.value.where == f"{name}: {place}"
