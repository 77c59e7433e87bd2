"""What a user can call an audit by, and what is said of what nobody can."""

from __future__ import annotations

import os

import pytest

from auditkit.errors import AuditkitError, ParameterError, SourceError
from auditkit.pipeline import named_parameters
from auditkit.pipeline.parameters import names_file, short_name

GOOD = "proposal_id: 7\nbase_version: auto\n"


@pytest.mark.parametrize(
    ("name", "subject", "folder"),
    [
        ("139000", "recovery", "reports/mainnet-139000"),
        ("mainnet:139000", "recovery", "reports/mainnet-139000"),
        ("election:139000", "election", "reports/election-139000"),
    ],
)
def test_a_number_is_a_proposal_on_mainnet(name, subject, folder):
    found = named_parameters(name, ())
    assert (found.subject, found.proposal_id, found.output_dir) == (subject, 139_000, folder)
    assert (found.root_key, found.base_version, found.stage, found.policy) == (
        "mainnet",
        "auto",
        "auto",
        "strict",
    )
    assert (found.base_image is None) is (subject == "election")


def test_overrides_hold_for_a_number_too():
    found = named_parameters("election:139000", ("depth=certificates", "output_dir=elsewhere"))
    assert (found.depth, found.output_dir, found.proposal_id) == ("certificates", "elsewhere", 139_000)


@pytest.mark.parametrize("name", ["practice:election-honest", "election-honest"])
def test_a_scenario_is_named_by_its_world_or_alone(name):
    found = named_parameters(name, ())
    assert (found.subject, found.proposal_source) == ("election", "practice:election-honest")
    assert found.output_dir == "reports/practice-election-honest"


@pytest.mark.parametrize(
    ("name", "is_file"),
    [
        ("-", True),
        ("./honest", True),
        ("folder/139000", True),
        ("/dev/fd/63", True),
        ("honest.yaml", True),
        ("HONEST.YML", True),
        ("honest", False),
        ("139000", False),
        ("mainnet:139000", False),
        ("practice:a/b.yaml", False),
        ("https://dashboard.internetcomputer.org/proposal/139000", False),
        ("https://host/params.yaml", False),
        ("params.yaml.bak", False),
        ("~", False),
    ],
)
def test_a_file_is_meant_by_a_slash_or_its_ending_alone(name, is_file):
    assert names_file(name) is is_file


@pytest.mark.parametrize("name", ["honest", "139000", "election:139000", "practice:honest"])
def test_a_planted_file_takes_no_name(name, tmp_path, monkeypatch):
    """Whatever lies in the current folder: a file, a link, a pipe that would keep us waiting."""
    monkeypatch.chdir(tmp_path)
    wanted = named_parameters(name, ())
    (tmp_path / name).write_text("proposal_id: 666\nbase_version: auto\n")
    assert named_parameters(name, ()) == wanted
    (tmp_path / name).unlink()
    os.mkfifo(tmp_path / name)
    assert named_parameters(name, ()) == wanted


@pytest.mark.parametrize("name", ["./honest", "sub/139000", "mine.yaml", "mine.yml"])
def test_a_file_is_read(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / name).write_text(GOOD)
    assert named_parameters(name, ()).proposal_id == 7


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("honset", "did you mean honest?"),
        ("Honest", "did you mean honest?"),
        ("practice-honest", "did you mean honest?"),
        ("practise:honest", "did you mean honest?"),
        ("election honest", "did you mean election-honest?"),
        ("election_honest", "did you mean election-honest?"),
        ("#139000", "did you mean 139000, a recovery, or election:139000?"),
        ("139,000", "did you mean 139000, "),
        ("139'000", "did you mean 139000, "),
        ("0139000", "did you mean 139000, "),
        (" 139000", "did you mean 139000, "),
        ("proposal 139000", "did you mean 139000, "),
        ("proposal:139000", "did you mean 139000, "),
        ("Mainnet:139000", "did you mean 139000, "),
        ("mainnet:#139000", "did you mean 139000, "),
        ("https://dashboard.internetcomputer.org/proposal/139000", "did you mean 139000, "),
        ("https://nns.ic0.app/proposal/?u=qoctq&proposal=139000", "give a proposal number"),
        ("Election:143409", "did you mean election:143409?"),
        ("election 143409", "did you mean election:143409?"),
        ("election-143409", "did you mean election:143409?"),
        ("elections:143409", "did you mean election:143409?"),
        ("election:#143409", "did you mean election:143409?"),
        ("election:143,409", "did you mean election:143409?"),
        ("election:", "give the number of the proposal too, as in election:143409"),
        ("election", "give the number of the proposal too, as in election:143409"),
        ("mainnet:", "give the number of the proposal behind the colon"),
        ("election:abc", "give the number"),
        ("election:0", "give the number"),
        ("mainnet:-1", "give the number"),
        ("election:1.5", "give the number"),
        ("zzzzz", "a parameter file as ./NAME or NAME.yaml"),
        ("9" * 5000, "give a proposal number"),
        ("", "give a proposal number"),
        ("a\0b", "give a proposal number"),
        ("١٣", "give a proposal number"),
    ],
)
def test_what_names_no_audit_is_told_what_it_may_have_been(name, hint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ParameterError) as refused:
        named_parameters(name, ())
    assert hint in refused.value.hint
    assert len(str(refused.value)) < 400


