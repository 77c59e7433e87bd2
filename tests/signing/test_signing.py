"""Signing: who may, what it refuses, and that a failure leaves the bundle as it was."""

from __future__ import annotations

import base64
import errno
import json
import os
import pty
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from commands import in_process as command

from auditkit import atomic
from auditkit.audit import POLICIES
from auditkit.errors import ParameterError, SigningError
from auditkit.pipeline import Parameters, check, write_report
from auditkit.practice import parameter_file
from auditkit.signing import load_private_key, read_trust_list, sign_companion, sign_report, verify_report

BUNDLE = "report.intoto.jsonl"


def statements(folder: Path) -> list[dict]:
    lines = (folder / BUNDLE).read_text().splitlines()
    return [json.loads(base64.b64decode(json.loads(line)["payload"])) for line in lines]


def outcome(verified, name: str) -> str:
    return next(decision.outcome for decision in verified.decisions if decision.id == name)


@pytest.mark.parametrize("name", ["honest", "base-16-vcpus", "missing-release"])
def test_every_verdict_is_signed(reports, tmp_path, name, alice, trust_file):
    import shutil

    folder = Path(shutil.copytree(reports[name], tmp_path / "report"))
    audit = json.loads((folder / "audit.json").read_bytes())
    sign_report(folder, alice.signer(), auditor="Alice", now=1_800_000_000)
    report, summary = statements(folder)
    assert report["predicate"]["verdict"] == audit["verdict"]
    assert report["predicate"]["signedAt"] == "2027-01-15T08:00:00Z"
    assert report["predicate"]["auditor"] == {"keyid": alice.keyid, "name": "Alice"}
    assert [d["outcome"] for d in report["predicate"]["decisions"]] == [
        d["outcome"] for d in audit["decisions"]
    ]
    assert summary["predicate"]["verificationResult"] == "FAILED"  # the practice network is another world
    assert summary["predicate"]["verifiedLevels"] == ["FAILED", *audit["qualifications"]]
    verified = verify_report(folder, read_trust_list(trust_file))
    assert verified.authentic
    assert [(s.principal, s.name, s.keyid) for s in verified.signatures] == [
        ("alice@example.org", "Alice", alice.keyid)
    ]


@pytest.mark.usefixtures("signing_again")
def test_two_auditors_count_twice_and_one_counts_once(report, alice, bob, trust_file, new_key):
    trust = read_trust_list(trust_file)
    sign_report(report, alice.signer())
    sign_report(report, alice.signer())
    sign_companion(report, alice.path)
    assert outcome(verify_report(report, trust, at_least=1), "signature.signers") == "pass"
    assert outcome(verify_report(report, trust, at_least=2), "signature.signers") == "fail"
    sign_report(report, bob.signer())
    assert verify_report(report, trust, at_least=2).authentic
    assert outcome(verify_report(report, trust, at_least=3), "signature.signers") == "fail"
    sign_report(report, new_key("carol").signer())
    assert outcome(verify_report(report, trust, at_least=3), "signature.signers") == "fail"
    assert outcome(verify_report(report, trust, at_least=2), "signature.keys") == "warn"


def test_two_keys_of_one_auditor_count_once(report, alice, bob, tmp_path):
    trust = tmp_path / "trust"
    trust.write_text(f"alice@example.org,a {alice.public_line}\nALICE@example.org {bob.public_line}\n")
    sign_report(report, alice.signer())
    sign_report(report, bob.signer())
    assert outcome(verify_report(report, read_trust_list(trust), at_least=2), "signature.signers") == "fail"


@pytest.mark.parametrize("how", ["revoked", "unknown", "expired", "not yet", "namespace", "authority"])
def test_a_key_that_does_not_count(report, alice, bob, tmp_path, how):
    """Two signed; the second one's key counts for nothing, so two auditors are not there but one is."""
    sign_report(report, alice.signer())
    sign_report(report, bob.signer())
    options = {
        "expired": 'valid-before="20200101" ',
        "not yet": 'valid-after="20990101Z" ',
        "namespace": 'namespaces="git,file" ',
        "authority": "cert-authority ",
    }.get(how, "")
    trust, revoked = tmp_path / "trust", tmp_path / "revoked"
    line = "" if how == "unknown" else f"bob@example.org {options}{bob.public_line}\n"
    trust.write_text(f"# whom we trust\n\nalice@example.org {alice.public_line}\n{line}")
    revoked.write_text(f"{bob.public_line}\n" if how == "revoked" else "")
    listed = read_trust_list(trust, revoked)
    verified = verify_report(report, listed, at_least=2)
    assert outcome(verified, "signature.signers") == "fail"
    assert outcome(verified, "signature.keys") == "warn"
    assert verify_report(report, listed, at_least=1).authentic
    assert [signature.principal for signature in verified.signatures] == ["alice@example.org"]


