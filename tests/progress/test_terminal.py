"""How often a watcher is told, and that bars show labels as they are."""

from __future__ import annotations

import io
from itertools import pairwise

import pytest
from rich.console import Console
from rich.progress import Progress as RichProgress
from rich.progress import TextColumn

from auditkit.progress import Bars, Silent, Throttled, progress_on_terminal


class Clocked:
    """Notes what it is told and when, on a clock that only the test moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.told: list[tuple[float, str, int]] = []

    def step(self, label: str) -> None:
        self.told.append((self.now, label, -1))

    def bytes_done(self, label: str, done: int, total: int | None) -> None:
        self.told.append((self.now, label, done))


@pytest.fixture
def watcher() -> Clocked:
    return Clocked()


@pytest.fixture
def throttled(watcher) -> Throttled:
    return Throttled(watcher, lambda: watcher.now)


@pytest.mark.parametrize("total", [640, None], ids=["total", "no-total"])
def test_a_watcher_is_told_bytes_ten_times_a_second_at_most(total, watcher, throttled):
    for done in range(640):
        throttled.bytes_done("reading", done, total)
        watcher.now += 1 / 64
    times = [moment for moment, _, _ in watcher.told]
    assert all(later - earlier >= 0.1 for earlier, later in pairwise(times))
    assert 80 <= len(times) <= 100


def test_the_first_and_the_last_bytes_are_always_told(watcher, throttled):
    for done in range(101):
        throttled.bytes_done("reading", done, 100)
    assert [done for _, _, done in watcher.told] == [0, 100]


def test_steps_and_new_labels_are_told_at_once(watcher, throttled):
    throttled.step("one")
    throttled.step("two")
    throttled.bytes_done("three", 1, None)
    throttled.bytes_done("four", 2, None)
    throttled.step("five")
    throttled.bytes_done("four", 3, None)
    assert [label for _, label, _ in watcher.told] == ["one", "two", "three", "four", "five", "four"]


def test_a_label_with_brackets_is_shown_as_it_is(monkeypatch):
    shown = io.StringIO()
    shown.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr("sys.stderr", shown)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with progress_on_terminal() as progress:
        assert isinstance(progress, Bars)
        progress.step("reading image[/bold].tar")
    assert "reading image[/bold].tar" in shown.getvalue()


def test_only_the_newest_step_is_shown():
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=100)
    with RichProgress(TextColumn("{task.description}"), console=console, auto_refresh=False) as bars:
        progress = Bars(bars)
        progress.step("first")
        progress.bytes_done("second", 1, 2)
        assert [task.description for task in bars.tasks] == ["second"]


def test_nothing_is_shown_where_standard_error_is_no_terminal(capsys):
    with progress_on_terminal() as progress:
        assert isinstance(progress, Silent)
        progress.step("reading")
    assert capsys.readouterr() == ("", "")
