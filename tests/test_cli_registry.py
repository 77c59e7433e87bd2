"""`auditkit fetch-registry` and `verify-registry`: exit statuses, what is kept, what is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import in_process as run
from ic.registry.writing import (
    COMMIT,
    IMAGE,
    KEY,
    URL,
    blob,
    call,
    certified,
    error,
    measurement,
    number,
    record,
    reply,
    value,
)
from ic.world import ROOT

from auditkit.evidence import RegistryValue, save_registry_value
from auditkit.ic import encode_envelope

PASS, FAIL, TROUBLE = 0, 1, 2
ROOT_KEY = ("--root-key", ROOT.public_key_der.hex())


@pytest.fixture
def kept(tmp_path):
    """Keeps an answer with its request, and gives its path."""

    def keep(answer: bytes, *, request=True, chunks=(), **changes) -> Path:
        path = tmp_path / "answer.cbor"
        stored = encode_envelope(call(**changes)) if request else None
        save_registry_value(path, RegistryValue(certified(answer, **changes), stored, chunks, ""))
        return path

    return keep


def test_an_elected_version_is_told(kept, capsys):
    path = kept(value(record(measurement(), measurement(b"n" * 48))))
    status, out, err = run("verify-registry", path, "--record", KEY, *ROOT_KEY, capsys=capsys)
    assert (status, err) == (PASS, "")
    lines = out.splitlines()
    assert lines[:4] == [f"version: {COMMIT}", f"sha256: {IMAGE}", f"url: {URL}", "measurements: 2"]
    assert any(line.startswith("ok   46 registry.request: request ") for line in lines)
    assert any(line.startswith("ok   47 registry.reply: ") for line in lines)
    assert lines[-1].startswith("PASS (another root key)")


def test_the_same_as_json(kept, capsys):
    path = kept(value())
    status, out, _ = run("verify-registry", path, "--record", KEY, *ROOT_KEY, "--json", capsys=capsys)
    document = json.loads(out)
    assert (status, document["verdict"], document["record"]) == (PASS, "PASS", KEY)
    answer = document["answer"]
    assert (answer["present"], answer["registry_version"], answer["asked_version"]) == (True, "62948", None)
    assert answer["guestos"] == {
        "version": COMMIT,
        "sha256": IMAGE,
        "urls": [URL],
        "measurements": [{"measurement": "6d" * 48, "kernel_cmdline": "root=", "vcpu_type": "EPYC-Milan"}],
    }
    assert [one["number"] for one in document["decisions"]] == [*range(1, 12), 46, 47, 43]


def test_elected_without_measurements(kept, capsys):
    _, out, _ = run(
        "verify-registry", kept(value(record(listed=False))), "--record", KEY, *ROOT_KEY, capsys=capsys
    )
    assert "measurements: none, it was elected without" in out.splitlines()


def test_another_kind_of_record(kept, capsys):
    path = kept(value(b"abc"), argument=blob(2, "subnet_list"))
    status, out, _ = run("verify-registry", path, "--record", "subnet_list", *ROOT_KEY, capsys=capsys)
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, "abc"
    assert (status, out.splitlines()[0]) == (PASS, f"record: 3 bytes, SHA-256 {digest}")


ENDS = {
    "certified absent": (error(1), {}, FAIL),
    "a record of another version": (value(record(more=blob(10, "f" * 40))), {}, FAIL),
    "another record": (value(), {"argument": blob(2, "subnet_list")}, FAIL),
    "no request": (value(), {"request": False}, TROUBLE),
    "a layout that is not known": (number(2, 1), {}, TROUBLE),
    "another error": (error(4), {}, TROUBLE),
    "parts that are missing": (reply(blob(4, blob(1, b"d" * 32))), {}, TROUBLE),
    "a part that was not certified": (reply(blob(4, blob(1, b"d" * 32))), {"chunks": (b"x",)}, FAIL),
}


@pytest.mark.parametrize(("answer", "changes", "ended"), ENDS.values(), ids=ENDS.keys())
def test_how_it_ends(kept, answer, changes, ended, capsys):
    arguments = ("verify-registry", kept(answer, **changes), "--record", KEY, *ROOT_KEY)
    assert run(*arguments, capsys=capsys)[0] == ended
    status, out, _ = run(*arguments, "--json", capsys=capsys)
    assert (status, json.loads(out)["verdict"]) == (ended, {FAIL: "FAIL", TROUBLE: "TROUBLE"}[ended])


def test_a_certified_absence_is_told(kept, capsys):
    path = kept(error(1))
    _, out, _ = run("verify-registry", path, "--record", KEY, *ROOT_KEY, capsys=capsys)
    assert "        The registry says that there is no such record." in out.splitlines()
    _, out, _ = run("verify-registry", path, "--record", KEY, *ROOT_KEY, "--json", capsys=capsys)
    answer = json.loads(out)["answer"]
    assert (answer["present"], answer["bytes"], answer["guestos"]) == (False, None, None)


def test_mainnet_s_key_is_the_default(kept, capsys):
    status, out, _ = run("verify-registry", kept(value()), "--record", KEY, capsys=capsys)
    assert status == FAIL
    assert "certificate.signature" in out


def test_a_file_that_is_not_there(tmp_path, capsys):
    status, _, err = run("verify-registry", tmp_path / "nowhere", "--record", KEY, capsys=capsys)
    assert (status, len(err.splitlines())) == (TROUBLE, 1)


@pytest.mark.parametrize("version", ["-1", "x", str(1 << 64)])
def test_versions_that_cannot_be_asked_about(version, tmp_path, capsys):
    arguments = ("fetch-registry", KEY, "--out", tmp_path / "x", f"--at={version}")
    assert run(*arguments, capsys=capsys)[0] == TROUBLE


@pytest.mark.parametrize("name", ["x.cbor", "x.request.cbor", "x.chunks.cbor"])
def test_nothing_is_overwritten(name, tmp_path, capsys):
    (tmp_path / name).write_bytes(b"mine")
    status, _, err = run("fetch-registry", KEY, "--out", tmp_path / "x.cbor", capsys=capsys)
    assert status == TROUBLE
    assert "it is there already" in err
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_version_is_not_the_key_of_a_record(tmp_path, capsys):
    status, out, err = run("fetch-registry", "A" * 40, "--out", tmp_path / "x.cbor", capsys=capsys)
    assert (status, out) == (2, "")
    assert f"say replica_version_{'a' * 40}" in err
    assert list(tmp_path.iterdir()) == []
