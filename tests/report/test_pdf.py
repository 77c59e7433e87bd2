"""A report as a PDF: printed by a real browser from `audit.json` alone, whole, with a footer on each page."""

from __future__ import annotations

import functools
import os
import re
import select
import shutil
import stat
import time
from io import BytesIO
from pathlib import Path

import pytest
from commands import in_process as command
from pypdf import PdfReader

from auditkit.errors import ParameterError, SourceError
from auditkit.pipeline import Parameters, check
from auditkit.practice import parameter_file
from auditkit.report import from_json, render_html, to_json
from auditkit.report.pages import browser as browsers
from auditkit.report.pages import find_browser, print_report

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "reports" / "sample"


@pytest.fixture(scope="module")
def sample():
    return from_json((SAMPLE / "audit.json").read_bytes())


@pytest.fixture(scope="module")
def chromium(program) -> str:
    return program("chromium")


@pytest.fixture(scope="module")
def printed(chromium, sample):
    return print_report(sample, chromium)


@pytest.fixture(scope="module")
def printed_again(chromium, sample, tmp_path_factory):
    """A second print, and what it left in the home folder and where temporary files are."""
    home, work = (tmp_path_factory.mktemp(name) for name in ("home", "work"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setattr("tempfile.tempdir", str(work))
        again = print_report(sample, chromium)
    return again, [*home.iterdir(), *work.iterdir()]


@functools.cache
def pages(data: bytes) -> list[str]:
    """The text of each page."""
    return [page.extract_text() for page in PdfReader(BytesIO(data)).pages]


@pytest.mark.slow
def test_each_page_says_what_it_is_of(printed):
    told = pages(printed.data)
    assert len(told) > 3
    for number, text in enumerate(told, 1):
        assert f"proposal 900001 · PASS (practice network) · page {number} of {len(told)}" in text
    assert printed.has_footer


@pytest.mark.slow
def test_everything_that_a_screen_folds_is_there(printed, sample):
    words = " ".join(" ".join(pages(printed.data)).split())
    assert [decision.id for decision in sample.decisions if decision.id not in words] == []
    assert "<details" in render_html(sample)  # or this says nothing


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["sample", pytest.param("unexplained", marks=pytest.mark.gate)])
def test_no_picture_and_no_table_is_parted_from_its_heading(scenario, printed, chromium):
    """No page ends with a heading, nor with the head of a table: what they are about would be on the next one."""
    if scenario != "sample":
        document, _ = check(Parameters.from_file(parameter_file(scenario)))
        printed = print_report(document, chromium)
    reader = PdfReader(BytesIO(printed.data))
    titles = {item["/Title"] for group in reader.outline if isinstance(group, list) for item in flat(group)}
    assert len(titles) > 5
    for page in pages(printed.data)[:-1]:
        last = page.strip().splitlines()[-1]
        assert last.strip() not in titles
        assert not last.startswith("No. Check Outcome")
    texts = [" ".join(page.split()) for page in pages(printed.data)]
    (overlap,) = [text for text in texts if "Overlap On the left what the proposal blesses" in text]
    assert "Blessed Computed" in overlap
    (chain,) = [text for text in texts if "The chain Each link has to hold" in text]
    assert "✓ NNS key" in chain


def flat(outline: list) -> list:
    return [one for item in outline for one in (flat(item) if isinstance(item, list) else [item])]


@pytest.mark.gate
@pytest.mark.slow
def test_the_same_report_gives_the_same_bytes_and_the_dates_of_its_audit(printed, printed_again, sample):
    assert printed_again[0].data == printed.data
    made = PdfReader(BytesIO(printed.data)).metadata
    finished = re.sub(r"[-:TZ]", "", sample.run.finished)[:14]
    assert (made["/CreationDate"], made["/ModDate"]) == (f"D:{finished}+00'00'",) * 2


def shorter(value):
    """A JSON value whose texts are cut: those that only repeat themselves would fill two hundred pages."""
    if isinstance(value, dict):
        return {name: shorter(member) for name, member in value.items()}
    if isinstance(value, list):
        return [shorter(member) for member in value]
    return value[:500] if isinstance(value, str) else value


@pytest.mark.slow
def test_hostile_text_prints_and_runs_nothing(hostile_value, document_of, chromium):
    data = print_report(document_of(shorter(hostile_value)), chromium).data
    reader = PdfReader(BytesIO(data))
    last = len(reader.pages)
    for number in (1, 2, last - 1, last):
        footer = f"proposal 139400 · FAIL (another root key) · page {number} of {last}"
        assert footer in reader.pages[number - 1].extract_text()
    assert "OWNED" not in reader.metadata.title
    links = [
        annotation.get_object().get("/A", {}).get("/URI", "")
        for page in reader.pages
        for annotation in page.get("/Annots", [])
    ]
    assert [link for link in links if link and not link.startswith("https://")] == []
    assert b"/JavaScript" not in data


@pytest.mark.gate
@pytest.mark.slow
def test_the_browser_leaves_nothing_behind(printed_again):
    """No profile, no cache, no settings: neither in the home folder nor where temporary files are."""
    assert printed_again[1] == []


@pytest.mark.gate
@pytest.mark.slow
def test_the_command_prints_beside_the_folder(tmp_path, printed, capsys):
    shutil.copytree(SAMPLE, tmp_path / "report")
    (tmp_path / "report" / "report.html").write_text("<script>alert(1)</script>forged")
    status, out, err = command("report", tmp_path / "report", "--pdf", tmp_path / "a.pdf", capsys=capsys)
    assert (status, out, err) == (0, f"{tmp_path}/a.pdf\n", "")
    assert (tmp_path / "a.pdf").read_bytes() == printed.data
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pdf", "report"]


# Without a browser, or with one that does not do its work


def fake(folder: Path, script: str, name: str = "chromium") -> Path:
    """A program that is called like a browser."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def prints(text: str) -> str:
    """What such a program does that writes ``text`` where it is told to."""
    out = 'case "$word" in --print-to-pdf=*) out="${word#--print-to-pdf=}";; esac'
    return f'for word in "$@"; do {out}; done; printf "%s" "{text}" > "$out"'


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_a_browser_of_a_usual_name_is_found(tmp_path, monkeypatch, name):
    monkeypatch.setenv("PATH", str(tmp_path))
    path = fake(tmp_path, "", name)
    assert find_browser() == str(path)


def test_without_a_browser_it_is_said_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceError, match="there is no Chromium or Chrome that could print"):
        find_browser()
    status, out, err = command("report", SAMPLE, "--pdf", tmp_path / "a.pdf", capsys=capsys)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "open report.html in a browser and print it, or name a Chromium or Chrome with --browser" in err
    assert not (tmp_path / "a.pdf").exists()


@pytest.mark.parametrize("named", ["no-such-program", "/nowhere/chromium", "/etc/passwd", ""])
def test_what_is_named_has_to_be_a_program(named):
    with pytest.raises(ParameterError, match="no program that can be run"):
        find_browser(named)


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo one; echo No usable sandbox >&2; exit 7", r"printed nothing \(status 7: No usable sandbox\)"),
        ("exit 0", r"printed nothing \(status 0: it did not say why\)"),
        ("kill -9 $$", r"printed nothing \(status -9: "),
        (prints("not a pdf"), "what the browser made is no PDF"),
        (prints("%PDF-1.4 cut short"), "what the browser made is no PDF"),
    ],
)
def test_a_browser_that_prints_nothing(tmp_path, sample, script, told):
    with pytest.raises(SourceError, match=told):
        print_report(sample, str(fake(tmp_path / "bin", script)))


def test_a_program_that_is_none(tmp_path, sample):
    program = fake(tmp_path / "bin", "")
    program.write_bytes(b"\x7fELF and nothing else")
    with pytest.raises(SourceError, match="the browser cannot be run: exec format error"):
        print_report(sample, str(program))


@pytest.mark.slow
def test_a_browser_that_hangs_is_ended_with_its_children(tmp_path):
    """It starts a child, and holds its output open: the end of a pipe is read when both are gone."""
    os.mkfifo(tmp_path / "pipe")
    alive = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    program = fake(tmp_path / "bin", f"exec 9> {tmp_path}/pipe; sleep 60 & sleep 60")
    began = time.monotonic()
    with pytest.raises(SourceError, match=r"did not print within 0 seconds|did not print within 1 seconds"):
        browsers.print_page(str(program), "<p>", seconds=0.6)
    assert select.select([alive], [], [], 10)[0]
    assert os.read(alive, 1) == b""
    os.close(alive)
    assert time.monotonic() - began < 10


def test_what_the_browser_is_told(tmp_path, sample, monkeypatch):
    """Its own profile, no network, no proxy; and nothing of the environment that could say otherwise."""
    seen = tmp_path / "seen"
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("SECRET_TOKEN", "x")
    script = f'printf "%s\\n" "$@" > {seen}; env >> {seen}; {prints("%PDF-1.7 %%EOF")}'
    print_report(sample, str(fake(tmp_path / "bin", script)))
    told = seen.read_text().splitlines()
    assert "--headless" in told
    assert "--host-resolver-rules=MAP * ~NOTFOUND" in told
    assert "--no-proxy-server" in told
    (profile,) = [line for line in told if line.startswith("--user-data-dir=")]
    work = profile.partition("=")[2].removesuffix("/profile")
    assert f"HOME={work}" in told
    assert not Path(work).exists()
    assert [line for line in told if "PROXY" in line or "SECRET" in line] == []
    assert ("--no-sandbox" in told) is (os.geteuid() == 0)


def test_an_older_browser_is_told_to_print_no_footer(tmp_path, capsys):
    program = fake(tmp_path / "bin", prints("%PDF-1.4 /Producer (Skia/PDF m130) %%EOF"))
    arguments = ("report", SAMPLE, "--pdf", tmp_path / "a.pdf", "--browser", program)
    status, _, err = command(*arguments, capsys=capsys)
    assert status == 0
    assert "the pages have no footer, as this browser is older than version 131" in err


# The other forms


def test_as_text(sample, capsys):
    from auditkit.report import render_text

    assert command("report", SAMPLE, capsys=capsys) == (0, render_text(sample), "")
    assert command("report", SAMPLE / "audit.json", capsys=capsys) == (0, render_text(sample), "")


def test_anew_as_a_page_and_as_markdown(sample, tmp_path, capsys):
    from auditkit.report import render_markdown

    page, text = tmp_path / "page.html", tmp_path / "text.md"
    assert command("report", SAMPLE, "--html", page, "--markdown", text, capsys=capsys) == (
        0,
        f"{page}\n{text}\n",
        "",
    )
    assert page.read_text() == render_html(sample)
    assert text.read_text() == render_markdown(sample)


@pytest.mark.parametrize("option", ["--pdf", "--html", "--markdown"])
def test_never_into_the_folder(tmp_path, option, capsys):
    shutil.copytree(SAMPLE, tmp_path / "report")
    before = {path: path.read_bytes() for path in (tmp_path / "report").rglob("*") if path.is_file()}
    status, _, err = command("report", tmp_path / "report", option, tmp_path / "report" / "x", capsys=capsys)
    assert (status, "in a report folder" in err) == (2, True)
    assert {path: path.read_bytes() for path in (tmp_path / "report").rglob("*") if path.is_file()} == before


@pytest.fixture
def opened(monkeypatch) -> list[str]:
    """The addresses that a browser is asked to show."""
    asked: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda address: asked.append(address) or True)
    return asked


def finished(folder: Path, document) -> Path:
    folder.mkdir()
    (folder / "audit.json").write_bytes(to_json(document))
    (folder / "report.html").write_text(render_html(document), encoding="utf-8")
    return folder


def test_the_page_is_opened_where_it_is_ours(tmp_path, sample, opened, capsys):
    folder = finished(tmp_path / "a #b", sample)
    assert command("report", folder, "--open", capsys=capsys) == (0, "", "")
    assert opened == [f"file://{tmp_path}/a%20%23b/report.html"]


def test_a_page_that_somebody_changed_is_not_opened(tmp_path, sample, opened, capsys):
    folder = finished(tmp_path / "report", sample)
    page = folder / "report.html"
    page.write_text(page.read_text().replace("</body>", "<script>alert(1)</script></body>"))
    status, out, err = command("report", folder, "--open", capsys=capsys)
    assert (status, out, opened) == (2, "", [])
    assert "was not opened; add --html FILE to make it anew, beside the folder" in err
    assert command("report", folder, "--html", tmp_path / "new.html", "--open", capsys=capsys)[0] == 0
    assert opened == [f"file://{tmp_path}/new.html"]


def test_without_a_browser_to_show_it(tmp_path, sample, monkeypatch, capsys):
    monkeypatch.setattr("webbrowser.open", lambda address: False)
    status, _, err = command("report", finished(tmp_path / "report", sample), "--open", capsys=capsys)
    assert (status, "open the file yourself" in err) == (2, True)


def test_a_browser_is_named_for_a_pdf_alone(capsys):
    status, out, err = command("report", SAMPLE, "--browser", "chromium", capsys=capsys)
    assert (status, out, "needs --pdf" in err) == (2, "", True)


@pytest.mark.parametrize("place", ["none", "folder", "file"])
def test_what_is_no_report(tmp_path, place, capsys):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("{}")
    status, out, err = command("report", tmp_path / place, capsys=capsys)
    assert (status, out, err.count("\n")) == (2, "", 1)
