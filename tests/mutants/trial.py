"""Tests run in a fork of this process, which has imported what is not ours: a mutant costs a second or two."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from pathlib import Path

import coverage
import pytest

FORK = multiprocessing.get_context("fork")
MEMORY = 8 << 30  # of addresses: what a mutant that counts without end may take


@dataclass
class Known:
    """What the run of the unmutated tree taught."""

    passed: bool = False
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))  # of each test, in order
    run_by: dict[tuple[str, int], set[str]] = field(default_factory=dict)  # the tests that run a line
    modules: list[str] = field(default_factory=list)  # that were imported and are not the tree's


class Lesson:
    """A pytest plugin that takes times, and has coverage keep the lines of each test apart."""

    def __init__(self, measured: coverage.Coverage, known: Known) -> None:
        self.measured, self.known = measured, known

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        self.measured.switch_context(item.nodeid)
        result = yield
        self.measured.switch_context("")
        return result

    def pytest_runtest_logreport(self, report):
        self.known.seconds[report.nodeid] += report.duration


class Chosen:
    """A pytest plugin that runs the chosen tests, in the given order of their files."""

    def __init__(self, chosen: list[str]) -> None:
        self.chosen = set(chosen)

    def pytest_collection_modifyitems(self, items):
        items[:] = [item for item in items if item.nodeid in self.chosen]


def _enter(tree: Path, log: Path) -> None:
    """Makes this process, a fork, one that works on ``tree`` and can be killed with all that it starts."""
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.chdir(tree)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sys.path.insert(
        0, str(tree)
    )  # before the editable installation, which programs that tests start still have

    from hypothesis import settings

    settings.register_profile("mutants", deadline=None, derandomize=True, database=None)
    settings.load_profile("mutants")


def _pytest(tree: Path, *arguments: str, plugins: list[object]) -> int:
    fixed = ["-q", "-p", "no:cacheprovider", f"--basetemp={tree.parent / 'tmp'}"]
    imported = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # plugins, before this call
    return int(pytest.main([*fixed, *imported, *arguments], plugins=plugins))


def learn(tree: Path, tests: list[str]) -> Known:
    """Runs the tests of a wing on the unmutated tree."""
    here, there = FORK.Pipe(duplex=False)
    process = FORK.Process(target=_learn, args=(tree, tests, here, there))
    process.start()
    there.close()
    try:
        known: Known = here.recv()
    except EOFError:
        known = Known()
    finally:
        _end(process)
    return known


def _end(process: ForkProcess) -> None:
    """Kills a fork, and what its tests left running."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()
    process.join()


def _learn(tree: Path, tests: list[str], other: Connection, answer: Connection) -> None:
    other.close()
    _enter(tree, tree.parent / "log")
    measured = coverage.Coverage(data_file=None, config_file=False, include=[f"{tree}/auditkit/*"])
    measured.set_option("run:core", "ctrace")  # the one that can keep tests apart
    before, known = set(sys.modules), Known()
    measured.start()
    status = _pytest(tree, "-m", "not slow", *tests, plugins=[Lesson(measured, known)])
    measured.stop()
    known.passed = status == pytest.ExitCode.OK
    data = measured.get_data()
    for file in data.measured_files():
        for line, contexts in data.contexts_by_lineno(file).items():
            known.run_by[str(Path(file).relative_to(tree)), line] = set(contexts) - {""}
    for name in set(sys.modules) - before:
        place = str(getattr(sys.modules[name], "__file__", None) or "")
        if place and not place.startswith(str(tree)) and name in sys.modules:
            known.modules.append(name)
    known.seconds = dict(known.seconds)
    answer.send(known)
    os._exit(0)  # past the threads and the handlers that tests have left


@dataclass
class Trial:
    """The trial of one mutant, in a fork: its tests in two portions, and whether one of them failed."""

    tree: Path
    portions: list[list[str]]

    def start(self) -> None:
        self.process = FORK.Process(target=self._run)
        self.process.start()

    @property
    def sentinel(self) -> int:
        return self.process.sentinel

    def end(self) -> int | None:
        """Kills it and what its tests left running; its exit status is 0 if no test failed."""
        _end(self.process)
        return self.process.exitcode

    def _run(self) -> None:
        _enter(self.tree, self.tree.parent / "log")
        for tests in self.portions:
            files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
            status = _pytest(self.tree, "-x", *files, plugins=[Chosen(tests)]) if files else 0
            if status not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
                os._exit(1)
        os._exit(0)
