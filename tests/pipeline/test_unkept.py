"""A report holds no file that a parameter names by mistake or by malice: only what has its form is kept."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
import yaml

from auditkit import practice
from auditkit.digests import format_sha256sums
from auditkit.errors import EvidenceError
from auditkit.evidence import fetch_registry_value, save_proposal, save_registry_value
from auditkit.ic.registry import replica_version_key
from auditkit.pipeline import Parameters, check, replay, write_report
from auditkit.pipeline.sources.places import fetch_proposal
from auditkit.practice import parameter_file
from auditkit.practice.attested import Attested
from auditkit.practice.chips import attestation_files
from auditkit.report import to_json

SECRET = b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAE\n" * 20
FORM = {
    "proposal_source": ("proposal.cbor", "certificate.form"),
    "request_source": ("proposal.request.cbor", "reply.request"),
    "election_source": ("election.cbor", "election.answer"),
    "attestation_report": ("attestation-report", "attestation.report"),
    "attestation_chain": ("attestation-chain", "attestation.chain"),
}


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("good")
    with practice.serving("node-honest") as network:
        call = fetch_proposal((network.url,), practice.scenario("node-honest").proposal_id)
        election = fetch_registry_value(
            (network.url,), replica_version_key(practice.scenario("node-honest").base_version)
        )
    save_proposal(folder / "proposal.cbor", call)
    save_registry_value(folder / "election.cbor", election)
    return folder


def audited(good: Path, folder: Path, *overrides: str) -> Path:
    report, chain = attestation_files(Attested.HONEST)
    given = (
        f"proposal_source={good / 'proposal.cbor'}",
        f"attestation_report={report}",
        f"attestation_chain={chain}",
        *overrides,
    )
    document, evidence = check(Parameters.from_file(parameter_file("node-honest"), given, {}))
    write_report(document, evidence, folder)
    return folder


@pytest.fixture(scope="module")
def whole_report(good, tmp_path_factory) -> Path:
    """The report of an audit whose files all have their form."""
    return audited(good, tmp_path_factory.mktemp("whole") / "report")


@pytest.fixture
def copied(whole_report, tmp_path) -> Path:
    """A copy of it that may be changed."""
    return shutil.copytree(whole_report, tmp_path / "report")


@pytest.mark.parametrize("content", [SECRET, b"", b'{"internal": "address"}', b"\x00" * 2000])
@pytest.mark.parametrize("name", FORM)
def test_what_has_not_its_form_fails_its_check_and_is_kept_by_digest_only(name, content, good, tmp_path):
    secret = tmp_path / "id_ed25519"
    secret.write_bytes(content)
    folder = audited(good, tmp_path / "report", f"{name}={secret}")
    document = json.loads((folder / "audit.json").read_bytes())
    kept, failed = FORM[name]
    assert document["verdict"] == "FAIL"
    assert failed in [one["id"] for one in document["decisions"] if one["outcome"] == "fail"]
    listed = next(item for item in document["evidence"] if item["name"] == kept)
    assert (listed["sha256"], listed["stored"]) == (hashlib.sha256(content).hexdigest(), False)
    assert not (folder / "evidence" / kept).exists()
    if content == SECRET:
        assert not [
            path for path in folder.rglob("*") if path.is_file() and content[:40] in path.read_bytes()
        ]
    again, _ = replay(folder / "evidence")
    first = document | {"run": None}
    assert json.loads(to_json(again)) | {"run": None} == first


def test_what_has_its_form_is_kept(whole_report):
    document = json.loads((whole_report / "audit.json").read_bytes())
    assert document["verdict"] == "PASS"
    for kept, _ in FORM.values():
        assert (whole_report / "evidence" / kept).is_file()
    assert yaml.safe_load((whole_report / "evidence" / "replay.yaml").read_bytes())["unkept"] == []


def test_certificates_with_a_private_key_among_them_are_not_published(good, tmp_path):
    _, chain = attestation_files(Attested.HONEST)
    combined = tmp_path / "combined.pem"
    combined.write_bytes(chain.read_bytes() + SECRET)
    folder = audited(good, tmp_path / "report", f"attestation_chain={combined}")
    assert json.loads((folder / "audit.json").read_bytes())["verdict"] == "FAIL"
    assert not (folder / "evidence" / "attestation-chain").exists()


def test_a_reader_that_takes_a_key_among_certificates_publishes_none(good, tmp_path, monkeypatch):
    """The chain verifies, and is still not one that can be shown to everybody."""
    from auditkit.pipeline.steps import node as attestation

    monkeypatch.setattr(attestation, "is_chain", lambda data: False)
    folder = audited(good, tmp_path / "report")
    document = json.loads((folder / "audit.json").read_bytes())
    assert document["deciding"]["decision"] == "attestation.chain"
    assert "private key" in document["deciding"]["reason"]
    assert not (folder / "evidence" / "attestation-chain").exists()
    again, _ = replay(folder / "evidence")
    assert again.verdict == "FAIL"


def forged(folder: Path, edit) -> Path:
    evidence = folder / "evidence"
    values = yaml.safe_load((evidence / "replay.yaml").read_bytes())
    edit(values, evidence)
    (evidence / "replay.yaml").write_text(yaml.safe_dump(values))
    names = [path.name for path in evidence.iterdir() if path.name != "SHA256SUMS"]
    sums = {name: hashlib.sha256((evidence / name).read_bytes()).hexdigest() for name in names}
    (evidence / "SHA256SUMS").write_text(format_sha256sums(sums))
    return evidence


@pytest.mark.parametrize(
    "name", ["proposal.cbor", "proposal.request.cbor", "attestation-report", "attestation-chain"]
)
def test_a_record_that_takes_a_file_away_can_only_fail(name, copied):
    words = {"expected": "it", "observed": "it", "reason": "All is well."}

    def take_away(values, evidence: Path) -> None:
        (evidence / name).unlink()
        (gone,) = [file for file in values["files"] if file["name"] == name]
        values["files"].remove(gone)
        values["unkept"] = [{**gone, "refusal": words}]

    document, _ = replay(forged(copied, take_away))
    assert document.verdict == "FAIL"


@pytest.mark.parametrize("name", ["attestation-report", "vmlinuz", "proposal.cbor"])
def test_a_record_that_contradicts_itself_about_what_is_kept_is_refused(name, copied):
    def twice(values, _: Path) -> None:
        (file,) = [file for file in values["files"] if file["name"] == name]
        values["unkept"] = [{**file, "refusal": None}]

    with pytest.raises(EvidenceError):
        replay(forged(copied, twice))


def test_a_record_without_words_for_a_failure_is_refused(copied):
    def take_away(values, evidence: Path) -> None:
        (evidence / "attestation-chain").unlink()
        (gone,) = [file for file in values["files"] if file["name"] == "attestation-chain"]
        values["files"].remove(gone)
        values["unkept"] = [{**gone, "refusal": None}]

    with pytest.raises(EvidenceError, match="contradicts"):
        replay(forged(copied, take_away))