def test_valid_options_count(report, alice, tmp_path):
    trust = tmp_path / "trust"
    options = 'namespaces="git,audit*",valid-after="202001010000",valid-before="20990101000000Z"'
    trust.write_text(f'"alice@example.org" {options} {alice.public_line}\n')
    sign_report(report, alice.signer())
    assert verify_report(report, read_trust_list(trust)).authentic


@pytest.mark.parametrize(
    "line",
    [
        "", "alice", "alice ssh-ed25519", "alice ssh-ed25519 AAAA", "alice ssh-rsa {key}", "alice odd=1 {both}",
        'alice valid-before="soon" {both}', 'alice valid-before="20260230" {both}', "ssh-ed25519 {key}",
        'alice namespaces="a",namespaces="b" {both}', "\udcff",
    ],
)  # fmt: skip
def test_a_trust_list_that_cannot_be_understood_is_trouble(report, alice, tmp_path, capsys, line):
    sign_report(report, alice.signer())
    trust = tmp_path / "trust"
    key = alice.public_line.split()[1]
    text = line.format(key=key, both=f"ssh-ed25519 {key}") + "\n"
    trust.write_bytes(text.encode("utf-8", "surrogateescape"))
    status, out, err = command("verify-report", report, "--allowed-signers", trust, capsys=capsys)
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    with pytest.raises(ParameterError):
        read_trust_list(trust)


def test_an_unsigned_report_is_not_authentic(report, trust_file, capsys):
    status, out, _ = command("verify-report", report, "--allowed-signers", trust_file, capsys=capsys)
    assert status == 1
    assert "NOT AUTHENTIC" in out


def test_a_folder_without_a_report_is_trouble(tmp_path, trust_file, capsys):
    status, out, err = command(
        "verify-report", tmp_path / "none", "--allowed-signers", trust_file, capsys=capsys
    )
    assert (status, out, len(err.splitlines())) == (2, "", 1)


def test_require_and_replay(reports, tmp_path, alice, trust_file, capsys):
    import shutil

    folder = Path(shutil.copytree(reports["base-16-vcpus"], tmp_path / "report"))
    sign_report(folder, alice.signer())
    arguments = ["verify-report", folder, "--allowed-signers", trust_file, "--replay", "--json"]
    status, out, _ = command(*arguments, "--require", "FAIL", capsys=capsys)
    told = json.loads(out)
    assert (status, told["authentic"], told["verdict"]) == (0, True, "FAIL")
    (repeated,) = [one for one in told["decisions"] if one["id"] == "report.replay"]
    assert (repeated["outcome"], repeated["qualifications"]) == ("warn", ["image-not-read"])
    assert "image-not-read" in told["qualifications"]
    status, out, _ = command(*arguments, "--require", "PASS", capsys=capsys)
    told = json.loads(out)
    assert (status, told["authentic"], told["result"], told["verdict"]) == (1, True, "FAIL", "FAIL")
    status, out, _ = command(*arguments[:-1], "--require", "PASS", capsys=capsys)
    assert status == 1
    assert "AUTHENTIC, but the verdict is FAIL (practice network), qualified: image-not-read: proposal" in out
    assert "--replay" not in out
    assert "NOT AUTHENTIC" not in out


HONEST_LEAVES_OPEN = ("practice-network",)


def accepting(*names: str) -> list[str]:
    return [word for name in names for word in ("--accept", name)]


