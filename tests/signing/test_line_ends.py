"""A clone that turns LF into CRLF: the repository forbids it, and elsewhere the report says what happened."""

from __future__ import annotations

import subprocess

import pytest
from conftest import ROOT

from auditkit.signing import read_trust_list, sign_companion, sign_report, verify_report


def with_crlf(path) -> None:
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("evidence/boot_args", "report.evidence"),
        ("evidence/boot_args", "statement.subjects"),
        ("evidence/SHA256SUMS", "report.evidence"),
        ("report.html", "report.renderings"),
        ("report.md", "statement.subjects"),
        ("audit.ipynb", "statement.subjects"),
        ("report.intoto.jsonl", "signature.form"),
        ("signature", "signature.form"),
    ],
)
def test_line_ends_that_explain_a_mismatch_are_named(report, alice, bob, trust_file, *, name, check):
    sign_report(report, alice.signer())
    _, statement = sign_companion(report, bob.path)
    signature = statement.with_name(f"{statement.name}.sig")
    path = signature if name == "signature" else report / name
    before = path.read_bytes()
    with_crlf(path)
    decision = next(d for d in verify_report(report, read_trust_list(trust_file)).decisions if d.id == check)
    assert decision.outcome == "fail"
    assert "core.autocrlf" in decision.reason
    path.write_bytes(b"\x7f" + before[1:].replace(b"\n", b"\r\n"))
    decision = next(d for d in verify_report(report, read_trust_list(trust_file)).decisions if d.id == check)
    assert decision.outcome == "fail"
    assert "core.autocrlf" not in decision.reason


def test_a_clone_is_byte_exact_whatever_git_is_told(program, tmp_path):
    git = program("git")
    if subprocess.run([git, "rev-parse"], cwd=ROOT, capture_output=True, check=False).returncode:
        pytest.skip("this is not a checkout of git")
    command = [
        git,
        "-c",
        "core.autocrlf=true",
        "-c",
        "core.eol=crlf",
        "clone",
        "-q",
        "--shared",
        ROOT,
        "clone",
    ]
    subprocess.run(command, cwd=tmp_path, check=True)
    listed = subprocess.run(
        [git, "ls-files", "--eol"], cwd=tmp_path / "clone", capture_output=True, check=True
    )
    told = [line.split(None, 3) for line in listed.stdout.decode().splitlines()]
    assert len(told) > 100
    assert [line[3] for line in told if line[0].partition("/")[2] != line[1].partition("/")[2]] == []
