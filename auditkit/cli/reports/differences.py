"""`auditkit diff`."""

from __future__ import annotations

from pathlib import Path

import click

from auditkit.cli.application import ExistingFile, ExitStatus, auditkit, json_option
from auditkit.cli.printing import say
from auditkit.cli.reports.reading import read_document
from auditkit.cli.results import print_document


@auditkit.command()
@click.argument(
    "reports", type=ExistingFile, metavar="REPORT_A REPORT_B [REPORT_C ...]", nargs=-1, required=True
)
@json_option
@click.option("--markdown", is_flag=True, help="Print a Markdown table.")
@click.option("--exact", is_flag=True, help="Compare everything, not only what was decided.")
def diff(reports: tuple[Path, ...], as_json: bool, markdown: bool, exact: bool) -> None:
    """Show on what reports differ: report folders or audit.json files. Signatures are not looked at.

    Ends with 0 when they decide alike about the same, with 1 when they do not. Auditors who asked at different times
    have other times, votes and certificates: that counts with --exact alone, which ends with 1 when they differ
    anywhere outside "run".

    \b
    Examples:
        auditkit diff reports/alice reports/bob
        auditkit diff reports/alice reports/bob reports/carol --markdown
    """
    from auditkit.cli.documents import DiffDocument
    from auditkit.errors import ParameterError
    from auditkit.report import compare_reports, differences_markdown, differences_text

    if len(reports) < 2:
        raise click.UsageError("diff compares two reports or more")
    if as_json and markdown:
        raise ParameterError("--json and --markdown cannot be used together")
    documents = [read_document(place) for place in reports]
    differences = compare_reports(*documents)
    weighing = any(difference.weighs for difference in differences)
    names = _names(reports)
    if as_json:
        print_document(
            DiffDocument,
            same=not differences,
            same_decisions=not weighing,
            reports=tuple(
                {"report": str(place), "verdict": one.verdict, "qualifications": one.claim.qualifications}
                for place, one in zip(reports, documents, strict=True)
            ),
            differences=tuple(
                {
                    "part": one.part,
                    "name": one.name,
                    "question": one.question,
                    "weighs": one.weighs,
                    "told": one.told,
                }
                for one in differences
            ),
        )
    elif markdown:
        say(differences_markdown(differences, names, details=exact), lines=True)
    else:
        say(differences_text(differences, names, details=exact), lines=True)
    raise ExitStatus(1 if weighing or (exact and differences) else 0)


def _names(places: tuple[Path, ...]) -> tuple[str, ...]:
    """What the reports are called: by their last name where that tells them apart."""
    short = tuple(place.name for place in places)
    return short if len({*short, ""}) == len(places) + 1 else tuple(map(str, places))
