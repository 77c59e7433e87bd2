"""A document as HTML, Markdown and text, in words that are written once."""

from auditkit.report.rendering.chain import (
    chain_svg,
)
from auditkit.report.rendering.groups import tally
from auditkit.report.rendering.html import (
    render_html,
)
from auditkit.report.rendering.machines import machine_rows, short_principal
from auditkit.report.rendering.markdown import (
    begin_job_summary,
    code,
    prose,
    render_job_summary,
    render_markdown,
    write_job_summary,
)
from auditkit.report.rendering.summary import (
    check_and_reason,
    foreign_root_key,
    why,
)
from auditkit.report.rendering.tables.builder import build_facts
from auditkit.report.rendering.text import (
    render_answers,
    render_text,
)
from auditkit.report.rendering.what_now import WhatNow, what_now

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
