"""How an audit is told: one document, `audit.json`, and its renderings."""

from auditkit.report.comparison import (
    Difference,
    compare_reports,
    differences_json,
    differences_markdown,
    differences_text,
)
from auditkit.report.document import AuditDocument, from_json, matrix_of, schema, to_json
from auditkit.report.folder import (
    ReportFolder,
    begin_report_folder,
    finish_report_folder,
    read_report_folder,
    require_replaceable,
    write_report_folder,
)
from auditkit.report.html import render_html
from auditkit.report.job_summary import begin_job_summary, write_job_summary
from auditkit.report.markdown import render_job_summary, render_markdown
from auditkit.report.records import (
    RECORD_NAME,
    CommandLine,
    Deciding,
    DecisionRecord,
    EvidenceRecord,
    Label,
    MeasuredInputs,
    OverlapRecord,
    PolicyIds,
    PolicyVerdicts,
    Run,
    Setting,
    Subject,
    Tally,
    Tool,
    TroubleRecord,
)
from auditkit.report.text import render_decisions, render_text
from auditkit.report.writer import Writer, only_writer

__all__ = [
    "RECORD_NAME",
    "AuditDocument",
    "CommandLine",
    "Deciding",
    "DecisionRecord",
    "Difference",
    "EvidenceRecord",
    "Label",
    "MeasuredInputs",
    "OverlapRecord",
    "PolicyIds",
    "PolicyVerdicts",
    "ReportFolder",
    "Run",
    "Setting",
    "Subject",
    "Tally",
    "Tool",
    "TroubleRecord",
    "Writer",
    "begin_job_summary",
    "begin_report_folder",
    "compare_reports",
    "differences_json",
    "differences_markdown",
    "differences_text",
    "finish_report_folder",
    "from_json",
    "matrix_of",
    "only_writer",
    "read_report_folder",
    "render_decisions",
    "render_html",
    "render_job_summary",
    "render_markdown",
    "render_text",
    "require_replaceable",
    "schema",
    "to_json",
    "write_job_summary",
    "write_report_folder",
]
