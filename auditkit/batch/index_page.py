"""`index.html`: a page over a folder of reports, that links to each.

It tells what `audit.json` of each report says. Signatures are the business of ``auditkit verify-report``: whom to
believe is the reader's choice, and so nothing here says who signed.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

from auditkit.audit import Claim, Verdict
from auditkit.batch.reports import FinishedReport, FoundReports, find_reports
from auditkit.errors import SourceError
from auditkit.limits import LIMITS
from auditkit.opening import regular_file
from auditkit.report import HTML_NAME, page_environment, require_beside, write_beside
from auditkit.report.rendering import check_and_reason
from auditkit.version import __version__

INDEX_NAME: Final = "index.html"
LISTED: Final = 2_000
"""Reports of one page; a browser shows no more in reasonable time."""
_MARK: Final = b'<meta name="generator" content="auditkit index">'


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One finished report.

    Attributes:
        link: from the page to its `report.html`, percent-encoded; empty where there is no such file.
        folder: its name, for a reader.
        about: what was audited.
        finished: when, UTC.
        why: the check that decides, and the reason.
    """

    link: str
    folder: str
    claim: Claim
    about: str
    finished: str
    why: str


def write_index(folder: Path, out: Path | None = None, *, now: datetime | None = None) -> Path:
    """Writes a page that lists every report in ``folder`` and below it.

    Args:
        folder: of report folders.
        out: where the page goes, not into a report folder; by default `index.html` in ``folder``. Only a page that
            this function made is replaced.
        now: the present, for tests.

    Returns:
        The path of the page.

    Raises:
        ParameterError: the page would be in a report folder.
        SourceError: ``folder`` cannot be read or holds no report, or the page cannot be written.
    """
    place = out or folder / INDEX_NAME
    require_beside(place)
    _require_ours(place)
    found = find_reports(folder)
    if not found.finished and not found.lost:
        raise SourceError(
            "there is no report here", where=str(folder), hint="run auditkit audit or auditkit batch"
        )
    page = render_index(found, folder, place.parent, now or datetime.now(UTC))
    write_beside(place, page.encode())
    return place


def render_index(found: FoundReports, folder: Path, around: Path, now: datetime) -> str:
    """The page as one self-contained HTML document that loads nothing and runs nothing.

    Args:
        folder: where the reports are.
        around: the folder that the page will be in; links go from there.
        now: when it is made.
    """
    newest = sorted(found.finished, key=lambda report: (-report.finished.timestamp(), report.folder))
    counts = Counter(report.verdict for report in newest)
    told = [f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict]]
    unread = [f"{len(found.lost)} unfinished or unreadable"] if found.lost else []
    return (
        page_environment()
        .get_template("index.html.jinja")
        .render(
            rows=[_row(report, folder, around) for report in newest[:LISTED]],
            left_out=len(newest[LISTED:]),
            lost=found.lost[:LISTED],
            links=found.links,
            counts=", ".join(told + unread),
            many=len(newest) + len(found.lost),
            made=f"{now.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
            tool=__version__,
        )
    )


def _row(report: FinishedReport, folder: Path, around: Path) -> IndexRow:
    return IndexRow(
        link=_link(folder / report.folder / HTML_NAME, around),
        folder=report.folder,
        claim=report.claim,
        about=str(report.subject),
        finished=f"{report.finished.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        why=check_and_reason(report.deciding, report.reason),
    )


def _link(page: Path, around: Path) -> str:
    """A relative link, in which no character of a folder's name means anything; empty where it would lead nowhere."""
    try:
        if not stat.S_ISREG(page.lstat().st_mode):
            return ""
        way = os.path.relpath(os.path.realpath(page.parent), os.path.realpath(around))
    except (OSError, ValueError):  # such as a name that is no UTF-8, which is told with other characters
        return ""
    parts = (*Path(way).parts, page.name)
    link = "./" + "/".join(quote(os.fsencode(part), safe="") for part in parts)
    return link if len(link) <= LIMITS.shown_characters else ""  # a page cuts what is longer


def _require_ours(place: Path) -> None:
    if not os.path.lexists(place):
        return
    with regular_file(place) as file:
        if _MARK not in file.read(4096):
            raise SourceError(
                "there is a file of this name that no `auditkit index` made",
                where=str(place),
                hint="choose another name with --out",
            )
