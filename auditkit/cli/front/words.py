"""Commands and groups that know what to say to somebody who typed too little, or a word that is none of theirs."""

from __future__ import annotations

from typing import Any

import click

from auditkit.cli.front.typos import UnknownCommandError


class CommandWithDebug(click.Command):
    """A command that takes ``--debug`` as the whole program does; it is looked for among all words given.

    Without a word, where it needs some, it shows how it is used.
    """

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        text = "On trouble, show the traceback too."
        self.params.append(click.Option(["--debug"], is_flag=True, expose_value=False, help=text))
        self.no_args_is_help = any(parameter.required for parameter in self.params)


class GroupWithDebug(click.Group):
    """A group of such commands."""

    command_class = CommandWithDebug

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first word names."""
        word = args[0]
        if not (ctx.resilient_parsing or word.startswith("-")) and self.get_command(ctx, word) is None:
            raise UnknownCommandError(word, ctx)
        return super().resolve_command(ctx, args)
