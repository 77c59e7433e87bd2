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
from auditkit.cli.debug_option import CommandWithDebug, GroupWithDebug
from auditkit.cli.printing import OutputError, close_streams, complain, open_streams, say_json
from auditkit.cli.process import ended_like_interrupted, warn_about_foreign_code
from auditkit.dependencies import missing_package
from auditkit.errors import AuditkitError, SourceError, in_words
from auditkit.version import __version__

TROUBLE: Final = 2
_COMPLETION: Final = "_AUDITKIT_COMPLETE"

ExistingFile = click.Path(path_type=Path)


class ProposalId(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic in newer versions
    """The number of a proposal: decimal digits, as a parameter takes them."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number, or a usage error."""
        from auditkit.numbers import EXACT

        if isinstance(value, int):
            return value
        if not re.fullmatch(r"[1-9][0-9]{0,15}", value) or int(value) >= EXACT:
            wanted = f"a whole number from 1 to {EXACT - 1} in decimal digits, without a leading zero"
            self.fail(f"{value[:80]!r} is not {wanted}", param, ctx)
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
        auditkit audit practice:honest
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
        complain(error.format_message(), lines=True)
        return TROUBLE
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "auditkit"
        hint = f"see {command} --help"
        if isinstance(error, click.NoSuchOption) and (dashed := _file_with_a_dash(given)):
            hint = f"for a file of that name, write ./{dashed}"
        return _trouble(given, error.format_message().removesuffix("."), "", hint)
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


def _file_with_a_dash(given: list[str]) -> str | None:
    return next((word for word in given if word.startswith("-") and os.path.lexists(word)), None)


def _trouble(given: list[str], what: str, where: str, hint: str) -> int:
    if "--debug" in given and sys.exc_info()[0] is not None:
        complain(traceback.format_exc(), lines=True)
    if "--json" in given:
        with suppress(OutputError):
            print_json({"verdict": "TROUBLE", "error": {"what": what, "where": where, "hint": hint}})
    line = f"auditkit: {where}: {what}" if where else f"auditkit: {what}"
    complain(line + (f"; {hint}" if hint else ""))
    return TROUBLE


def refuse_existing(path: Path, force_hint: str = "choose another name or remove it") -> None:
    """Makes sure that a command overwrites nothing.

    Raises:
        SourceError: ``path`` is there already.
    """
    if os.path.lexists(path):
        raise SourceError("it is there already", where=str(path), hint=force_hint)
