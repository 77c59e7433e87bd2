"""The report folder: whole or not finished, and never somebody else's."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from auditkit import atomic
from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.report import (
    begin_report_folder,
    only_writer,
    read_report_folder,
    render_html,
    render_markdown,
    to_json,
    write_report_folder,
    writer,
)
from auditkit.report import (
    folder as folder_module,
)

RECORD = b"a record that is not read here\n"


@pytest.fixture
def evidence_files(evidence_files):
    return {**evidence_files, "replay.yaml": RECORD}


@pytest.fixture
def failing(failing, document_of):
    """The failing report, with the record that every audit keeps."""
    value = json.loads(to_json(failing))
    record = {"name": "replay.yaml", "sha256": hashlib.sha256(RECORD).hexdigest(), "size": len(RECORD)}
    value["evidence"].append({**record, "origin": "auditkit", "stored": True})
    return document_of(value)


@pytest.fixture
def example_value(failing):
    return json.loads(to_json(failing))


def test_a_folder_reads_back_and_sha256sum_agrees(tmp_path, failing, evidence_files, program):
    folder = tmp_path / "a" / "report"
    path = write_report_folder(folder, failing, evidence_files, notebook=b"{}")
    assert path == folder / "audit.json"
    report = read_report_folder(folder)
    assert report.document == failing
    assert report.document_bytes == path.read_bytes() == to_json(failing)
    assert (report.path / "evidence" / "proposal.cbor").read_bytes() == evidence_files["proposal.cbor"]
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
    before: dict[str, set[str]] = {}
    real = Path.replace

    def replace(self, target):
        before[target.name] = {entry.name for entry in target.parent.iterdir() if entry.name[0] != "."}
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    write_report_folder(tmp_path / "r", failing, evidence_files, notebook=b"{}")
    assert before["audit.json"] == {"evidence", "audit.ipynb", "report.html", "report.md"}


def test_beginning_again_leaves_nothing_of_the_old_report_that_tells_a_verdict(
    tmp_path, failing, evidence_files
):
    write_report_folder(tmp_path, failing, evidence_files, notebook=b"{}")
    begin_report_folder(tmp_path)
    with pytest.raises(SourceError, match="no finished report"):
        read_report_folder(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["evidence"]


@pytest.mark.slow
def test_a_run_that_is_killed_anywhere_leaves_nothing_that_looks_finished(tmp_path, failing, evidence_files):
    """Killed at each of its writes in turn, over what the one before left."""
    (tmp_path / "audit.json").write_bytes(to_json(failing))
    script = f"""
import os, signal
from pathlib import Path
from auditkit.report import from_json, read_report_folder, write_report_folder
folder, files = Path({str(tmp_path / "r")!r}), {evidence_files!r}
document = from_json(Path({str(tmp_path / "audit.json")!r}).read_bytes())
sync, killed = os.fsync, 0
write_report_folder(folder.with_name("first"), document, files)  # compiles the templates, once for all children
while True:
    child = os.fork()
    if not child:
        writes = 0
        def fsync(descriptor):
            global writes
            writes += 1
            if writes > killed:
                os.kill(os.getpid(), signal.SIGKILL)
            sync(descriptor)
        os.fsync = fsync
        write_report_folder(folder, document, files, notebook=b'{{"metadata": {{"papermill": 1}}}}')
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if status == 0:
        break
    assert status == signal.SIGKILL, status
    killed += 1
    if (folder / "audit.json").exists():
        assert {{"evidence", "audit.ipynb", "report.html", "report.md"}} < set(os.listdir(folder))
        assert read_report_folder(folder).document == document
        assert sorted(os.listdir(folder / "evidence")) == sorted([*files, "SHA256SUMS"])