@pytest.mark.parametrize(
    ("accepted", "status"),
    [
        ((), 1),
        (("server-digest",), 1),
        (HONEST_LEAVES_OPEN, 0),
        ((*HONEST_LEAVES_OPEN, "no-request"), 0),
    ],
)
def test_a_required_pass_is_unqualified_but_for_what_is_accepted(
    report, alice, trust_file, capsys, accepted, status
):
    sign_report(report, alice.signer())
    arguments = ["verify-report", report, "--allowed-signers", trust_file, "--json"]
    assert command(*arguments, capsys=capsys)[0] == 0
    assert command(*arguments, "--require", "PASS", *accepting(*accepted), capsys=capsys)[0] == status


def test_a_replay_that_reads_the_image_is_not_qualified(report, alice, trust_file, capsys):
    from auditkit import practice
    from auditkit.evidence import IMAGE_NAME
    from auditkit.practice.release.published import DATA, release_folder
    from auditkit.practice.scenarios import OTHER_COMMIT

    sign_report(report, alice.signer())
    image = DATA / release_folder(practice.scenario("honest").base_version) / IMAGE_NAME
    arguments = ["verify-report", report, "--allowed-signers", trust_file, "--replay", "--json"]
    required = ["--require", "PASS", *accepting(*HONEST_LEAVES_OPEN)]
    assert command(*arguments, *required, capsys=capsys)[0] == 1
    assert command(*arguments, *required, *accepting("image-not-read"), capsys=capsys)[0] == 0
    status, out, _ = command(*arguments, *required, "--base-image", image, capsys=capsys)
    told = json.loads(out)
    assert status == 0, told["decisions"]
    assert told["qualifications"] == list(HONEST_LEAVES_OPEN)
    other = DATA / release_folder(OTHER_COMMIT) / IMAGE_NAME
    status, out, _ = command(*arguments, "--base-image", other, capsys=capsys)
    assert status == 1
    (repeated,) = [one for one in json.loads(out)["decisions"] if one["id"] == "report.replay"]
    assert "not the one that was audited" in repeated["observed"]


def forged_boot_files(report: Path) -> None:
    """The folder as somebody makes it who swaps a boot file in the evidence and audits that with their own record."""
    import hashlib

    from auditkit.pipeline import replay, write_report

    record = report / "evidence" / "replay.yaml"
    kernel = report / "evidence" / "vmlinuz"
    old, new = kernel.read_bytes(), b"another kernel" + kernel.read_bytes()
    kernel.write_bytes(new)
    text = record.read_text()
    text = text.replace(hashlib.sha256(old).hexdigest(), hashlib.sha256(new).hexdigest())
    text = text.replace(f"size: {len(old)}\n", f"size: {len(new)}\n")
    record.write_text(text)
    names = sorted(path for path in (report / "evidence").iterdir() if path.name != "SHA256SUMS")
    sums = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in names)
    (report / "evidence" / "SHA256SUMS").write_text(sums)
    document, evidence = replay(report / "evidence")
    write_report(document, tuple(evidence), report)


def test_boot_files_that_are_not_those_of_the_image_are_seen_by_who_reads_it(
    report, alice, trust_file, capsys
):
    from auditkit import practice
    from auditkit.evidence import IMAGE_NAME
    from auditkit.practice.release.published import DATA, release_folder

    forged_boot_files(report)
    sign_report(report, alice.signer())
    image = DATA / release_folder(practice.scenario("honest").base_version) / IMAGE_NAME
    arguments = ["verify-report", report, "--allowed-signers", trust_file, "--replay"]
    assert command(*arguments, capsys=capsys)[0] == 0
    assert command(*arguments, "--base-image", image, capsys=capsys)[0] == 1


def test_an_image_without_a_replay_makes_no_sense(report, trust_file, capsys):
    arguments = ["verify-report", report, "--allowed-signers", trust_file, "--base-image", report]
    status, out, err = command(*arguments, capsys=capsys)
    assert (status, out, len(err.splitlines())) == (2, "", 1)


def test_who_signs_sees_first_what_is_signed(report, alice, capsys):
    status, out, err = command("sign", report, "--key", alice.path, capsys=capsys)
    assert (status, len(out.splitlines())) == (0, 1)
    assert "PASS (practice network): proposal 900001" in err
    assert "image-not-read" not in out
    assert alice.path.name in err


