"""What commands print: the one way to standard output and to standard error.

Text that others wrote reaches a terminal or the log of a CI job here and nowhere else. Guaranteed: it moves no cursor,
makes no line of its own, and is no command to the CI job; what the encoding of a stream has no character for is
spelled out; standard output that takes no more is an error, and standard error that takes no more is none.
"""

from __future__ import annotations

import codecs
import logging
import os
import re
import sys
import warnings
from contextlib import suppress
from typing import Final, TextIO

from auditkit.display import json_escape, printed, printed_json
from auditkit.errors import in_words

_SPELLED: Final = "auditkit-spelled"
_ASCII_BRACKETS: Final = {"⟨": "<", "⟩": ">"}


class OutputError(Exception):
    """Standard output takes no more. No OSError: click ends with status 1 on a broken pipe.

    Attributes:
        reader_gone: whoever read it went away, as ``head`` does; nobody is left to tell.
    """

    def __init__(self, what: str, *, reader_gone: bool = False) -> None:
        super().__init__(what)
        self.reader_gone = reader_gone


def open_streams() -> bool:
    """Makes the standard streams fit to be printed on; call it first.

    A stream that was closed gets a stand-in, so that no file that is opened later takes its number and receives what
    was printed. From then on no character is an error, whatever the locale.

    Returns:
        Whether standard output was open.
    """
    was_open = sys.stdout is not None
    # Nobody reads what is written to the stand-in of standard output, so writing to it has to fail.
    for number, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        _fill(number, flags)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  (as long as the process)
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    codecs.register_error(_SPELLED, _spelled_out)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=_SPELLED)
    logging.lastResort = _SafeRecords(logging.WARNING)
    warnings.showwarning = _show_warning
    return was_open


def close_streams() -> bool:
    """Makes sure that what was printed has left the process, and that Python has nothing to complain of at its end.

    Returns:
        Whether all of standard output was taken.
    """
    taken = _closed(sys.stdout)
    _closed(sys.stderr)
    return taken


def say(text: str = "", *, lines: bool = False) -> None:
    """Prints one line on standard output.

    Args:
        lines: ``text`` is several lines, each of which was made from text that was safe to look at.

    Raises:
        OutputError: standard output takes no more.
    """
    _write(printed(text, lines=lines))


def say_json(text: str) -> None:
    """Prints a JSON text on standard output; its value is the same in every encoding.

    Raises:
        OutputError: standard output takes no more.
    """
    shown = printed_json(text)
    try:
        shown.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        shown = re.sub(r"[^\x00-\x7f]", lambda found: json_escape(found[0]), shown)
    _write(shown)


def complain(text: str, *, lines: bool = False) -> None:
    """Prints one line, or lines as `say`, on standard error; says nothing where nobody listens."""
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(_ended(printed(text, lines=lines)))
        sys.stderr.flush()


def _write(text: str) -> None:
    try:
        sys.stdout.write(_ended(text))
        sys.stdout.flush()
    except BrokenPipeError:
        raise OutputError("the reader of standard output went away", reader_gone=True) from None
    except (OSError, ValueError) as error:
        reason = in_words(error)
        raise OutputError(f"standard output could not be written: {reason}") from None


def _ended(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"


def _fill(number: int, flags: int) -> None:
    try:
        os.fstat(number)
    except OSError:
        null = os.open(os.devnull, flags)
        if null != number:
            os.dup2(null, number)
            os.close(null)
        os.set_inheritable(number, True)


def _closed(stream: TextIO) -> bool:
    try:
        stream.flush()
    except (OSError, ValueError):
        # What is left in the buffer goes nowhere, and so Python's own flush at its end has nothing to say.
        with suppress(OSError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)
        return False
    return True


def _spelled_out(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    shown = (
        _ASCII_BRACKETS.get(character, f"<U+{ord(character):04X}>")
        for character in error.object[error.start : error.end]
    )
    return "".join(shown), error.end


class _SafeRecords(logging.Handler):
    """What libraries log, on the same way as everything else."""

    def emit(self, record: logging.LogRecord) -> None:
        complain(self.format(record), lines=True)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    complain(f"auditkit: {category.__name__}: {message}")
