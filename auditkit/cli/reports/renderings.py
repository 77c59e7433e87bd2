"""`auditkit report` and `auditkit index`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditkit.cli.application import ExistingFile, auditkit
from auditkit.cli.printing import complain, say
from auditkit.cli.reports.reading import read_document
from auditkit.errors import ParameterError, SourceError

if TYPE_CHECKING:
    from auditkit.report import AuditDocument


@auditkit.command()
@click.argument("report_dir", type=ExistingFile)
@click.option(
    "--pdf", type=ExistingFile, metavar="FILE", help="Print it, by a Chromium or Chrome on this machine."
)
@click.option("--html", type=ExistingFile, metavar="FILE", help="Make the page anew.")
@click.option("--markdown", type=ExistingFile, metavar="FILE", help="Make the Markdown anew.")
@click.option("--open", "shown", is_flag=True, help="Show the page in your browser.")
@click.option("--browser", metavar="PROGRAM", help="What prints; by default a Chromium or Chrome in PATH.")
def report(
    report_dir: Path,
    pdf: Path | None,
    html: Path | None,
    markdown: Path | None,
    shown: bool,
    browser: str | None,
) -> None:
    """Show a finished report: as text, or as a PDF, a page or Markdown, made from its audit.json alone.

    REPORT_DIR is a report folder or an audit.json. What is written goes beside the folder, never into it. --open shows
    the report.html of the folder, if it is what its audit.json says, or the page that --html has made.

    A PDF has proposal, verdict and page number at the foot of each page. The browser that prints it gets no network and
    a profile of its own. Signatures are not looked at: auditkit verify-report does that.

    \b
    Examples:
        auditkit report reports/practice-honest
        auditkit report reports/practice-honest --pdf honest.pdf
        auditkit report reports/practice-honest --open
    """
    from auditkit.report import render_html, render_markdown, render_text, require_beside, write_beside

    if browser is not None and pdf is None:
        raise ParameterError("--browser says what prints, and needs --pdf")
    document = read_document(report_dir)
    for place in (pdf, html, markdown):
        if place is not None:
            require_beside(place, report_dir)
    if html is not None:
        write_beside(html, render_html(document).encode(), report_dir)
        say(str(html))
    if markdown is not None:
        write_beside(markdown, render_markdown(document).encode(), report_dir)
        say(str(markdown))
    if pdf is not None:
        write_beside(pdf, _printed(document, browser), report_dir)
        say(str(pdf))
    if shown:
        _open(html or _own_page(report_dir, document))
    if not (pdf or html or markdown or shown):
        say(render_text(document), lines=True)


def _printed(document: AuditDocument, browser: str | None) -> bytes:
    from auditkit.progress import progress_on_terminal
    from auditkit.report.pages import OLDEST_WITH_FOOTER, find_browser, print_report

    program = find_browser(browser)
    with progress_on_terminal() as progress:
        progress.step("printing")
        made = print_report(document, program)
    if not made.has_footer:
        complain(
            f"auditkit: warning: the pages have no footer, as this browser is older than version {OLDEST_WITH_FOOTER}"
        )
    return made.data


def _own_page(report_dir: Path, document: AuditDocument) -> Path:
    """The page in a report folder, if it is byte for byte what its `audit.json` says: nobody else's page is opened."""
    from auditkit.limits import LIMITS
    from auditkit.opening import read_file
    from auditkit.report import HTML_NAME, render_html

    folder = report_dir if report_dir.is_dir() else report_dir.parent
    page = folder / HTML_NAME
    if read_file(page, LIMITS.report_bytes) != render_html(document).encode():
        raise SourceError(
            "the page is not as this version of auditkit makes it, and was not opened",
            where=str(page),
            hint="add --html FILE to make it anew, beside the folder",
        )
    return page


def _open(page: Path) -> None:
    import webbrowser

    if not webbrowser.open(page.resolve().as_uri()):
        raise SourceError("no browser could be started here", where=str(page), hint="open the file yourself")


@auditkit.command()
@click.argument("folder", metavar="REPORTS", type=ExistingFile)
@click.option("--out", type=ExistingFile, metavar="FILE", help="The page; by default index.html in REPORTS.")
def index(folder: Path, out: Path | None) -> None:
    """Make a page that lists every report in a folder and below it, the newest first, with links.

    Reports that cannot be read are listed as such. The page is not written into a report folder, and replaces no file
    but such a page. Signatures are not looked at: auditkit verify-report does that.

    \b
    Examples:
        auditkit index reports
        auditkit index reports --out site/index.html
    """
    from auditkit.batch import write_index

    say(str(write_index(folder, out)))
