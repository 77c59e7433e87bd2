"""Audits about chips, repeated: with the synced registry and without, and from records that somebody edited."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
import yaml
from practice_hosts import serving, without_proxies

from auditkit import practice
from auditkit.decision import Qualification
from auditkit.digests import format_sha256sums
from auditkit.errors import AuditkitError, EvidenceError, ParameterError, SourceError
from auditkit.evidence.registry_sync import sync_registry
from auditkit.limits import LIMITS
from auditkit.pipeline import Originals, Parameters, check, repeat_audit, replay, write_report
from auditkit.practice import ROOT_KEY, parameter_file
from auditkit.practice.nns.answers import PracticeNns
from auditkit.practice.nns.registry import History, registry_history
from auditkit.report import RECORD_NAME, from_json, to_json

LATEST = 2_022  # of the practice registry
PROPOSED = 1_790_000_000
CERTIFICATES = ("depth=certificates", "recovery_image=null")


class Past(PracticeNns):
    """A host of which it is long ago, and that answers whoever asks."""

    __slots__ = ()

    def _complaint(self, sender: bytes, expiry_ns: int) -> str | None:
        return None


def synced(folder: Path, registry: History, seconds: int | None = None, **more: int) -> Path:
    """A folder with a registry of the practice key, last certified so many seconds after 1970, or now."""
    host = PracticeNns() if seconds is None else Past(now_ns=lambda: seconds * 10**9)
    host.registry = registry
    with serving(host) as url, pytest.MonkeyPatch.context() as patched:
        without_proxies(patched)
        sync_registry(folder, [url], ROOT_KEY, limits=replace(LIMITS, **more))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The registry of the scenario chips-honest."""
    return synced(tmp_path_factory.mktemp("synced") / "registry", registry_history(""))


def audited(name: str, *overrides: str):
    return check(Parameters.from_file(parameter_file(name), (*CERTIFICATES, *overrides), {}))


@pytest.fixture(scope="module")
def reports(folder, tmp_path_factory) -> dict[str, Path]:
    found = {}
    for name, source in (
        ("chips-honest", str(folder)),
        ("node-elsewhere", str(folder)),
        ("chip-of-nobody", "practice:chip-of-nobody"),
        ("chips-by-hint", None),
    ):
        document, evidence = audited(name, *((f"chips_source={source}",) if source else ()))
        found[name] = tmp_path_factory.mktemp(name) / "report"
        write_report(document, evidence, found[name])
    return found


def told(report: Path):
    return from_json((report / "audit.json").read_bytes())


def outcomes(document) -> list[str]:
    return [one.outcome.value for one in document.decisions if one.id.startswith("chips.")]


def outside_run(document) -> dict:
    return json.loads(to_json(document)) | {"run": None}


@pytest.mark.parametrize(
    ("name", "decided"),
    [
        ("chips-honest", ["pass", "pass", "skip"]),
        ("node-elsewhere", ["pass", "pass", "fail"]),
        ("chip-of-nobody", ["fail", "warn", "skip"]),
        ("chips-by-hint", ["pass", "pass", "skip"]),
    ],
)
def test_a_replay_decides_the_same(reports, name, decided):
    again, evidence = replay(reports[name] / "evidence")
    assert outcomes(again) == outcomes(told(reports[name])) == decided
    assert outside_run(again) == outside_run(told(reports[name]))
    answers = [one.name for one in evidence if one.name.startswith("chips-")]
    assert (len(answers) > 0) is (name == "chips-by-hint")


def test_a_replay_does_not_look_for_the_folder(reports, folder, tmp_path):
    away = tmp_path / "away"
    folder.rename(away)
    try:
        assert outcomes(replay(reports["chips-honest"] / "evidence")[0]) == ["pass", "pass", "skip"]
    finally:
        away.rename(folder)


# with the registry, and without it


def repeated(report: Path, registry: Path | None = None):
    return repeat_audit(told(report), report / "evidence", originals=Originals(registry=registry))


