"""Progress from the notebook's kernel: it reaches a terminal, and nothing else notices that it exists."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from queue import Queue

import pytest
from cells import code, small_audit
from conftest import ROOT

from auditkit.errors import SourceError
from auditkit.notebook import run as runner
from auditkit.notebook import run_audit
from auditkit.pipeline import Parameters
from auditkit.progress import Silent
from auditkit.progress.remote import VARIABLE, RemoteProgress, listening

WAIT_SECONDS = 20


class Told:
    """Keeps what it was told; given to the listener's thread, asked by the test's."""

    def __init__(self) -> None:
        self.queue: Queue[tuple[str, int, int | None]] = Queue()

    def step(self, label: str) -> None:
        self.bytes_done(label, 0, None)

    def bytes_done(self, label: str, done: int, total: int | None) -> None:
        self.queue.put((label, done, total))

    def next(self) -> tuple[str, int, int | None]:
        return self.queue.get(timeout=WAIT_SECONDS)

    def labels(self) -> list[str]:
        return [label for label, _, _ in self.queue.queue]


@pytest.fixture
def short():
    """A folder whose path leaves room for the name of a socket."""
    folder = Path(tempfile.mkdtemp(prefix="progress-"))
    yield folder
    shutil.rmtree(folder)


def send(address: str, message: bytes) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as outbox:
        outbox.sendto(message, address)


def run_with_cell(source: str, folder: Path, tmp_path: Path, monkeypatch, progress):
    """Runs a small notebook that audits, with one more cell, its temporary files in ``folder``."""
    notebook = small_audit()
    notebook["cells"].insert(2, code(source))
    changed = tmp_path / "audit.ipynb"
    changed.write_text(json.dumps(notebook))
    monkeypatch.setattr(runner, "notebook_path", lambda name: changed)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    params = ROOT / "params" / "practice" / "honest.yaml"
    return run_audit(Parameters.from_file(params, (f"output_dir={tmp_path / 'report'}",), {}), progress)


def output_of(executed: Path, marker: str) -> str:
    cells = json.loads(executed.read_text())["cells"]
    [cell] = [cell for cell in cells if marker in "".join(cell["source"])]
    return "".join(text for output in cell["outputs"] for text in output["text"])


def test_what_one_process_says_the_other_is_told_in_order(short):
    told = Told()
    with listening(told, short) as address:
        RemoteProgress(address).step("asking")
        RemoteProgress(address).bytes_done("reading ä", 5, 10)
        RemoteProgress(address).bytes_done("reading", 7, None)
        assert [told.next() for _ in range(3)] == [
            ("asking", 0, None),
            ("reading ä", 5, 10),
            ("reading", 7, None),
        ]


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\xff",
        b"{",
        b"7",
        b"[" * 4000,
        b'["reading", 1]',
        b'["reading", -1, 2]',
        b'["reading", "1", 2]',
        b'["", 1, 2]',
        b'["\\u001b[2Jreading", 1, 2]',
        b'["reading\\n", 1, 2]',
        json.dumps(["r" * 201, 1, 2]).encode(),
        b'["reading", 1, ' + b" " * 5000 + b"2]",
    ],
)
def test_a_message_that_makes_no_sense_is_passed_over(message, short):
    told = Told()
    with listening(told, short) as address:
        send(address, message)
        RemoteProgress(address).step("good")
        assert told.next() == ("good", 0, None)


def test_nobody_has_to_listen(short):
    RemoteProgress(str(short / "never")).bytes_done("reading", 1, 2)
    with listening(Told(), short) as address:
        pass
    RemoteProgress(address).bytes_done("reading", 1, 2)
    RemoteProgress("x" * 1000).bytes_done("reading", 1, 2)
    RemoteProgress("\0").bytes_done("reading", 1, 2)


def test_a_listener_that_does_not_read_stops_nobody(short):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as inbox:
        inbox.bind(str(short / "deaf"))
        progress = RemoteProgress(str(short / "deaf"))
        for done in range(5000):
            progress.bytes_done("reading", done, 5000)


def test_nothing_is_opened_when_nobody_watches(short):
    with listening(Silent(), short) as address:
        assert address == ""
        assert list(short.iterdir()) == []


def test_a_folder_with_a_path_too_long_for_a_socket_costs_only_the_progress(short):
    deep = short / ("d" * 120)
    deep.mkdir()
    with listening(Told(), deep) as address:
        assert address == ""


@pytest.mark.gate
def test_the_kernel_of_a_run_that_nobody_watches_is_told_so_and_leaves_nothing(short, tmp_path, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", "a notebook of somebody that runs auditkit")
    source = f"import os; print(repr(os.environ[{VARIABLE!r}]))"
    assert run_with_cell(source, short, tmp_path, monkeypatch, None).verdict == "PASS"
    assert output_of(tmp_path / "report" / "audit.ipynb", VARIABLE) == "''\n"
    assert list(short.iterdir()) == []


@pytest.mark.gate
def test_a_listener_that_goes_while_the_kernel_talks_harms_nothing(short, tmp_path, monkeypatch):
    told = Told()
    source = f"import os; os.unlink(os.environ[{VARIABLE!r}])"
    assert run_with_cell(source, short, tmp_path, monkeypatch, told).verdict == "PASS"
    assert "reading the base image" not in told.labels()
    assert list(short.iterdir()) == []


def test_a_kernel_that_dies_is_trouble_as_ever_and_leaves_nothing(short, tmp_path, monkeypatch):
    told = Told()
    source = "\n".join(
        (
            "import os",
            "from auditkit.progress.here import progress_here",
            "progress_here().step('last words')",
            "os.kill(os.getpid(), 9)",
        )
    )
    with pytest.raises(SourceError, match="kernel died"):
        run_with_cell(source, short, tmp_path, monkeypatch, told)
    assert "last words" in told.labels()
    assert list(short.iterdir()) == []


def audit_command(out: Path, temporary: Path) -> tuple[list[str], dict[str, str]]:
    environment = {**os.environ, "TMPDIR": str(temporary), "TERM": "xterm", "COLUMNS": "120"}
    return [sys.executable, "-m", "auditkit", "audit", "practice:honest", "--out", str(out)], environment


def on_a_terminal(command: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Runs ``command`` with a terminal for standard output and error; gives its status and what it showed."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, 65536):
                shown += chunk
        except OSError:  # Linux: the other end is closed
            pass
        os.close(ours)
    return process.returncode, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())


def comparable(executed: Path) -> object:
    """The executed notebook without what differs from run to run: times and the hashes of what carries them, the
    injected cell's id, pandas' ids and addresses."""
    differs = r"\bT_[0-9a-f]{5}|\b0x[0-9a-f]+\b|\b[0-9a-f]{64}\b|\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"
    notebook = json.loads(re.sub(differs, "", executed.read_text()))
    for part in (notebook, *notebook["cells"]):
        part["metadata"].pop("papermill", None)
        part["metadata"].pop("execution", None)
        if "injected-parameters" in part["metadata"].get("tags", ()):
            del part["id"]
    return notebook


@pytest.mark.gate
@pytest.mark.slow
def test_a_terminal_shows_what_the_kernel_does_and_the_notebook_has_no_trace_of_it(short, tmp_path):
    out = tmp_path / "report"
    command, environment = audit_command(out, short)
    status, shown = on_a_terminal(command, environment)
    assert status == 0, shown
    lines = {line.lstrip("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ") for line in re.split(r"[\r\n]+", shown)}
    for label in (
        "asking for the proposal",
        "base image",
        "reading the base image",
        "measuring",
        "explaining",
    ):
        assert any(line.startswith(f"{label} ") for line in lines), label
    assert any(re.match(r"reading the base image .* [\d.]+ kB of [\d.]+ kB ", line) for line in lines)
    assert any(re.match(r"running the notebook \(cell \d+ of \d+\) ", line) for line in lines)
    assert list(short.iterdir()) == []
    watched = comparable(out / "audit.ipynb")

    ran = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert ran.stdout.decode().splitlines()[1] == str(out / "report.html")
    assert list(short.iterdir()) == []
    assert watched == comparable(out / "audit.ipynb")
