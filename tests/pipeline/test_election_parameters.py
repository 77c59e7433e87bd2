"""The parameters about elections: what goes together, and what is refused before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditkit.errors import ParameterError
from auditkit.pipeline import Parameters, named_parameters

RECOVERY = {"proposal_id": 139_000, "base_version": "a" * 40}
ELECTION = {"subject": "election", "proposal_id": 139_000}


def test_an_election_says_itself_what_a_recovery_has_to_be_told():
    found = Parameters.from_mapping(ELECTION)
    assert (found.base_version, found.base_image, found.stage) == ("auto", None, "auto")
    assert (found.election_source, found.catalogue, found.depth, found.all_urls) == (
        "registry",
        None,
        "image",
        False,
    )
    with pytest.raises(ParameterError, match="base_version is missing"):
        Parameters.from_mapping({"proposal_id": 139_000})


def test_what_an_election_says_can_be_told_otherwise():
    given = {"base_version": "b" * 40, "base_image": "image.tar.zst", "stage": "vote"}
    found = Parameters.from_mapping({**ELECTION, **given})
    assert {name: getattr(found, name) for name in given} == given


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({**ELECTION, "recovery_image": "x"}, "recovery_image has no place in the audit of an election"),
        (
            {**ELECTION, "attestation_report": "x"},
            "attestation_report has no place in the audit of an election",
        ),
        (
            {**ELECTION, "base_image_sha256": "0" * 64},
            "base_image_sha256 has no place in the audit of an election",
        ),
        ({**ELECTION, "policy": "overlap"}, "the policy overlap is for recoveries"),
        ({**RECOVERY, "base_image": None}, "a recovery proposal does not say where the image is"),
        ({**RECOVERY, "all_urls": True}, "all_urls is for elections"),
        ({**ELECTION, "all_urls": True, "base_image": "x"}, "base_image names another place"),
        ({**RECOVERY, "depth": "certificates", "recovery_image": "x"}, "recovery_image needs depth: image"),
        (
            {**RECOVERY, "depth": "certificates", "base_image_sha256": "0" * 64},
            "base_image_sha256 needs depth: image",
        ),
        ({**RECOVERY, "election_source": "catalogue"}, "the parameter catalogue names no folder"),
        ({**RECOVERY, "election_source": "proposal:"}, "election_source cannot be 'proposal:'"),
        ({**RECOVERY, "election_source": "proposal:x"}, "election_source cannot be 'proposal:x'"),
        ({**RECOVERY, "election_source": "proposal:007"}, "election_source cannot be 'proposal:007'"),
        ({**RECOVERY, "election_source": f"proposal:{2**53}"}, "election_source cannot be"),
        ({**RECOVERY, "subject": "elections"}, "subject cannot be 'elections'"),
        ({**RECOVERY, "depth": "cert"}, "depth cannot be 'cert'"),
    ],
)
def test_what_does_not_go_together_is_refused(values, told):
    with pytest.raises(ParameterError, match=told):
        Parameters.from_mapping(values)


def test_the_file_for_elections_on_mainnet_says_what_the_short_name_means():
    """`auditkit audit election:139000` and the file that holds every setting ask the same."""
    folder = Path(__file__).parents[2] / "params" / "mainnet"
    written = Parameters.from_file(folder / "election.yaml", ("proposal_id=139000",), {})
    short = named_parameters("election:139000", ())
    assert {**written.to_plain(), "output_dir": ""} == {**short.to_plain(), "output_dir": ""}
