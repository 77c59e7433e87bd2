"""`auditkit audit` and `auditkit check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditkit.cli.application import ExistingFile, ExitStatus, auditkit, json_option
from auditkit.cli.printing import complain, say, say_json

if TYPE_CHECKING:
    from auditkit.pipeline import Parameters
    from auditkit.report import AuditDocument

override_option = click.option(
    "-p",
    "overrides",
    multiple=True,
    metavar="NAME=VALUE",
    help="Set a parameter; may be given more than once.",
)
params_argument = click.argument("params", metavar="WHAT")


def _parameters(params: str, overrides: tuple[str, ...], out: Path | None) -> Parameters:
    from auditkit.pipeline import named_parameters

    if out is not None:
        # A text parameter is taken as it stands, so no path is too odd for it; a shell has seen to its ~ already.
        overrides = (*overrides, f"output_dir={'./' if str(out).startswith('~') else ''}{out}")
    return named_parameters(params, overrides)


@auditkit.command()
@params_argument
@override_option
@click.option("--out", type=ExistingFile, help="The report folder; by default the parameter output_dir.")
@click.option(
    "--summary",
    type=ExistingFile,
    help="Also write a short Markdown summary, for a CI job; not into the report folder.",
)
def audit(params: str, overrides: tuple[str, ...], out: Path | None, summary: Path | None) -> None:
    """Run the whole audit as a notebook and write the report folder.

    WHAT is a parameter file (see params/README.md), a pipe or -; election:NUMBER for a proposal on mainnet that elects
    a release; NUMBER or mainnet:NUMBER for one that blesses a recovery; or practice:SCENARIO.

    \b
    Examples:
        auditkit audit election:139000
        auditkit audit params/practice/honest.yaml
        auditkit audit practice:unexplained --out reports/unexplained
        auditkit audit params/mainnet/template.yaml -p proposal_id=139000 -p base_version=auto
    """
    from auditkit.errors import AuditkitError
    from auditkit.notebook import run_audit
    from auditkit.progress import progress_on_terminal
    from auditkit.report import begin_job_summary, write_job_summary

    parameters = _parameters(params, overrides, out)
    if summary is not None:
        begin_job_summary(summary, Path(parameters.output_dir))
    with progress_on_terminal() as progress:
        document = run_audit(parameters, progress)
    if summary is not None:
        try:
            write_job_summary(summary, document)
        except AuditkitError as error:
            # A PASS without what was asked for is none; a FAIL stays one.
            if document.verdict.exit_status == 0:
                raise
            complain(f"auditkit: {error}")
    say(f"{document.claim}: {_why(document)}")
    say(str(Path(parameters.output_dir) / "report.html"))
    _complain_of_trouble(document)
    raise ExitStatus(document.verdict.exit_status)


@auditkit.command()
@params_argument
@override_option
@json_option
def check(params: str, overrides: tuple[str, ...], as_json: bool) -> None:
    """Run the same checks without a notebook and without writing anything.

    WHAT is as in auditkit audit. Given the evidence/replay.yaml of a report, repeats its audit from the evidence alone,
    without the network.

    \b
    Examples:
        auditkit check election:139000 -p depth=certificates
        auditkit check practice:honest
        auditkit check reports/honest/evidence/replay.yaml
        auditkit check params/practice/still-open.yaml -p stage=vote --json
    """
    from auditkit.audit import SENTENCES
    from auditkit.decision import Qualification
    from auditkit.errors import ParameterError
    from auditkit.pipeline import check as run_checks
    from auditkit.pipeline import is_record, preflight, replay
    from auditkit.pipeline.parameters import STANDARD_INPUT, names_file
    from auditkit.progress import progress_on_terminal
    from auditkit.report import RECORD_NAME, render_text, to_json

    if params != STANDARD_INPUT and names_file(params) and is_record(Path(params)):
        if overrides:
            raise ParameterError("a replay takes its parameters from the record", hint="leave out -p")
        if Path(params).name != RECORD_NAME:
            raise ParameterError(
                f"a replay record is called {RECORD_NAME}", where=params, hint="give it that name again"
            )
        with progress_on_terminal(not as_json) as progress:
            document, _ = replay(Path(params).parent, progress)
        # The document is that of the audit, byte for byte, so what the replay did not do is told beside it.
        if any(not record.stored for record in document.evidence):
            name = Qualification.IMAGE_NOT_READ
            complain(f"auditkit: {name}: {SENTENCES[name]}")
    else:
        parameters = _parameters(params, overrides, None)
        preflight(parameters)
        with progress_on_terminal(not as_json) as progress:
            document, _ = run_checks(parameters, progress)
    if as_json:
        say_json(to_json(document).decode())
    else:
        say(render_text(document), lines=True)
        _complain_of_trouble(document)
    raise ExitStatus(document.verdict.exit_status)


def _complain_of_trouble(document: AuditDocument) -> None:
    """A line for each trouble; where an answer is missing without one, a line that says so."""
    if document.verdict.exit_status != 2:
        return
    if not document.trouble:
        complain(f"auditkit: {_why(document)}")
    for trouble in document.trouble:
        where = f"{trouble.where}: " if trouble.where else ""
        complain(f"auditkit: {where}{trouble.what}{f'; {trouble.hint}' if trouble.hint else ''}")


def _why(document: AuditDocument) -> str:
    from auditkit.display import one_line
    from auditkit.report.rendering import check_and_reason, why

    deciding = document.deciding.decision if document.deciding else None
    return one_line(check_and_reason(deciding, why(document)), 600)
