"""Where the tests find vectors and outside programs, and what happens when they are absent."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol

ROOT = Path(__file__).resolve().parent.parent
SYSTEM_FOLDERS = "/usr/sbin:/sbin:/usr/local/sbin"
APART = ("gate", "thorough")  # marks of tests that only run where -m names them


def missing(reason: str) -> None:
    """Skips with ``reason``; fails instead where AUDITKIT_REQUIRE_ALL is set, as it is in our CI."""
    if os.environ.get("AUDITKIT_REQUIRE_ALL"):
        pytest.fail(f"required here, but {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of third-party vectors (certificates, measurements, attestation chains)."""
    named = os.environ.get("AUDITKIT_VECTORS")
    folder = Path(named or ROOT.parent / "shared" / "vectors")
    if not folder.is_dir():
        # Vectors are no part of the repository: only who names a folder requires them.
        (missing if named else pytest.skip)(
            f"there is no folder of vectors at {folder}; set AUDITKIT_VECTORS"
        )
    return folder


@pytest.fixture(scope="session")
def program():
    """A function that gives the path of an outside program, or skips the test with the reason."""

    def find(name: str) -> str:
        folders = os.environ["PATH"] if _withheld() else f"{os.environ['PATH']}:{SYSTEM_FOLDERS}"
        found = shutil.which(name, path=folders)
        if found is None:
            missing(f"the program {name} is not installed")
        return str(found)

    return find


@pytest.fixture(scope="module")
def browser(program):
    """Debian's chromium, driven by playwright."""
    chromium = program("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright, which drives the browser, is not installed")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="session", autouse=True)
def no_waiting() -> Iterator[None]:
    """Nothing that tests write has to outlive a power cut; and whoever does not answer is asked again at once.

    Tests about waiting times give their own, and processes that tests start wait as they always do.
    """
    with pytest.MonkeyPatch.context() as patch:
        wait_for_nothing(patch)
        yield


def wait_for_nothing(patch: pytest.MonkeyPatch) -> None:
    """As above, in this process, until ``patch`` is undone."""
    from auditkit.evidence.http.backoff import Backoff

    patch.setattr(Backoff.__init__, "__defaults__", (0.002, 0.02))
    patch.setattr(os, "fsync", lambda _: None)


@pytest.fixture(scope="session")
def warm() -> Iterator[Path]:
    """An ``auditkit`` that starts in no time: see `warm.py`."""
    from warm import warm_program

    with tempfile.TemporaryDirectory(prefix="warm-") as folder, warm_program(Path(folder)) as program:
        yield program


@pytest.fixture
def no_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Audits of this test run their notebooks in this process, cell by cell."""
    from cells_here import run_notebooks_here

    run_notebooks_here(monkeypatch)


def _withheld() -> set[str]:
    """The programs that this run is to do without, by AUDITKIT_WITHOUT: so is a machine that has only Python."""
    return set(os.environ.get("AUDITKIT_WITHOUT", "").split())


def pytest_configure(config: pytest.Config) -> None:
    gc.disable()  # until everything is collected
    # Where nothing may be kept, each program that a test starts compiles all of auditkit.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if withheld := _withheld():
        folder = Path(tempfile.mkdtemp(prefix="auditkit-path-"))
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
        _link_programs(folder, withheld)
        os.environ["PATH"] = str(folder)
        from auditkit.guestos import outside_programs

        outside_programs._FOLDERS = str(folder)


def pytest_collection_finish() -> None:
    """What thousands of tests consist of stays until the end: the collector of garbage need not look at it again."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: some tests wait for the programs that they start."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is set apart runs where it is asked for by name; one of each kind has no such mark, and always runs."""
    items.sort(
        key=lambda item: item.get_closest_marker("slow") is None
    )  # or one of them is left over for the end
    apart = [name for name in APART if name not in config.getoption("-m")]
    left_out = [item for item in items if any(map(item.get_closest_marker, apart))]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not any(map(item.get_closest_marker, apart))]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Spares the process that gathers what the others send a third of its work: of thousands of tests that pass it
    hears once each, and not that each begins, is set up, is taken down and ends."""
    if not hasattr(item.config, "workerinput"):
        return None
    for report in runtestprotocol(item, log=False, nextitem=nextitem):
        if report.when == "call" or not report.passed:
            item.ihook.pytest_runtest_logreport(report=report)
    return True


def _link_programs(folder: Path, withheld: Iterable[str]) -> None:
    for place in f"{os.environ['PATH']}:{SYSTEM_FOLDERS}".split(":"):
        for program in Path(place).iterdir() if Path(place).is_dir() else ():
            link = folder / program.name
            if program.name not in withheld and not link.is_symlink():
                link.symlink_to(program)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says once, at the end, what was skipped and why."""
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ") for report in terminalreporter.stats.get("skipped", ())
    )
    if reasons:
        terminalreporter.section("skipped")
        for reason, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0])):
            terminalreporter.line(f"{count:5} {'tests' if count > 1 else 'test'}: {reason}")
