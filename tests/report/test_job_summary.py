"""The summary for a CI job: written beside the report, over nothing but a file, and it changes no FAIL."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from auditkit.cli import main
from auditkit.errors import ParameterError, SourceError
from auditkit.report import AuditDocument, begin_job_summary, render_job_summary, write_job_summary


@pytest.fixture
def odd(tmp_path) -> dict[str, Path]:
    """What a summary must leave as it is; the first three are what /dev/stdout is under various systems."""
    kept = tmp_path / "kept"
    kept.write_text("kept")
    places = {name: tmp_path / name for name in ("link", "dangling", "pipe", "folder", "device", "nowhere/s")}
    places["link"].symlink_to(kept)
    places["dangling"].symlink_to(tmp_path / "not-there")
    os.mkfifo(places["pipe"])
    places["folder"].mkdir()
    places["device"] = Path("/dev/null")
    return places


ODD = ["link", "dangling", "pipe", "folder", "device", "nowhere/s"]


@pytest.mark.parametrize("name", ODD)
def test_it_replaces_no_link_pipe_folder_or_device(name, odd, passing, tmp_path):
    path = odd[name]
    before = path.lstat() if os.path.lexists(path) else None
    begin_job_summary(path, tmp_path / "report")
    with pytest.raises(SourceError, match="summary could not be written"):
        write_job_summary(path, passing)
    if before is not None:
        after = path.lstat()
        assert (stat.S_IFMT(after.st_mode), after.st_ino) == (stat.S_IFMT(before.st_mode), before.st_ino)
    assert (tmp_path / "kept").read_text() == "kept"
    assert not (tmp_path / "not-there").exists()


@pytest.mark.parametrize("old", [None, "the summary of yesterday"])
def test_it_is_a_new_file_or_replaces_one(old, passing, tmp_path):
    path = tmp_path / "summary.md"
    if old is not None:
        path.write_text(old)
    write_job_summary(path, passing)
    assert path.read_text(encoding="utf-8") == render_job_summary(passing)


def test_the_summary_of_an_earlier_audit_goes_when_another_begins(tmp_path):
    path = tmp_path / "summary.md"
    path.write_text("PASS")
    begin_job_summary(path, tmp_path / "report")
    assert not path.exists()


@pytest.mark.parametrize("place", ["report/s.md", "report", "report/../report/s.md", "linked/s.md"])
def test_it_does_not_go_into_the_report_folder(place, tmp_path):
    (tmp_path / "report").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path / "report")
    with pytest.raises(ParameterError, match="folder"):
        begin_job_summary(tmp_path / place, tmp_path / "report")


def test_it_may_stand_beside_the_folder_under_a_longer_name(tmp_path):
    begin_job_summary(tmp_path / "report.summary.md", tmp_path / "report")


@pytest.fixture
def audited(monkeypatch, capsys, tmp_path):
    """A function that runs the command on an audit that ended with ``document``: its status, output, complaints."""

    def run(document: AuditDocument, summary: Path) -> tuple[object, str, str]:
        monkeypatch.setattr("auditkit.notebook.run_audit", lambda *_: document)
        with pytest.raises(SystemExit) as ended:
            main(["audit", "practice:honest", "--out", str(tmp_path / "report"), "--summary", str(summary)])
        shown = capsys.readouterr()
        return ended.value.code, shown.out, shown.err

    return run


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("case", [("passing", 2), ("failing", 1), ("troubled", 2)], ids=str)
def test_a_fail_stays_one_and_a_pass_without_what_was_asked_for_is_none(name, case, odd, request, audited):
    verdict, status = case
    ended, out, err = audited(request.getfixturevalue(verdict), odd[name])
    assert ended == status
    assert "summary could not be written" in err
    assert not out.startswith("PASS")


def test_a_summary_inside_the_report_is_refused_before_anything_runs(audited, failing, tmp_path):
    folder = tmp_path / "report"
    ended, out, err = audited(failing, folder / "summary.md")
    assert (ended, out) == (2, "")
    assert "report.summary.md" in err
    assert not folder.exists()


@pytest.mark.parametrize("name", ["report.md", "summary.md", "evidence/proposal.cbor"])
def test_it_does_not_go_into_the_report_folder_of_another_audit(name, tmp_path, capsys):
    """Which could not be verified any more."""
    other = tmp_path / "other"
    (other / "evidence").mkdir(parents=True)
    for part in ("audit.json", "report.html", "report.md", "evidence/proposal.cbor"):
        (other / part).write_text("theirs")
    with pytest.raises(SystemExit) as ended:
        main(["audit", "practice:honest", "--out", str(tmp_path / "report"), "--summary", str(other / name)])
    assert ended.value.code == 2
    assert "this would be in a report folder" in capsys.readouterr().err
    assert (other / "report.md").read_text() == "theirs"
    assert not (tmp_path / "report").exists()
