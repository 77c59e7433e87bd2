"""The report folder: whole or not finished, and never somebody else's."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys

import pytest

from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.report import (
    begin_report_folder,
    read_report_folder,
    render_html,
    render_markdown,
    to_json,
    write_report_folder,
)
from auditkit.report import (
    folder as folder_module,
)


def test_a_folder_reads_back_and_sha256sum_agrees(tmp_path, failing, evidence_files, program):
    folder = tmp_path / "a" / "report"
    path = write_report_folder(folder, failing, evidence_files, notebook=b"{}")
    assert path == folder / "audit.json"
    report = read_report_folder(folder)
    assert report.document == failing
    assert report.document_bytes == path.read_bytes() == to_json(failing)
    assert report.evidence_path("proposal.cbor").read_bytes() == evidence_files["proposal.cbor"]
    names = {"audit.json", "report.html", "report.md", "audit.ipynb", "evidence"}
    assert {entry.name for entry in folder.iterdir()} == names
    subprocess.run(
        [program("sha256sum"), "--check", "--strict", "SHA256SUMS"], cwd=folder / "evidence", check=True
    )


def test_renderings_follow_from_audit_json_alone(tmp_path, failing, evidence_files):
    write_report_folder(tmp_path / "r", failing, evidence_files)
    document = read_report_folder(tmp_path / "r").document
    assert (tmp_path / "r" / "report.html").read_text() == render_html(document)
    assert (tmp_path / "r" / "report.md").read_text() == render_markdown(document)


def test_audit_json_is_written_last(tmp_path, failing, evidence_files, monkeypatch):
    written = []
    real = folder_module.write_atomically
    monkeypatch.setattr(folder_module, "write_atomically", lambda p, d: (written.append(p.name), real(p, d)))
    write_report_folder(tmp_path / "r", failing, evidence_files)
    assert written == ["SHA256SUMS", "report.html", "report.md", "audit.json"]


def test_beginning_again_makes_the_old_report_unfinished(tmp_path, failing, evidence_files):
    write_report_folder(tmp_path, failing, evidence_files)
    begin_report_folder(tmp_path)
    with pytest.raises(SourceError, match="no finished report"):
        read_report_folder(tmp_path)


@pytest.mark.parametrize("stop_at", ["SHA256SUMS", "report.html", "report.md", "audit.json"])
def test_a_killed_run_leaves_nothing_that_looks_finished(tmp_path, failing, evidence_files, stop_at):
    write_report_folder(tmp_path / "r", failing, evidence_files)
    (tmp_path / "audit.json").write_bytes(to_json(failing))
    script = f"""
import os, signal
from pathlib import Path
from auditkit import atomic
from auditkit.report import folder, from_json
real = atomic.os.fsync
folder_write = folder.write_atomically
def write(path, data):
    if path.name == {stop_at!r}:
        atomic.os.fsync = lambda fd: os.kill(os.getpid(), signal.SIGKILL)
    folder_write(path, data)
folder.write_atomically = write
document = from_json(Path({str(tmp_path / "audit.json")!r}).read_bytes())
folder.write_report_folder(Path({str(tmp_path / "r")!r}), document, {evidence_files!r})
"""
    done = subprocess.run([sys.executable, "-c", script], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    with pytest.raises(SourceError):
        read_report_folder(tmp_path / "r")
    write_report_folder(tmp_path / "r", failing, evidence_files)  # and the next run is not in its way
    assert read_report_folder(tmp_path / "r").document == failing


def test_evidence_may_already_lie_in_the_folder(tmp_path, failing, evidence_files):
    write_report_folder(tmp_path, failing, evidence_files)
    places = {name: tmp_path / "evidence" / name for name in evidence_files}
    write_report_folder(tmp_path, failing, places)
    assert {name: place.read_bytes() for name, place in places.items()} == evidence_files


@pytest.mark.parametrize("change", ["changed", "missing", "more"])
def test_evidence_that_is_not_what_the_document_lists_is_refused(tmp_path, failing, evidence_files, change):
    write_report_folder(tmp_path, failing, evidence_files)
    if change == "changed":
        evidence_files["proposal.cbor"] += b"!"
    elif change == "missing":
        del evidence_files["proposal.cbor"]
    else:
        evidence_files["update-img.tar.zst"] = b"kept by digest only"
    with pytest.raises(EvidenceError):
        write_report_folder(tmp_path, failing, evidence_files)
    assert not (tmp_path / "audit.json").exists()
    assert not [entry for entry in tmp_path.iterdir() if entry.name.startswith(".")]


def test_evidence_in_folders_below(tmp_path, example_value, document_of, evidence_files):
    data = b"kernel"
    name = "boot/vmlinuz-6.1"
    record = {"name": name, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "origin": "image"}
    example_value["evidence"].append(record | {"stored": True})
    document = document_of(json.loads(json.dumps(example_value)))
    write_report_folder(tmp_path, document, {**evidence_files, name: data})
    assert (tmp_path / "evidence" / name).read_bytes() == data


def test_a_signed_report_is_not_overwritten(tmp_path, failing, evidence_files):
    write_report_folder(tmp_path, failing, evidence_files)
    (tmp_path / "report.intoto.jsonl").write_text("{}\n")
    with pytest.raises(ParameterError, match="signed"):
        write_report_folder(tmp_path, failing, evidence_files)
    assert read_report_folder(tmp_path).document == failing


def test_somebody_else_s_evidence_folder_is_not_replaced(tmp_path, failing, evidence_files):
    (tmp_path / "evidence").mkdir()
    (tmp_path / "evidence" / "holiday.jpg").write_bytes(b"precious")
    with pytest.raises(ParameterError, match="not made by an audit"):
        write_report_folder(tmp_path, failing, evidence_files)
    assert (tmp_path / "evidence" / "holiday.jpg").read_bytes() == b"precious"


def test_a_link_in_the_place_of_the_evidence_is_not_followed(tmp_path, failing, evidence_files):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "evidence").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ParameterError):
        write_report_folder(tmp_path / "r", failing, evidence_files)


def test_a_file_in_the_place_of_the_folder(tmp_path, failing, evidence_files):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ParameterError, match="cannot be written"):
        write_report_folder(tmp_path / "file" / "report", failing, evidence_files)


def test_a_full_disk_is_one_clear_error_and_no_report(tmp_path, failing, evidence_files, monkeypatch):
    def full(path, data):
        raise OSError(28, "No space left on device", os.fspath(path))

    monkeypatch.setattr(folder_module, "write_atomically", full)
    with pytest.raises(SourceError, match="No space left"):
        write_report_folder(tmp_path, failing, evidence_files)
    assert not (tmp_path / "audit.json").exists()


def test_a_malformed_audit_json_names_the_file(tmp_path):
    (tmp_path / "audit.json").write_text("{")
    with pytest.raises(EvidenceError) as caught:
        read_report_folder(tmp_path)
    assert caught.value.where == str(tmp_path / "audit.json")
