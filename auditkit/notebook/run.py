"""`auditkit audit`: the notebook, run, and its verdict, read from the document that it left."""

from __future__ import annotations

from pathlib import Path

from auditkit.audit import Verdict
from auditkit.errors import SourceError
from auditkit.notebook.runner import run_notebook
from auditkit.pipeline.packaged import notebook_path
from auditkit.pipeline.parameters import Parameters
from auditkit.pipeline.sources import preflight
from auditkit.progress import Progress
from auditkit.report import AuditDocument, begin_report_folder, read_report_folder


def run_audit(parameters: Parameters, progress: Progress | None = None) -> AuditDocument:
    """Runs ``audit.ipynb`` into the report folder ``output_dir`` and gives the document that it wrote.

    A report that the folder held before no longer looks finished once this starts, and the new one looks finished
    only when it is. ``progress`` is told the steps inside the notebook too.

    Raises:
        ParameterError: the parameters make no sense; nothing was written.
        SourceError: the notebook did not come to its end; no ``audit.json`` is left.
    """
    preflight(parameters)
    notebook = notebook_path("audit")
    folder = Path(parameters.output_dir)
    begin_report_folder(folder)
    stopped = run_notebook(notebook, parameters, folder / "audit.ipynb", progress)
    try:
        document = read_report_folder(folder).document
    except SourceError:
        raise SourceError(
            f"the audit did not finish: {stopped or 'the notebook wrote no report'}",
            where=str(folder / "audit.ipynb"),
            hint="the executed notebook shows how far it came",
        ) from None
    if (document.verdict is Verdict.PASS) != (stopped is None):
        begin_report_folder(folder)
        raise SourceError(
            f"the notebook and its report disagree: {document.verdict}, but {stopped or 'no cell raised'}",
            where=str(folder / "audit.ipynb"),
            hint="do not use this report; run the audit again",
        )
    return document
