"""Progress that a person can watch: who can be told, and bars on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Protocol, TextIO, cast

from rich.filesize import decimal

from auditkit.display import one_line

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

TELL_EVERY_SECONDS: Final = 0.1
_LABEL_LIMIT: Final = 200  # characters; a label stands on one line of a terminal


class Progress(Protocol):
    """Something that is told how far a long step has come."""

    def step(self, label: str) -> None:
        """A step of unknown length begins."""

    def bytes_done(self, label: str, done: int, total: int | None) -> None:
        """``done`` of ``total`` bytes (None when unknown) of the step ``label`` are done."""


class Silent:
    """Tells nobody."""

    def step(self, label: str) -> None:
        """Says nothing."""

    def bytes_done(self, label: str, done: int, total: int | None) -> None:
        """Says nothing."""


class Throttled:
    """Passes on every step, its first and its last bytes, and what lies between at most ten times a second."""

    def __init__(self, progress: Progress, clock: Callable[[], float] = time.monotonic) -> None:
        self._progress = progress
        self._clock = clock
        self._label = ""
        self._told = 0.0

    def step(self, label: str) -> None:
        """Passes on the step."""
        self._label, self._told = "", self._clock()
        self._progress.step(label)

    def bytes_done(self, label: str, done: int, total: int | None) -> None:
        """Passes on the bytes, unless the last ones of the same step are too recent."""
        now = self._clock()
        if label == self._label and done != total and now - self._told < TELL_EVERY_SECONDS:
            return
        self._label, self._told = label, now
        self._progress.bytes_done(label, done, total)


class Bars:
    """A spinner for steps and a bar for bytes, on standard error; only the newest step is shown.

    May be told from several threads. A label may hold text that others wrote.
    """

    def __init__(self, bars: RichProgress) -> None:
        self._bars = bars
        self._lock = Lock()
        self._task: TaskID | None = None
        self._label = ""

    def step(self, label: str) -> None:
        """Shows ``label`` with a spinner."""
        self.bytes_done(label, 0, None)

    def bytes_done(self, label: str, done: int, total: int | None) -> None:
        """Moves the bar of ``label``."""
        label = one_line(label, _LABEL_LIMIT)
        amount = f"{decimal(done)} of {decimal(total)}" if total else decimal(done) if done else ""
        with self._lock:
            if self._task is None or label != self._label:
                if self._task is not None:
                    self._bars.remove_task(self._task)
                self._task, self._label = self._bars.add_task(label, total=total, amount=amount), label
            self._bars.update(self._task, completed=done, total=total, amount=amount)


class _Unfailing:
    """A stream on which a terminal that went away is no error: whoever watched is gone, and the audit goes on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def progress_on_terminal(wanted: bool = True) -> Iterator[Progress]:
    """Bars while the block runs if standard error is a terminal and they are wanted; else silence."""
    if not wanted or sys.stderr is None or not sys.stderr.isatty():
        yield Silent()
        return
    # Only here, since nobody else needs them and they take a tenth of the start of `auditkit check`.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.progress import Progress as RichProgress  # noqa: PLC0415

    terminal = _Unfailing(sys.stderr)
    braille = (terminal.encoding or "").lower().startswith("utf")
    columns = (
        SpinnerColumn("dots" if braille else "line"),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[amount]}"),
        TimeElapsedColumn(),
    )
    with RichProgress(*columns, console=Console(file=cast("TextIO", terminal)), transient=True) as bars:
        yield Bars(bars)
