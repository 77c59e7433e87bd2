"""The project's own pages say what the code does."""

from __future__ import annotations

import importlib
import re
from functools import cached_property
from pathlib import Path

import pytest

import auditkit
from auditkit.checks import ALL_CHECKS, REGISTRY_CHECKS
from auditkit.cli import main
from auditkit.decision import Qualification
from auditkit.pipeline import Parameters
from auditkit.report.rendering.glossary import GLOSSARY
from auditkit.signing.report_checks import REPLAY, REQUIRED, verification_policy

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
FOLDERS = ("docs", "params", "reports")
PACKAGE = Path(auditkit.__file__).parent


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def test_the_architecture_names_every_wing_and_every_word_of_the_vocabulary():
    text = page("architecture.md")
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")} - {"checks", "progress"}
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == packages
    vocabulary = re.search(r"may import the vocabulary: (.*?)\. The vocabulary", text, re.DOTALL)
    assert vocabulary is not None
    modules = {path.stem for path in PACKAGE.glob("*.py") if not path.stem.startswith("__")}
    assert set(re.findall(r"`(\w+)`", vocabulary[1])) == modules | {"checks", "progress"}


def test_the_contracts_name_every_command(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    listed = re.findall(
        r"^  ([a-z][a-z-]+)  ", capsys.readouterr().out.partition("Commands:")[2], re.MULTILINE
    )
    assert len(listed) > 15
    assert sorted(set(re.findall(r"^\| `auditkit ([a-z-]+)", page("contracts.md"), re.MULTILINE))) == sorted(
        listed
    )


def test_the_contracts_name_every_parameter():
    section = page("contracts.md").partition("## Parameters")[2].partition("## ")[0].partition("`output_dir`")
    names = re.findall(r"`([a-z0-9_]+)`", section[0] + section[1])
    assert [name for name in names if name in Parameters.model_fields] == list(Parameters.model_fields)


def test_developers_are_told_every_part_of_an_audit():
    """The parts are what is computed once; what is made of all of them has a verdict and no name there."""
    text = page("start/developers.md").partition("The parts are ")[2].partition(". ")[0]
    parts = [
        name
        for owner in reversed(auditkit.Audit.__mro__)
        for name, value in vars(owner).items()
        if isinstance(value, cached_property) and not name.startswith("_")
    ]
    assert len(parts) > 5
    assert sorted(re.findall(r"`(\w+)`", text)) == sorted(parts)


def test_the_checks_of_verify_report_have_the_numbers_that_are_told():
    """Whoever reads 8 and then 10 finds out what 9 would be."""
    always = [check.number for check in verification_policy(required=False, replayed=False).checks]
    assert always == [*range(1, 9)]
    assert (REQUIRED.number, REPLAY.number) == (9, 10)
    told = " ".join(page("start/auditors.md").split())
    assert (
        "1 to 8 are asked of every report, 9 is whether the verdict is the one of `--require`, and 10 the"
        in told
    )
    assert (
        "checks 1 to 8, with `--require` 9 (`report.verdict`), with `--replay` 10 (`report.replay`)"
        in page("contracts.md")
    )


def test_the_page_of_qualifications_names_each():
    assert set(re.findall(r"^\| `([a-z-]+)` \|", page("qualifications.md"), re.MULTILINE)) == {
        str(one) for one in Qualification
    }


def test_the_glossary_is_the_one_of_the_reports():
    words = " ".join(page("glossary.md").split())
    assert [
        word for word, meaning in GLOSSARY if f"**{word}**: {' '.join(meaning.split())}" not in words
    ] == []


def made_pages() -> dict[Path, str]:
    """The pages that follow from the code, as docs/site/pages.py makes them now."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS / "site"))
        return importlib.import_module("pages").pages()


def test_the_pages_that_follow_from_the_code_are_what_it_says():
    stale = [str(path) for path, text in made_pages().items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "run `make pages`"


def test_the_catalogue_has_every_decision_once_and_says_all_of_it():
    text = page("decisions.md")
    entries = re.findall(r"^### (\d+) (\S+)$", text, re.MULTILINE)
    listed = {*ALL_CHECKS, *REGISTRY_CHECKS}
    assert sorted((int(number), name) for number, name in entries) == sorted(
        (check.number, check.id) for check in listed
    )
    for check in listed:
        entry = text.partition(f"\n### {check.number} {check.id}\n")[2].partition("\n### ")[0]
        assert check.question in entry
        assert check.matters
        assert check.matters.rstrip(".") in entry
        told = f"- *A failure means:* {check.failure.rstrip('.')}"
        assert told in entry if check.failure else "A failure means" not in entry
        assert f"- *What to do:* {check.advice.rstrip('.')}" in entry
        assert check.unanswered.rstrip(".") in entry


def test_there_is_a_small_picture_of_each_verdict_and_a_page_shows_it():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS / "pictures"))
        take = importlib.import_module("take")
    verdicts = {
        f"{subject}-{verdict}"
        for subject in ("recovery", "election")
        for verdict in ("pass", "fail", "trouble")
    }
    assert set(take.PICTURES) == verdicts
    shown = "".join(path.read_text(encoding="utf-8") for path in DOCS.rglob("*.md"))
    for name in take.PICTURES:
        assert 5_000 < (DOCS / "pictures" / f"{name}.png").stat().st_size <= 120_000
        assert f"pictures/{name}.png" in shown


LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)")
LINKED = sorted(
    str(path.relative_to(ROOT))
    for path in (*ROOT.glob("*.md"), *(path for name in FOLDERS for path in (ROOT / name).rglob("*.md")))
    if path.relative_to(ROOT).parts[0] != "reports" or path.parent == ROOT / "reports"
)


def without_blocks(path: Path) -> str:
    return re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(path: Path) -> set[str]:
    """The places of a page as the forge and the site name them."""
    headings = re.findall(r"^#+ (.*)$", without_blocks(path), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", LINKED)
def test_every_link_between_the_pages_leads_somewhere(name):
    home = ROOT / name
    wrong = []
    for target in LINK.findall(without_blocks(home)):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        there = (home.parent / path).resolve() if path else home
        if not there.exists() or (anchor and anchor not in anchors(there)):
            wrong.append(target)
    assert wrong == []


def test_links_that_lead_nowhere_are_seen(tmp_path):
    (tmp_path / "a.md").write_text("# One `two`: three?\n\n```sh\n# no heading\n```\n")
    assert anchors(tmp_path / "a.md") == {"one-two-three"}
    assert LINK.findall("[a](b.md#c), ![d](e.png) and [f [g]](h)") == ["b.md#c", "e.png", "h"]


def test_a_finished_site_is_searched_for_faults(tmp_path):
    """What ends `make site`: one page with each fault, and one that is as it should be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS / "site"))
        faults = importlib.import_module("check").faults
    (tmp_path / "good.html").write_text(
        '<h1 id="top-of-it">x</h1><a href="#top-of-it">x</a><a href="https://example.org/">x</a>'
    )
    assert faults(tmp_path) == []
    (tmp_path / "bad.html").write_text(
        '<a href="gone.html">x</a><a href="good.html#gone">x</a>'
        '<script src="https://example.org/x.js"></script><img src="//example.org/x.png">'
    )
    (tmp_path / "bad.css").write_text("@font-face { src: url(https://example.org/font.woff2) }")
    assert faults(tmp_path) == [
        "bad.html: loads https://example.org/x.js",
        "bad.html: loads //example.org/x.png",
        "bad.html: gone.html leads nowhere",
        "bad.html: good.html#gone: there is no such place on the page",
        "bad.css: loads something from elsewhere",
    ]