def test_a_file_that_was_meant_has_a_name_with_a_slash(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my-audit").write_text(GOOD)
    with pytest.raises(ParameterError, match=r"names no audit; for the file of that name, write \./my-audit"):
        named_parameters("my-audit", ())


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("hones.yaml", "did you mean honest?"),
        ("practice/honest", "did you mean honest?"),
        ("./my-adit.yaml", "did you mean my-audit.yaml?"),
        ("./zzzzz", "check the path"),
        ("report/", "`auditkit check report/evidence/replay.yaml` repeats its audit"),
        ("empty/", "`auditkit batch FOLDER/*.yaml`"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_what_was_meant(name, hint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my-audit.yaml").write_text(GOOD)
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "audit.json").write_text("{}")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="cannot be read") as refused:
        named_parameters(name, ())
    assert hint in refused.value.hint


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"%PDF-1.7\n", "this is a PDF"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 70_000, "this is a picture"),
        (b"<!DOCTYPE html>\n<html>", "this is a web page"),
        (b"\x28\xb5\x2f\xfd" + b"\0" * 70_000, "this is an update image"),
        (b"\xa2\x64tree\x83", "this is a certificate"),
        (b"\xd9\xd9\xf7\xa2\x64tree", "this is a certificate"),
        (b'{\n  "schema": "auditkit/audit-report/v1",', "this is an audit.json"),
        (b'{"schema": "auditkit/batch/v1"}', "this is a batch.json"),
        (b'{"cells": []}', "this is a notebook"),
        (b"# Repeat this audit\n#\nreplay: auditkit/replay/v2\n", "this is the record of an audit"),
        (b"-----BEGIN PUBLIC KEY-----\n", "this is a key"),
    ],
)
def test_a_file_of_another_kind_is_called_by_its_name(data, told, tmp_path):
    path = tmp_path / "params.yaml"
    path.write_bytes(data)
    with pytest.raises(ParameterError, match=f"{told}.* and no parameter file") as refused:
        named_parameters(str(path), ())
    assert refused.value.hint


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("139000", "mainnet-139000"),
        ("mainnet:139000", "mainnet-139000"),
        ("election:7", "election-7"),
        ("practice:honest", "honest"),
        ("honest", "honest"),
        ("some/where/mine.yaml", "mine"),
    ],
)
def test_the_short_name_of_an_audit(name, short):
    assert short_name(name) == short


OVER = {"proposal_id": "proposal_id=x", "stage": "stage=Vote", "vcpu_types": "vcpu_types=[EPYC-Genoaa]"}


@pytest.mark.parametrize("name", OVER)
def test_an_error_about_an_override_names_it_and_not_the_file(name, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD)
    overrides = ("policy=strict", OVER[name], "depth=image")
    for source in (str(path), "139000", "honest"):
        with pytest.raises(AuditkitError) as refused:
            named_parameters(source, overrides)
        assert refused.value.where == f"-p {name}"


def test_an_error_about_the_file_names_the_file_whatever_is_laid_over(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(f"{GOOD}stage: Vote\n")
    with pytest.raises(ParameterError) as refused:
        named_parameters(str(path), ("policy=strict", "proposal_id=8"))
    assert refused.value.where == str(path)
    assert named_parameters(str(path), ("stage=vote",)).stage == "vote"


def test_an_error_about_two_values_names_the_one_that_was_laid_over(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(f"{GOOD}depth: certificates\n")
    with pytest.raises(ParameterError, match="needs depth: image") as refused:
        named_parameters(str(path), ("recovery_image=practice:honest",))
    assert refused.value.where == "-p recovery_image"


def test_an_error_about_a_variable_names_the_variable(tmp_path, monkeypatch):
    path = tmp_path / "mine.yaml"
    path.write_text("base_version: auto\n")
    monkeypatch.setenv("ALTERNATIVE_GUESTOS_PROPOSAL_ID", "0")
    with pytest.raises(ParameterError, match="proposal_id cannot be 0") as refused:
        named_parameters(str(path), ())
    assert refused.value.where == "ALTERNATIVE_GUESTOS_PROPOSAL_ID"
