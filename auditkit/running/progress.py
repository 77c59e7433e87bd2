"""Progress that a person can watch: bars on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
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
    """A spinner for steps and a bar for bytes, on standard error."""

    def __init__(self, bars: RichProgress) -> None:
        self._bars = bars
        self._tasks: dict[str, int] = {}

    def step(self, label: str) -> None:
        """Shows ``label`` with a spinner."""
        self.bytes_done(label, 0, None)

    def bytes_done(self, label: str, done: int, total: int | None) -> None:
        """Moves the bar of ``label``."""
        if label not in self._tasks:
            for task in self._tasks.values():
                self._bars.update(task, visible=False)  # type: ignore[arg-type]  # TaskID is an int
            self._tasks[label] = self._bars.add_task(label, total=total)
        self._bars.update(self._tasks[label], completed=done, total=total)  # type: ignore[arg-type]


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
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with RichProgress(*columns, console=Console(stderr=True), transient=True) as bars:
        yield Bars(bars)
