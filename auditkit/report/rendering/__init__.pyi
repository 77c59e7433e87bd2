from .chain import chain_svg
from .groups import tally
from .html import render_html
from .machines import machine_rows, short_principal
from .markdown import begin_job_summary, code, prose, render_job_summary, render_markdown, write_job_summary
from .next_steps import WhatNow, what_now
from .summary import check_and_reason, foreign_root_key, why
from .tables.builder import build_facts
from .text import render_answers, render_text

__all__ = [
    "WhatNow",
    "begin_job_summary",
    "build_facts",
    "chain_svg",
    "check_and_reason",
    "code",
    "foreign_root_key",
    "machine_rows",
    "prose",
    "render_answers",
    "render_html",
    "render_job_summary",
    "render_markdown",
    "render_text",
    "short_principal",
    "tally",
    "what_now",
    "why",
    "write_job_summary",
]
