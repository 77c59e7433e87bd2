"""Progress that a person can watch: bars on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress


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


class Bars:
    """A spinner for steps and a bar for bytes, on standard error; only the newest step is shown."""

    def __init__(self, bars: RichProgress) -> None:
        self._bars = bars
        self._task: TaskID | None = None
        self._label = ""

    def step(self, label: str) -> None:
        """Shows ``label`` with a spinner."""
        self.bytes_done(label, 0, None)

    def bytes_done(self, label: str, done: int, total: int | None) -> None:
        """Moves the bar of ``label``."""
        if self._task is None or label != self._label:
            if self._task is not None:
                self._bars.remove_task(self._task)
            self._task, self._label = self._bars.add_task(label, total=total, amount=""), label
        amount = f"{decimal(done)} of {decimal(total)}" if total else decimal(done) if done else ""
        self._bars.update(self._task, completed=done, total=total, amount=amount)


@contextmanager
def progress_on_terminal(wanted: bool = True) -> Iterator[Progress]:
    """Bars while the block runs if standard error is a terminal and they are wanted; else silence."""
    if not wanted or not sys.stderr.isatty():
        yield Silent()
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[amount]}"),
        TimeElapsedColumn(),
    )
    with RichProgress(*columns, console=Console(stderr=True), transient=True) as bars:
        yield Bars(bars)
