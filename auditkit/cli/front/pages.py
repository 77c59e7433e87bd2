"""What is shown to somebody who asks for nothing in particular: the front page, and a command in a few lines."""

from __future__ import annotations

import inspect
import re
from typing import Final

import click

FRONT_PAGE: Final = """\
auditkit checks proposals of the Internet Computer's NNS about GuestOS releases:
what the NNS signed against what was released.

  auditkit audit honest             a first audit, of the practice network, offline
  auditkit practice list            more scenarios that pass and fail
  auditkit audit 139000             a proposal on mainnet that blesses a recovery
  auditkit audit election:143409    a proposal on mainnet that elects a release
  auditkit check WHAT               the same checks, and nothing is written
  auditkit init my-audit.yaml       a parameter file that explains itself
  auditkit sign REPORT              vouch for a report with your SSH key
  auditkit verify-report REPORT     who vouches for a report

auditkit help              all commands
auditkit help COMMAND      one of them
auditkit help completion   let the shell complete commands, scenarios and parameters

Exit status: 0 = PASS or done, 1 = FAIL (a check failed), 2 = TROUBLE (undetermined).
"""

COMPLETION_PAGE: Final = """\
The shell completes commands, options, the names of scenarios and of parameters, once it is told to:

  bash (4.4 or newer), in ~/.bashrc:
      eval "$(_AUDITKIT_COMPLETE=bash_source auditkit)"
  zsh, in ~/.zshrc, after compinit:
      eval "$(_AUDITKIT_COMPLETE=zsh_source auditkit)"
  fish, in ~/.config/fish/completions/auditkit.fish:
      _AUDITKIT_COMPLETE=fish_source auditkit | source

Then for example  auditkit audit elec<Tab>  or  auditkit check honest -p sta<Tab>
"""

_EXAMPLES: Final = re.compile(r"^\x08?\s*Examples?:\n(.*)", re.DOTALL)


def short_help(ctx: click.Context) -> str:
    """What a command needs, how it is used, what it does, and examples; a group is short and shown whole."""
    command = ctx.command
    if isinstance(command, click.Group):
        return ctx.get_help()
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    needed = [one.get_error_hint(ctx).strip("'") for one in command.get_params(ctx) if one.required]
    shown = [f"{ctx.command_path} needs {' and '.join(needed)}", ctx.get_usage(), _indented(paragraphs[0])]
    if examples := examples_of(command):
        shown.append("\n".join(["Examples:", *(f"  {line}" for line in examples)]))
    shown.append(f"auditkit help {ctx.command_path.partition(' ')[2]} shows every option.")
    return "\n\n".join(shown)


def examples_of(command: click.Command) -> tuple[str, ...]:
    """The command lines that the help of a command gives as examples."""
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        if found := _EXAMPLES.match(paragraph.lstrip("\b\n")):
            return tuple(line.strip() for line in found[1].splitlines())
    return ()


def _indented(text: str) -> str:
    return click.wrap_text(text, 78, initial_indent="  ", subsequent_indent="  ")
