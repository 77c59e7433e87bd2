"""Whatever is changed in a signed report folder, `verify_report` notices (forged statements: test_statement_fields)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from auditkit.cli import main
from auditkit.signing import read_trust_list, sign_companion, sign_report, verify_report

OWN = ["audit.json", "report.html", "report.md", "audit.ipynb", "report.intoto.jsonl"]
EVIDENCE = [
    "OVMF_SEV.fd", "SHA256SUMS", "base-SHA256SUMS", "boot_args", "election.cbor", "election.request.cbor",
    "initrd.img", "launch-measurements.json",
    "proposal.cbor", "proposal.request.cbor", "published-launch-measurements.json", "replay.yaml", "vmlinuz",
]  # fmt: skip
FILES = [*OWN, *(f"evidence/{name}" for name in EVIDENCE)]


@pytest.fixture(scope="module")
def signed_by_two(reports, alice, bob, tmp_path_factory) -> Path:
    folder = Path(shutil.copytree(reports["honest"], tmp_path_factory.mktemp("signed") / "report"))
    sign_report(folder, alice.signer(), auditor="Alice")
    sign_report(folder, bob.signer())
    return folder


@pytest.fixture
def signed(signed_by_two, tmp_path, trust_file):
    """A folder that two auditors signed, and a function that verifies it."""
    report = Path(shutil.copytree(signed_by_two, tmp_path / "report"))
    trust = read_trust_list(trust_file)

    def failed() -> set[str]:
        return {d.id for d in verify_report(report, trust).decisions if d.outcome == "fail"}

    return report, failed


def test_what_nobody_changed_is_not_caught(signed):
    _, failed = signed
    assert failed() == set()


def test_the_list_of_files_is_complete(signed):
    folder, _ = signed
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert present == set(FILES)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_a_changed_byte_is_caught(signed, name, place):
    folder, failed = signed
    path = folder / name
    data = bytearray(path.read_bytes())
    position = {"first": 0, "middle": len(data) // 2, "last": len(data) - 1}[place]
    data[position] ^= 1
    path.write_bytes(data)
    assert failed()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("change", ["removed", "emptied", "longer", "a link", "a folder"])
def test_a_file_that_is_gone_or_another_thing_is_caught(signed, name, change, tmp_path):
    folder, failed = signed
    path = folder / name
    data = path.read_bytes()
    path.unlink()
    if change == "emptied":
        path.touch()
    elif change == "longer":
        path.write_bytes(data + b"\n")
    elif change == "a link":
        (tmp_path / "same").write_bytes(data)
        path.symlink_to(tmp_path / "same")
    elif change == "a folder":
        path.mkdir()
    assert failed()


@pytest.fixture(scope="module")
def other(reports, alice, tmp_path_factory) -> Path:
    """Another report that one of the two signed; every file of it differs."""
    folder = Path(shutil.copytree(reports["another base"], tmp_path_factory.mktemp("signed") / "other"))
    (folder / "audit.ipynb").write_text('{"cells": [1]}\n')
    sign_report(folder, alice.signer())
    return folder


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_report_is_caught(signed, name, other):
    folder, failed = signed
    assert (folder / name).read_bytes() != (other / name).read_bytes()
    shutil.copy(other / name, folder / name)
    assert failed()


@pytest.mark.parametrize(
    "name",
    [
        "README", ".hidden", "report.html~", "evidence/more", "evidence/deep/more", "more/more", "empty/",
        "report.statement-0123456789abcdef.json", "report.statement-0123456789abcdef.json.sig", "evidence/empty/",
    ],
)  # fmt: skip
def test_an_added_file_is_caught(signed, name):
    folder, failed = signed
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if name.endswith("/"):
        path.mkdir()
    else:
        path.write_bytes(b"more")
    assert failed()


def test_every_byte_of_the_bundle_counts(signed):
    """Each byte in turn: there is nothing in a bundle that can be changed without notice."""
    from auditkit.errors import EvidenceError
    from auditkit.signing.bundle import parse_bundle
    from auditkit.signing.ssh.keys import signed_by

    folder, _ = signed
    data = (folder / "report.intoto.jsonl").read_bytes()
    pairs = parse_bundle(data)
    keys = {pair.keyid: envelope for pair in pairs for envelope in pair.envelopes}
    trust = read_trust_list(folder.parent / "allowed_signers")
    assert len(keys) == 2
    step = max(1, len(data) // 400)
    for position in [*range(0, len(data), step), *range(len(data) - 120, len(data))]:
        changed = bytearray(data)
        changed[position] ^= 1
        try:
            found = parse_bundle(bytes(changed))
        except EvidenceError:
            continue
        signers = [trust.find(pair.keyid, 0.0) for pair in found]
        valid = [
            signer is not None and signed_by(signer.public_key, envelope.signature, envelope.signed_bytes)
            for signer, pair in zip(signers, found, strict=True)
            for envelope in pair.envelopes
        ]
        assert not all(valid), position


def lines_of(folder: Path) -> list[bytes]:
    return (folder / "report.intoto.jsonl").read_bytes().splitlines()


def rewrite(folder: Path, lines: list[bytes]) -> None:
    (folder / "report.intoto.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))


@pytest.mark.parametrize("order", [[0], [1], [1, 0], [0, 2], [0, 3], [0, 1, 2], [0, 0], [2, 1, 0, 3], []])
def test_lines_that_are_no_pairs_are_caught(signed, order):
    folder, failed = signed
    lines = lines_of(folder)
    rewrite(folder, [lines[number] for number in order])
    assert "signature.form" in failed()


def test_a_key_id_that_names_nobody_is_caught(signed):
    folder, failed = signed
    lines = lines_of(folder)
    for number in (2, 3):
        envelope = json.loads(lines[number])
        keyid = envelope["signatures"][0]["keyid"]
        envelope["signatures"][0]["keyid"] = keyid[:-1] + ("A" if keyid[-1] != "A" else "B")
        lines[number] = json.dumps(envelope, separators=(",", ":")).encode()
    rewrite(folder, lines)
    assert failed()


@pytest.mark.usefixtures("signing_again")
@pytest.mark.parametrize("name", ["statement", "signature"])
@pytest.mark.parametrize("change", ["changed", "removed", "emptied", "line ends"])
def test_a_companion_that_was_changed_is_caught(signed, alice, name, change):
    folder, failed = signed
    _, statement = sign_companion(folder, alice.path)
    assert failed() == set()
    path = statement if name == "statement" else statement.with_name(f"{statement.name}.sig")
    data = path.read_bytes()
    if change == "removed":
        path.unlink()
    else:
        half = len(data) // 2
        changed = {
            "changed": data[:half] + bytes([data[half] ^ 1]) + data[half + 1 :],
            "emptied": b"",
            "line ends": data.replace(b"\n", b"\r\n") + b"\n",
        }
        path.write_bytes(changed[change])
    assert failed()


def test_the_command_ends_with_1(signed, trust_file, capsys):
    folder, _ = signed
    (folder / "evidence" / "vmlinuz").write_bytes(b"another kernel")
    with pytest.raises(SystemExit) as ended:
        main(["verify-report", str(folder), "--allowed-signers", str(trust_file)])
    assert ended.value.code == 1
    shown = capsys.readouterr().out
    assert "vmlinuz was changed" in shown
    assert shown.rstrip().endswith("NOT AUTHENTIC: do not rely on this report.")
