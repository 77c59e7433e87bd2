"""Where parameters are read from: a file, or a pipe that somebody writes to while we wait, but not for long."""

from __future__ import annotations

import os
import select
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from auditkit.errors import ParameterError, SourceError, in_words
from auditkit.limits import LIMITS
from auditkit.opening import open_regular
from auditkit.pipeline.parameters.wrong_files import refuse_other_kinds

STANDARD_INPUT: Final = "-"


def read_parameter_bytes(place: str) -> bytes:
    """The content of a parameter file, of a pipe (``<(...)``), or for ``-`` of the standard input.

    Raises:
        SourceError: it cannot be read, or nobody wrote to the pipe in time.
        ParameterError: it is larger than any list of parameters, or a file of another kind.
    """
    limit = LIMITS.parameter_bytes
    with _opened(place) as descriptor:
        data = _read_in_time(descriptor, limit + 1, source_name(place))
    refuse_other_kinds(data, source_name(place))
    if len(data) > limit:
        raise ParameterError(
            "the parameter file is too large",
            where=source_name(place),
            expected=f"at most {limit // 1024} KiB",
        )
    return data


def source_name(place: str) -> str:
    """What to call the source in a sentence."""
    return "standard input" if place == STANDARD_INPUT else place


def is_pipe(place: str) -> bool:
    """Whether the parameters come from a stream that can be read only once."""
    if place == STANDARD_INPUT:
        return True
    try:
        return stat.S_ISFIFO(os.stat(place).st_mode)
    except (OSError, ValueError):
        return False


@contextmanager
def _opened(place: str) -> Iterator[int]:
    if place == STANDARD_INPUT:
        # Not made non-blocking: whoever started us shares it.
        try:
            descriptor = sys.stdin.fileno()
        except (AttributeError, OSError, ValueError):
            raise SourceError("the standard input is closed", hint="name a parameter file") from None
        yield descriptor
        return
    if is_pipe(place):
        try:
            descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise SourceError(f"the pipe cannot be read: {in_words(error)}", where=place) from None
    else:
        try:
            descriptor = open_regular(Path(place))
        except SourceError as error:
            raise SourceError(
                f"the parameter file cannot be read: {error.what}", where=place, hint="check the path"
            ) from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _read_in_time(descriptor: int, limit: int, where: str) -> bytes:
    """At most ``limit`` bytes; what is written later than the deadline is not waited for."""
    until = time.monotonic() + LIMITS.parameter_seconds
    pieces = bytearray()
    waiter = select.poll()
    waiter.register(descriptor, select.POLLIN)
    while len(pieces) < limit:
        left = until - time.monotonic()
        if left <= 0:
            raise SourceError(
                f"nobody finished writing the parameters within {LIMITS.parameter_seconds:.0f} seconds",
                where=where,
            )
        ready = waiter.poll(min(left, LIMITS.parameter_writer_seconds) * 1000)
        if not ready and os.get_blocking(descriptor):
            continue
        try:
            piece = os.read(descriptor, limit - len(pieces))
        except BlockingIOError:  # somebody has the pipe open and is silent
            continue
        except OSError as error:
            raise SourceError(f"the parameters cannot be read: {in_words(error)}", where=where) from None
        if not piece and not ready:
            raise SourceError("nobody writes to this pipe", where=where)
        if not piece:
            break
        pieces += piece
    return bytes(pieces)
