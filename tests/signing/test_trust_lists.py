"""Whose signature counts, as whom, and what is said where that could not be told."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from auditkit.cli import main
from auditkit.errors import ParameterError
from auditkit.signing import read_trust_list, sign_companion, sign_report, verify_report
from auditkit.signing.patterns import matches, may_be_alike
from auditkit.signing.ssh.certificates import read_certificate
from auditkit.signing.trust_list import Standing, distinct_auditors


def outcomes(verified) -> dict[str, str]:
    return {decision.id: str(decision.outcome) for decision in verified.decisions}


def reason(verified, name: str) -> str:
    return next(f"{d.observed} {d.reason}" for d in verified.decisions if d.id == name)


@pytest.fixture
def certify(program, tmp_path):
    """A function that certifies a copy of a key and gives the certificate's path."""
    keygen = program("ssh-keygen")

    def make(key, authority, *principals: str) -> Path:
        folder = tmp_path / f"certified-{'-'.join(principals)}"
        folder.mkdir()
        shutil.copy(key.path, folder / "key")
        (folder / "key").chmod(0o600)
        (folder / "key.pub").write_text(key.public_line + "\n")
        command = [keygen, "-q", "-s", authority.path, "-I", "test", "-n", ",".join(principals), "key.pub"]
        subprocess.run(command, check=True, capture_output=True, cwd=folder)
        return folder / "key-cert.pub"

    return make


@pytest.fixture
def trusted(tmp_path):
    """A function that writes and reads a trust list."""

    def write(*lines: str, revoked: Path | None = None):
        file = tmp_path / "trusted"
        file.write_text("".join(f"{line}\n" for line in lines))
        return read_trust_list(file, revoked)

    return write


# Revocation


@pytest.mark.parametrize("form", ["keys", "krl"])
@pytest.mark.parametrize("which", ["key", "certificate", "authority"])
def test_a_revoked_key_or_authority_revokes_its_certificates(
    report, alice, bob, new_key, *, certify, trusted, tmp_path, which, form
):
    ca = new_key("ca")
    certificate = certify(alice, ca, "alice@example.org")
    sign_companion(report, certificate)
    lines = {
        "key": alice.public_line,
        "certificate": certificate.read_text(),
        "authority": ca.public_line,
        "none": bob.public_line,
    }

    def signers(name: str) -> str:
        revoked = tmp_path / f"{name}.pub"
        revoked.write_text(lines[name].strip() + "\n")
        if form == "krl":
            made = tmp_path / f"{name}.krl"
            subprocess.run(["ssh-keygen", "-q", "-k", "-f", made, revoked], check=True)
            revoked = made
        trust = trusted(f"*@example.org cert-authority {ca.public_line}", revoked=revoked)
        return outcomes(verify_report(report, trust))["signature.signers"]

    assert signers("none") == "pass"
    assert signers(which) == "fail"


def test_a_krl_counts_for_dsse_too(report, alice, bob, trusted, tmp_path):
    sign_report(report, alice.signer())
    for name, key in (("alice", alice), ("bob", bob)):
        public = tmp_path / f"{name}.pub"
        public.write_text(key.public_line + "\n")
        subprocess.run(["ssh-keygen", "-q", "-k", "-f", tmp_path / f"{name}.krl", public], check=True)
    line = f"alice@example.org {alice.public_line}"
    assert verify_report(report, trusted(line, revoked=tmp_path / "bob.krl")).authentic
    verified = verify_report(report, trusted(line, revoked=tmp_path / "alice.krl"))
    assert outcomes(verified)["signature.signers"] == "fail"
    assert "revoked" in reason(verified, "signature.keys")


def test_a_damaged_krl_is_not_taken_for_an_empty_one(report, alice, trusted, tmp_path):
    sign_report(report, alice.signer())
    (tmp_path / "krl").write_bytes(b"SSHKRL\n\0" + bytes(5))
    verified = verify_report(
        report, trusted(f"alice@example.org {alice.public_line}", revoked=tmp_path / "krl")
    )
    assert outcomes(verified)["signature.signers"] == "skip"
    assert not verified.authentic


# How many auditors


