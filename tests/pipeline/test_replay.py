"""An audit repeated from its evidence folder alone gives the same document, and notices every other folder."""

from __future__ import annotations

import json
import shutil
import socket
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from auditkit import checks, practice
from auditkit.decision import Decision
from auditkit.digests import format_sha256sums
from auditkit.errors import AuditkitError, EvidenceError, SourceError
from auditkit.pipeline import Parameters, check, replay, write_report
from auditkit.pipeline.steps import proposal as proposal_step
from auditkit.practice import parameter_file, scenarios
from auditkit.practice.nns.keys import KeyPair
from auditkit.report import from_json, to_json

FEW = (
    "honest", "recovery-honest", "not-attested", "election-other-digest", "node-elsewhere", "hint-lies",
    "missing-release", "election-record-differs", "elected-in-chunks", "tampered-certificate",
)  # fmt: skip
SAMPLE = (
    "built-by-dfinity", "recovery-edited-boot-args", "wrong-base", "election-unelects-only", "layout-unknown",
    "attestation-of-unknown-log", "base-16-vcpus", "no-such-proposal", "election-open", "vote-open", "node-honest",
    "witness-not-adopted",
)  # fmt: skip
"""With the few, scenarios whose replays run every line of the pipeline that the replay of any scenario runs; what is
decided about the others comes from the same records. The gate runs them all, `make test` one of each kind."""


def report_of(name: str, folder: Path, *overrides: str) -> Path:
    document, evidence = check(Parameters.from_file(parameter_file(name), overrides))
    write_report(document, evidence, folder)
    return folder


def outside_run(data: bytes) -> str:
    value = json.loads(data)
    del value["run"]
    return json.dumps(value)


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a replay must not use the network")

    def disconnect() -> None:
        monkeypatch.setattr(socket, "socket", refuse)
        monkeypatch.setattr(socket, "create_connection", refuse)
        monkeypatch.setattr(socket, "getaddrinfo", refuse)

    return disconnect


@pytest.fixture(scope="module")
def honest(tmp_path_factory) -> Path:
    return report_of("honest", tmp_path_factory.mktemp("honest") / "report")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name, marks=() if name in FEW else pytest.mark.gate if name in SAMPLE else pytest.mark.thorough
        )
        for name in (scenario.name for scenario in scenarios())
    ],
)
def test_a_replay_gives_the_same_bytes_outside_run(name, tmp_path, no_network):
    folder = report_of(name, tmp_path / "report")
    moved = tmp_path / "elsewhere"
    (folder / "evidence").rename(moved)
    no_network()
    document, evidence = replay(moved)
    assert outside_run(to_json(document)) == outside_run((folder / "audit.json").read_bytes())
    again = {item.name: item.content for item in evidence if item.content is not None}
    assert {name: content for name, content in again.items() if isinstance(content, bytes)}.items() <= {
        path.name: path.read_bytes() for path in moved.iterdir()
    }.items()


def test_two_runs_over_the_same_evidence_give_the_same_bytes_outside_run(honest, tmp_path):
    source = honest / "evidence" / "proposal.cbor"
    documents = []
    for number in (1, 2):
        overrides = (f"proposal_source={source}", f"output_dir={tmp_path / str(number)}")
        document, _ = check(Parameters.from_file(parameter_file("honest"), overrides))
        documents.append(outside_run(to_json(document)))
    assert documents[0] == documents[1]


def test_a_download_with_the_wrong_digest_is_replayed(tmp_path, no_network):
    folder = report_of("honest", tmp_path / "report", f"base_image_sha256={'0' * 64}")
    before = json.loads((folder / "audit.json").read_bytes())
    assert before["deciding"]["decision"] == "base.digest"
    no_network()
    document, _ = replay(folder / "evidence")
    assert outside_run(to_json(document)) == outside_run((folder / "audit.json").read_bytes())


def test_trouble_with_the_proposal_is_replayed_as_trouble(tmp_path, no_network):
    folder = report_of("honest", tmp_path / "report", "proposal_source=http://127.0.0.1:9")
    no_network()
    document, _ = replay(folder / "evidence")
    assert document.verdict == "TROUBLE"
    assert outside_run(to_json(document)) == outside_run((folder / "audit.json").read_bytes())


