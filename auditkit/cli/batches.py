"""`auditkit batch` and `auditkit status`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from auditkit.cli.application import ExistingFile, ExitStatus, auditkit, json_option, print_json
from auditkit.cli.audits import override_option
from auditkit.cli.front import complete_what
from auditkit.cli.printing import complain, say
from auditkit.cli.results import print_document

if TYPE_CHECKING:
    from auditkit.batch import AuditResult, BatchDocument, Status
    from auditkit.progress import Progress

_LEAST_ROOM: Final = 40


@auditkit.command()
@click.argument("params", metavar="WHAT...", nargs=-1, required=True, shell_complete=complete_what)
@override_option
@click.option(
    "--workers", type=click.IntRange(1, 256), help="Audits at a time; by default one per processor."
)
@click.option("--dask", metavar="ADDRESS", help="Run the audits on the Dask cluster of this scheduler.")
@click.option(
    "--out",
    type=ExistingFile,
    default=Path("reports/batch"),
    show_default=True,
    help="Gets a report folder for each audit, batch.json and overview.ipynb.",
)
@json_option
def batch(
    params: tuple[str, ...],
    overrides: tuple[str, ...],
    workers: int | None,
    dask: str | None,
    out: Path,
    as_json: bool,
) -> None:
    """Run many audits and sum them up: status 1 if one is FAIL, else 2 if one is TROUBLE, else 0.

    Each WHAT is as in auditkit audit, but no pipe; -p sets a parameter for all of them.
    Everything is checked before the first audit runs. Each audit is a process of its own. One that was killed or
    ended in TROUBLE is tried once more; a FAIL is a result and is not.

    With --dask the workers must have auditkit and see the same folders under the same paths.

    \b
    Examples:
        auditkit batch honest unexplained election-honest
        auditkit batch proposals/*.yaml --workers 4 --out reports/nightly
        auditkit batch proposals/*.yaml --dask tcp://scheduler:8786
    """
    from auditkit.batch import dask_workers, local_workers, plan_batch, run_batch
    from auditkit.dependencies import NOTEBOOK_MODULES, require_modules
    from auditkit.errors import AuditkitError
    from auditkit.interpreter import processors
    from auditkit.notebook import write_overview
    from auditkit.progress import progress_on_terminal

    if workers is not None and dask is not None:
        raise click.UsageError("--workers and --dask cannot be used together")
    jobs = plan_batch(params, overrides, out)
    require_modules(NOTEBOOK_MODULES)
    with (
        progress_on_terminal(not as_json) as progress,
        dask_workers(dask) if dask else local_workers(workers or processors()) as crew,
    ):
        counter = _Counter(progress, len(jobs))
        document = run_batch(jobs, out, crew, counter.count)
        progress.step("writing the overview")
        try:
            shown = write_overview(out)
        except AuditkitError as error:
            # A PASS without what was asked for is none; a FAIL stays one.
            if document.verdict.exit_status == 0:
                raise
            complain(f"auditkit: {error}")
            shown = out
    if as_json:
        print_json(document.model_dump(mode="json", by_alias=True))
    else:
        _show_batch(document, out, shown)
    raise ExitStatus(document.verdict.exit_status)


@auditkit.command()
@click.argument("folder", metavar="DIR", type=ExistingFile)
@click.option(
    "--max-age",
    default="7d",
    show_default=True,
    metavar="AGE",
    help="How old the newest report of a subject may be: 7d, 12h, 90m.",
)
@json_option
def status(folder: Path, max_age: str, as_json: bool) -> None:
    """Show the newest verdict of each subject: status 1 if one failed, else 2 if one is stale or missing, else 0.

    Looks at every report in DIR and below it. A subject is a proposal with a base release, a stage, a policy and a
    root key; an audit with a recovery image or a chip is a subject of its own. Missing are reports that were begun and
    not finished, and those that cannot be read. Signatures are not looked at: auditkit verify-report does that.

    \b
    Examples:
        auditkit status reports
        auditkit status reports/nightly --max-age 36h --json
    """
    from auditkit.batch import read_status, status_fields
    from auditkit.cli.documents import StatusDocument
    from auditkit.errors import SourceError

    found = read_status(folder, max_age)
    if not found.rows:
        raise SourceError(
            "there is no report here", where=str(folder), hint="run auditkit audit or auditkit batch"
        )
    if as_json:
        print_document(StatusDocument, **status_fields(found))
    else:
        _show_status(found)
    raise ExitStatus(found.verdict.exit_status)


class _Counter:
    """Tells how many audits are done, and how many of them did not pass."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total = progress, total
        self._verdicts: list[str] = []
        self._show()

    def count(self, result: AuditResult) -> None:
        """One more is done."""
        self._verdicts.append(result.verdict)
        self._show()

    def _show(self) -> None:
        failed, trouble = self._verdicts.count("FAIL"), self._verdicts.count("TROUBLE")
        done = f"{len(self._verdicts)} of {self._total} audits done"
        self._progress.step(f"{done}, {failed} failed, {trouble} in trouble")


def _show_batch(document: BatchDocument, out: Path, shown: Path) -> None:
    from auditkit.audit import Claim
    from auditkit.report.rendering import check_and_reason

    rows = []
    for entry in document.audits:
        subject = entry.subject
        base = "unknown" if subject.base_version is None else subject.base_version[:12]
        what, release = ("election", "release") if subject.kind == "election" else ("proposal", "base")
        about = f"{what} {subject.proposal_id}, {release} {base}, {subject.stage}, {subject.policy}"
        rows.append(
            (
                str(Claim(entry.verdict, entry.qualifications)),
                about,
                str(out / entry.folder),
                check_and_reason(entry.deciding, entry.reason),
            )
        )
    _show_table(("verdict", "subject", "report", "why"), rows)
    counts = [entry.verdict for entry in document.audits]
    many = "audits" if len(counts) > 1 else "audit"
    told = ", ".join(f"{counts.count(verdict)} {verdict}" for verdict in dict.fromkeys(sorted(counts)))
    say()
    say(f"{document.claim}: {len(counts)} {many}, {told}")
    say(str(shown))


def _show_status(found: Status) -> None:
    from auditkit.batch import age_text
    from auditkit.report.rendering import check_and_reason

    rows = []
    for row in found.rows:
        about = "unknown" if row.subject is None else str(row.subject)
        age = row.standing if row.age is None else f"{row.standing}, {age_text(row.age)}"
        rows.append((str(row.claim), about, age, row.folder, check_and_reason(row.deciding, row.reason)))
    _show_table(("verdict", "subject", "age", "report", "why"), rows)
    say()
    say(f"{found.claim}: {found.reason}")
    if found.links:
        say(f"Links to folders that were not followed: {found.links}")


def _show_table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """A table whose last column is long: on a terminal within its width, elsewhere one line a row, for grep."""
    from auditkit.display import one_line, printed

    lines = [columns, *(tuple(printed(one_line(cell, 600)) for cell in row) for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns) - 1)]
    room = _terminal_width()
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=False)]
        if room is None:
            say("  ".join([*cells, line[-1]]))
        else:
            say("\n".join(_within(room, cells, line[-1])), lines=True)


def _terminal_width() -> int | None:
    """How many characters a line of the terminal has; None where standard output goes elsewhere."""
    import shutil

    return max(20, shutil.get_terminal_size().columns) if sys.stdout.isatty() else None


def _within(room: int, cells: list[str], last: str) -> list[str]:
    """One row on lines of ``room`` characters: the last cell beside the others, or below where little room is left."""
    import textwrap

    before = sum(len(cell) + 2 for cell in cells)
    if room - before >= _LEAST_ROOM:
        told = textwrap.wrap(last, room - before, break_on_hyphens=False) or [""]
        return ["  ".join([*cells, told[0]]), *(" " * before + line for line in told[1:])]
    head = "  ".join(cell.rstrip() for cell in cells)
    return [
        *textwrap.wrap(head, room, subsequent_indent="    ", break_on_hyphens=False),
        *textwrap.wrap(last, room, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False),
    ]
