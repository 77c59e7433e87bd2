"""The pages that go beside a report, in a real browser: readable on every screen, and alone."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditkit.batch.index_page import render_index
from auditkit.batch.reports import find_reports
from auditkit.signing import read_trust_list, render_verification, verify_report
from tests.report.test_pages import WIDTHS, axe, found_by_axe, leads_nowhere, opened, pages

__all__ = ["axe", "opened", "pages"]  # fixtures
SAMPLE = Path(__file__).resolve().parents[2] / "reports" / "sample"
PAGES = ("index", "verification", "not authentic")


@pytest.fixture
def page_of(tmp_path):
    """A function that makes a page by its name."""

    def make(name: str) -> str:
        if name == "index":
            return index(tmp_path / "reports")
        folder = Path(shutil.copytree(SAMPLE, tmp_path / "report"))
        if name == "not authentic":
            (folder / "audit.ipynb").write_text("{}")
        trust = read_trust_list(SAMPLE.with_name("sample.allowed_signers"))
        return render_verification(verify_report(folder, trust), trust_list="sample.allowed_signers")

    return make


def index(folder: Path) -> str:
    """Of three finished reports, one of them with a very long name, and one that cannot be read."""
    for name in ("one", "two", "x" * 200):
        (folder / name).mkdir(parents=True)
        document = json.loads((SAMPLE / "audit.json").read_bytes())
        (folder / name / "audit.json").write_text(json.dumps(document))
        (folder / name / "report.html").write_text("<p>")
    (folder / "lost").mkdir()
    (folder / "lost" / "audit.json").write_text("{}")
    return render_index(find_reports(folder), folder, folder, datetime(2026, 12, 1, tzinfo=UTC))


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_nothing_sticks_out_sideways_and_nothing_is_loaded(opened, page_of, name):
    page = opened(page_of(name))
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.requests == [page.url]
    assert leads_nowhere(page) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(opened, axe, page_of, name):
    assert found_by_axe(opened(page_of(name), scripts=True), axe) == []


@pytest.mark.slow
def test_who_signed_stands_in_the_first_screen(opened, page_of):
    """The fifth question: who vouches for it, by which key, and for which bytes."""
    page = opened(page_of("verification"))
    page.set_viewport_size({"width": 1280, "height": 860})
    cited = page.locator(".verdict .why")
    assert "sample@example.org (SHA256:" in cited.inner_text()
    assert "audit.json SHA-256 " in cited.inner_text()
    assert cited.bounding_box()["y"] + cited.bounding_box()["height"] < 860
