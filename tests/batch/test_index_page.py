"""`index.html`: each report in a row, links that lead where they say, and hostile names that lead nowhere else."""

from __future__ import annotations

import json
import os
import re
import shutil
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from commands import in_process

from auditkit.batch import write_index
from auditkit.errors import ParameterError

SAMPLE = Path(__file__).resolve().parents[2] / "reports" / "sample"
NOW = datetime(2026, 12, 1, tzinfo=UTC)
HOSTILE = [
    "javascript:alert(1)",
    "<script>alert(1)<",
    'a" onmouseover="alert(1)',
    "a?b#c%2e%2e",
    "a b\nc",
    "data:text,html",
    "%2e%2e",
    "\u202egpj.exe",
    "x" * 200,
    "-flag",
    "&amp;",
]


class Page(HTMLParser):
    """The links, the tags and the text of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.odd: list[tuple[str, str]] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.odd += [
            (tag, name) for name, _ in attrs if name.startswith("on") or name in ("src", "srcset", "style")
        ]
        if tag == "a":
            self.links.append(dict(attrs)["href"])

    def handle_data(self, data):
        self.text += data


def report(place: Path, **changes) -> Path:
    """A finished report; ``changes`` are fields of its run."""
    place.mkdir(parents=True)
    document = json.loads((SAMPLE / "audit.json").read_bytes())
    document["run"].update(changes)
    (place / "audit.json").write_text(json.dumps(document))
    (place / "report.html").write_text("<p>")
    return place


def test_a_row_for_each_report_the_newest_first(tmp_path):
    report(tmp_path / "old", started="2026-01-01T00:00:00Z", finished="2026-01-01T00:00:05Z")
    report(tmp_path / "deep" / "new", started="2026-02-01T00:00:00Z", finished="2026-02-01T00:00:05Z")
    (tmp_path / "lost").mkdir()
    (tmp_path / "lost" / "audit.json").write_text("{}")
    page = Page(write_index(tmp_path, now=NOW))
    assert page.links == ["#reports", "./deep/new/report.html", "./old/report.html"]
    assert "3 reports" in page.text
    assert "2 PASS, 1 unfinished or unreadable. As of 2026-12-01 00:00 UTC." in page.text
    assert "practice-network" in page.text
    assert "proposal 900001, base 7080d886303d, recover, strict" in page.text
    assert "2026-02-01 00:00 UTC" in page.text
    assert "The report cannot be read: audit.json does not follow its schema" in page.text
    assert "sample@example.org" not in page.text


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_a_name(tmp_path, name):
    made = report(tmp_path / name)
    path = write_index(tmp_path)
    page = Page(path)
    (_, link) = page.links
    assert (urlsplit(link).scheme, urlsplit(link).netloc, urlsplit(link).query) == ("", "", "")
    there = urlsplit(urljoin(path.as_uri(), link))
    assert there.scheme == "file"
    assert Path(unquote(there.path)) == made / "report.html"
    assert page.odd == []
    assert not page.tags & {"script", "img", "iframe", "object", "form", "base"}


def test_a_name_that_is_no_text_has_no_link(tmp_path):
    made = os.fsencode(tmp_path) + b"/\xff\xfe"
    shutil.copytree(os.fsencode(report(tmp_path / "x")), made)
    page = Page(write_index(tmp_path))
    assert page.links == ["#reports", "./x/report.html"]
    assert "(no report.html)" in page.text


@pytest.mark.parametrize("kind", ["missing", "a link", "a folder"])
def test_what_is_no_page_is_not_linked(tmp_path, kind):
    made = report(tmp_path / "x")
    (made / "report.html").unlink()
    if kind == "a link":
        (made / "report.html").symlink_to("/etc/passwd")
    elif kind == "a folder":
        (made / "report.html").mkdir()
    assert Page(write_index(tmp_path)).links == ["#reports"]


def test_links_lead_from_where_the_page_is(tmp_path):
    report(tmp_path / "reports" / "a b")
    (tmp_path / "site").mkdir()
    page = Page(write_index(tmp_path / "reports", tmp_path / "site" / "index.html"))
    assert page.links == ["#reports", "./../reports/a%20b/report.html"]


def test_the_page_forbids_scripts_and_loads_nothing(tmp_path):
    report(tmp_path / "x")
    text = write_index(tmp_path).read_text()
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'" in text
    assert not re.search(r"https?://", text)


def test_a_page_of_ours_is_replaced_and_no_other(tmp_path):
    report(tmp_path / "x")
    write_index(tmp_path)
    write_index(tmp_path)
    (tmp_path / "index.html").write_text("<h1>my own page</h1>")
    with pytest.raises(ParameterError, match="did not make from a report"):
        write_index(tmp_path)
    assert (tmp_path / "index.html").read_text() == "<h1>my own page</h1>"


def test_not_into_a_report_folder(tmp_path):
    made = report(tmp_path / "x")
    with pytest.raises(ParameterError, match="in a report folder"):
        write_index(made)
    with pytest.raises(ParameterError, match="in a report folder"):
        write_index(tmp_path, made / "index.html")
    assert sorted(path.name for path in made.iterdir()) == ["audit.json", "report.html"]
    assert Page(write_index(made, tmp_path / "index.html")).links == ["#reports", "./x/report.html"]


def test_the_command(tmp_path, capsys):
    report(tmp_path / "x")
    status, out, err = in_process("index", tmp_path, capsys=capsys)
    assert (status, out, err) == (0, f"{tmp_path}/index.html\n", "")
    (tmp_path / "none").mkdir()
    status, out, err = in_process("index", tmp_path / "none", capsys=capsys)
    assert (status, out) == (2, "")
    assert "there is no report here" in err
    assert not (tmp_path / "none" / "index.html").exists()


def test_no_more_rows_than_a_browser_shows(tmp_path, monkeypatch):
    monkeypatch.setattr("auditkit.batch.index_page.LISTED", 2)
    for name in "abc":
        report(tmp_path / name)
    page = Page(write_index(tmp_path))
    assert len(page.links) == 3
    assert "and 1 older, which" in page.text
