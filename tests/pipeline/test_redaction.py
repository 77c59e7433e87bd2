"""No file of a report tells where on the auditor's machine something is, or what an address carries as a key."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from conftest import ROOT

from auditkit import practice
from auditkit.errors import SourceError
from auditkit.evidence import fetch_registry_value, save_proposal, save_registry_value
from auditkit.evidence.registry_sync import sync_registry
from auditkit.ic.registry import replica_version_key
from auditkit.notebook import run_audit
from auditkit.pipeline import Parameters, check, write_report
from auditkit.pipeline.redaction import redacted_error, redacted_place, redacted_text
from auditkit.pipeline.sources.places import fetch_proposal
from auditkit.practice import parameter_file
from auditkit.practice.attested import Attested
from auditkit.practice.chips import attestation_files
from auditkit.practice.release.published import DATA, release_folder
from auditkit.practice.scenarios import BASE_COMMIT
from auditkit.report import to_json

MARKER = "zoe-zebra"
TOKEN = "s3cr3tt0k3n"


@pytest.fixture(scope="module")
def call(tmp_path_factory):
    registry = tmp_path_factory.mktemp("synced") / "registry"
    with practice.serving("node-honest") as network:
        sync_registry(registry, (network.url,), network.root_key)
        proposal = fetch_proposal((network.url,), practice.scenario("node-honest").proposal_id)
        return proposal, fetch_registry_value((network.url,), replica_version_key(BASE_COMMIT)), registry


def files_of(folder: Path, call) -> tuple[str, ...]:
    """Everything that an audit can be given, as files below ``folder``; as overrides."""
    folder.mkdir(parents=True)
    proposal, election, registry = call
    save_proposal(folder / "proposal.cbor", proposal)
    save_registry_value(folder / "election.cbor", election)
    shutil.copytree(DATA / release_folder(BASE_COMMIT), folder / BASE_COMMIT)
    shutil.copytree(registry, folder / "registry")
    report, chain = attestation_files(Attested.HONEST)
    shutil.copy(report, folder / "report.bin")
    shutil.copy(chain, folder / "chain.pem")
    return (
        f"proposal_source={folder / 'proposal.cbor'}",
        f"base_image={folder}/{{base_version}}/update-img.tar.zst",
        f"attestation_report={folder / 'report.bin'}",
        f"attestation_chain={folder / 'chain.pem'}",
        f"chips_source={folder / 'registry'}",
    )


def told_in(folder: Path, *secrets: str) -> dict[str, str]:
    """Which file tells which secret."""
    found = {}
    for path in folder.rglob("*"):
        assert not any(secret in path.name for secret in secrets)
        for secret in secrets:
            if path.is_file() and secret.encode() in path.read_bytes():
                found[str(path.relative_to(folder))] = secret
    return found


def report_of(parameters: Parameters) -> Path:
    run_audit(parameters)
    return Path(parameters.output_dir)


@pytest.mark.slow
def test_local_files_are_told_by_their_names_alone_in_every_file_the_notebook_included(tmp_path, call):
    home = tmp_path / MARKER
    overrides = (*files_of(home / "my files", call), f"output_dir={home / 'report'}")
    parameters = Parameters.from_file(parameter_file("node-honest"), overrides, {})
    folder = report_of(parameters)
    document = json.loads((folder / "audit.json").read_bytes())
    assert document["verdict"] == "PASS"
    assert document["parameters"]["proposal_source"] == "file proposal.cbor"
    assert document["parameters"]["base_image"] == "file update-img.tar.zst"
    assert told_in(folder, MARKER, "my files") == {}


def test_a_failed_audit_tells_no_places_either(tmp_path, call, no_kernel):
    home = tmp_path / MARKER
    overrides = (*files_of(home, call), f"output_dir={home / 'report'}", f"base_image_sha256={'0' * 64}")
    (home / "proposal.cbor").write_bytes(b"-----BEGIN")
    folder = report_of(Parameters.from_file(parameter_file("node-honest"), overrides, {}))
    assert json.loads((folder / "audit.json").read_bytes())["verdict"] == "FAIL"
    assert told_in(folder, MARKER, str(ROOT)) == {}


def test_keys_in_addresses_are_not_told(tmp_path, no_kernel):
    query = f"?X-Amz-Signature={TOKEN}"
    overrides = (
        f"base_image=http://127.0.0.1:9/{{base_version}}/image.tar.zst{query}",
        f"output_dir={tmp_path / 'report'}",
    )
    folder = report_of(Parameters.from_file(parameter_file("honest"), overrides, {}))
    document = json.loads((folder / "audit.json").read_bytes())
    assert document["verdict"] == "TROUBLE"
    assert document["parameters"]["base_image"] == "http://127.0.0.1:9/{base_version}/image.tar.zst?…"
    assert told_in(folder, TOKEN) == {}


@pytest.mark.parametrize("lost", ["base_image", "recovery_image", "attestation_report", "proposal_source"])
def test_trouble_with_a_file_tells_its_name_alone(lost, tmp_path, call, monkeypatch):
    """The file is there when the audit begins and a folder when it is read."""
    monkeypatch.setenv("AUDITKIT_CACHE", str(tmp_path / MARKER / "cache"))
    overrides = files_of(tmp_path / MARKER / "in", call)
    broken = tmp_path / MARKER / "in" / "broken"
    broken.mkdir()
    parameters = Parameters.from_file(parameter_file("node-honest"), (*overrides, f"{lost}={broken}"), {})
    document, evidence = check(parameters)
    assert document.verdict == "TROUBLE"
    assert "broken" in document.trouble[0].where
    write_report(document, evidence, tmp_path / "report")
    assert told_in(tmp_path / "report", MARKER) == {}


def test_two_auditors_with_the_same_files_in_different_folders_write_the_same_bytes(tmp_path, call):
    documents = []
    for auditor in ("alice", "bob"):
        overrides = (*files_of(tmp_path / auditor / "deep", call), f"output_dir={tmp_path / auditor}")
        document, evidence = check(Parameters.from_file(parameter_file("node-honest"), overrides, {}))
        assert document.verdict == "PASS"
        same_run = document.model_copy(update={"run": documents[0][0].run}) if documents else document
        documents.append((same_run, {item.name: item.sha256 for item in evidence}))
    assert to_json(documents[0][0]) == to_json(documents[1][0])
    assert documents[0][1] == documents[1][1]


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("practice:honest", "practice:honest"),
        ("/home/alice/p.cbor", "file p.cbor"),
        ("~/p.cbor", "file p.cbor"),
        ("p.cbor", "file p.cbor"),
        ("file p.cbor", "file p.cbor"),
        ("https://h/a/b", "https://h/a/b"),
        ("https://h:8/a/b?token=x#y", "https://h:8/a/b?…"),
        ("https://h:8/a/b?…", "https://h:8/a/b?…"),
        ("https://h/a;sig=s3cr3t/b.zst;v=1", "https://h/a;…/b.zst;…"),
        ("HTTPS://me:pw@h/a", "https://h/a"),
    ],
)
def test_places(place, told):
    assert redacted_place(place) == told
    assert redacted_place(told) == told


def test_sentences():
    values = {"proposal_id": 1, "base_version": "auto", "proposal_source": f"/x/{MARKER}/p.cbor"}
    parameters = Parameters.from_mapping({**values, "base_image": f"{MARKER}/{{base_version}}/i"})

    def told(text: str) -> str:
        return redacted_text(text, parameters)

    assert told(f"/x/{MARKER}/p.cbor: no such file") == "p.cbor: no such file"
    assert told(f"SHA256SUMS at /x/{MARKER}/SHA256SUMS, line 3") == "SHA256SUMS at SHA256SUMS, line 3"
    assert told(f"{MARKER}/{'ab' * 20}/i is cut short") == "i is cut short"
    assert (
        told(f"https://a/b?k={TOKEN}: refused; https://u:{TOKEN}@c/d.")
        == "https://a/b?…: refused; https://c/d."
    )
    assert told(f"the server redirects to /x?sig={TOKEN}") == "the server redirects to /x?…"
    assert told("/vmlinuz of the image, about 5/6, is it?") == "/vmlinuz of the image, about 5/6, is it?"


def test_errors_keep_their_type():
    parameters = Parameters.from_mapping(
        {"proposal_id": 1, "base_version": "auto", "proposal_source": "/x/p"}
    )
    error = redacted_error(SourceError("gone", where="/x/p", hint="look at /x/p"), parameters)
    assert (type(error), error.where, error.hint) == (SourceError, "p", "look at p")
