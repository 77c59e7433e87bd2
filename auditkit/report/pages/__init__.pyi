from .browser import find_browser
from .pdf import OLDEST_WITH_FOOTER, PrintedReport, print_report

__all__ = [
    "OLDEST_WITH_FOOTER",
    "PrintedReport",
    "find_browser",
    "print_report",
]
