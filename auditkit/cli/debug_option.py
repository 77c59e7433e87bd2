"""``--debug`` behind a command's name too, where one puts it who runs a command again."""

from __future__ import annotations

from typing import Any

import click


class CommandWithDebug(click.Command):
    """A command that takes ``--debug`` as the whole program does; it is looked for among all words given."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        text = "On trouble, show the traceback too."
        self.params.append(click.Option(["--debug"], is_flag=True, expose_value=False, help=text))


class GroupWithDebug(click.Group):
    """A group of such commands."""

    command_class = CommandWithDebug