def decide_otherwise(report: Path) -> None:
    """Make every file of the report tell of a root hash that its evidence does not lead to."""
    from auditkit.report import from_json, render_html, render_markdown, to_json

    value = json.loads((report / "audit.json").read_bytes())
    decision = next(d for d in value["decisions"] if d["id"] == "base.root-hash")
    decision.update(observed="a root hash that nobody computed")
    document = from_json(json.dumps(value).encode())
    (report / "audit.json").write_bytes(to_json(document))
    (report / "report.html").write_text(render_html(document))
    (report / "report.md").write_text(render_markdown(document))


def test_a_report_that_its_evidence_does_not_lead_to_is_not_signed(report, alice, capsys):
    decide_otherwise(report)
    status, _, err = command("sign", report, "--key", alice.path, "--yes", capsys=capsys)
    assert status == 1
    assert "does not lead to this report" in err
    assert not (report / BUNDLE).exists()


@pytest.mark.slow
@pytest.mark.parametrize(("answer", "signed"), [("\n", False), ("y\n", True)])
def test_on_a_terminal_somebody_is_asked(report, alice, answer, signed):
    terminal, theirs = pty.openpty()
    arguments = [sys.executable, "-m", "auditkit", "sign", report, "--key", alice.path]
    process = subprocess.Popen(arguments, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    os.close(theirs)
    os.write(terminal, answer.encode())
    process.communicate(timeout=60)
    os.close(terminal)
    assert process.returncode == (0 if signed else 2)
    assert (report / BUNDLE).exists() is signed


def test_what_changes_while_it_is_looked_at_is_not_signed(report, alice):
    with pytest.raises(SigningError, match="changed while"):
        sign_report(report, alice.signer(), seen="0" * 64)


def test_a_forged_picture_of_the_chain_is_seen(report, alice, trust_file, capsys):
    page = report / "report.html"
    text = page.read_text()
    start, end = text.index("<svg"), text.index("</svg>") + len("</svg>")
    page.write_text(text[:start] + "<svg><text>all is well</text></svg>" + text[end:])
    with pytest.raises(SigningError, match=r"report\.html"):
        sign_report(report, alice.signer())


def test_the_pages_of_another_version_are_not_believed_by_who_requires_a_pass(
    report, alice, trust_file, capsys, monkeypatch
):
    sign_report(report, alice.signer())
    monkeypatch.setattr("auditkit.signing.folder_files.__version__", "99.0.0")
    monkeypatch.setattr("auditkit.signing.folder_files.render_markdown", lambda document: "another form")
    arguments = ["verify-report", report, "--allowed-signers", trust_file, "--json"]
    status, out, _ = command(*arguments, capsys=capsys)
    assert (status, json.loads(out)["qualifications"]) == (
        0,
        ["practice-network", "other-version"],
    )
    required = ["--require", "PASS", *accepting(*HONEST_LEAVES_OPEN)]
    assert command(*arguments, *required, capsys=capsys)[0] == 1
    assert command(*arguments, *required, *accepting("other-version"), capsys=capsys)[0] == 0


def test_a_verdict_of_another_world_is_not_passed_for_programs_that_read_nothing_else(report, alice):
    import base64

    sign_report(report, alice.signer())
    first, second = (json.loads(line) for line in (report / BUNDLE).read_bytes().splitlines())
    said = json.loads(base64.b64decode(first["payload"]))["predicate"]
    assert (said["verdict"], said["policy"], said["policyVersion"]) == ("PASS", "strict", 4)
    assert said["qualifications"] == list(HONEST_LEAVES_OPEN)
    summary = json.loads(base64.b64decode(second["payload"]))["predicate"]
    assert summary["verificationResult"] == "FAILED"
    assert summary["verifiedLevels"] == ["FAILED", *HONEST_LEAVES_OPEN]
    assert summary["policy"]["uri"] == "urn:auditkit:policy:strict/4"


@pytest.mark.parametrize(("name", "told"), [("not-attested-yet", True), ("built-by-dfinity", False)])
def test_that_nobody_attested_a_build_is_nobodys_word(name, told, tmp_path, alice, trust_file):
    """One attestation, of a copy of the repository, may have been left out."""
    write_report(*check(Parameters.from_file(parameter_file(name))), tmp_path / "report")
    sign_report(tmp_path / "report", alice.signer())
    verified = verify_report(tmp_path / "report", read_trust_list(trust_file))
    assert verified.authentic
    assert any("That nobody attested the build" in sentence for sentence in verified.not_covered) is told


def test_the_notebook_is_named_under_what_is_not_covered(report, alice, trust_file):
    sign_report(report, alice.signer())
    verified = verify_report(report, read_trust_list(trust_file))
    assert any("audit.ipynb" in sentence for sentence in verified.not_covered)


def test_a_replay_judges_the_certificates_of_a_chip_by_the_day_of_the_audit(
    reports, tmp_path, alice, trust_file, capsys
):
    import shutil

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2200, 1, 1, tzinfo=tz)

    folder = Path(shutil.copytree(reports["node-honest"], tmp_path / "report"))
    sign_report(folder, alice.signer())
    arguments = ["verify-report", folder, "--allowed-signers", trust_file, "--require", "PASS", "--replay"]
    arguments += accepting(*HONEST_LEAVES_OPEN, "image-not-read", "registry-not-read")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("auditkit.pipeline.steps.node.datetime", Later)
        status, out, _ = command(*arguments, "--json", capsys=capsys)
    assert {d["id"]: d["outcome"] for d in json.loads(out)["decisions"]}["report.replay"] == "warn"
    assert status == 0


