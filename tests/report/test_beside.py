"""What is made from a report goes beside the folder: into no report folder, and over nothing but a file."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from auditkit.errors import ParameterError, SourceError
from auditkit.report import require_beside, write_beside

INSIDE = "this would be in a report folder, which holds the report and nothing else"


@pytest.fixture
def folder(tmp_path) -> Path:
    """A report folder, as far as its names go."""
    made = tmp_path / "report"
    (made / "evidence" / "deep").mkdir(parents=True)
    (made / "audit.json").write_text("{}")
    return made


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


PARTS = ["new.html", "report.html", "evidence/new.html", "evidence/deep/new.html"]


@pytest.mark.parametrize(
    ("name", "told"),
    [*((name, told) for name in PARTS for told in (True, False)), ("deep/new.html", True), (".", True)],
)
def test_nothing_goes_into_a_report_folder(folder, name, told):
    """Also where nobody tells which folder it is, by the names of its parts."""
    (folder / "deep").mkdir()
    before = names(folder)
    with pytest.raises(ParameterError) as raised:
        write_beside(folder / name, b"page", *([folder] if told else []))
    assert (raised.value.what, names(folder)) == (INSIDE, before)
    assert raised.value.hint.startswith(f"write it beside the folder, such as to {folder}")


@pytest.mark.parametrize("way", ["up and down", "link to the folder", "link above it"])
def test_by_whatever_path(folder, tmp_path, way):
    if way == "up and down":
        place = folder / ".." / "report" / "x.html"
    elif way == "link to the folder":
        (tmp_path / "other").symlink_to(folder)
        place = tmp_path / "other" / "x.html"
    else:
        (tmp_path / "above").symlink_to(tmp_path)
        place = tmp_path / "above" / "report" / "x.html"
    with pytest.raises(ParameterError, match="report folder"):
        require_beside(place, folder)


def test_a_signed_folder_without_its_document_is_one(tmp_path):
    (tmp_path / "report.intoto.jsonl").write_text("")
    with pytest.raises(ParameterError, match="report folder"):
        require_beside(tmp_path / "x.html")


@pytest.mark.parametrize("kind", ["link", "dangling link", "folder", "pipe", "socket"])
def test_what_is_no_file_stays(tmp_path, kind):
    place = tmp_path / "page.html"
    (tmp_path / "target").write_text("theirs")
    if kind == "link":
        place.symlink_to(tmp_path / "target")
    elif kind == "dangling link":
        place.symlink_to(tmp_path / "nowhere")
    elif kind == "folder":
        place.mkdir()
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        with socket.socket(socket.AF_UNIX) as server, pytest.MonkeyPatch.context() as patch:
            patch.chdir(tmp_path)  # a socket's path holds about a hundred bytes
            server.bind("page.html")
    told = {"link": "a link", "dangling link": "a link", "folder": "a folder"}.get(kind, "no regular file")
    with pytest.raises(SourceError, match=f"could not be written: this is {told}"):
        write_beside(place, b"page")
    assert (tmp_path / "target").read_text() == "theirs"
    assert not (tmp_path / "nowhere").exists()


def test_a_file_is_made_or_replaced(tmp_path, folder):
    place = tmp_path / "page.html"
    write_beside(place, b"<!DOCTYPE html>auditkit one", folder)
    write_beside(place, b"<!DOCTYPE html>auditkit two", folder)
    assert place.read_bytes() == b"<!DOCTYPE html>auditkit two"
    assert names(tmp_path) == {
        "page.html",
        "report",
        "report/audit.json",
        "report/evidence",
        "report/evidence/deep",
    }


def test_another_name_of_a_report_s_file_is_not_written_through(tmp_path, folder):
    """A hard link beside the folder gets other bytes; what is in the folder keeps its own."""
    (folder / "report.html").write_text("<!DOCTYPE html>auditkit")
    os.link(folder / "report.html", tmp_path / "page.html")
    write_beside(tmp_path / "page.html", b"page", folder)
    assert (folder / "report.html").read_text() == "<!DOCTYPE html>auditkit"


@pytest.mark.parametrize(
    "content",
    [
        b"precious",
        b"<!DOCTYPE html>mine",
        b"%PDF-1.4 mine",
        b"# PASS auditkit",
        b"auditkit <!DOCTYPE html>",
        b"",
    ],
)
def test_what_was_not_made_from_a_report_is_not_replaced(tmp_path, folder, content):
    (tmp_path / "mine").write_bytes(content)
    with pytest.raises(ParameterError, match="did not make"):
        write_beside(tmp_path / "mine", b"page", folder)
    assert (tmp_path / "mine").read_bytes() == content


@pytest.mark.parametrize("place", ["sub/page.html", "sub/deeper/page.html"])
def test_no_place_in_another_report_folder_at_any_depth(tmp_path, folder, place):
    other = tmp_path / "other"
    (other / "sub" / "deeper").mkdir(parents=True)
    (other / "audit.json").write_text("{}")
    write_beside(other / place, b"page", folder)  # an audit.json alone far above makes no report folder
    (other / place).unlink()
    (other / "report.intoto.jsonl").write_text("")
    with pytest.raises(ParameterError, match="in a report folder"):
        write_beside(other / place, b"page", folder)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(SourceError, match="could not be written: no such file or directory"):
        write_beside(tmp_path / "none" / "page.html", b"page")


@pytest.mark.parametrize(
    ("name", "told"), [("file/page.html", "not a directory"), ("x" * 300, "file name too long")]
)
def test_a_place_that_cannot_be(tmp_path, name, told):
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError, match=f"could not be written: {told}"):
        write_beside(tmp_path / name, b"page")


def test_a_document_further_up_is_no_report_around_it(tmp_path):
    (tmp_path / "audit.json").write_text("{}")
    (tmp_path / "site").mkdir()
    write_beside(tmp_path / "site" / "page.html", b"page")
