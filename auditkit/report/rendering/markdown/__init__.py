"""A report as a forum post, and as a few lines for a CI job."""

from auditkit.report.rendering.markdown.job_summary import begin_job_summary, write_job_summary
from auditkit.report.rendering.markdown.post import render_job_summary, render_markdown
from auditkit.report.rendering.markdown.words import code, prose

__all__ = ["begin_job_summary", "code", "prose", "render_job_summary", "render_markdown", "write_job_summary"]
