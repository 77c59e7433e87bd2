"""The front door: what somebody is told who does not know the way, or mistypes it."""

from auditkit.cli.front.bash_completion import complete_whole_words
from auditkit.cli.front.completion import complete_overrides, complete_scenarios, complete_what
from auditkit.cli.front.pages import COMPLETION_PAGE, FRONT_PAGE, short_help
from auditkit.cli.front.typos import UnknownCommandError, hint_about, what_is_wrong
from auditkit.cli.front.words import CommandWithDebug, GroupWithDebug

__all__ = [
    "COMPLETION_PAGE",
    "FRONT_PAGE",
    "CommandWithDebug",
    "GroupWithDebug",
    "UnknownCommandError",
    "complete_overrides",
    "complete_scenarios",
    "complete_what",
    "complete_whole_words",
    "hint_about",
    "short_help",
    "what_is_wrong",
]
