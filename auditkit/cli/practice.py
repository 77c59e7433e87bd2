"""`auditkit practice list`, `serve` and `build`."""

from __future__ import annotations

from pathlib import Path

import click

from auditkit.cli.application import ExistingFile, auditkit, json_option, print_json, refuse_existing
from auditkit.cli.printing import say


@auditkit.group()
def practice() -> None:
    """The practice network: an NNS with its own root key, a release server, and scenarios that pass and fail."""


@practice.command("list", short_help="List the scenarios and the verdict that each must have.")
@json_option
def list_scenarios(as_json: bool) -> None:
    """List the scenarios, each with the verdict that its audit must have.

    \b
    Example:
        auditkit practice list
    """
    from auditkit.practice import scenarios

    if as_json:
        print_json(
            [
                {
                    "name": scenario.name,
                    "title": scenario.title,
                    "subject": scenario.subject,
                    "proposal_id": scenario.proposal_id,
                    "stage": scenario.stage,
                    "verdict": {"strict": scenario.strict, "overlap": scenario.overlap},
                    "deciding": scenario.deciding_check,
                    "story": scenario.story,
                }
                for scenario in scenarios()
            ]
        )
        return
    for scenario in scenarios():
        say(f"{scenario.name:30} {scenario.strict:8} {scenario.title}")
    say()
    say("auditkit audit practice:NAME audits one of them.")


@practice.command(short_help="Serve the practice network on 127.0.0.1.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8900, show_default=True, help="0 takes a free one."
)
def serve(port: int) -> None:
    """Serve the practice network on 127.0.0.1 until interrupted, for other programs to practise on.

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
    from auditkit.practice import build_release
    from auditkit.progress import progress_on_terminal

    refuse_existing(out)
    with progress_on_terminal() as progress:
        release = build_release(out, seed=seed, large=large, progress=progress.step)
    say(str(release.folder))
