"""A kernel's place: short enough for sockets, private, and gone whatever ends the audit; and what it tells nobody."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import psutil
import pytest
from cells import code, small_audit
from conftest import ROOT

from auditkit.errors import SourceError
from auditkit.notebook import kernel, run_audit
from auditkit.notebook import run as runner
from auditkit.notebook.kernel import kernel_place
from auditkit.packaged import notebook_path
from auditkit.pipeline import Parameters
from auditkit.practice import parameter_file
from auditkit.progress import Silent

CONSOLE = str(Path(sys.executable).with_name("auditkit"))


def audit(out: Path, *more: str) -> Parameters:
    return Parameters.from_file(parameter_file("honest"), (f"output_dir={out}", *more), {})


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Audits run a notebook without tables and pictures."""
    (tmp_path / "small.ipynb").write_text(json.dumps(small_audit()))
    monkeypatch.setattr(runner, "notebook_path", lambda name: tmp_path / "small.ipynb")


@pytest.fixture
def deep(tmp_path, monkeypatch):
    """A temporary folder whose path is too long for sockets in it."""
    folder = tmp_path / ("d" * 90)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.gate
@pytest.mark.parametrize("short", [kernel._SHORT_FOLDERS, ()], ids=["sockets", "loopback"])
def test_a_temporary_folder_with_a_long_path_is_no_hindrance(short, deep, tmp_path, monkeypatch, small):
    monkeypatch.setattr(kernel, "_SHORT_FOLDERS", short)
    assert run_audit(audit(tmp_path / "report")).verdict == "PASS"
    assert list(deep.iterdir()) == []


def test_sockets_that_need_another_folder_are_still_in_a_private_one(deep):
    with kernel_place(Silent(), None) as place:
        assert place.folder.parent == deep
        assert place.sockets is not None
        assert stat.S_IMODE(place.sockets.stat().st_mode) == 0o700
        assert len(os.fsencode(place.sockets / "kernel-5")) < 104
    assert not place.sockets.exists()


@pytest.mark.parametrize("out", ["r{proposal_id}", "x{foo}", "x{", "x{}", "50 % %s", "-dash", "d{2024}/r"])
def test_a_folder_of_any_name_gets_the_whole_report(out, tmp_path, monkeypatch, small, no_kernel):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    assert run_audit(audit(Path(out))).verdict == "PASS"
    names = {"audit.ipynb", "audit.json", "evidence", "report.html", "report.md"}
    assert {path.name for path in Path(out).iterdir()} == names
    beside = {path.name for path in Path.cwd().iterdir() if not path.name.endswith(".lock")}
    assert beside == {Path(out).parts[0]}


INTERRUPTED = """
from pathlib import Path
from auditkit.notebook import run
run.notebook_path = lambda name: Path({notebook!r})
from auditkit.cli import main
main()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "moment"),
    [
        pytest.param(signal.SIGTERM, "kernel-starts", marks=pytest.mark.thorough),
        pytest.param(signal.SIGTERM, "cell-runs"),
        pytest.param(signal.SIGHUP, "kernel-starts", marks=pytest.mark.gate),
        pytest.param(signal.SIGHUP, "cell-runs", marks=pytest.mark.thorough),
        pytest.param(signal.SIGINT, "kernel-starts"),
    ],
)
def test_an_audit_that_is_ended_puts_its_things_away(number, moment, tmp_path):
    temporary, runs, small = Path(tempfile.mkdtemp(prefix="ended-")), tmp_path / "runs", small_audit()
    small["cells"].insert(
        2, code(f"import pathlib, time\npathlib.Path({str(runs)!r}).touch()\ntime.sleep(60)")
    )
    (tmp_path / "small.ipynb").write_text(json.dumps(small))
    script = INTERRUPTED.format(notebook=str(tmp_path / "small.ipynb"))
    try:
        with subprocess.Popen(
            [sys.executable, "-c", script, "audit", "practice:honest", "--out", tmp_path / "report"],
            env={**os.environ, "TMPDIR": str(temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # under nohup a child would ignore the signal, as whoever starts that wants
            preexec_fn=partial(_heed, number),  # noqa: PLW1509  (one thread)
        ) as process:
            deadline = time.monotonic() + 60
            while not (kernels := psutil.Process(process.pid).children()) or (
                moment == "cell-runs" and not runs.exists()
            ):
                assert time.monotonic() < deadline
                time.sleep(0.02)
            process.send_signal(number)
            _, err = process.communicate(timeout=60)
        assert process.returncode == 2
        told = f"auditkit: {tmp_path / 'report'}: interrupted before this audit had a verdict; run it again"
        assert err.strip() == told
        assert list(temporary.iterdir()) == []
        assert not (tmp_path / "report").exists()
        assert not any(child.is_running() for child in kernels)
    finally:
        shutil.rmtree(temporary)


def _heed(number: int) -> None:
    """Lets a signal do what it does to a program that somebody starts in a terminal."""
    signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


@pytest.mark.gate
def test_an_executed_notebook_tells_no_places_of_the_machine(tmp_path, monkeypatch):
    home = tmp_path / "home" / "alice"
    work = home / "my audits"
    work.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(work)
    changed = json.loads(notebook_path("audit").read_text())
    telling = (
        "import os, pathlib, sys\n"
        "print(os.getcwd(), pathlib.Path.home(), sys.executable, audit.parameters.output_dir,"
        " audit.parameters.proposal_source)\n"
        "print(os.environ['TMPDIR'], file=sys.stderr)\n"
        "raise ValueError(audit.parameters.proposal_source)"
    )
    changed["cells"].insert(6, code(telling))
    (tmp_path / "audit.ipynb").write_text(json.dumps(changed))
    monkeypatch.setattr(runner, "notebook_path", lambda name: tmp_path / "audit.ipynb")
    source = tmp_path / "bob" / "proposal.cbor"
    source.parent.mkdir()
    source.write_bytes(b"no certificate")
    with pytest.raises(SourceError, match="did not finish"):
        run_audit(audit(home / "reports" / "one", f"proposal_source={source}"))
    text = (home / "reports" / "one" / "audit.ipynb").read_text()
    for place in (tmp_path, ROOT, Path(sys.prefix), tempfile.gettempdir(), "alice", "bob"):
        assert str(place) not in text
    assert '"evalue": "proposal.cbor"' in text
