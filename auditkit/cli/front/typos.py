"""What somebody probably meant who typed a command line that there is not. Nothing of an audit is loaded for it."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

import click

from auditkit.cli.front.completion import parameter_names, scenario_names
from auditkit.cli.front.pages import examples_of

# Words of other programs, and what they are called here.
_OTHER_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "compare": ("diff", "compare-images", "compare-roots"),
    "completion": ("help completion",),
    "create": ("init",),
    "doc": ("help",),
    "download": ("fetch-image",),
    "extract": ("extract-bootfs",),
    "fetch": ("fetch-proposal", "fetch-registry", "fetch-image"),
    "hash": ("verity-hash",),
    "ls": ("practice list",),
    "new": ("init",),
    "params": ("init",),
    "run": ("audit",),
    "scenarios": ("practice list",),
    "start": ("audit",),
    "template": ("init",),
    "test": ("check",),
    "validate": ("check",),
    "verify": ("verify-report", "verify-proposal", "verify-certificate"),
}
_AN_AUDIT: Final = re.compile(r"(?:(?:mainnet|election):)?[1-9][0-9]*|practice:.+|.+\.ya?ml", re.ASCII)
_EXTRA: Final = re.compile(r"Got unexpected extra arguments? \((.*)\)\.?", re.DOTALL)


class UnknownCommandError(click.UsageError):
    """There is no command of that name.

    Attributes:
        word: what stands in the place of a command.
    """

    def __init__(self, word: str, ctx: click.Context) -> None:
        super().__init__(f"there is no command {word[:80]!r}", ctx)
        self.word = word


def what_is_wrong(error: click.UsageError) -> tuple[str, str]:
    """What is wrong with a command line, and which option or argument it is about; empty where ``what`` says it."""
    message = error.format_message().removesuffix(".")
    if isinstance(error, click.NoSuchOption):
        return f"there is no option {error.option_name[:80]}", ""
    if isinstance(error, click.MissingParameter) and error.param is not None:
        return f"{_called(error.param, error.ctx)} is missing", ""
    if isinstance(error, click.BadParameter) and error.param is not None:
        where, kind = _called(error.param, error.ctx), error.param.type
        if isinstance(kind, click.IntRange):
            bounds = f" from {kind.min}" + (f" to {kind.max}" if kind.max is not None else "")
            return f"a whole number{bounds if kind.min is not None else ''} is expected", where
        return error.message.removesuffix("."), where
    if isinstance(error, click.BadOptionUsage):
        return f"the option {error.option_name} needs a value", ""
    if (extra := _EXTRA.fullmatch(message)) is not None:
        return f"there are more words than it takes: {extra[1][:200]}", ""
    return message, ""


def _called(parameter: click.Parameter, ctx: click.Context | None) -> str:
    return parameter.get_error_hint(ctx).replace("'", "")


def hint_about(error: click.UsageError, given: Sequence[str]) -> str:
    """What to do about a command line that was not understood.

    Args:
        given: its words.
    """
    named = given[0] if given and not given[0].startswith("-") else ""
    command = error.ctx.command_path if error.ctx else f"auditkit {named}".strip()
    see = f"see {command} --help"
    if isinstance(error, UnknownCommandError):
        found = _meant_command(error, given)
        return (
            f"did you mean {found}?"
            if found
            else f"`{command.replace('auditkit', 'auditkit help', 1)}` lists them"
        )
    if isinstance(error, click.NoSuchOption):
        near = f"did you mean {error.possibilities[0]}?" if error.possibilities else ""
        return near or _about_option(error, given) or see
    if error.ctx is None:
        return see
    if isinstance(error, click.MissingParameter):
        examples = examples_of(error.ctx.command)
        return f"for example `{examples[0]}`; {see}" if examples else see
    if isinstance(error, click.BadParameter) and error.param is not None:
        return _near_choice(error.param, given) or see
    return _about_extra_words(error, given) or see


def _meant_command(error: UnknownCommandError, given: Sequence[str]) -> str:
    """The commands that the word resembles, as they are to be typed; empty where it resembles none."""
    if error.ctx is None or not isinstance(error.ctx.command, click.Group):
        return ""
    group, ctx, word = error.ctx.command, error.ctx, error.word.casefold()
    if ctx.parent is None and (_AN_AUDIT.fullmatch(error.word) or error.word in scenario_names()):
        return f"auditkit audit {error.word[:80]}"
    path, names = ctx.command_path, group.list_commands(ctx)
    if ctx.parent is None:
        names = [*names, "help", "version"]
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.7)
    if not near and ctx.parent is None:
        near = list(_OTHER_WORDS.get(word, ())) or list(_inside_groups(group, ctx, word))
    near = near or difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    if ctx.parent is not None and not near and error.word in scenario_names():
        near = [f"show {error.word}"]
    return " or ".join(f"{path} {name}" for name in near)


def _inside_groups(group: click.Group, ctx: click.Context, word: str) -> Iterator[str]:
    """The commands of groups that are called so."""
    for name in ("practice", "catalogue", "registry"):
        inner = group.get_command(ctx, name)
        if isinstance(inner, click.Group) and word in inner.commands:
            yield f"{name} {word}"


def _about_option(error: click.NoSuchOption, given: Sequence[str]) -> str:
    if (
        dashed := next((one for one in given if one.startswith("-") and os.path.lexists(one)), None)
    ) is not None:
        return f"for a file of that name, write ./{dashed}"
    name, ctx = error.option_name.partition("=")[0], error.ctx
    if ctx is None:
        return ""
    if isinstance(ctx.command, click.Group):
        return _behind_its_command(name, ctx.command, ctx, given)
    parameter = name.lstrip("-").replace("-", "_").casefold()
    takes_overrides = any("-p" in one.opts for one in ctx.command.params)
    if takes_overrides and len(name) > 2:
        near = difflib.get_close_matches(parameter, parameter_names(), n=1, cutoff=0.8)
        if near:
            return f"parameters are set by -p: -p {near[0]}=VALUE"
    if name == "--json" and ctx.info_name == "audit":
        return "`auditkit check` prints JSON, and the report folder holds audit.json"
    if name in ("--version", "-v", "-V"):
        return "`auditkit version` tells it"
    return ""


def _behind_its_command(name: str, group: click.Group, ctx: click.Context, given: Sequence[str]) -> str:
    """Where an option belongs that stands before its command."""
    names = group.list_commands(ctx)
    for word in given:
        command = group.get_command(ctx, word) if word in names else None
        if command is not None:
            belongs = any(name in (*one.opts, *one.secondary_opts) for one in command.params)
            return f"write it behind the command: {ctx.command_path} {word} ... {name}" if belongs else ""
    return ""


def _near_choice(parameter: click.Parameter, given: Sequence[str]) -> str:
    """The choice of an option that a given word resembles."""
    if not isinstance(parameter.type, click.Choice):
        return ""
    choices = [str(one) for one in parameter.type.choices]
    for word, after in zip(given, [*given[1:], ""], strict=True):
        value = after if word in parameter.opts else word.partition("=")[2]
        folded = {one.casefold(): one for one in choices}
        if near := difflib.get_close_matches(value.casefold(), folded, n=1):
            return f"did you mean {folded[near[0]]}?"
    return ""


def _about_extra_words(error: click.UsageError, given: Sequence[str]) -> str:
    """What to do about words that a command has no use for."""
    if error.ctx is None or not _EXTRA.match(error.message):
        return ""
    words = list(given)
    for word, after in pairwise(words):
        kind, number = word.casefold().rstrip(":s"), after.strip("#")
        if number.isdecimal() and kind in ("election", "mainnet", "proposal", "recovery"):
            return f"did you mean {'election:' if kind == 'election' else ''}{number}?"
        if word == "practice" and after in scenario_names():
            return f"did you mean {after}?"
    if "-p" in words:
        return "each -p takes one NAME=VALUE, without spaces or in quotes"
    if error.ctx.info_name in ("audit", "check"):
        return "one at a time; `auditkit batch` takes several"
    return ""