@pytest.mark.usefixtures("signing_again")
def test_one_key_with_two_certificates_is_one_auditor(report, alice, bob, *, new_key, certify, trusted):
    ca = new_key("ca")
    line = f"*@example.org cert-authority {ca.public_line}"
    sign_companion(report, certify(alice, ca, "alice@example.org"))
    sign_companion(report, certify(alice, ca, "carol@example.org"))
    assert outcomes(verify_report(report, trusted(line), at_least=2))["signature.signers"] == "fail"
    sign_companion(report, certify(bob, ca, "bob@example.org"))
    verified = verify_report(report, trusted(line), at_least=2)
    assert outcomes(verified)["signature.signers"] == "pass"
    assert len({signature.keyid for signature in verified.signatures}) == 2


@pytest.mark.usefixtures("signing_again")
def test_a_key_and_a_certificate_of_it_are_one_auditor(report, alice, new_key, certify, trusted):
    ca = new_key("ca")
    sign_companion(report, certify(alice, ca, "alice@example.org"))
    sign_report(report, alice.signer())
    listed = trusted(
        f"*@example.org cert-authority {ca.public_line}", f"dave@example.net {alice.public_line}"
    )
    verified = verify_report(report, listed, at_least=2)
    assert outcomes(verified)["signature.signers"] == "fail"
    assert len(verified.signatures) == 2


def test_a_list_of_authorities_alone_is_enough(report, alice, new_key, certify, trusted):
    ca = new_key("ca")
    sign_companion(report, certify(alice, ca, "alice@example.org"))
    verified = verify_report(report, trusted(f"*@example.org cert-authority {ca.public_line}"))
    assert verified.authentic
    assert [(s.principal, s.keyid) for s in verified.signatures] == [("alice@example.org", alice.keyid)]


@pytest.mark.parametrize(
    ("first", "second", "count"),
    [
        ("alice@x", "bob@x", 2),
        ("alice@x", "ALICE@X", 1),
        ("*@x", "alice@x", 1),
        ("*@x", "alice@y", 2),
        ("a*", "*b", 1),
        ("a*c", "b*c", 2),
        ("a?", "?b", 1),
        ("a?", "abc", 2),
        ("*@x,!alice@x", "alice@x", 2),
        ("*@x,!Alice@x", "alice@x", 1),
        ("*@x,!a*", "alice@x", 2),
        ("*@x,!a*", "*ce@x", 1),
        ("!bob@x,carol@x", "!bob@x,dave@x", 2),
        ("[ab]", "a", 2),
    ],
)
def test_patterns_that_name_one_identity_are_one_auditor(first, second, count):
    standings = [Standing((), tuple(names.split(",")), names) for names in (first, second)]
    assert distinct_auditors(standings) == count
    assert distinct_auditors(standings[::-1]) == count


def test_a_third_key_can_join_two_auditors():
    names = {"a": ("a@x",), "b": ("b@x",), "both": ("a@x", "b@x")}
    standings = [Standing(given, given, key) for key, given in names.items()]
    assert distinct_auditors(standings[:2]) == 2
    assert distinct_auditors(standings) == 1


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("", "", True), ("", "*", True), ("a", "", False), ("abc", "a*c", True), ("abc", "a?c", True),
        ("ac", "a?c", False), ("abcabd", "*ab?", True), ("A", "a", False), ("a", "[a]", False), ("[a]", "[a]", True),
        ("aXbXc", "a*b*c", True), ("ac", "a*c", True), ("c", "*c", True), ("bcbc", "*bc", True), ("ab", "*?b", True),
        ("b", "*?b", False), ("abab", "*ab*b", True), ("ab", "**b", True), ("ab", "a*b*c", False),
        ("\u00e9", "?", False), ("\u00e9", "??", True),
    ],
)  # fmt: skip
def test_patterns(text, pattern, expected):
    assert matches(text, pattern) is expected


def test_patterns_take_no_time():
    hard = "a*" * 300 + "b"
    assert not matches("a" * 1000, hard)
    assert may_be_alike([hard], ["*a" * 300 + "*"])
    assert not may_be_alike(["*a" * 30 + "x"], ["*a" * 30 + "y"])


# Which lines