def test_a_replay_that_decides_otherwise_is_caught(report, alice, trust_file, capsys):
    """An auditor who signs whatever they like is caught by the evidence."""
    decide_otherwise(report)
    sign_report(report, alice.signer())
    assert command("verify-report", report, "--allowed-signers", trust_file, capsys=capsys)[0] == 0
    status, out, _ = command(
        "verify-report", report, "--allowed-signers", trust_file, "--replay", capsys=capsys
    )
    assert status == 1
    assert "base.root-hash" in out


def refused(folder: Path, key: Path | str, capsys, *more: str) -> str:
    """The one line of a signing that fails with exit 2 and leaves the folder as it was."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    status, out, err = command("sign", folder, "--key", key, *more, capsys=capsys)
    assert (status, out, len(err.splitlines())) == (2, "", 1), err
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    return err


def test_keys_that_cannot_sign(report, new_key, tmp_path, capsys, monkeypatch):
    alice = new_key("alice")
    sign_report(report, alice.signer())
    assert "type ssh-rsa" in refused(report, new_key("rsa", "rsa", "", "-b", "2048").path, capsys)
    assert "type ecdsa" in refused(report, new_key("ecdsa", "ecdsa").path, capsys)
    assert "public key" in refused(report, alice.path.with_name("alice.pub"), capsys)
    assert "no such file" in refused(report, tmp_path / "none", capsys)
    assert "regular file" in refused(report, tmp_path, capsys)
    damaged = tmp_path / "damaged"
    for data in (
        b"",
        b"\0" * 100,
        alice.path.read_bytes()[:200],
        alice.path.read_bytes().replace(b"A", b"B"),
    ):
        damaged.write_bytes(data)
        refused(report, damaged, capsys)
    if os.geteuid():
        damaged.chmod(0)
        assert "cannot be read" in refused(report, damaged, capsys)
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    assert "SSH_AUTH_SOCK" in refused(report, "agent", capsys)
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "nobody"))
    assert "cannot be reached" in refused(report, "agent", capsys)
    refused(report, alice.path, capsys, "--auditor", "a\nb")
    refused(report, alice.path, capsys, "--auditor", "x" * 201)


def test_a_passphrase_comes_from_the_callback_and_a_wrong_one_is_told(report, new_key, trust_file):
    locked = new_key("locked", "ed25519", "correct horse")
    with pytest.raises(SigningError, match="passphrase is wrong"):
        load_private_key(locked.path, lambda _: "wrong")
    with pytest.raises(SigningError, match="passphrase is wrong"):
        load_private_key(locked.path, lambda _: "")
    assert not (report / BUNDLE).exists()
    sign_report(report, load_private_key(locked.path, lambda _: "correct horse"))
    trust_file.write_text(f"locked {locked.public_line}\n")
    assert verify_report(report, read_trust_list(trust_file)).authentic
    assert b"correct horse" not in b"".join(p.read_bytes() for p in report.rglob("*") if p.is_file())


@pytest.mark.slow
@pytest.mark.parametrize(("typed", "status"), [("correct horse", 0), ("mistaken", 2)])
def test_the_passphrase_is_asked_on_the_terminal(report, new_key, typed, status):
    locked = new_key("locked", "ed25519", "correct horse")
    terminal, theirs = pty.openpty()
    arguments = [sys.executable, "-m", "auditkit", "sign", report, "--key", locked.path, "--yes"]
    with subprocess.Popen(
        arguments, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        shown = b""
        while b"Passphrase of" not in shown:
            shown += os.read(terminal, 1000)
        os.write(terminal, typed.encode() + b"\n")
        try:
            while piece := os.read(terminal, 1000):
                shown += piece
        except OSError:
            pass  # the other end is closed
    os.close(terminal)
    assert process.returncode == status
    assert typed.encode() not in shown
    assert (report / BUNDLE).exists() is (status == 0)


@pytest.mark.slow
def test_without_a_terminal_no_passphrase_is_read(report, new_key):
    locked = new_key("locked", "ed25519", "correct horse")
    command = [sys.executable, "-m", "auditkit", "sign", report, "--key", locked.path]
    done = subprocess.run(
        command, input="correct horse\n", capture_output=True, text=True, check=False, start_new_session=True
    )
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "no terminal" in done.stderr
    assert not (report / BUNDLE).exists()


def full_for_new_files(opened):
    def open_(path, flags, *more, **options):
        if flags & os.O_EXCL:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return opened(path, flags, *more, **options)

    return open_


@pytest.mark.parametrize("moment", ["write", "fsync", "rename"])
def test_a_full_disk_leaves_the_bundle_as_it_was(report, new_key, capsys, monkeypatch, moment):
    sign_report(report, new_key("alice").signer())

    def full(*_: object, **__: object):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if moment == "write":
        monkeypatch.setattr(atomic.os, "open", full_for_new_files(atomic.os.open))
    elif moment == "fsync":
        monkeypatch.setattr(atomic.os, "fsync", full)
    else:
        monkeypatch.setattr(Path, "replace", full)
    assert "no space left" in refused(report, new_key("bob").path, capsys)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("evidence/vmlinuz", b"another"),
        ("evidence/SHA256SUMS", b""),
        ("report.html", b"<html>"),
        ("report.md", b"PASS"),
        ("audit.json", b"{}"),
        ("stray", b""),
        (BUNDLE, b"{}\n"),
    ],
)
def test_a_folder_that_is_not_what_audit_json_says_is_not_signed(report, alice, capsys, name, data):
    (report / name).write_bytes(data)
    refused(report, alice.path, capsys)


def test_renderings_of_another_version_are_told_and_not_failed(report, alice, trust_file):
    from auditkit.report import from_json, to_json

    value = json.loads((report / "audit.json").read_bytes())
    value["tool"]["version"] = "0.0.1"
    (report / "audit.json").write_bytes(to_json(from_json(json.dumps(value).encode())))
    (report / "report.md").write_text("what another version wrote\n")
    sign_report(report, alice.signer())
    verified = verify_report(report, read_trust_list(trust_file))
    assert verified.authentic
    assert outcome(verified, "report.renderings") == "warn"


def test_a_companion_by_every_kind_of_key(report, new_key, tmp_path):
    keys = [new_key("rsa", "rsa", "", "-b", "2048"), new_key("ecdsa", "ecdsa"), new_key("alice")]
    trust = tmp_path / "trust"
    trust.write_text("".join(f"{key.path.name}@example.org {key.public_line}\n" for key in keys))
    for key in keys:
        sign_companion(report, key.path, auditor=key.path.name)
    verified = verify_report(report, read_trust_list(trust), at_least=3)
    assert verified.authentic
    assert {(signature.name, signature.form) for signature in verified.signatures} == {
        ("rsa", "SSH"), ("ecdsa", "SSH"), ("alice", "SSH"),
    }  # fmt: skip
    trust.write_text(f"rsa@example.org {keys[0].public_line}\n")
    verified = verify_report(report, read_trust_list(trust), at_least=2)
    assert outcome(verified, "signature.signers") == "fail"
    revoked = tmp_path / "revoked"
    revoked.write_text(keys[0].public_line)
    verified = verify_report(report, read_trust_list(trust, revoked))
    assert outcome(verified, "signature.signers") == "fail"


def test_a_companion_that_cannot_be_made_leaves_nothing(report, new_key, tmp_path, capsys, monkeypatch):
    locked = new_key("locked", "ed25519", "correct horse")
    monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "never")
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    assert "ssh-keygen did not sign" in refused(report, locked.path, capsys, "--ssh-signature")
    assert "public half" in refused(report, tmp_path / "none", capsys, "--ssh-signature")
    assert "needs a file" in refused(report, "agent", capsys, "--ssh-signature")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "not installed" in refused(report, locked.path, capsys, "--ssh-signature")


@pytest.mark.usefixtures("signing_again")
def test_a_key_listed_twice_counts_by_the_line_that_allows_it(report, alice, tmp_path):
    trust = tmp_path / "trust"
    key = alice.public_line
    trust.write_text(
        f'old@example.org valid-before="20200101" {key}\nnew@example.org,second@example.org {key}\n'
    )
    sign_report(report, alice.signer())
    sign_companion(report, alice.path)
    verified = verify_report(report, read_trust_list(trust))
    assert verified.authentic
    assert {signature.principal for signature in verified.signatures} == {
        "new@example.org,second@example.org"
    }


def test_a_signed_folder_is_not_overwritten(report, alice):
    from auditkit.report import begin_report_folder

    _, statement = sign_companion(report, alice.path)
    with pytest.raises(ParameterError, match="signed report"):
        begin_report_folder(report)
    statement.unlink()
    statement.with_name(f"{statement.name}.sig").unlink()
    sign_report(report, alice.signer())
    with pytest.raises(ParameterError, match="signed report"):
        begin_report_folder(report)


def test_a_file_larger_than_any_evidence_is_not_read(report, alice, trust_file):
    sign_report(report, alice.signer())
    with (report / "evidence" / "vmlinuz").open("r+b") as file:
        file.truncate(1 << 42)
    verified = verify_report(report, read_trust_list(trust_file))
    assert outcome(verified, "statement.subjects") == "fail"
    assert outcome(verified, "report.evidence") == "fail"


def test_the_order_of_the_bundle_is_the_order_of_signing(report, alice, bob, trust_file):
    sign_report(report, bob.signer(), now=1)
    first = (report / BUNDLE).read_bytes()
    sign_report(report, alice.signer(), now=2)
    assert (report / BUNDLE).read_bytes().startswith(first)
    verified = verify_report(report, read_trust_list(trust_file))
    assert [signature.signed_at for signature in verified.signatures] == [
        "1970-01-01T00:00:01Z", "1970-01-01T00:00:02Z",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda value: None, "warn"),
        (lambda value: value["subject"].update(rootfs_hash="0"), "fail"),
        (lambda value: value["subject"].update(chip_ids=[]), "fail"),
        (lambda value: value["overlap"].pop(), "fail"),
        (lambda value: value["measured"].update(kernel_sha256="0" * 64), "fail"),
        (lambda value: value["evidence"][0].update(origin="elsewhere"), "fail"),
        (lambda value: value["parameters"].update(sweep_vcpus_max=1), "fail"),
        (lambda value: value["run"].update(started="2020-01-01T00:00:00Z"), "fail"),
        (lambda value: value["decisions"][0].update(reason="in other words"), "warn"),
        (lambda value: value["decisions"][0].update(outcome="warn"), "fail"),
    ],
)
def test_a_replay_of_another_version_is_judged_by_what_both_decide(report, new_key, capsys, edit, expected):
    from auditkit.report import from_json, to_json

    value = json.loads((report / "audit.json").read_bytes())
    value["tool"]["version"] = "0.0.1"
    edit(value)
    alice, trust_file = new_key("alice"), report.parent / "trust"
    trust_file.write_text(f"alice@example.org {alice.public_line}\n")
    (report / "audit.json").write_bytes(to_json(from_json(json.dumps(value).encode())))
    sign_report(report, alice.signer())
    arguments = ["verify-report", report, "--allowed-signers", trust_file, "--replay", "--json"]
    status, out, _ = command(*arguments, capsys=capsys)
    outcomes = {decision["id"]: decision["outcome"] for decision in json.loads(out)["decisions"]}
    assert (outcomes["report.replay"], status) == (expected, int(expected == "fail"))


def mainnet_document(report: Path, verdict: str = "PASS"):
    """What the report of the same audit would say if mainnet's key had signed the proposal."""
    from auditkit.report import from_json

    value = json.loads((report / "audit.json").read_bytes())
    value["parameters"]["root_key"] = "mainnet"
    value["subject"]["story"] = None
    value["qualifications"] = ["server-digest"]
    (key,) = [one for one in value["decisions"] if one["id"] == "settings.root-key"]
    key |= {"outcome": "pass", "qualifications": []}
    (digest,) = [one for one in value["decisions"] if one["id"] == "base.digest"]
    digest |= {"outcome": "warn", "qualifications": ["server-digest"]}
    return from_json(json.dumps(value).encode())


