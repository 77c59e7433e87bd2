"""What the shell is offered for WHAT, for ``-p`` and for scenarios. Only names of files are read for most of it."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final, get_args

import click
from click.shell_completion import CompletionItem

from auditkit.errors import SourceError
from auditkit.packaged import packaged_file

_PRACTICE: Final = Path("params") / "practice"
_FIRST: Final = "honest"


@cache
def scenario_names() -> tuple[str, ...]:
    """The names of all scenarios, by their parameter files; none where these did not come along."""
    try:
        folder = packaged_file(_PRACTICE / f"{_FIRST}.yaml").parent
        return tuple(sorted(path.stem for path in folder.glob("*.yaml")))
    except (OSError, SourceError):
        return ()


@cache
def parameter_names() -> tuple[str, ...]:
    """The names of all parameters, by a file that sets each of them."""
    try:
        text = packaged_file(_PRACTICE / f"{_FIRST}.yaml").read_text("utf-8")
    except (OSError, SourceError):
        return ()
    return tuple(re.findall(r"^([a-z0-9_]+):", text, re.MULTILINE))


def complete_scenarios(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The scenarios that begin so."""
    return [CompletionItem(name) for name in scenario_names() if name.startswith(incomplete)]


def complete_what(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Scenarios, also behind ``practice:``; files where none begins so."""
    before, colon, name = incomplete.rpartition(":")
    if before in ("", "practice") and "/" not in name and (named := complete_scenarios(ctx, param, name)):
        return [CompletionItem(f"{before}{colon}{item.value}") for item in named]
    return [CompletionItem(incomplete, type="file")]


def complete_overrides(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """``NAME=`` of each parameter that begins so, and behind it the words that it takes."""
    name, equals, value = incomplete.partition("=")
    if not equals:
        return [CompletionItem(f"{one}=") for one in parameter_names() if one.startswith(name)]
    from auditkit.pipeline import Parameters

    field = Parameters.model_fields.get(name)
    choices = get_args(field.annotation) if field is not None else ()
    return [
        CompletionItem(f"{name}={choice}")
        for choice in choices
        if isinstance(choice, str) and choice.startswith(value)
    ]
