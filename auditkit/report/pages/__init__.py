"""Pages that are made from a report and go beside its folder."""

from auditkit.report.pages.browser import find_browser
from auditkit.report.pages.pdf import OLDEST_WITH_FOOTER, PrintedReport, print_report

__all__ = ["OLDEST_WITH_FOOTER", "PrintedReport", "find_browser", "print_report"]