def test_a_pass_about_mainnet_is_passed_with_its_qualifications(report, alice):
    from auditkit.signing.statement import Auditor, report_statement, summary_statement

    document = mainnet_document(report)
    assert str(document.claim) == "PASS, qualified: server-digest"
    who = Auditor(keyid=alice.keyid, name=None)
    said = report_statement(document, {"audit.json": "0" * 64}, who, "2026-01-01T00:00:00Z")
    summary = summary_statement(said, b"a line").predicate
    assert summary.verification_result == "PASSED"
    assert summary.verified_levels == ("AUDITKIT_STRICT", "server-digest")


def test_a_statement_that_names_an_unknown_policy_is_no_authentic_one(report, alice, trust_file, monkeypatch):
    from auditkit.signing import statement as written

    honest = written.report_statement

    def newer(*arguments, **options):
        made = honest(*arguments, **options)
        return made.model_copy(update={"predicate": made.predicate.model_copy(update={"policy_version": 99})})

    monkeypatch.setattr("auditkit.signing.sign.report_statement", newer)
    monkeypatch.setattr(written, "policy_version", lambda identifier: POLICIES[identifier.partition("/")[0]])
    sign_report(report, alice.signer())
    monkeypatch.undo()
    verified = verify_report(report, read_trust_list(trust_file))
    assert outcome(verified, "statement.content") == "fail"


