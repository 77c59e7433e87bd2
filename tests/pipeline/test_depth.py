"""`depth: certificates`: what is signed, without an image, and never a PASS."""

from __future__ import annotations

import threading

import pytest

from auditkit.pipeline import Parameters, check, named_parameters
from auditkit.pipeline import audit as audit_module
from auditkit.pipeline.later import Later
from auditkit.practice.scenarios import BASE_COMMIT, OTHER_COMMIT
from auditkit.progress import Silent


def audited(name: str, *more: str):
    document, _ = check(named_parameters(f"practice:{name}", ("depth=certificates", *more)), Silent())
    return document, {one.id: one.outcome.value for one in document.decisions}


@pytest.mark.parametrize("name", ["honest", "election-honest", "election-executed", "elected-in-chunks"])
def test_what_is_signed_and_sound_is_trouble_and_says_why(name):
    document, made = audited(name)
    assert document.verdict == "TROUBLE"
    assert "depth-certificates" in document.qualifications
    assert made["settings.depth"] == "warn"
    assert made["base.digest"] == made["measurement.second-opinion"] == "skip"
    assert not document.trouble


@pytest.mark.parametrize(
    ("name", "check_id"),
    [
        ("election-no-measurements", "election.measurements-given"),
        ("election-short-digest", "election.digest-given"),
        ("election-record-differs", "election.record"),
        ("wrong-base", "election.blessed"),
        ("still-open", "proposal.stage"),
    ],
)
def test_what_is_wrong_there_fails(name, check_id):
    document, made = audited(name)
    assert (document.verdict, made[check_id]) == ("FAIL", "fail")


def test_all_blessed_measurements_belong_to_the_elected_release():
    document, made = audited("honest")
    assert made["election.blessed"] == "pass"
    decision = next(one for one in document.decisions if one.id == "election.blessed")
    assert decision.observed == "all 6 blessed measurements are certified"
    assert audited("wrong-base", f"base_version={OTHER_COMMIT}")[1]["election.blessed"] == "pass"


def test_no_image_is_asked_for(monkeypatch):
    def never(*_: object) -> None:
        raise AssertionError("an image was asked for")

    monkeypatch.setattr("auditkit.pipeline.audit.read_base_image", never)
    monkeypatch.setattr("auditkit.evidence.image_file.download", never)
    assert audited("honest")[0].verdict == "TROUBLE"
    assert audited("election-honest")[0].verdict == "TROUBLE"


def test_the_registry_is_asked_while_the_proposal_is(monkeypatch):
    """Neither answer is waited for before the other question goes out."""
    both = threading.Barrier(2, timeout=20)
    asked = {
        "certified_proposal": audit_module.certified_proposal,
        "election_answers": audit_module.election_answers,
    }
    for name, function in asked.items():
        monkeypatch.setattr(audit_module, name, lambda *given, f=function: (both.wait(), f(*given))[1])
    values = {
        "proposal_id": 900_001,
        "base_version": BASE_COMMIT,
        "root_key": "practice",
        "depth": "certificates",
    }
    document, _ = check(Parameters.from_mapping({**values, "proposal_source": "practice:honest"}), Silent())
    assert not document.trouble


def test_later_gives_what_came_or_raises_what_was_raised():
    assert Later(lambda: 7).result() == 7

    def fails() -> None:
        raise KeyError("gone")

    later = Later(fails)
    for _ in range(2):
        with pytest.raises(KeyError, match="gone"):
            later.result()
