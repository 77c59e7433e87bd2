from .job_summary import begin_job_summary, write_job_summary
from .post import render_job_summary, render_markdown
from .words import code, prose

__all__ = [
    "begin_job_summary",
    "code",
    "prose",
    "render_job_summary",
    "render_markdown",
    "write_job_summary",
]