def test_a_root_key_file_is_told_by_its_digits(honest, tmp_path, no_network):
    """Nobody else has the file, and two auditors keep it in different places."""
    digits = KeyPair("somebody else").public_key_der.hex()
    key = tmp_path / "key.der"
    key.write_bytes(bytes.fromhex(digits))
    folder = report_of("honest", tmp_path / "report", f"root_key={key}")
    key.unlink()
    no_network()
    document, _ = replay(folder / "evidence")
    assert document.parameters["root_key"] == digits
    assert document.verdict == "FAIL"


def rewrite(folder: Path, name: str, data: bytes) -> None:
    """Changes a file and lists its new digest, as a careful forger would."""
    from hashlib import sha256

    (folder / name).write_bytes(data)
    names = [path.name for path in folder.iterdir() if path.name != "SHA256SUMS"]
    sums = format_sha256sums({name: sha256((folder / name).read_bytes()).hexdigest() for name in names})
    (folder / "SHA256SUMS").write_text(sums)


@pytest.fixture
def evidence(honest, tmp_path) -> Path:
    folder = tmp_path / "evidence"
    folder.mkdir()
    for path in (honest / "evidence").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def test_a_record_that_names_the_practice_key_by_its_digits_is_still_read(honest, evidence, no_network):
    """As reports of version 0.2.0 do."""
    digits = f"root_key: '{practice.ROOT_KEY.hex()}'".encode()
    record = (evidence / "replay.yaml").read_bytes()
    assert record.count(b"root_key: practice") == 1
    rewrite(evidence, "replay.yaml", record.replace(b"root_key: practice", digits))
    no_network()
    document, _ = replay(evidence)
    assert document.claim == from_json((honest / "audit.json").read_bytes()).claim


@pytest.mark.parametrize("name", ["proposal.cbor", "vmlinuz", "boot_args", "base-SHA256SUMS"])
def test_a_changed_file_is_not_replayed(evidence, name):
    changed = (evidence / name).read_bytes() + b"\n"
    (evidence / name).write_bytes(changed)
    with pytest.raises(EvidenceError, match="recorded"):
        replay(evidence)
    rewrite(evidence, name, changed)
    with pytest.raises(EvidenceError, match="in the record"):
        replay(evidence)


@pytest.mark.parametrize("name", ["proposal.cbor", "replay.yaml", "initrd.img", "SHA256SUMS"])
def test_a_missing_file_is_told(evidence, name):
    (evidence / name).unlink()
    with pytest.raises(AuditkitError, match=r"no such file|do not name the same files"):
        replay(evidence)


def edited(folder: Path, edit) -> None:
    values = yaml.safe_load((folder / "replay.yaml").read_bytes())
    edit(values)
    rewrite(folder, "replay.yaml", yaml.safe_dump(values).encode())


def a_refusal(decision: Decision) -> dict[str, object]:
    return {**asdict(decision), "outcome": str(decision.outcome), "evidence": list(decision.evidence)}


def test_a_record_that_claims_another_image_digest_fails_the_check(evidence):
    edited(evidence, lambda values: values["image"]["facts"].update(sha256="0" * 64))
    document, _ = replay(evidence)
    assert document.deciding is not None
    assert document.deciding.decision == "base.digest"


def test_a_record_that_claims_the_mainnet_key_fails_the_check(evidence):
    edited(evidence, lambda values: values["parameters"].update(root_key="mainnet"))
    document, _ = replay(evidence)
    assert document.verdict == "FAIL"
    assert document.deciding is not None
    assert document.deciding.decision == "certificate.signature"


@pytest.mark.parametrize(
    "edit",
    [
        lambda values: values.update(image=None),
        lambda values: values["image"].update(version="0" * 40),
        lambda values: values["election"].update(version="0" * 40),
        lambda values: values["image"].update(more=1),
        lambda values: values.update(replay="auditkit/replay/v9"),
        lambda values: values["files"].pop(),
        lambda values: values["image"]["facts"].update(size=-1),
        lambda values: values["proposal"].update(
            refused=a_refusal(checks.CERTIFICATE_FORM.passed("it", "Is well."))
        ),
        lambda values: values["proposal"].update(
            refused=a_refusal(checks.BASE_DIGEST.failed("it", "Is not."))
        ),
    ],
)
def test_a_record_that_contradicts_itself_is_refused(evidence, edit):
    edited(evidence, edit)
    with pytest.raises((EvidenceError, SourceError)):
        replay(evidence)


