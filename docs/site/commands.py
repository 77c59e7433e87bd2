"""The page of all commands, from the command line itself: what `--help` says, with anchors and a search."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click

from auditkit.cli.application import auditkit

HEAD = """# Commands

What `auditkit COMMAND --help` says of each. What scripts can rely on is in [contracts.md](contracts.md).

**Exit status, everywhere:** 0 = PASS (or done), 1 = FAIL, 2 = TROUBLE.
"""


def commands_page() -> str:
    """The page, as Markdown."""
    return "\n".join((HEAD, *_of(auditkit, click.Context(auditkit, info_name="auditkit"))))


def _of(group: click.Group, context: click.Context) -> Iterator[str]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        inner = click.Context(command, info_name=name, parent=context)
        yield from (f"## {inner.command_path}", "", *_described(command), "```text", _usage(inner), "```", "")
        yield from _options(command, inner)
        if isinstance(command, click.Group):
            yield from _of(command, inner)


def _usage(context: click.Context) -> str:
    pieces = " ".join(context.command.collect_usage_pieces(context))
    return f"{context.command_path} {pieces}"


def _described(command: click.Command) -> Iterator[str]:
    """The paragraphs of a help text; those that click leaves as they stand are examples."""
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(command.help or "")):
        lines = paragraph.split("\n")
        if lines[0] != "\b":
            yield from (_text(" ".join(lines)), "")
            continue
        first = 2 if lines[1].endswith(":") else 1
        if first == 2:
            yield from (_text(lines[1]), "")
        yield from ("```text", inspect.cleandoc("\n".join(lines[first:])), "```", "")


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    records = [
        record
        for parameter in command.params
        if (record := parameter.get_help_record(context)) and "--debug" not in parameter.opts
    ]
    records = [(option, text) for option, text in records if text and not option.startswith("-h,")]
    if records:
        yield from ("| option | |", "|---|---|")
        yield from (f"| `{_cell(option)}` | {_text(_cell(text))} |" for option, text in records)
        yield ""


def _cell(text: str) -> str:
    return re.sub(r"\[([a-z0-9-]+(\|[a-z0-9-]+){5,})\]", "NAME", text).replace("|", "\\|")


def _text(text: str) -> str:
    """Words that Markdown would read as something else, as they stand."""
    return re.sub(r"([<>*_\[\]])", r"\\\1", text)
