"""The door: exit statuses, errors in one line, and the options that every command shares."""

from __future__ import annotations

import json
import os
import re
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from auditkit.errors import AuditkitError, SourceError
from auditkit.numbers import EXACT
from auditkit.version import __version__

TROUBLE: Final = 2

ExistingFile = click.Path(path_type=Path)


class ProposalId(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic in newer versions
    """The number of a proposal: decimal digits, as a parameter takes them."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number, or a usage error."""
        if isinstance(value, int):
            return value
        if not re.fullmatch(r"[1-9][0-9]{0,15}", value) or int(value) >= EXACT:
            wanted = f"a whole number from 1 to {EXACT - 1} in decimal digits, without a zero in front"
            self.fail(f"{value[:80]!r} is not {wanted}", param, ctx)
        return int(value)


class ExitStatus(Exception):
    """Raised by a command to end with a status other than 0 after it has said why."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit status, everywhere: 0 = PASS or done, 1 = FAIL (a check failed), 2 = TROUBLE (could not tell).",
)
@click.version_option(__version__, prog_name="auditkit")
@click.option("--debug", is_flag=True, help="On trouble, show the traceback too.")
def auditkit(debug: bool) -> None:
    """Check a SEV recovery GuestOS of the Internet Computer: what the NNS blessed against what was released.

    \b
    A first audit, of the practice network, that needs no network and no parameters of yours:
        auditkit audit practice:honest
    """


json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document and nothing else."
)
root_key_option = click.option(
    "--root-key",
    default="mainnet",
    show_default=True,
    metavar="KEY",
    help="Who must have signed: mainnet, 266 hex digits, or a file (DER, PEM or hex).",
)


def print_json(document: Any) -> None:
    """Prints ``document`` as the one thing on standard output."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a command and ends the process with 0, 1 or 2."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    status = _run(given)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader went away: nobody is left to be told, and Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = TROUBLE
    sys.exit(status)


def _run(given: list[str]) -> int:
    try:
        result = auditkit.main(given, prog_name="auditkit", standalone_mode=False)
    except ExitStatus as ended:
        return ended.status
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "auditkit"
        hint = f"see {command} --help"
        if isinstance(error, click.NoSuchOption) and (dashed := _file_with_a_dash(given)):
            hint = f"for the file of that name write ./{dashed}"
        return _trouble(given, error.format_message(), "", hint)
    except click.ClickException as error:
        return _trouble(given, error.format_message(), "", "")
    except AuditkitError as error:
        return _trouble(given, error.what_was_found, error.where, error.hint)
    except (click.Abort, KeyboardInterrupt):
        return _trouble(given, "interrupted", "", "")
    except BrokenPipeError:
        return TROUBLE
    except OSError as error:
        where = str(error.filename or "")
        return _trouble(
            given, error.strerror or str(error), where, "check the path, its permissions and free space"
        )
    except MemoryError:
        return _trouble(given, "out of memory", "", "")
    except Exception as error:  # noqa: BLE001  (the last net: no traceback for users, and never status 1)
        what = f"internal error: {type(error).__name__}: {error}"
        return _trouble(given, what, "", "run it again with --debug and report what it shows")
    return result if isinstance(result, int) else 0


def _file_with_a_dash(given: list[str]) -> str | None:
    return next((word for word in given if word.startswith("-") and os.path.lexists(word)), None)


def _trouble(given: list[str], what: str, where: str, hint: str) -> int:
    if "--debug" in given and sys.exc_info()[0] is not None:
        traceback.print_exc()
    if "--json" in given:
        print_json({"verdict": "TROUBLE", "error": {"what": what, "where": where, "hint": hint}})
    from auditkit.report.display import visible

    line = f"auditkit: {where}: {what}" if where else f"auditkit: {what}"
    click.echo(visible(line + (f"; {hint}" if hint else "")), err=True)
    return TROUBLE


def refuse_existing(path: Path, force_hint: str = "choose another name or remove it") -> None:
    """Makes sure that a command overwrites nothing.

    Raises:
        SourceError: ``path`` is there already.
    """
    if path.exists():
        raise SourceError("it is there already", where=str(path), hint=force_hint)