@pytest.mark.parametrize(
    "data", [b"", b"replay:", b"[", b"replay: &a [*a]", b"replay: !!python/none", b"\xff", b"- 1\n" * 10_000]
)
def test_what_is_no_record_is_refused(evidence, data):
    rewrite(evidence, "replay.yaml", data)
    with pytest.raises(EvidenceError):
        replay(evidence)


def test_the_certificates_of_a_chip_are_judged_by_the_day_that_is_asked_for(tmp_path):
    """They expire one day, and a report that was right stays right."""
    folder = report_of("node-honest", tmp_path / "report")
    valid, _ = replay(folder / "evidence", moment=datetime.now(UTC))
    assert valid.verdict == "PASS"
    later, _ = replay(folder / "evidence", moment=datetime(2200, 1, 1, tzinfo=UTC))
    assert later.deciding is not None
    assert (later.verdict, later.deciding.decision) == ("FAIL", "attestation.chain")


def clock_that_is_wrong_by(**error: float) -> type[datetime]:
    class Wrong(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(**error)

    return Wrong


@pytest.mark.parametrize("error", [{"minutes": -10}, {"minutes": 10}, {"days": 30}, {"seconds": -301}])
@pytest.mark.parametrize("name", ["honest", "vote-open"])
def test_a_replay_judges_time_as_of_the_audit(name, error, tmp_path, monkeypatch):
    """An auditor whose clock is wrong decides by it, and whoever repeats the audit decides the same."""
    with monkeypatch.context() as patch:
        patch.setattr(proposal_step, "datetime", clock_that_is_wrong_by(**error))
        folder = report_of(name, tmp_path / "report")
    document, _ = replay(folder / "evidence")
    assert outside_run(to_json(document)) == outside_run((folder / "audit.json").read_bytes())
    again, _ = replay(folder / "evidence", moment=from_json((folder / "audit.json").read_bytes()).run.judged)
    assert outside_run(to_json(again)) == outside_run((folder / "audit.json").read_bytes())


def test_a_vote_that_is_over_by_the_clock_of_the_audit_is_trouble_that_says_what_to_do(tmp_path):
    folder = report_of("vote-open", tmp_path / "report")
    before, _ = replay(folder / "evidence")
    assert before.verdict == "PASS"
    later, _ = replay(folder / "evidence", moment=datetime.now(UTC) + timedelta(days=30))
    assert later.verdict == "TROUBLE"
    assert later.deciding is not None
    assert later.deciding.decision == "proposal.stage"
    assert "The vote is over" in later.deciding.reason
    assert "Fetch it again" in later.deciding.reason


def with_started(data: bytes, started: str) -> bytes:
    value = json.loads(data)
    value["run"]["started"] = started
    return json.dumps(value).encode()


def test_the_moment_is_that_of_the_report_with_this_evidence_and_of_no_other(honest, tmp_path):
    """The certificate was signed in the future, as seen from 2001."""

    def warned(document) -> bool:
        return document.decisions[10].outcome == "warn"

    folder = tmp_path / "report"
    shutil.copytree(honest, folder)
    own = (folder / "audit.json").read_bytes()
    (folder / "audit.json").write_bytes(with_started(own, "2001-01-01T00:00:00Z"))
    assert warned(replay(folder / "evidence")[0])
    other = (report_of("delegated", tmp_path / "other") / "audit.json").read_bytes()
    for not_its_own in (with_started(other, "2001-01-01T00:00:00Z"), b"{}", b""):
        (folder / "audit.json").write_bytes(not_its_own)
        assert not warned(replay(folder / "evidence")[0])
    (folder / "audit.json").unlink()
    assert not warned(replay(folder / "evidence")[0])


@pytest.mark.parametrize(
    "change",
    [
        {"number": 5},
        {"number": 10**40},
        {"qualifications": ["server-digest"]},
        {"evidence": ["nothing.bin"]},
        {"reason": ""},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_refusal_that_no_check_made_is_an_error_about_the_evidence(evidence, change):
    values = yaml.safe_load((evidence / "replay.yaml").read_bytes())
    failed = asdict(checks.CERTIFICATE_FORM.failed("o", "r.", expected="e"))
    made = {**failed, "outcome": "fail", "evidence": [], "qualifications": [], **change}
    values["proposal"]["refused"] = made
    rewrite(evidence, "replay.yaml", yaml.safe_dump(values).encode())
    with pytest.raises(EvidenceError):
        replay(evidence)
