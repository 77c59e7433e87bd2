"""What a user can call an audit by."""

from __future__ import annotations

import pytest

from auditkit.errors import ParameterError, SourceError
from auditkit.pipeline import named_parameters


@pytest.mark.parametrize(
    ("name", "subject", "folder"),
    [
        ("139000", "recovery", "reports/recovery-139000"),
        ("mainnet:139000", "recovery", "reports/recovery-139000"),
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


@pytest.mark.parametrize(
    "name", ["election:", "election:abc", "election:0", "election:-1", "election:1.5", "mainnet:x"]
)
def test_what_is_no_number_is_no_proposal(name):
    with pytest.raises(ParameterError, match="names no proposal"):
        named_parameters(name, ())


@pytest.mark.parametrize("name", ["0", "007", "139000.yaml", "١٣"])
def test_other_names_are_files(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match="no such file"):
        named_parameters(name, ())


def test_a_scenario_is_named_by_its_world():
    assert named_parameters("practice:election-honest", ()).subject == "election"
