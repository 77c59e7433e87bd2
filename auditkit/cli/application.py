"""The command line program: exit statuses, errors in one line, and the options that every command shares."""

from __future__ import annotations

import json
import os
import re
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import click

from auditkit.cli.commands import LazyGroup
from auditkit.cli.front import (
    COMPLETION_PAGE,
    FRONT_PAGE,
    CommandWithDebug,
    GroupWithDebug,
    UnknownCommandError,
    complete_whole_words,
    hint_about,
    short_help,
    what_is_wrong,
)
from auditkit.cli.printing import OutputError, close_streams, complain, open_streams, say, say_json
from auditkit.cli.process import ended_like_interrupted, warn_about_foreign_code
from auditkit.dependencies import missing_package
from auditkit.errors import AuditkitError, SourceError, in_words
from auditkit.version import __version__

TROUBLE: Final = 2
_COMPLETION: Final = "_AUDITKIT_COMPLETE"


class _Place(click.Path):
    """A path; an empty one would be the current folder, and is what a variable gives that nobody set."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path, or a usage error."""
        if value == "":
            self.fail("the path is empty", param, ctx)
        return super().convert(value, param, ctx)


ExistingFile = _Place(path_type=Path)


class ProposalId(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic in newer versions
    """The number of a proposal: decimal digits, as a parameter takes them."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number, or a usage error."""
        from auditkit.numbers import EXACT, proposal_digits

        if isinstance(value, int):
            return value
        if not re.fullmatch(r"[1-9][0-9]{0,15}", value) or int(value) >= EXACT:
            wanted = f"a whole number from 1 to {EXACT - 1} in decimal digits, without a leading zero"
            digits = proposal_digits(value.rpartition(":")[2] if "://" not in value else value)
            meant = f"; did you mean {digits}?" if digits else ""
            self.fail(f"{value[:80]!r} is not {wanted}{meant}", param, ctx)
        return int(value)


class ExitStatus(Exception):
    """Raised by a command to end with a status other than 0 after it has said why."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit status, everywhere: 0 = PASS or done, 1 = FAIL (a check failed), 2 = TROUBLE (undetermined).",
)
@click.version_option(__version__, prog_name="auditkit")
@click.option("--debug", is_flag=True, help="On trouble, show the traceback too.")
def auditkit(debug: bool) -> None:
    """Check proposals of the Internet Computer's NNS about GuestOS releases: what it signed against what was released.

    \b
    A first audit, of the practice network, that needs no network and no parameters of yours:
        auditkit audit honest
    """


auditkit.command_class = CommandWithDebug
auditkit.group_class = GroupWithDebug

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document and nothing else."
)
root_key_option = click.option(
    "--root-key",
    default="mainnet",
    show_default=True,
    metavar="KEY",
    help="Who must have signed: mainnet, practice, 266 hex digits, or a file (DER, PEM or hex).",
)


@auditkit.command("help", hidden=True)
@click.argument("words", nargs=-1, metavar="[COMMAND]")
@click.pass_context
def help_about(ctx: click.Context, words: tuple[str, ...]) -> None:
    """Show all commands, one of them with every option, or how the shell completes them (help completion).

    \b
    Examples:
        auditkit help audit
        auditkit help completion
    """
    if words == ("completion",):
        say(COMPLETION_PAGE, lines=True)
        return
    at, command = ctx.find_root(), ctx.find_root().command
    for word in words:
        inner = command.get_command(at, word) if isinstance(command, click.Group) else None
        if inner is None:
            raise UnknownCommandError(word, at)
        command, at = inner, click.Context(inner, info_name=word, parent=at)
    say(command.get_help(at), lines=True)


@auditkit.command(hidden=True)
def version() -> None:
    """Show the version.

    \b
    Example:
        auditkit version
    """
    say(f"auditkit, version {__version__}")


def print_json(document: Any) -> None:
    """Prints ``document`` as the one thing on standard output."""
    say_json(json.dumps(document, ensure_ascii=False, indent=2))


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a command and ends the process with 0, 1 or 2; with 2 whenever its output did not reach anybody."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if open_streams():
        warn_about_foreign_code()
        with ended_like_interrupted():
            status = _run(given)
    else:
        status = _trouble([], "standard output is closed", "", "let it go to a file, a pipe or /dev/null")
    sys.exit(status if close_streams() else TROUBLE)


def _run(given: list[str]) -> int:
    if given:
        # A shell that completes asks without words; with some, this would end any command with 0 before it ran.
        os.environ.pop(_COMPLETION, None)
    if _COMPLETION in os.environ:
        complete_whole_words()
    try:
        result = auditkit.main(given, prog_name="auditkit", standalone_mode=False)
    except ExitStatus as ended:
        return ended.status
    except OutputError as error:
        # Nobody is left to be told; and what is left to tell can only go to standard error.
        return TROUBLE if error.reader_gone else _trouble([], str(error), "", "")
    except SystemExit as error:
        # click ends so, with 1, when the reader of a help text went away.
        return 0 if error.code in (None, 0) else TROUBLE
    except click.exceptions.NoArgsIsHelpError as error:
        complain(
            FRONT_PAGE if error.ctx is None or error.ctx.parent is None else short_help(error.ctx), lines=True
        )
        return TROUBLE
    except click.UsageError as error:
        return _trouble(given, *what_is_wrong(error), hint_about(error, given))
    except click.ClickException as error:
        return _trouble(given, error.format_message(), "", "")
    except AuditkitError as error:
        return _trouble(given, error.what_was_found, error.where, error.hint)
    except (click.Abort, KeyboardInterrupt):
        return _trouble(given, "interrupted", "", "")
    except OSError as error:
        where = str(error.filename or "")
        return _trouble(given, in_words(error), where, "check the path, its permissions and free space")
    except UnicodeEncodeError as error:
        # Nothing that is printed raises this, so it is the name of a file.
        what = f"the locale has no character for a part of {error.object!r} ({error.encoding})"
        return _trouble(given, what, "", "set LC_ALL to a UTF-8 locale, such as C.UTF-8")
    except MemoryError:
        return _trouble(given, "out of memory", "", "")
    except Exception as error:  # noqa: BLE001  (the last net: no traceback for users, and never status 1)
        lacking = missing_package(error) if isinstance(error, ModuleNotFoundError) else None
        if lacking is not None:
            return _trouble(given, lacking.what, "", lacking.hint)
        what = f"internal error: {type(error).__name__}: {error}"
        return _trouble(given, what, "", "run it again with --debug and report what it shows")
    return result if isinstance(result, int) else 0


def _trouble(given: list[str], what: str, where: str, hint: str) -> int:
    if "--debug" in given and sys.exc_info()[0] is not None:
        complain(traceback.format_exc(), lines=True)
    if "--json" in given:
        with suppress(OutputError):
            error = {"what": what, "where": where, "hint": hint}
            print_json({"schema": "auditkit/trouble/v1", "verdict": "TROUBLE", "error": error})
    line = f"auditkit: {where}: {what}" if where else f"auditkit: {what}"
    complain(line + (f"; {hint}" if hint else ""))
    return TROUBLE


def default_name(text: str, ending: str) -> Path:
    """A name in the current folder for what is about ``text``, which stays a name whatever it is."""
    return Path(re.sub(r"[^A-Za-z0-9._-]+", "-", text)[:100].lstrip(".-") + ending)


def refuse_existing(path: Path, force_hint: str = "choose another name or remove it") -> None:
    """Makes sure that a command overwrites nothing.

    Raises:
        SourceError: ``path`` is there already.
    """
    if os.path.lexists(path):
        raise SourceError("it is there already", where=str(path), hint=force_hint)
