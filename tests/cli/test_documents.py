"""Every ``--json`` of every command: it names its schema, the schema is published, and what is printed follows it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import jsonschema
import pytest
from commands import in_process
from election_world import ROOT_KEY as ELECTION_KEY
from election_world import Governance, version_of
from registry_world import Host, delete, history, serving, write

from auditkit.batch import AuditJob
from auditkit.cli.application import auditkit
from auditkit.cli.commands import COMMANDS
from auditkit.cli.documents import DOCUMENTS, schemas
from auditkit.pipeline import Parameters, check, write_report
from auditkit.practice import parameter_file
from auditkit.practice.attested import Attested
from auditkit.practice.builds import Built
from auditkit.practice.chips import attestation_files
from auditkit.practice.release.published import DATA, release_commit, release_folder
from auditkit.practice.scenarios import BASE_COMMIT
from tests.batch import stand_in

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT / "docs" / "schemas"
SAMPLE = ROOT / "reports" / "sample"
IMAGE = DATA / release_folder(BASE_COMMIT) / "update-img.tar.zst"
FILES = {  # of documents that are files, and not what a command prints
    "audit-report-v1.json", "batch-v1.json", "replay-v1.json", "replay-v2.json", "signed-report-v1.json",
    "build-v1.json",
}  # fmt: skip
AS_FILES = {"check": "auditkit/audit-report/v1", "batch": "auditkit/batch/v1"}
"""Commands that print a document that is a file as well."""
KEY = ("--root-key", "practice")


def published(name: str) -> dict:
    return json.loads((PUBLISHED / name).read_text(encoding="utf-8"))


def follows(text: str) -> dict:
    """The document, which follows the published schema that it names."""
    document = json.loads(text)
    assert next(iter(document)) == "schema"
    tool, name, version = document["schema"].split("/")
    assert tool == "auditkit"
    schema = published(f"{name}-{version}.json")
    jsonschema.Draft202012Validator(schema).validate(document)
    unnamed = {key: value for key, value in document.items() if key != "schema"}
    for wrong in ({**document, "more": 1}, *([unnamed] if f"{name}-{version}.json" not in FILES else [])):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(schema).validate(wrong)
    return document


def commands(
    group: click.Group = auditkit, before: tuple[str, ...] = ()
) -> Iterator[tuple[str, click.Command]]:
    """Every command, by all of its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, (*before, name))
        else:
            yield " ".join((*before, name)), command


def test_what_is_published_is_what_the_code_says():
    made = schemas()
    assert {path.name for path in PUBLISHED.glob("*.json")} == FILES | made.keys()
    for name, schema in made.items():
        assert published(name) == schema
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["$id"] == f"urn:auditkit:{name.removesuffix('.json').replace('-v1', ':v1')}"
        assert (
            schema["properties"]["schema"]["const"]
            == f"auditkit/{name.removesuffix('.json').replace('-v1', '/v1')}"
        )
        assert {"schema"} <= set(schema["required"])


def test_every_command_with_json_has_a_schema():
    """A command that gets the option gets a document here, and one that loses it leaves none behind."""
    with_json = {
        name
        for name, command in commands()
        if any("--json" in option.opts for option in command.params if isinstance(option, click.Option))
    }
    assert len(with_json) > 10
    assert with_json == {name.partition(" --")[0] for name in DOCUMENTS} | set(AS_FILES)
    assert {name.split()[0] for name in with_json} <= set(COMMANDS)


def test_every_schema_is_told_in_the_readme():
    text = (PUBLISHED / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\]\(([a-z0-9-]+\.json)\)", text)) == {
        path.name for path in PUBLISHED.glob("*.json")
    }