def downgraded(report: Path) -> None:
    """The report as somebody rewrites it who wants to be judged by less."""
    from auditkit.report import from_json, render_html, render_markdown, to_json

    value = json.loads((report / "audit.json").read_bytes())
    value["policies"] = {"strict": "strict/1", "overlap": "overlap/1"}
    value["qualifications"] = []
    value["decisions"] = [one for one in value["decisions"] if one["number"] <= 41]
    document = from_json(json.dumps(value).encode())
    (report / "audit.json").write_bytes(to_json(document))
    (report / "report.html").write_text(render_html(document))
    (report / "report.md").write_text(render_markdown(document))


def test_a_report_of_an_older_policy_is_not_signed(report, alice, capsys):
    downgraded(report)
    assert "strict/1" in refused(report, alice.path, capsys)


def test_an_older_policy_qualifies_what_it_says(report):
    from auditkit.report import from_json

    downgraded(report)
    claim = from_json((report / "audit.json").read_bytes()).claim
    assert {"older-policy", "other-root-key"} <= set(claim.qualifications)
    assert claim.verdict == "PASS"


@pytest.mark.parametrize(("source", "told"), [("a file that is not there", True), (None, False)])
def test_the_preview_says_when_nothing_was_answered(report, alice, tmp_path, capsys, source, told):
    folder = report
    if source:
        folder = tmp_path / "nothing"
        document, evidence = check(
            Parameters.from_file(parameter_file("honest"), (f"proposal_source={tmp_path / source}",))
        )
        write_report(document, evidence, folder)
    status, _, err = command("sign", folder, "--key", alice.path, "--yes", capsys=capsys)
    assert status == 0
    assert ("  this report holds no certified answer" in err) is told
