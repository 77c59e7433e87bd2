"""`auditkit practice list`, `show`, `serve` and `build`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from auditkit.cli.application import ExistingFile, auditkit, json_option, refuse_existing
from auditkit.cli.front import complete_scenarios
from auditkit.cli.printing import say
from auditkit.cli.results import print_document

if TYPE_CHECKING:
    from auditkit.practice import Scenario

_WIDTH: Final = 78


@auditkit.group()
def practice() -> None:
    """The practice network: an NNS with its own root key, a release server, and scenarios that pass and fail."""


@practice.command("list", short_help="List the scenarios and the verdict that each must have.")
@json_option
def list_scenarios(as_json: bool) -> None:
    """List the scenarios, each with the number of its proposal and the verdict that its audit must have.

    \b
    Example:
        auditkit practice list
    """
    from auditkit.cli.documents import PracticeList
    from auditkit.practice import groups

    if as_json:
        scenarios = tuple(_fields(one) for group in groups() for one in group.scenarios)
        print_document(PracticeList, scenarios=scenarios)
        return
    for group in groups():
        say(group.about)
        for one in group.scenarios:
            say(f"  {one.name:30} {one.proposal_id:<8} {one.strict:8} {one.title}")
        say()
    say("auditkit practice show NAME tells the story, auditkit audit NAME audits it.")


@practice.command(short_help="Tell the story of a scenario, and what an audit must find.")
@click.argument("name", metavar="SCENARIO", shell_complete=complete_scenarios)
@json_option
def show(name: str, as_json: bool) -> None:
    """Tell the story of a scenario: what was done, what its audit must find, and how to run it.

    \b
    Example:
        auditkit practice show unexplained
    """
    from auditkit.cli.documents import PracticeShow
    from auditkit.practice.scenarios import scenario

    chosen = scenario(name.removeprefix("practice:"))
    if as_json:
        print_document(PracticeShow, **_fields(chosen))
    else:
        say("\n".join(_told(chosen)), lines=True)


def _fields(scenario: Scenario) -> dict[str, Any]:
    """A scenario in a JSON document."""
    from auditkit.audit import Verdict

    return {
        "name": scenario.name,
        "title": scenario.title,
        "subject": scenario.subject,
        "proposal_id": scenario.proposal_id,
        "stage": scenario.stage,
        "verdict": {
            "strict": Verdict(scenario.strict),
            "overlap": None if scenario.election else Verdict(scenario.overlap),
        },
        "deciding": scenario.deciding_check,
        "story": scenario.story,
    }


def _told(scenario: Scenario) -> Iterator[str]:
    """A scenario in the lines of one screen."""
    from auditkit.checks import ALL_CHECKS

    yield from (f"{scenario.name}: {scenario.title}", "")
    yield from textwrap.wrap(scenario.story, _WIDTH, initial_indent="  ", subsequent_indent="  ")
    about = "a release that it elects" if scenario.election else "a recovery"
    yield from ("", f"  it is about   proposal {scenario.proposal_id}, {about}, at stage {scenario.stage}")
    verdict = scenario.expected_verdict
    decided = next((check for check in ALL_CHECKS if check.id == scenario.deciding_check), None)
    turns = "comes before any check" if decided is None else f"turns on check {decided.number}, {decided.id}"
    yield f"  must be       {verdict}; it {turns}"
    if decided is not None:
        lines = textwrap.wrap(decided.question, _WIDTH - 16)
        yield from (f"                {line}" for line in lines)
    if scenario.election is None and scenario.overlap != verdict:
        yield f"                {scenario.overlap} by the policy overlap, dfinity's own gate"
    yield from (
        "",
        f"  audit it      auditkit audit {scenario.name}",
        f"  no report     auditkit check {scenario.name}",
        f"  change it     auditkit init try.yaml --practice {scenario.name}",
    )


@practice.command(short_help="Serve the practice network on 127.0.0.1.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8900, show_default=True, help="0 takes a free one."
)
def serve(port: int) -> None:
    """Serve the practice network on 127.0.0.1 until interrupted, for other programs to practise on.

    Ctrl-C ends it. In the background of a script Ctrl-C does not reach it: end it there by kill (SIGTERM), in bash
    `kill $!`. It then ends with status 2.

    \b
    Example:
        auditkit practice serve --port 8900
        auditkit fetch-proposal 900001 --url http://127.0.0.1:8900 --root-key practice --out proposal.cbor

    Below /scenario/NAME is the same node, and the registry says what the scenario says.
    """
    from auditkit.practice import serve_forever

    serve_forever(port, say)


@practice.command()
@click.option(
    "--out", type=ExistingFile, required=True, help="Folder for the release; it must not exist yet."
)
@click.option("--seed", default="base", show_default=True, help="Another seed makes another release.")
@click.option("--large", is_flag=True, help="A release of realistic size (about 400 MB; takes minutes).")
def build(out: Path, seed: str, large: bool) -> None:
    """Build a practice release with mke2fs and veritysetup.

    \b
    Example:
        auditkit practice build --out release
    """
    from auditkit.practice.release import build_release
    from auditkit.progress import progress_on_terminal

    refuse_existing(out)
    with progress_on_terminal() as progress:
        release = build_release(out, seed=seed, large=large, progress=progress.step)
    say(str(release.folder))