def test_without_the_registry_it_is_told_that_the_record_is_believed(reports):
    decision = repeated(reports["chips-honest"])
    assert (decision.outcome, decision.qualifications) == ("warn", (Qualification.REGISTRY_NOT_READ,))
    assert "The registry itself was not read" in decision.reason


def test_with_the_registry_nothing_is_believed(reports, folder):
    decision = repeated(reports["chips-honest"], folder)
    assert (decision.outcome, decision.qualifications) == ("pass", ())


def test_answers_about_nodes_need_no_registry(reports):
    decision = repeated(reports["chips-by-hint"])
    assert (decision.outcome, decision.qualifications) == ("pass", ())


def test_a_registry_that_went_on_says_the_same(reports, tmp_path):
    """Versions came that have nothing to do with the chips, and the answers are others."""
    history = registry_history("")
    last = history.versions[-1]
    far = replace(last, number=LATEST + 1, timestamp_ns=4_000_000_000 * 10**9)
    later = synced(tmp_path / "later", History((*history.versions, far)))
    assert repeated(reports["chips-honest"], later).outcome == "pass"


def failed(report: Path, registry: Path) -> str:
    decision = repeated(report, registry)
    assert (decision.outcome, decision.reason) == (
        "fail",
        "The audit cannot be repeated from this evidence.",
    )
    return decision.observed


def test_another_registry_is_not_the_one_that_was_asked(reports, tmp_path):
    """Of a scenario whose chips belong to two subnets."""
    chips = practice.scenario("chips-across-subnets").chips
    other = synced(tmp_path / "other", registry_history("", chips=chips))
    assert "says something else about the chips than the record" in failed(reports["chips-honest"], other)


def test_a_registry_that_was_changed_is_refused(reports, folder, tmp_path):
    shutil.copytree(folder, tmp_path / "changed")
    with closing(sqlite3.connect(tmp_path / "changed" / "registry.sqlite")) as connection, connection:
        connection.execute("UPDATE node_chip SET chip = zeroblob(64) WHERE chip IS NULL")
    assert "another chip for a node" in failed(reports["chips-honest"], tmp_path / "changed")


def test_a_registry_that_does_not_know_the_version_is_told(reports, tmp_path):
    history = registry_history("")
    older = synced(tmp_path / "older", History(history.versions[:-1]))
    with pytest.raises(SourceError, match="older than the one that the report was made with"):
        repeated(reports["chips-honest"], older)
    with pytest.raises(ParameterError, match=f"version {LATEST} of the registry is not in this folder"):
        replay(reports["chips-honest"] / "evidence", registry=older)


def test_a_registry_that_was_certified_before_is_told(reports, tmp_path):
    older = synced(tmp_path / "older", registry_history(""), PROPOSED)
    with pytest.raises(SourceError, match="auditkit registry sync older"):
        repeated(reports["chips-honest"], older)


def test_a_sync_that_was_not_finished_is_told(reports, tmp_path):
    with pytest.raises(SourceError):
        synced(tmp_path / "part", registry_history(""), registry_answers=1)
    with pytest.raises(SourceError, match="older than the one that the report was made with"):
        repeated(reports["chips-honest"], tmp_path / "part")
    with pytest.raises(SourceError, match="was not finished"):
        replay(reports["chips-honest"] / "evidence", registry=tmp_path / "part")


def test_a_folder_without_a_registry_is_told(reports, tmp_path):
    with pytest.raises(SourceError, match="there is no registry here"):
        repeated(reports["chips-honest"], tmp_path)


def test_a_registry_beside_a_report_that_asked_none_is_refused(reports, folder):
    """What was given is looked at, or it is told."""
    with pytest.raises(ParameterError, match="nothing that a synced registry told") as caught:
        repeated(reports["chips-by-hint"], folder)
    assert caught.value.hint == "leave out --registry"
    with pytest.raises(EvidenceError, match="asked no synced registry"):
        replay(reports["chips-by-hint"] / "evidence", registry=folder)


# records that somebody edited


