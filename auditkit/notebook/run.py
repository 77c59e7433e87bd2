"""`auditkit audit`: the notebook, run, and its verdict, read from the document that it left."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from auditkit.atomic import staging_name
from auditkit.audit import Verdict
from auditkit.errors import SourceError
from auditkit.notebook.runner import run_notebook
from auditkit.packaged import notebook_path
from auditkit.pipeline import preflight
from auditkit.pipeline.parameters import Parameters
from auditkit.progress import Progress
from auditkit.report import (
    DOCUMENT_NAME,
    NOTEBOOK_NAME,
    AuditDocument,
    begin_report_folder,
    finish_report_folder,
    only_writer,
    read_report_folder,
    require_replaceable,
)

_NOTEBOOKS: Final = {"recovery": "audit", "election": "election"}


def run_audit(parameters: Parameters, progress: Progress | None = None) -> AuditDocument:
    """Runs the notebook of the subject into the report folder ``output_dir`` and gives the document that it wrote.

    A report that the folder held before no longer looks finished once this starts, and the new one looks finished
    only when it is: ``audit.json`` gets its name when everything else has its own, the executed notebook too.
    ``progress`` is told the steps inside the notebook.

    Raises:
        ParameterError: the parameters make no sense, or the folder holds what no audit wrote; nothing was written.
        SourceError: another audit writes to the folder, or the notebook did not come to its end; no ``audit.json`` of
            this audit is left.
    """
    preflight(parameters)
    notebook = notebook_path(_NOTEBOOKS[parameters.subject])
    folder = Path(parameters.output_dir)
    require_replaceable(folder)
    was_there = os.path.lexists(folder)
    with only_writer(folder) as writer:
        begin_report_folder(folder)
        held = staging_name(folder / DOCUMENT_NAME)
        try:
            stopped = run_notebook(
                notebook,
                parameters,
                folder / NOTEBOOK_NAME,
                progress,
                environment=writer.environment(held.name),
                descriptors=(writer.descriptor,),
            )
            document = _document(folder, held.name, stopped)
            finish_report_folder(folder, held.name)
        finally:
            held.unlink(missing_ok=True)
            if not was_there:
                with suppress(OSError):  # it stays where something is in it
                    folder.rmdir()
    return document


def _document(folder: Path, held: str, stopped: str | None) -> AuditDocument:
    """What the notebook wrote, if it agrees with how the notebook ended."""
    try:
        document = read_report_folder(folder, held).document
    except SourceError:
        raise SourceError(
            f"the audit did not finish: {stopped or 'the notebook wrote no report'}",
            where=str(folder / NOTEBOOK_NAME),
            hint="the executed notebook shows how far it came",
        ) from None
    if (document.verdict is Verdict.PASS) != (stopped is None):
        raise SourceError(
            f"the notebook and its report disagree: {document.verdict}, but {stopped or 'no cell raised'}",
            where=str(folder / NOTEBOOK_NAME),
            hint="do not use this report; run the audit again",
        )
    return document
