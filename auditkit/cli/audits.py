"""`auditkit audit`, `auditkit check` and `auditkit init`."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditkit.cli.application import (
    ExistingFile,
    ExitStatus,
    ProposalId,
    auditkit,
    json_option,
    refuse_existing,
)
from auditkit.cli.front import complete_overrides, complete_scenarios, complete_what
from auditkit.cli.printing import complain, say, say_json
from auditkit.errors import ParameterError, SourceError

if TYPE_CHECKING:
    from auditkit.pipeline import Parameters
    from auditkit.report import AuditDocument

override_option = click.option(
    "-p",
    "overrides",
    multiple=True,
    metavar="NAME=VALUE",
    shell_complete=complete_overrides,
    help="Set a parameter; may be given more than once.",
)
params_argument = click.argument("params", metavar="WHAT", shell_complete=complete_what)


def _parameters(params: str, overrides: tuple[str, ...], out: Path | None) -> Parameters:
    from auditkit.pipeline import named_parameters

    if out is not None:
        # A text parameter is taken as it stands, so no path is too odd for it; a shell has seen to its ~ already.
        overrides = (*overrides, f"output_dir={'./' if str(out).startswith('~') else ''}{out}")
    try:
        return named_parameters(params, overrides)
    except ParameterError as error:
        if out is not None and error.where == "-p output_dir":
            error.where = "--out"
        raise


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

    WHAT is the number of a proposal on mainnet that blesses a recovery, also as mainnet:NUMBER; election:NUMBER for one
    that elects a release; a scenario of the practice network, also as practice:SCENARIO; or a parameter file, a pipe or
    -. A file is meant by a slash or the ending .yaml alone. `auditkit init` writes one, params/README.md explains it.

    \b
    Examples:
        auditkit audit honest
        auditkit audit 139000
        auditkit audit election:143409 -p depth=certificates
        auditkit audit my-audit.yaml --out reports/mine
    """
    from auditkit.errors import AuditkitError
    from auditkit.notebook import run_audit
    from auditkit.progress import progress_on_terminal
    from auditkit.report import begin_job_summary, render_answers, require_outside, write_job_summary

    parameters = _parameters(params, overrides, out)
    if summary is not None:
        require_outside(summary)  # another audit's report could not be verified any more
        begin_job_summary(summary, Path(parameters.output_dir))
    try:
        with progress_on_terminal() as progress:
            document = run_audit(parameters, progress)
    except KeyboardInterrupt:
        what = "interrupted before this audit had a verdict"
        raise SourceError(what, where=parameters.output_dir, hint="run it again") from None
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
    say(render_answers(document).removesuffix("\n"), lines=True)
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
        auditkit check honest
        auditkit check election:143409 -p depth=certificates
        auditkit check reports/practice-honest/evidence/replay.yaml
        auditkit check still-open -p stage=vote --json
    """
    from auditkit.audit import in_order
    from auditkit.pipeline import check as run_checks
    from auditkit.pipeline import is_record, preflight, replayed, unread_in
    from auditkit.pipeline.parameters import STANDARD_INPUT, names_file
    from auditkit.progress import progress_on_terminal
    from auditkit.report import RECORD_NAME, render_text

    if params != STANDARD_INPUT and names_file(params) and is_record(Path(params)):
        if overrides:
            raise ParameterError("a replay takes its parameters from the record", hint="leave out -p")
        if Path(params).name != RECORD_NAME:
            raise ParameterError(
                f"a replay record is called {RECORD_NAME}", where=params, hint="give it that name again"
            )
        with progress_on_terminal(not as_json) as progress:
            again = replayed(Path(params).parent, progress)
        # No report says this of itself: what is told here is the document of the audit, and what the replay believed.
        document = again.document
        told = in_order((*document.claim.qualifications, *unread_in(again)))
        document = document.model_copy(update={"qualifications": told})
    else:
        parameters = _parameters(params, overrides, None)
        preflight(parameters)
        with progress_on_terminal(not as_json) as progress:
            document, _ = run_checks(parameters, progress)
    if as_json:
        say_json(_in_json(document))
    else:
        say(render_text(document), lines=True)
    _complain_of_trouble(document)
    raise ExitStatus(document.verdict.exit_status)


@auditkit.command()
@click.argument("file", type=ExistingFile)
@click.option(
    "--election", is_flag=True, help="For a proposal that elects a release; by default for a recovery."
)
@click.option("--proposal", type=ProposalId(), metavar="N", help="The number of the proposal on mainnet.")
@click.option(
    "--practice",
    metavar="SCENARIO",
    shell_complete=complete_scenarios,
    help="For a scenario of the practice network.",
)
@click.option("--force", is_flag=True, help="Replace a file of that name.")
def init(file: Path, election: bool, proposal: int | None, practice: str | None, force: bool) -> None:
    """Write a parameter file that explains every parameter, with the values that an audit would take by itself.

    FILE may be - for standard output. Without --proposal and --practice one value is left to be filled in, the number
    of the proposal.

    \b
    Examples:
        auditkit init my-audit.yaml
        auditkit init election.yaml --election --proposal 143409
        auditkit init try.yaml --practice unexplained
    """
    import shlex

    from auditkit.atomic import write_atomically
    from auditkit.display import one_line
    from auditkit.pipeline.parameters import (
        STANDARD_INPUT,
        commented_file,
        named_parameters,
        names_file,
        proposal_parameters,
    )

    if practice is not None and (election or proposal is not None):
        raise click.UsageError("--practice cannot be used with --election or --proposal")
    if str(file) != STANDARD_INPUT:
        _refuse_to_replace(file, force)
    named = str(file) if names_file(str(file)) else f"./{file}"
    command = one_line(f"auditkit audit {shlex.quote(named)}", 300)
    if practice is not None:
        from auditkit.trust import world

        sources = world("practice").sources
        values = named_parameters(f"practice:{practice}", ()).to_plain()
        about = f"{sources.story(practice)}\n\n"
    else:
        values = proposal_parameters("election" if election else "recovery", proposal)
        values.setdefault("output_dir", _report_folder(file))
        about = f"{_needed_first(election, 'proposal_id' in values)} Everything else may stay as it is.\n\n"
    text = commented_file(
        values,
        about=f"{about}Parameters of an audit, written by `auditkit init`; params/README.md tells more. Run it with\n"
        f"    {command}\nA line that you leave out has its default. Nothing here is secret.",
    )
    if str(file) == STANDARD_INPUT:
        say(text, lines=True)
        return
    write_atomically(file, text.encode())
    say(str(file))
    say(f"fill in proposal_id, and run: {command}" if "proposal_id" not in values else f"run: {command}")


def _needed_first(election: bool, given: bool) -> str:
    """Which values somebody has to think of before the first audit."""
    if election:
        return "No value is needed." if given else "Needed first: proposal_id."
    release = "base_version, the release that the recovery is based on, if you know it"
    return f"Worth setting: {release}." if given else f"Needed first: proposal_id; then {release}."


def _refuse_to_replace(file: Path, force: bool) -> None:
    """Raises SourceError where something has the name that must stay: anything, or with ``force`` all but a file."""
    if not force:
        refuse_existing(file, "choose another name, or say --force to replace it")
    elif os.path.lexists(file) and (file.is_symlink() or not file.is_file()):
        raise SourceError("only a plain file is replaced, no link and no folder", where=str(file))


def _report_folder(file: Path) -> str:
    """Where the report goes whose parameters are in ``file``; a name with odd characters gives none to a folder."""
    return f"reports/{file.stem if re.fullmatch(r'[A-Za-z0-9][A-Za-z0-9._-]{0,99}', file.stem) else 'audit'}"


def _in_json(document: AuditDocument) -> str:
    """`audit.json`; of a TROUBLE the same fields and ``error``, which every command prints then, by another schema."""
    from auditkit.cli.documents.check_trouble import CHECK_TROUBLE
    from auditkit.report import to_json

    text = to_json(document).decode()
    if document.verdict.exit_status != 2:
        return text
    value = json.loads(text)
    first = document.trouble[0] if document.trouble else None
    error = {
        "what": first.what if first else _why(document),
        "where": first.where if first else "",
        "hint": first.hint if first else "",
    }
    told = {"schema": CHECK_TROUBLE, "verdict": value["verdict"], "error": error}
    return json.dumps(
        {**told, **{name: value[name] for name in value if name not in told}}, ensure_ascii=False, indent=2
    )


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