@pytest.fixture
def edited(reports, tmp_path):
    """The evidence after a change of its record by somebody who mends the digests too."""

    def run(name: str, edit) -> Path:
        evidence = tmp_path / "evidence"
        shutil.copytree(reports[name] / "evidence", evidence, dirs_exist_ok=True)
        values = yaml.safe_load((evidence / RECORD_NAME).read_bytes())
        edit(values)
        (evidence / RECORD_NAME).write_text(yaml.safe_dump(values))
        names = [path.name for path in evidence.iterdir() if path.name != "SHA256SUMS"]
        sums = {one: sha256((evidence / one).read_bytes()).hexdigest() for one in names}
        (evidence / "SHA256SUMS").write_text(format_sha256sums(sums))
        return evidence

    return run


def registry_of(**more: object):
    return lambda values: values["chips"]["registry"].update(more)


def of_the_first_node(**more: object):
    return lambda values: values["chips"]["registry"]["chips"][0]["nodes"][0].update(more)


FORM = "not what a synced registry said"
OTHERS = "about other chips, or about another node"
REFUSED = {
    "nothing about the chips": (
        "chips-honest",
        lambda values: values.update(chips=None),
        "the record says nothing about the chips",
    ),
    "of single nodes, whose answers nobody has": ("chips-honest", registry_of(source="nodes"), FORM),
    "of no time": ("chips-honest", registry_of(as_of=None), FORM),
    "of the year 9999": ("chips-honest", registry_of(as_of="9999-01-01T00:00:00Z"), "after the audit began"),
    "of a time that is later than any": ("chips-honest", registry_of(as_of="zzz"), "chips.registry.as_of"),
    "before a version that it tells of": (
        "chips-honest",
        registry_of(as_of="2020-01-01T00:00:00Z"),
        "and tells of a version that was made",
    ),
    "a chip is left out": ("chips-honest", lambda values: values["chips"]["registry"]["chips"].pop(), OTHERS),
    "the node that is claimed is left out": ("node-elsewhere", registry_of(claimed=None), OTHERS),
    "a node more is claimed": (
        "chips-honest",
        registry_of(claimed={"node": "2vxsx-fae", "registered": True, "chip": None}),
        OTHERS,
    ),
    "an outcome": (
        "chips-honest",
        lambda values: values["chips"].update(decisions=[]),
        "chips.decisions",
    ),
    "a word too much": ("chips-honest", registry_of(verified=True), "verified"),
    "a negative version": ("chips-honest", registry_of(version=-1), "version"),
    "a number where a text should be": ("chips-honest", of_the_first_node(region=7), "region"),
    "a synced registry beside answers": (
        "chips-by-hint",
        lambda values: values["chips"].update(
            registry={
                "source": "registry",
                "version": 1,
                "as_of": "2027-01-15T08:00:00Z",
                "nodes": 1,
                "without_chip": 0,
                "unreadable": 0,
                "chips": [],
                "claimed": None,
                "batches": [],
            }
        ),
        "answers about nodes besides",
    ),
}


