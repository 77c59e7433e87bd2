"""Programs of others verify our signatures, and refuse them after one changed byte."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

from auditkit.pipeline import Parameters, check, write_report
from auditkit.practice import parameter_file
from auditkit.signing import fingerprint, load_private_key, sign_companion, sign_report
from tests.conftest import ROOT, missing
from tests.judges.conftest import HERE, installed

SIGSTORE = "@sigstore/verify@3.1.1"
GUIDE = ROOT / "docs" / "verify-without-auditkit.md"


def new_key(keygen: str, path: Path) -> Path:
    subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path


@pytest.fixture(scope="module")
def signed(program, tmp_path_factory) -> Path:
    """A folder signed in both forms by an auditor with two keys, with what a reader has of them: the public keys."""
    keygen = program("ssh-keygen")
    root = tmp_path_factory.mktemp("signed")
    folder = root / "report"
    document, evidence = check(Parameters.from_file(parameter_file("honest")))
    write_report(document, evidence, folder)
    key = new_key(keygen, root / "auditor")
    new_key(keygen, root / "other")
    sign_report(folder, load_private_key(key, lambda _: ""), auditor="Ünïcode Auditor")
    second = new_key(keygen, root / "second")
    sign_companion(folder, second)
    shutil.copy(root / "auditor.pub", folder)
    keys = [(root / name).read_text() for name in ("auditor.pub", "second.pub")]
    (folder / "allowed_signers").write_text("".join(f"auditor@example.org {key}" for key in keys))
    return folder


@pytest.fixture
def folder(signed, tmp_path) -> Path:
    return Path(shutil.copytree(signed, tmp_path / "report"))


def envelopes(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "report.intoto.jsonl").read_text().splitlines()]


def use_another_key(folder: Path, signed: Path) -> None:
    other = (signed.parent / "other.pub").read_text()
    (folder / "auditor.pub").write_text(other)
    (folder / "allowed_signers").write_text(f"auditor@example.org {other}")


def changed(envelope: dict, what: str) -> dict:
    """The envelope with one byte changed in the payload, its type, or the signature."""
    value = json.loads(json.dumps(envelope))
    if what == "payloadType":
        value["payloadType"] = value["payloadType"].replace("json", "jsom")
        return value
    holder, name = (value, "payload") if what == "payload" else (value["signatures"][0], "sig")
    data = bytearray(base64.b64decode(holder[name]))
    data[len(data) // 2] ^= 1
    holder[name] = base64.b64encode(data).decode()
    return value


CHANGES = ["payload", "payloadType", "sig"]


def ssh_public_key(folder: Path):
    from cryptography.hazmat.primitives.serialization import load_ssh_public_key

    return load_ssh_public_key((folder / "auditor.pub").read_bytes())


def securesystemslib_accepts(envelope: dict, folder: Path) -> bool:
    parsed = Envelope.from_dict(json.loads(json.dumps(envelope)))  # it changes what it is given
    (keyid,) = parsed.signatures
    try:
        parsed.verify([SSlibKey.from_crypto(ssh_public_key(folder), keyid=keyid)], 1)
    except VerificationError:
        return False
    return True


@pytest.mark.parametrize("line", [0, 1])
def test_securesystemslib(folder, signed, line):
    envelope = envelopes(folder)[line]
    assert securesystemslib_accepts(envelope, folder)
    for what in CHANGES:
        assert not securesystemslib_accepts(changed(envelope, what), folder)
    use_another_key(folder, signed)
    assert not securesystemslib_accepts(envelope, folder)


@pytest.fixture(scope="session")
def sigstore(tmp_path_factory):
    """sigstore's JavaScript verifier: the payload of each envelope that it accepts, or why it refuses it."""
    node = shutil.which("node")
    if node is None:
        missing("node is not installed, so @sigstore/verify cannot be asked")
    folder = tmp_path_factory.mktemp("sigstore")
    (folder / "node_modules").symlink_to(installed(SIGSTORE) / "node_modules")
    script = folder / "sigstore_verify.mjs"
    shutil.copy(HERE / "sigstore_verify.mjs", script)

    def verify(asked: list[tuple[dict, Path, str]]) -> list:
        questions = [
            {"envelope": envelope, "key": public_pem(key), "keyId": keyid} for envelope, key, keyid in asked
        ]
        done = subprocess.run(
            [node, script],
            input=json.dumps(questions),
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return json.loads(done.stdout)

    return verify


def public_pem(key: Path) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_public_key

    public = load_ssh_public_key(key.read_bytes())
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def test_sigstore_verify(sigstore, folder, signed):
    lines, key, other = envelopes(folder), folder / "auditor.pub", signed.parent / "other.pub"
    keyid = fingerprint(base64.b64decode(key.read_text().split()[1]))
    for line in lines:
        right, *tampered, by_another, unknown = sigstore(
            [
                (line, key, keyid),
                *((changed(line, what), key, keyid) for what in CHANGES),
                (line, other, keyid),
                (line, other, "SHA256:another"),
            ]
        )
        assert json.loads(right)["_type"] == "https://in-toto.io/Statement/v1"
        assert len(tampered) == len(CHANGES)
        assert all("signature verification failed" in one["refused"] for one in tampered)
        assert "signature verification failed" in by_another["refused"]
        assert "unknown key" in unknown["refused"]


def blocks(kind: str) -> str:
    """All commands of one kind in the guide, as they are written, in their order."""
    found = re.findall(rf"^```{kind}\n(.*?)^```$", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    assert found
    return "".join(found)


def follow(kind: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Does what the guide says, with its scratch files in a folder of our own."""
    scratch = folder.parent / "scratch"
    scratch.mkdir(exist_ok=True)
    text = blocks(kind).replace("/tmp/", f"{scratch}/")
    command = [sys.executable, "-c", text] if kind == "python" else ["sh", "-eu", "-c", text]
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env=environment, timeout=60
    )


RECIPES = {
    "sh": "Signature Verified Successfully",
    "python": "valid: https://slsa.dev/verification_summary/v1",
    "ssh-signature": 'Good "auditkit" signature for auditor@example.org',
}


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_guide_as_it_is_written(program, folder, recipe):
    for name in ("openssl", "ssh-keygen", "sha256sum"):
        program(name)
    done = follow(recipe, folder)
    assert done.returncode == 0, done.stderr
    assert RECIPES[recipe] in done.stdout
    if recipe == "sh":
        assert "PASS for proposal 900001 under the policy strict" in done.stdout
        assert "pass overlap.explained" in done.stdout


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_guide_refuses_another_key(folder, signed, recipe):
    use_another_key(folder, signed)
    assert follow(recipe, folder).returncode != 0


@pytest.mark.parametrize("recipe", ["sh", "python"])
@pytest.mark.parametrize("what", CHANGES)
def test_the_guide_refuses_a_changed_envelope(folder, recipe, what):
    lines = envelopes(folder)
    lines[0] = changed(lines[0], what)
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
    (folder / "report.intoto.jsonl").write_text(text)
    assert follow(recipe, folder).returncode != 0


@pytest.mark.parametrize("name", ["audit.json", "report.html", "evidence/vmlinuz", "evidence/replay.yaml"])
def test_the_guide_refuses_a_changed_file(folder, name):
    with (folder / name).open("ab") as file:
        file.write(b"\n")
    assert follow("sh", folder).returncode != 0


def test_ssh_keygen_refuses_a_changed_statement_and_another_namespace(folder, program):
    (statement,) = folder.glob("report.statement-*.json")
    keygen = program("ssh-keygen")

    def verify(namespace: str) -> bool:
        command = [
            keygen,
            "-Y",
            "verify",
            "-f",
            "allowed_signers",
            "-I",
            "auditor@example.org",
            "-n",
            namespace,
        ]
        with statement.open("rb") as file:
            done = subprocess.run(
                [*command, "-s", f"{statement}.sig"], stdin=file, cwd=folder, capture_output=True, check=False
            )
        return done.returncode == 0

    assert verify("auditkit")
    assert not verify("file")
    data = bytearray(statement.read_bytes())
    data[len(data) // 2] ^= 1
    statement.write_bytes(data)
    assert not verify("auditkit")
