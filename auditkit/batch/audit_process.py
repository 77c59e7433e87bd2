"""One audit of a batch, in a process of its own: started, stopped, run once more after TROUBLE.

What is here also runs on the machines of a Dask cluster, so jobs and results pickle.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

from auditkit.audit import Verdict
from auditkit.batch.reports import FinishedReport, read_finished_report
from auditkit.display import one_line
from auditkit.errors import AuditkitError, SourceError, in_words
from auditkit.interpreter import auditkit_command, python_environment
from auditkit.pipeline.parameters import Parameters
from auditkit.report import Writer, begin_report_folder, only_writer

ATTEMPTS: Final = 2
"""How often an audit is tried that was killed or ended in TROUBLE. A PASS or FAIL is never tried again."""
_DESCENDANTS_SECONDS: Final = 15.0  # until the kernel of a killed audit has noticed and gone
_STOP_SECONDS: Final = 5.0  # until an interrupted audit has put away its files
_OTHER_SECONDS: Final = 1800.0  # until an audit that a lost worker left behind has ended
_LOOK_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class AuditJob:
    """One audit to run.

    Attributes:
        batch: names the batch, so that it can be stopped.
        name: name of its folder in the folder of the batch.
        source: the parameter file or ``practice:SCENARIO``, for ``auditkit audit``.
        parameters: all of them, as they were checked; the report folder is among them.
        working_folder: what relative paths are relative to.
    """

    batch: str
    name: str
    source: str
    parameters: Parameters
    working_folder: str

    @property
    def folder(self) -> Path:
        """The report folder."""
        return Path(self.working_folder, self.parameters.output_dir)

    def command(self) -> list[str]:
        """The command; every parameter is given, so that it audits exactly what was checked."""
        values = self.parameters.to_plain()
        overrides = [
            word for name, value in values.items() for word in ("-p", f"{name}={_override_value(value)}")
        ]
        return auditkit_command("audit", *overrides, "--", self.source)


@dataclass(frozen=True, slots=True)
class AuditResult:
    """How one audit of a batch ended.

    Attributes:
        name: as the job's.
        verdict: what `audit.json` says, where it agrees with the exit status; else TROUBLE.
        report: what `audit.json` says; None when nothing readable was left.
        reason: one sentence that says why.
        exit_status: of the last attempt; negative when a signal ended it, None when it was not started.
        attempts: how often it was started.
    """

    name: str
    verdict: Verdict
    report: FinishedReport | None
    reason: str
    exit_status: int | None
    attempts: int


class _StillWritingError(SourceError):
    """An audit is over, but something that it started is still running."""


_guard = Lock()
_running: dict[subprocess.Popen[bytes], str] = {}
_stopped: set[str] = set()


def run_audit_job(job: AuditJob) -> AuditResult:
    """Runs an audit, a second time if the first was killed or ended in TROUBLE, and never raises an `AuditkitError`."""
    result = AuditResult(job.name, Verdict.TROUBLE, None, "The audit was not started.", None, 0)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with only_writer(
                job.folder, seconds=_OTHER_SECONDS, given_up=lambda: job.batch in _stopped
            ) as writer:
                result = _attempt(job, attempt, writer)
        except _StillWritingError as error:
            return AuditResult(job.name, Verdict.TROUBLE, None, str(error), None, attempt)
        except AuditkitError as error:
            return AuditResult(job.name, Verdict.TROUBLE, None, str(error), result.exit_status, attempt - 1)
        if result.verdict is not Verdict.TROUBLE or job.batch in _stopped:
            break
    return result


def stop_audits(batch: str) -> None:
    """Ends the audits of ``batch`` that run in this process's care, and starts no more of them."""
    with _guard:
        _stopped.add(batch)
        running = [process for process, of_batch in _running.items() if of_batch == batch]
    try:
        for process in running:
            _signal(process, signal.SIGINT)
        deadline = time.monotonic() + _STOP_SECONDS
        while any(process.poll() is None for process in running) and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
    finally:
        for process in running:
            if process.poll() is None:
                _signal(process, signal.SIGKILL)


def _attempt(job: AuditJob, attempt: int, writer: Writer) -> AuditResult:
    begin_report_folder(job.folder)
    with _guard:
        if job.batch in _stopped:
            return AuditResult(job.name, Verdict.TROUBLE, None, "The batch was stopped.", None, attempt - 1)
        try:
            process = subprocess.Popen(
                job.command(),
                cwd=job.working_folder,
                env={**python_environment(), **writer.environment()},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(writer.descriptor,),  # when a worker is lost, its audit runs on
                start_new_session=True,
            )
        except OSError as error:
            raise SourceError(
                f"the audit could not be started: {in_words(error)}", where=job.working_folder
            ) from None
        _running[process] = job.batch
    try:
        status, told = _wait(process)
    finally:
        with _guard:
            del _running[process]
    return _judge(job, status, told, attempt)


def _wait(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """The exit status and the last line on standard error.

    The pipes end when the last descendant has gone. A kernel that outlives its audit could still write to the
    report folder, so without that end the next attempt must not begin.
    """
    while True:
        try:
            _, told = process.communicate(timeout=_DESCENDANTS_SECONDS)
            break
        except subprocess.TimeoutExpired:
            if process.poll() is not None:
                _signal(process, signal.SIGKILL)
                with suppress(subprocess.TimeoutExpired):
                    _, told = process.communicate(timeout=_DESCENDANTS_SECONDS)
                    break
                for pipe in (process.stdout, process.stderr):
                    if pipe is not None:
                        pipe.close()
                raise _StillWritingError(
                    "the audit ended, but a process that it started is still running",
                    where=f"process {process.pid}",
                    hint="end it and run the batch again",
                ) from None
    lines = told.decode(errors="replace").strip().splitlines()
    return process.returncode, one_line(lines[-1], 600) if lines else ""


def _judge(job: AuditJob, status: int, told: str, attempt: int) -> AuditResult:
    ended = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
    try:
        report = read_finished_report(job.folder, job.name)
    except AuditkitError as error:
        reason = told.removeprefix("auditkit: ") or error.what_was_found
        reason = f"The audit left no report ({ended}): {reason}"
        return AuditResult(job.name, Verdict.TROUBLE, None, reason, status, attempt)
    if report.verdict.exit_status != status:
        reason = (
            f"The report says {report.verdict}, but the audit ended with {ended}: do not use this report."
        )
        return AuditResult(job.name, Verdict.TROUBLE, report, reason, status, attempt)
    return AuditResult(job.name, report.verdict, report, report.reason, status, attempt)


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signals the process and what it started in its own group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _override_value(value: object) -> str:
    """A value as ``-p`` takes it."""
    if isinstance(value, str):
        return value
    return json.dumps(value)