print(killed)
"""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, check=True, timeout=120, capture_output=True, text=True)
    assert int(done.stdout) >= 10
    names = {"audit.json", "report.html", "report.md", "audit.ipynb", "evidence"}
    assert {entry.name for entry in (tmp_path / "r").iterdir()} == names
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


NAMES = ("audit.json", "report.html", "report.md", "audit.ipynb", "evidence")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("there", [True, False])
def test_a_link_in_the_place_of_a_part_is_refused(tmp_path, failing, evidence_files, name, there):
    folder, target = tmp_path / "r", tmp_path / "elsewhere"
    write_report_folder(folder, failing, evidence_files, notebook=b"{}")
    (folder / name).rename(target)
    if not there:
        target.rename(tmp_path / "gone")
    (folder / name).symlink_to(target)
    with pytest.raises(ParameterError, match="in the folder was not made by an audit"):
        write_report_folder(folder, failing, evidence_files)
    assert (folder / name).is_symlink()


@pytest.mark.parametrize("name", NAMES)
def test_somebody_else_s_files_are_not_replaced(tmp_path, failing, evidence_files, name):
    (tmp_path / name).write_text('{"vulnerabilities": {}, "metadata": {}}')
    before = (tmp_path / name).read_bytes()
    for attempt in (begin_report_folder, lambda folder: write_report_folder(folder, failing, evidence_files)):
        with pytest.raises(ParameterError, match="not made by an audit"):
            attempt(tmp_path)
    assert [(entry.name, entry.read_bytes()) for entry in tmp_path.iterdir()] == [(name, before)]


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize("name", ["thesis.odt", "boot/thesis.odt", "boot/"])
def test_what_lies_among_the_evidence_is_not_removed(tmp_path, failing, evidence_files, finished, name):
    write_report_folder(tmp_path, failing, evidence_files)
    if not finished:
        begin_report_folder(tmp_path)
    mine = tmp_path / "evidence" / name
    if name.endswith("/"):
        mine.mkdir()
    else:
        mine.parent.mkdir(exist_ok=True)
        mine.write_text("years of work")
    with pytest.raises(ParameterError, match="evidence in the folder was not made"):
        write_report_folder(tmp_path, failing, evidence_files)
    assert mine.exists()


def test_a_folder_evidence_with_sums_of_its_owner_is_not_an_audit_s(tmp_path, failing, evidence_files):
    mine = tmp_path / "evidence"
    mine.mkdir()
    (mine / "photo.jpg").write_bytes(b"precious")
    (mine / "SHA256SUMS").write_text(f"{hashlib.sha256(b'precious').hexdigest()}  photo.jpg\n")
    with pytest.raises(ParameterError, match="not made by an audit"):
        write_report_folder(tmp_path, failing, evidence_files)
    assert (mine / "photo.jpg").read_bytes() == b"precious"


def test_folders_that_only_look_like_staging_are_left_alone(tmp_path, failing, evidence_files):
    for name in (
        ".evidence.part",
        ".evidence.0123456789abcdef.part",
        ".audit.json.part",
        ".part-audit.ipynb",
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine").write_text("years of work")
    write_report_folder(tmp_path, failing, evidence_files)
    assert len(list(tmp_path.glob(".*/mine"))) == 4


def test_what_a_killed_run_left_half_written_goes(tmp_path, failing, evidence_files):
    for name in ("audit.json", "report.html", "audit.ipynb"):
        atomic.staging_name(tmp_path / name).write_text("half")
    write_report_folder(tmp_path, failing, evidence_files)
    names = {"audit.json", "evidence", "report.html", "report.md"}
    assert {entry.name for entry in tmp_path.iterdir()} == names


def test_a_second_writer_is_told_and_changes_nothing(tmp_path, failing, evidence_files, monkeypatch):
    monkeypatch.setattr(writer, "WAIT_SECONDS", 0)
    (tmp_path / "alias").symlink_to(tmp_path / "r")
    write_report_folder(tmp_path / "r", failing, evidence_files)
    with only_writer(tmp_path / "r"):
        for folder in (tmp_path / "r", tmp_path / "alias"):
            with pytest.raises(SourceError, match="another audit writes to this folder"):
                write_report_folder(folder, failing, evidence_files)
        assert read_report_folder(tmp_path / "r").document == failing
    write_report_folder(tmp_path / "r", failing, evidence_files)


def test_a_file_in_the_place_of_the_folder(tmp_path, failing, evidence_files):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ParameterError, match="cannot be written"):
        write_report_folder(tmp_path / "file" / "report", failing, evidence_files)


def test_a_full_disk_is_one_clear_error_and_no_report(tmp_path, failing, evidence_files, monkeypatch):
    def full(path, data):
        raise OSError(28, "No space left on device", os.fspath(path))

    monkeypatch.setattr(folder_module, "write_atomically", full)
    with pytest.raises(SourceError, match="no space left"):
        write_report_folder(tmp_path, failing, evidence_files)
    assert not (tmp_path / "audit.json").exists()


def test_a_malformed_audit_json_names_the_file(tmp_path):
    (tmp_path / "audit.json").write_text("{")
    with pytest.raises(EvidenceError) as caught:
        read_report_folder(tmp_path)
    assert caught.value.where == str(tmp_path / "audit.json")