@pytest.mark.parametrize(("name", "edit", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_record_that_cannot_be_is_refused(edited, name, edit, message):
    with pytest.raises((EvidenceError, SourceError), match=message):
        replay(edited(name, edit))


FORGED = {
    "another provider": of_the_first_node(provider="2vxsx-fae"),
    "another subnet": of_the_first_node(subnet="2vxsx-fae"),
    "with SEV": of_the_first_node(sev_enabled=False),
    "from another version on": of_the_first_node(since=1),
    "no nodes": lambda values: values["chips"]["registry"]["chips"][0].update(nodes=[]),
    "fewer nodes": registry_of(nodes=11),
    "a node without a chip": registry_of(without_chip=0),
    "an unreadable record": registry_of(unreadable=1),
}


@pytest.mark.parametrize("edit", FORGED.values(), ids=FORGED.keys())
def test_what_a_record_makes_up_the_registry_shows(edited, folder, edit):
    evidence = edited("chips-honest", edit)
    replay(evidence)
    with pytest.raises(EvidenceError, match="says something else about the chips than the record"):
        replay(evidence, registry=folder)


def test_a_claim_that_a_record_makes_up_the_registry_shows(edited, folder):
    def half(values) -> None:
        registry = values["chips"]["registry"]
        registry["claimed"]["chip"] = registry["chips"][0]["chip"]

    def believed(values) -> None:
        half(values)
        registry = values["chips"]["registry"]
        nodes = registry["chips"][0]["nodes"]
        nodes.append({**nodes[0], "node": registry["claimed"]["node"]})

    with pytest.raises(EvidenceError, match="two different chips"):
        replay(edited("node-elsewhere", half))
    evidence = edited("node-elsewhere", believed)
    assert outcomes(replay(evidence)[0]) == ["pass", "pass", "pass"]
    with pytest.raises(EvidenceError, match="says something else"):
        replay(evidence, registry=folder)


def test_a_version_that_was_over_is_not_taken_for_the_newest(reports, tmp_path):
    """All that is said of it is true, but when it was the newest: another came before the proposal was made."""
    history = registry_history("")
    last = history.versions[-1]
    soon = replace(last, number=LATEST + 1, timestamp_ns=last.timestamp_ns + 10**9)
    there = synced(tmp_path / "there", History((*history.versions, soon)))
    assert "for the newest when there was a newer one" in failed(reports["chips-honest"], there)


def test_a_version_that_there_is_not_is_told(edited, folder):
    evidence = edited("chips-honest", registry_of(version=LATEST + 1))
    with pytest.raises(ParameterError, match="not in this folder"):
        replay(evidence, registry=folder)


def test_a_claimed_node_that_is_none_is_an_error(edited, folder):
    evidence = edited(
        "node-elsewhere", lambda values: values["chips"]["registry"]["claimed"].update(node="x")
    )
    with pytest.raises(AuditkitError):
        replay(evidence, registry=folder)


def test_an_answer_about_a_node_cannot_be_left_out(reports, tmp_path):
    """Without the first of them there are none."""
    evidence = tmp_path / "evidence"
    shutil.copytree(reports["chips-by-hint"] / "evidence", evidence)
    (evidence / "chips-001.cbor").unlink()
    with pytest.raises(AuditkitError):
        replay(evidence)


# trouble


def trouble_of(folder: Path) -> tuple[str, str]:
    document, evidence = audited("chips-honest", f"chips_source={folder}")
    assert (document.verdict, document.chips, outcomes(document)) == ("TROUBLE", None, [])
    (trouble,) = document.trouble
    report = folder.parent / "report"
    write_report(document, evidence, report)
    assert outside_run(replay(report / "evidence")[0]) == outside_run(document)
    assert str(folder.parent) not in (report / "audit.json").read_text()
    return trouble.what, trouble.hint


def test_a_registry_that_is_older_than_the_proposal_is_trouble(tmp_path):
    what, hint = trouble_of(synced(tmp_path / "registry", registry_history(""), PROPOSED - 86_400))
    assert "what the registry says about the chips is older than the proposal" in what
    assert "auditkit registry sync" in hint


def test_a_sync_that_was_not_finished_is_trouble(tmp_path):
    with pytest.raises(SourceError):
        synced(tmp_path / "registry", registry_history(""), registry_answers=1)
    what, hint = trouble_of(tmp_path / "registry")
    assert "was not finished" in what
    assert "auditkit registry sync" in hint


def test_a_registry_that_was_changed_is_trouble(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "registry")
    with closing(sqlite3.connect(tmp_path / "registry" / "registry.sqlite")) as connection, connection:
        connection.execute("DELETE FROM node_chip WHERE chip IS NULL")
    what, hint = trouble_of(tmp_path / "registry")
    assert "no answer certifies" in what or "another chip for a node" in what
    assert "sync again" in hint


def test_a_registry_of_another_network_is_trouble(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "registry")
    with closing(sqlite3.connect(tmp_path / "registry" / "registry.sqlite")) as connection, connection:
        connection.execute("UPDATE registry SET root_key = zeroblob(133)")
    what, _ = trouble_of(tmp_path / "registry")
    assert "another root key" in what
