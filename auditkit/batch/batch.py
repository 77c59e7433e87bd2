"""Many audits: planned as a whole before the first one runs, run each by itself, and summed up."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, as_completed
from dataclasses import replace
from pathlib import Path
from typing import Final
from uuid import uuid4

from auditkit.atomic import write_atomically
from auditkit.audit import Verdict, in_order
from auditkit.batch.audit_process import AuditJob, AuditResult, run_audit_job
from auditkit.batch.batch_document import (
    BATCH_NAME,
    OVERVIEW_NAME,
    BatchDocument,
    BatchEntry,
    BatchSubject,
    BatchTool,
    batch_json,
)
from auditkit.batch.reports import combine, read_finished_report
from auditkit.batch.workers import Workers
from auditkit.errors import AuditkitError, ParameterError, SourceError, in_words
from auditkit.pipeline import preflight, redacted_text
from auditkit.pipeline.parameters import is_pipe, named_parameters, names_file, short_name
from auditkit.report import (
    DOCUMENT_NAME,
    Run,
    begin_report_folder,
    is_begun,
    only_writer,
    require_replaceable,
)
from auditkit.version import __version__

_RESERVED: Final = frozenset({DOCUMENT_NAME, BATCH_NAME, OVERVIEW_NAME})
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._+-]+")


def plan_batch(sources: Sequence[str], overrides: Sequence[str], out: Path) -> tuple[AuditJob, ...]:
    """The audits of a batch, all checked; nothing is written yet.

    Args:
        sources: what `named_parameters` takes, but for pipes.
        overrides: ``NAME=VALUE`` for all of them.
        out: the folder that gets a report folder for each, named after its source.

    Raises:
        ParameterError: parameters make no sense, two audits would share a folder, or a folder holds something
            that an audit must not replace.
        SourceError: a file is not there.
    """
    if any(override.partition("=")[0] == "output_dir" for override in overrides):
        raise ParameterError("a batch gives each audit a folder of its own", hint="use --out, not output_dir")
    if (out / DOCUMENT_NAME).exists():
        raise ParameterError("this is the folder of one report", where=str(out), hint="choose another --out")
    batch = uuid4().hex
    jobs: dict[str, AuditJob] = {}
    for source in sources:
        if names_file(source) and is_pipe(source):
            raise ParameterError(
                "a batch reads its parameters more than once, and a pipe can be read only once",
                where=source,
                hint="give parameter files",
            )
        name = _folder_name(source)
        if (other := jobs.get(name.casefold())) is not None:
            raise ParameterError(
                f"two audits would write to the folder {name}",
                where=f"{other.source} and {source}",
                hint="leave one out, or copy its parameter file under another name",
            )
        parameters = named_parameters(source, (*overrides, f"output_dir={out / name}"))
        try:
            preflight(parameters)
            require_replaceable(out / name)
        except (ParameterError, SourceError) as error:
            error.where = f"{source}: {error.where}" if error.where else source
            raise
        jobs[name.casefold()] = AuditJob(batch, name, source, parameters, str(Path.cwd()))
    if not jobs:
        raise ParameterError("there is nothing to audit")
    return tuple(jobs.values())


def run_batch(
    jobs: Sequence[AuditJob],
    out: Path,
    workers: Workers,
    on_result: Callable[[AuditResult], None] | None = None,
) -> BatchDocument:
    """Runs the audits of `plan_batch` and writes `batch.json`.

    No report of an earlier batch looks finished once this starts: a batch that is killed leaves no report that
    was not made by it. An interrupt ends all audits, wherever they run.

    Args:
        on_result: told each result, as it comes.

    Raises:
        ParameterError: a folder cannot be written to.
        SourceError: another audit writes to one.
    """
    started = time.time()
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name in (BATCH_NAME, OVERVIEW_NAME):
            (out / name).unlink(missing_ok=True)
    except OSError as error:
        raise ParameterError(f"the folder cannot be written to: {in_words(error)}", where=str(out)) from None
    for job in jobs:
        with only_writer(job.folder):
            begin_report_folder(job.folder)
    results = _run_all(jobs, workers, on_result)
    entries = tuple(_entry(job, results[job.name]) for job in jobs)
    document = BatchDocument(
        verdict=combine(entry.verdict for entry in entries),
        qualifications=in_order(item for entry in entries for item in entry.qualifications),
        audits=entries,
        tool=BatchTool(name="auditkit", version=__version__),
        run=Run.between(started, time.time()),
    )
    write_atomically(out / BATCH_NAME, batch_json(document))
    return document


def _run_all(
    jobs: Sequence[AuditJob], workers: Workers, on_result: Callable[[AuditResult], None] | None
) -> dict[str, AuditResult]:
    futures: dict[Future[AuditResult], AuditJob] = {}
    results: dict[str, AuditResult] = {}
    try:
        for job in jobs:
            futures[workers.executor.submit(run_audit_job, job)] = job
        for future in as_completed(futures):
            result = _seen_from_here(futures[future], _result(future, futures[future]))
            results[result.name] = result
            if on_result is not None:
                on_result(result)
    except BaseException:
        for future in futures:
            future.cancel()
        workers.stop(jobs[0].batch)
        raise
    return results


def _result(future: Future[AuditResult], job: AuditJob) -> AuditResult:
    try:
        return future.result()
    except Exception as error:  # noqa: BLE001  (whatever a cluster raises, the other audits go on)
        reason = f"The worker could not run the audit: {type(error).__name__}: {error}"[:600]
        return AuditResult(job.name, Verdict.TROUBLE, None, reason, None, 0)


def _seen_from_here(job: AuditJob, result: AuditResult) -> AuditResult:
    """``result``, unless its report is not the one that is in the folder: a worker may have a disk of its own."""
    if result.report is None:
        return result
    try:
        if read_finished_report(job.folder, job.name) == result.report:
            return result
        reason = "The report in the folder is not the one that the audit wrote: do not use it."
    except AuditkitError:
        reason = f"The audit ended with {result.verdict}, but its report is not here: let workers see the same folders."
    return replace(result, verdict=Verdict.TROUBLE, report=None, reason=reason)


def _entry(job: AuditJob, result: AuditResult) -> BatchEntry:
    parameters, report = job.parameters, result.report
    planned = None if parameters.base_version == "auto" else parameters.base_version
    return BatchEntry(
        folder=job.name,
        verdict=result.verdict,
        qualifications=report.claim.qualifications if report else (),
        subject=BatchSubject(
            proposal_id=parameters.proposal_id,
            base_version=report.subject.base_version if report else planned,
            kind=parameters.subject,
            stage=report.subject.stage if report else parameters.stage,
            policy=parameters.policy,
        ),
        deciding=(report.deciding or None) if report else None,
        reason=redacted_text(result.reason, parameters),
        exit_status=result.exit_status,
        attempts=result.attempts,
    )


def _folder_name(source: str) -> str:
    """A folder name that is safe everywhere, from the name of a parameter file or scenario.

    Raises:
        ParameterError: the batch needs that name for something else.
    """
    name = _UNSAFE.sub("-", short_name(source)).lstrip(".+-")[:100] or "audit"
    if name.casefold() in _RESERVED or is_begun(name.casefold()):
        raise ParameterError(
            f"a report folder cannot be called {name}",
            where=source,
            hint="copy the parameter file under another name",
        )
    return name