def names_in(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for inside in schema.values():
            yield from names_in(inside)
    elif isinstance(schema, list):
        for inside in schema:
            yield from names_in(inside)


@pytest.mark.parametrize("name", sorted(path.name for path in PUBLISHED.glob("*.json")))
def test_names_are_of_one_style(name):
    odd = {
        word for word in names_in(published(name)) if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", word)
    }
    in_toto = name in ("signed-report-v1.json", "build-v1.json")  # whose names are in camel case
    assert odd == set() or in_toto


@pytest.mark.parametrize("name", sorted(schemas()))
def test_no_number_is_larger_than_every_reader_reads(name):
    """A field is either bounded below 2^53, or a size that a file says of itself."""
    unbounded = {
        "version",
        "vmpl",
        "hash_type",
        "data_block_size",
        "hash_block_size",
        "data_blocks",
        "hash_offset",
    }
    unbounded |= {"file_system_size", "bytes"}

    def integers(schema: object, field: str = "") -> Iterator[str]:
        if isinstance(schema, dict):
            if (
                schema.get("type") == "integer"
                and "exclusiveMaximum" not in schema
                and "maximum" not in schema
            ):
                yield field
            for key, inside in schema.get("properties", {}).items():
                yield from integers(inside, key)
            for key, inside in schema.items():
                if key != "properties":
                    yield from integers(inside, field)
        elif isinstance(schema, list):
            for inside in schema:
                yield from integers(inside, field)

    assert set(integers(published(name))) - unbounded <= {"vcpus", "line"}


# What each command prints


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A report folder, and beside it one of another verdict."""
    root = tmp_path_factory.mktemp("reports")
    for name in ("honest", "unexplained"):
        document, evidence = check(Parameters.from_file(parameter_file(name)))
        write_report(document, evidence, root / name)
    return root


@pytest.fixture
def printed(capsys):
    """A function that runs a command with ``--json``: its status, and what it prints, which follows its schema."""

    def run(*arguments: str | Path) -> tuple[int, dict]:
        status, out, _ = in_process(*arguments, "--json", capsys=capsys)
        return status, follows(out)

    return run


@pytest.mark.parametrize(("key", "status", "verdict"), [("practice", 0, "PASS"), ("mainnet", 1, "FAIL")])
def test_verify_certificate(folder, printed, key, status, verdict):
    file = folder / "honest/evidence/proposal.cbor"
    found, document = printed("verify-certificate", file, "--root-key", key)
    assert (found, document["verdict"], document["error"]) == (status, verdict, None)
    assert document["schema"] == "auditkit/verify-certificate/v1"


def test_verify_proposal(folder, printed):
    file = folder / "honest/evidence/proposal.cbor"
    status, document = printed("verify-proposal", file, "--proposal-id", "900001", *KEY)
    assert (status, document["schema"], document["verdict"]) == (0, "auditkit/verify-proposal/v1", "PASS")
    assert (document["proposal_id"], document["stage"]) == (900001, "recover")
    assert printed("verify-proposal", file, "--proposal-id", "7", *KEY)[1]["verdict"] == "FAIL"


def test_verify_registry(folder, printed):
    file, record = folder / "honest/evidence/election.cbor", f"replica_version_{BASE_COMMIT}"
    status, document = printed("verify-registry", file, "--record", record, *KEY)
    assert (status, document["schema"]) == (0, "auditkit/verify-registry/v1")
    assert document["answer"]["guestos"]["version"] == BASE_COMMIT
    status, document = printed("verify-registry", file, "--record", "subnet_list", *KEY)
    assert (status, document["verdict"]) == (1, "FAIL")


def test_a_verification_that_ends_in_trouble(folder, tmp_path, printed):
    bare = shutil.copy(folder / "honest/evidence/election.cbor", tmp_path / "bare.cbor")
    status, document = printed("verify-registry", bare, "--record", f"replica_version_{BASE_COMMIT}", *KEY)
    assert (status, document["verdict"]) == (2, "TROUBLE")
    assert set(document["error"]) == {"what", "where", "hint"}


@pytest.mark.parametrize("attested", [Attested.HONEST, Attested.FOREIGN_CHAIN])
def test_verify_attestation(folder, printed, attested):
    report, chain = attestation_files(attested)
    proposal = folder / "honest/evidence/proposal.cbor"
    document = printed("verify-attestation", report, "--chain", chain, "--proposal", proposal, *KEY)[1]
    assert document["schema"] == "auditkit/verify-attestation/v1"
    assert document["attestation"] is not None


@pytest.mark.parametrize(
    ("built", "verdict"), [(Built.HONEST, "PASS"), (Built.COPY, "FAIL"), (Built.FORGED, "FAIL")]
)
def test_verify_provenance(printed, built, verdict):
    sums = DATA / release_folder(BASE_COMMIT) / "SHA256SUMS"
    document = printed("verify-provenance", sums, "--commit", BASE_COMMIT, "--bundle", built.path, *KEY)[1]
    assert document["schema"] == "auditkit/verify-provenance/v1"
    assert (document["commit"], document["verdict"]) == (BASE_COMMIT, verdict)
    assert (document["provenance"] is None) == (built is Built.FORGED)


def test_verify_provenance_tells_each_fact_once(capsys):
    sums = DATA / release_folder(BASE_COMMIT) / "SHA256SUMS"
    command = ("verify-provenance", sums, "--commit", BASE_COMMIT, "--bundle", Built.HONEST.path, *KEY)
    told = in_process(*command, capsys=capsys)[1].splitlines()
    assert told[:2] == [
        "run: https://github.com/dfinity/ic/actions/runs/1/attempts/1",
        "on: self-hosted: the repository owner's own machine",
    ]
    assert [line.split()[0] for line in told[2:4]] == ["warn", "This"]
    assert sum(line.endswith("https://github.com/dfinity/ic") for line in told) == 1


def test_verify_provenance_of_a_practice_bundle_under_mainnet_s_key_names_the_way_out(capsys):
    sums = DATA / release_folder(BASE_COMMIT) / "SHA256SUMS"
    command = ("verify-provenance", sums, "--commit", BASE_COMMIT, "--bundle", Built.HONEST.path)
    status, _, told = in_process(*command, capsys=capsys)
    assert status == 2
    assert told.rstrip().endswith(", or name its network, as `--root-key practice` does")


@pytest.mark.parametrize("name", ["honest", "unexplained"])
def test_overlap(folder, printed, name):
    proposal = folder / name / "evidence/proposal.cbor"
    measurements = DATA / release_folder(BASE_COMMIT) / "launch-measurements.json"
    document = printed("overlap", "--proposal", proposal, "--measurements", measurements, *KEY)[1]
    assert document["schema"] == "auditkit/overlap/v1"
    assert {row["relation"] for row in document["overlap"]} >= {"matched"}


def test_verity_hash(printed):
    status, document = printed("verity-hash", IMAGE)
    assert (status, document["schema"], len(document["root_hash"])) == (0, "auditkit/verity-hash/v1", 64)


def test_compare_images(folder, printed):
    arguments = ("compare-images", IMAGE, IMAGE, "--proposal", folder / "honest/evidence/proposal.cbor", *KEY)
    status, document = printed(*arguments)
    assert (status, document["schema"]) == (1, "auditkit/compare-images/v1")


def test_compare_roots(printed):
    other = DATA / release_folder(release_commit("other")) / "update-img.tar.zst"
    status, document = printed("compare-roots", IMAGE, other)
    assert (status, document["schema"], document["counts"]["changed"]) == (0, "auditkit/compare-roots/v1", 3)


def test_diff(folder, printed):
    status, document = printed("diff", folder / "honest", folder / "unexplained", folder / "honest")
    assert (status, document["schema"], document["same_decisions"]) == (1, "auditkit/diff/v1", False)
    assert printed("diff", folder / "honest", folder / "honest")[1]["differences"] == []


def test_status(folder, printed, tmp_path):
    shutil.copytree(folder, tmp_path / "reports")
    (tmp_path / "reports" / "broken").mkdir()
    (tmp_path / "reports" / "broken" / "audit.json").write_text("{}")
    status, document = printed("status", tmp_path / "reports")
    assert (status, document["schema"]) == (1, "auditkit/status/v1")
    assert [row["standing"] for row in document["subjects"]] == ["fresh", "missing", "fresh"]


def test_verify_report(printed, tmp_path):
    """Of the sample, and of one that nobody signed."""
    arguments = ("verify-report", SAMPLE, "--allowed-signers", f"{SAMPLE}.allowed_signers")
    document = printed(*arguments, "--require", "PASS")[1]
    assert (document["schema"], document["result"]) == ("auditkit/verify-report/v1", "FAIL")
    assert [(one["principal"], one["line"]) for one in document["signatures"]] == [("sample@example.org", 1)]
    bare = shutil.copytree(SAMPLE, tmp_path / "bare")
    (bare / "audit.json").write_text("{}")
    status, document = printed("verify-report", bare, "--allowed-signers", f"{SAMPLE}.allowed_signers")
    assert (status, document["authentic"], document["verdict"], document["cite_as"]) == (1, False, None, None)


def test_practice_list(printed):
    status, document = printed("practice", "list")
    assert (status, document["schema"]) == (0, "auditkit/practice-list/v1")
    assert len(document["scenarios"]) > 50
    status, shown = printed("practice", "show", "unexplained")
    assert (status, shown.pop("schema")) == (0, "auditkit/practice-show/v1")
    assert shown in document["scenarios"]


def test_the_catalogue(tmp_path, monkeypatch, capsys, printed):
    governance = Governance()
    for number in (3, 5):
        governance.elect(number)
    key = ("--root-key", ELECTION_KEY.hex())
    elections = tmp_path / "elections"
    with governance.serving(monkeypatch, tmp_path) as address:
        assert in_process("catalogue", "update", elections, "--url", address, *key, capsys=capsys)[0] == 0
    assert printed("catalogue", "list", elections, *key)[1]["schema"] == "auditkit/catalogue-list/v1"
    status, document = printed("catalogue", "find", version_of(5), elections, *key)
    assert (status, document["schema"]) == (0, "auditkit/catalogue-find/v1")
    assert (document["verdict"], len(document["found"])) == ("PASS", 1)
    assert document["qualifications"] == ["practice-network"]
    assert printed("catalogue", "find", version_of(6), elections, *key)[1]["verdict"] == "FAIL"
    for page in elections.glob("pages/newest-????????????????.cbor"):
        page.write_bytes(b"")
    status, document = printed("catalogue", "find", version_of(6), elections, *key)
    assert (status, document["verdict"], set(document["error"])) == (2, "TROUBLE", {"what", "where", "hint"})


def test_a_synced_registry(tmp_path, capsys, printed):
    folder = ("--dir", tmp_path / "registry", *KEY)
    host = Host(history(write("subnet_list", b"abc"), delete("subnet_list")))
    with serving(host) as url:
        status, document = printed("registry", "sync", folder[1], "--url", url, *KEY)
        assert (status, document["schema"]) == (0, "auditkit/registry-sync/v1")
        assert (document["versions"], document["last_version"], document["complete"]) == (2, "2", True)
    status, document = printed("registry", "verify", folder[1], *KEY)
    assert (status, document["schema"], document["verdict"]) == (0, "auditkit/registry-verify/v1", "PASS")
    assert (document["answers"], document["changes"], document["records"]) == (1, 2, 0)
    assert (document["last_version"], document["complete"], document["refused"]) == ("2", True, None)
    status, document = printed("registry", "show", "subnet_list", *folder, "--at", "1")
    assert (status, document["schema"]) == (0, "auditkit/registry-show/v1")
    assert (document["verdict"], document["hex"]) == ("PASS", "616263")
    assert printed("registry", "show", "subnet_list", *folder)[1]["verdict"] == "FAIL"
    status, document = printed("registry", "show", "subnet_list", *folder, "--at", "3")
    assert (status, document["schema"]) == (2, "auditkit/trouble/v1")


def test_a_registry_of_another_network_is_no_pass_alone(tmp_path, printed):
    registry = tmp_path / "registry"
    with serving(Host(history(write("subnet_list", b"abc")))) as url:
        synced = printed("registry", "sync", registry, "--url", url, *KEY)[1]
    verified = printed("registry", "verify", registry, *KEY)[1]
    shown = printed("registry", "show", "subnet_list", "--dir", registry, *KEY)[1]
    chip = printed("registry", "chip", "e5" * 64, "--dir", registry, *KEY)[1]
    for document in (synced, verified, shown, chip):
        assert document["qualifications"] == ["practice-network"]


@pytest.mark.parametrize("name", ["honest", "unexplained", "missing-release", "election-honest"])
def test_check(name, capsys):
    status, out, _ = in_process("check", f"practice:{name}", "--json", capsys=capsys)
    document = json.loads(out)
    jsonschema.validate(document, published(f"{document['schema'].split('/')[1]}-v1.json"))
    assert (status, document["verdict"]) in ((0, "PASS"), (1, "FAIL"), (2, "TROUBLE"))


def test_the_trouble_of_a_check_is_its_document_and_an_error():
    document = json.loads((SAMPLE / "audit.json").read_bytes())
    error = {"what": "x", "where": "", "hint": ""}
    told = {**document, "schema": "auditkit/check-trouble/v1", "verdict": "TROUBLE", "error": error}
    jsonschema.validate(told, published("check-trouble-v1.json"))
    for wrong in ({**told, "verdict": "PASS"}, {**told, "error": {}}, document):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, published("check-trouble-v1.json"))


def test_batch(tmp_path, printed, monkeypatch):
    monkeypatch.setattr(AuditJob, "command", stand_in.command)
    monkeypatch.setattr("auditkit.notebook.write_overview", lambda out: out / "overview.ipynb")
    document = printed("batch", "practice:honest", "--out", tmp_path / "out", "--workers", "1")[1]
    assert document["schema"] == "auditkit/batch/v1"


@pytest.mark.parametrize("name", sorted(set(DOCUMENTS) | set(AS_FILES)))
def test_trouble_before_there_is_an_answer(name, printed):
    """Whatever the command: here an option that none has."""
    status, document = printed(*name.split(), "--no-such-option")
    assert (status, document["schema"], document["verdict"]) == (2, "auditkit/trouble/v1", "TROUBLE")