@pytest.mark.parametrize("form", ["DSSE", "SSH"])
@pytest.mark.parametrize(
    ("lines", "principal"),
    [
        (['a@x namespaces="git" {key}', 'b@x namespaces="auditkit" {key}'], "b@x"),
        (['a@x namespaces="git" {key}', 'a@x,b@x namespaces="auditkit" {key}'], "a@x,b@x"),
        (['a@x valid-before="20200101" {key}', "b@x {key}"], "b@x"),
        (["a@x {key}", 'b@x valid-before="20200101" {key}'], "a@x"),
        (["!a@x {key}", "*@x {key}"], "*@x"),
        (["a@x cert-authority {key}", "b@x {key}"], "b@x"),
        (["!a@x {key}"], None),
        (['a@x namespaces="" {key}'], None),
        (['a@x namespaces="[a]uditkit" {key}'], None),
        (["a@x cert-authority {key}"], None),
        (["a@x {certificate}"], None),
    ],
)
def test_both_kinds_of_signature_count_by_the_same_line(
    report, alice, new_key, *, certify, trusted, form, lines, principal
):
    if form == "DSSE":
        sign_report(report, alice.signer())
    else:
        sign_companion(report, alice.path)
    certificate = certify(alice, new_key("ca"), "a@x").read_text().strip()
    listed = trusted(*(line.format(key=alice.public_line, certificate=certificate) for line in lines))
    verified = verify_report(report, listed)
    assert outcomes(verified)["signature.signers"] == ("fail" if principal is None else "pass")
    assert [signature.principal for signature in verified.signatures] == [principal] * (principal is not None)
    assert outcomes(verified)["signature.keys"] == ("warn" if principal is None else "pass")


def test_an_identity_of_another_line_joins_auditors(report, alice, bob, trusted):
    """Alice's key stands under Bob's name as well, if only for git: they are not two auditors."""
    sign_report(report, alice.signer())
    sign_report(report, bob.signer())
    lines = [f"alice@x {alice.public_line}", f"bob@x {bob.public_line}"]
    assert verify_report(report, trusted(*lines), at_least=2).authentic
    lines.append(f'bob@x namespaces="git" {alice.public_line}')
    assert not verify_report(report, trusted(*lines), at_least=2).authentic


@pytest.mark.parametrize(
    "line", ["a ssh-ed25519 {short}", "a ssh-ed25519 {long}", "a {rsa}", "a ssh-foo {key}", "a\0b {line}"]
)
def test_a_key_that_ssh_keygen_refuses_is_no_key(alice, tmp_path, line):
    import base64

    kind, key = alice.public_line.split()[:2]
    blob = base64.b64decode(key)
    short = base64.b64encode(blob[:18] + b"\x1f" + blob[19:-1]).decode()
    modulus = b"\0\0\0\7ssh-rsa\0\0\0\3\1\0\1\0\0\0\x60" + b"\x7f" * 96
    rsa = f"ssh-rsa {base64.b64encode(modulus).decode()}"
    filled = line.format(
        short=short, long=base64.b64encode(blob + b"\0").decode(), rsa=rsa, key=key, line=f"{kind} {key}"
    )
    (tmp_path / "trust").write_text(filled + "\n")
    with pytest.raises(ParameterError):
        read_trust_list(tmp_path / "trust")


def test_every_byte_of_a_certificate_is_read_without_a_crash(alice, new_key, certify):
    import base64

    from auditkit.errors import EvidenceError

    blob = base64.b64decode(certify(alice, new_key("ca"), "alice@example.org").read_text().split()[1])
    told = read_certificate(blob)
    assert told is not None
    assert base64.b64encode(told.public_key).decode() == alice.public_line.split()[1]
    assert base64.b64encode(told.authority).decode() == new_key("ca").public_line.split()[1]
    assert told.principals == ("alice@example.org",)
    for length in range(len(blob)):
        with pytest.raises(EvidenceError):
            read_certificate(blob[:length])
    with pytest.raises(EvidenceError):
        read_certificate(blob + b"\0")


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
@pytest.mark.parametrize(
    ("option", "hours", "counts"),
    [
        ("valid-after", -1, True),
        ("valid-after", 1, False),
        ("valid-before", -1, False),
        ("valid-before", 1, True),
    ],
)
def test_a_time_without_z_is_the_verifiers_for_every_kind_of_signature(
    report, alice, bob, *, new_key, certify, trusted, monkeypatch, zone, option, hours, counts
):
    ca = new_key("ca")
    sign_report(report, alice.signer())
    sign_companion(report, certify(bob, ca, "bob@example.org"))
    moment = datetime.now(UTC) + timedelta(hours=hours)
    bound = f'{option}="{moment.astimezone(ZoneInfo(zone)):%Y%m%d%H%M}"'
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        listed = trusted(
            f"alice@example.org {bound} {alice.public_line}",
            f"*@example.org cert-authority,{bound} {ca.public_line}",
        )
        assert len(verify_report(report, listed).signatures) == 2 * counts
    finally:
        monkeypatch.undo()
        time.tzset()


