"""Reports that an older auditkit made and signed: they stay authentic, and are told for what they are."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from commands import in_process

DATA = Path(__file__).with_name("data")


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    """The sample of 0.5.0, with its trust list beside it."""
    folder = tmp_path_factory.mktemp("older")
    with tarfile.open(DATA / "report-0.5.0.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder / "reports" / "sample"


def verified(report: Path, *more: str, capsys) -> tuple[int, str]:
    signers = report.with_name("sample.allowed_signers")
    return in_process("verify-report", report, "--allowed-signers", signers, *more, capsys=capsys)[:2]


def test_it_is_authentic_by_the_policy_of_its_time(report, capsys):
    status, out = verified(report, "--replay", capsys=capsys)
    assert status == 0, out
    assert "AUTHENTIC: the report says PASS (practice network), qualified: image-not-read" in out
    assert out.rstrip().endswith("older-policy about proposal 900001, policy strict/3, stage recover.")


def test_it_is_no_longer_a_pass_without_a_word(report, capsys):
    accepted = [
        word
        for name in ("practice-network", "other-version", "image-not-read")
        for word in ("--accept", name)
    ]
    status, out = verified(report, "--replay", "--require", "PASS", *accepted, capsys=capsys)
    assert status == 1
    assert "older-policy" in out
