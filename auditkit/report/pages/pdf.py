"""A report as a PDF, printed by a browser from a new rendering of `audit.json`; never from a page that others wrote.

The same document gives the same bytes with the same browser and the same fonts: the dates in the file are those of the
audit. Another version of either lays the pages out differently.

Source: CSS Paged Media Module Level 3, page-margin boxes (in Chromium from 131 on); ISO 32000-1, 7.9.4 (dates).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from auditkit.report.document import AuditDocument
from auditkit.report.evidence_folder import EVIDENCE_NAME
from auditkit.report.pages.browser import print_page
from auditkit.report.rendering import render_html

OLDEST_WITH_FOOTER: Final = 131
"""The first version of Chromium that prints what stands in the margins of pages."""

_DATE: Final = re.compile(rb"/(CreationDate|ModDate) \(D:[0-9]{14}[+-][0-9]{2}'[0-9]{2}'\)")
_PRODUCER: Final = re.compile(rb"/Producer \(Skia/PDF m([0-9]{1,4})\)")
_TO_EVIDENCE: Final = re.compile(rf' href="{EVIDENCE_NAME}/[^"<>]*"')
"""A PDF knows no relative links: they would name the folder that the page was printed in."""
_NOT_PLAIN: Final = re.compile(r"[^A-Za-z0-9 ,()·-]")
_STYLE: Final = """
<style>
@page {{
  size: A4;
  margin: 14mm 14mm 18mm;
  @bottom-center {{
    content: "{about} · page " counter(page) " of " counter(pages);
    font: 8pt "DejaVu Sans", "Noto Sans", sans-serif;
    color: #444;
  }}
}}
@media print {{
  figure, svg, .lead, .verdict, .pair, .qualifications, section[aria-labelledby="chain"] {{ break-inside: avoid; }}
  h1, h2, h3, h4, caption, summary, thead, .lead, :is(h2, h3) + p {{ break-after: avoid; }}
  .decisions thead th:first-child {{ width: 38px; }}
  .decisions thead th:nth-child(3) {{ width: 84px; }}
  tbody > tr:first-child, caption + thead, :is(h2, h3, .lead) + :is(figure, table, details) {{ break-before: avoid; }}
}}
</style>
"""


@dataclass(frozen=True, slots=True)
class PrintedReport:
    """A PDF.

    Attributes:
        data: its bytes.
        browser: the version of Chromium that made it; 0 where the file does not say.
    """

    data: bytes = field(repr=False)
    browser: int

    @property
    def has_footer(self) -> bool:
        """Whether proposal, verdict and page number stand on each page."""
        return self.browser >= OLDEST_WITH_FOOTER


def print_report(document: AuditDocument, program: str) -> PrintedReport:
    """Prints a report, with everything in it that a screen folds, and a footer on each page.

    Args:
        program: the browser, as `find_browser` gives it.

    Raises:
        SourceError: the browser does not print.
    """
    data = print_page(program, _for_print(document))
    made = _PRODUCER.search(data)
    moment = datetime.fromisoformat(document.run.finished).astimezone(UTC)
    date = f"D:{moment:%Y%m%d%H%M%S}+00'00'".encode()
    # As long as before, since the file names the place of each of its parts.
    told = _DATE.sub(lambda found: b"/%b (%b)" % (found[1], date), data)
    return PrintedReport(told, int(made[1]) if made else 0)


def _for_print(document: AuditDocument) -> str:
    """The page with nothing folded, no link into the report folder, and the footer of printed pages."""
    page = _TO_EVIDENCE.sub("", render_html(document, for_print=True))
    head, end, body = page.partition("</head>")
    return f"{head}{_STYLE.format(about=_about(document))}{end}{body}"


def _about(document: AuditDocument) -> str:
    """What stands at the foot of each page; nothing in it is text that others wrote."""
    subject = document.subject
    what = "election" if subject.kind == "election" else "proposal"
    told = f"{what} {subject.proposal_id or 'unknown'} · {document.claim.heading}"
    return _NOT_PLAIN.sub("", told)