# ssh-keygen that cannot look


CANNOT = {
    "unknown uid": "echo 'No user exists for uid 4711' >&2; exit 255",
    "missing library": "echo 'ssh-keygen: error while loading shared libraries: libcrypto.so.3' >&2; exit 127",
    "old": "echo 'unknown option -- Y' >&2; echo 'usage: ssh-keygen ...' >&2; exit 1",
    "library mismatch": "echo 'OpenSSL version mismatch.' >&2; exit 255",
    "key type": "echo 'Could not verify signature.'; echo 'unknown or unsupported key type' >&2; exit 255",
    "no file": "echo 'Could not verify signature.'; echo \"Couldn't read signature file: denied\" >&2; exit 255",
    "killed": "kill -9 $$",
    "silent success": "exit 0",
}


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """A function that puts another ssh-keygen in front of the real one, or takes it away."""

    def put(script: str | None) -> None:
        folder = tmp_path / "bin"
        folder.mkdir()
        if script is not None:
            (folder / "ssh-keygen").write_text(f"#!/bin/sh\n{script}\n")
            (folder / "ssh-keygen").chmod(0o755)
        monkeypatch.setenv("PATH", str(folder) if script is None else f"{folder}:{os.environ['PATH']}")

    return put


@pytest.mark.parametrize("how", [None, *CANNOT])
def test_what_could_not_be_checked_was_not_changed(
    report, alice, bob, *, trusted, trust_file, broken, capsys, how
):
    sign_companion(report, alice.path)
    trust = trusted(f"alice@example.org {alice.public_line}", f"bob@example.org {bob.public_line}")
    broken(None if how is None else CANNOT[how])
    verified = verify_report(report, trust)
    told = outcomes(verified)
    assert "fail" not in told.values()
    assert (told["signature.keys"], told["signature.signers"]) == ("warn", "skip")
    assert "not checked" in reason(verified, "signature.keys")
    assert "ssh-keygen" in reason(verified, "signature.signers")
    assert not verified.authentic
    with pytest.raises(SystemExit) as ended:
        main(["verify-report", str(report), "--allowed-signers", str(trust_file)])
    assert ended.value.code == 2
    assert "AUTHENTIC" not in capsys.readouterr().out
    assert outcomes(verify_report(report, trust, at_least=2))["signature.signers"] == "fail"
    sign_report(report, bob.signer())
    assert verify_report(report, trust).authentic  # Bob's signature needs no ssh-keygen


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user that nobody knows")
def test_the_real_ssh_keygen_under_an_unknown_user(report, alice, trusted, program, broken):
    sign_companion(report, alice.path)
    broken(f'exec {program("setpriv")} --reuid 4711 {program("ssh-keygen")} "$@"')
    verified = verify_report(report, trusted(f"alice@example.org {alice.public_line}"))
    assert outcomes(verified)["signature.signers"] == "skip"
    assert "No user exists" in reason(verified, "signature.keys")


def test_an_unchecked_signature_of_a_stranger_changes_nothing(report, alice, bob, trusted, broken):
    sign_companion(report, alice.path)
    broken(None)
    verified = verify_report(report, trusted(f"bob@example.org {bob.public_line}"))
    assert outcomes(verified)["signature.signers"] == "fail"


def test_a_revocation_that_could_not_be_checked_leaves_it_open(report, alice, trusted, tmp_path, broken):
    sign_report(report, alice.signer())
    public = tmp_path / "other.pub"
    public.write_text(alice.public_line + "\n")
    subprocess.run(["ssh-keygen", "-q", "-k", "-f", tmp_path / "krl", public], check=True)
    trust = trusted(f"alice@example.org {alice.public_line}", revoked=tmp_path / "krl")
    broken(CANNOT["unknown uid"])
    verified = verify_report(report, trust)
    assert outcomes(verified)["signature.signers"] == "skip"
    assert not verified.authentic


def test_a_signature_for_another_purpose_is_no_signature_of_a_report(report, alice, trusted):
    _, statement = sign_companion(report, alice.path)
    statement.with_name(f"{statement.name}.sig").unlink()
    command = ["ssh-keygen", "-q", "-Y", "sign", "-f", alice.path, "-n", "git", statement]
    subprocess.run(command, check=True, capture_output=True)
    verified = verify_report(report, trusted(f"alice@example.org {alice.public_line}"))
    assert outcomes(verified)["signature.form"] == "fail"
    assert "another purpose" in reason(verified, "signature.form")
