"""A kernel starts before it is needed: what happens when that goes wrong, and what it has imported by then."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import psutil
import pytest
from cells import code, small_audit
from conftest import ROOT

from auditkit.errors import ParameterError, SourceError
from auditkit.interpreter import python
from auditkit.notebook import kernel, kernel_program, runner
from auditkit.notebook.kernel import kernel_place, started_kernel
from auditkit.packaged import notebook_path
from auditkit.pipeline import Parameters
from auditkit.practice import parameter_file
from auditkit.progress import Silent

STARTING = """
import sys, time
from auditkit.notebook.kernel import kernel_place, started_kernel
from auditkit.progress import Silent
with kernel_place(Silent(), None) as place, started_kernel(place) as started:
    print(started.process.pid, flush=True)
    time.sleep(60)
"""


def values() -> dict[str, object]:
    return Parameters.from_file(parameter_file("honest"), (), {}).to_plain()


@pytest.fixture
def place():
    with kernel_place(Silent(), None) as made:
        yield made


def test_a_kernel_ends_when_whoever_started_it_is_killed(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", STARTING],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as starting:
        kernel_process = psutil.Process(int(starting.stdout.readline()))
        starting.kill()
    psutil.wait_procs([kernel_process], timeout=60)
    assert not kernel_process.is_running()


def test_a_kernel_ends_with_the_pipe_alone(place):
    """Jupyter's own look at the parent begins late, and sees nothing where orphans get a foster parent."""
    program = python(kernel._PROGRAM)
    place.connection_file.write_text(json.dumps(place.connection()))
    with subprocess.Popen(
        [*program, "-f", str(place.connection_file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=place.environment(),
    ) as process:
        process.stdin.close()
        assert process.wait(timeout=60) == 1


def test_an_interrupt_while_the_process_is_made_leaves_none(place, monkeypatch):
    made = []
    real = kernel._start

    def interrupted(*arguments):
        started = real(*arguments)
        made.append(started.process)
        time.sleep(0.2)  # the main thread waits by now
        signal.raise_signal(signal.SIGINT)
        return started

    monkeypatch.setattr(kernel, "_start", interrupted)
    with pytest.raises(KeyboardInterrupt), started_kernel(place):
        pass
    assert [process.returncode for process in made] == [-signal.SIGKILL]


def test_a_kernel_that_cannot_be_started_is_trouble(place, monkeypatch):
    monkeypatch.setattr(kernel, "python", lambda program: [str(place.folder / "no-python")])
    with pytest.raises(SourceError, match="kernel could not be started: no such file"), started_kernel(place):
        pass


def test_a_kernel_that_dies_while_it_starts_is_trouble_told_once(tmp_path, monkeypatch, caplog):
    (tmp_path / "small.ipynb").write_text(json.dumps(small_audit()))
    real = runner.started_kernel

    @contextmanager
    def dying(place):
        with real(place) as started:
            os.kill(started.process.pid, signal.SIGKILL)
            yield started

    monkeypatch.setattr(runner, "started_kernel", dying)
    with pytest.raises(SourceError, match="could not be run: the kernel died while it started"):
        runner.execute(tmp_path / "small.ipynb", values(), tmp_path / "out.ipynb")
    assert caplog.text == ""


def test_parameters_that_a_notebook_does_not_take_start_no_kernel(tmp_path, monkeypatch):
    changed = small_audit()
    changed["cells"][0]["source"] = ["policy = 'overlap'"]
    (tmp_path / "small.ipynb").write_text(json.dumps(changed))
    monkeypatch.setattr(kernel.subprocess, "Popen", None)
    with pytest.raises(ParameterError, match="parameters cell"):
        runner.execute(tmp_path / "small.ipynb", values(), tmp_path / "out.ipynb")


@pytest.mark.gate
def test_a_kernel_has_no_input_and_leads_a_session_of_its_own(tmp_path):
    notebook = small_audit()
    look = (
        "import os\nos.set_blocking(0, False)\n"
        "print(os.read(0, 1), os.getsid(0) == os.getpid(), os.environ['JPY_PARENT_PID'])"
    )
    notebook["cells"][1:] = [code(look)]
    (tmp_path / "small.ipynb").write_text(json.dumps(notebook))
    assert runner.execute(tmp_path / "small.ipynb", values(), tmp_path / "out.ipynb") is None
    (output,) = json.loads((tmp_path / "out.ipynb").read_text())["cells"][-1]["outputs"]
    assert "".join(output["text"]) == f"b'' True {os.getpid()}\n"


def test_what_the_cells_draw_with_is_imported_before_the_first_one_and_no_practice_world():
    imports = [
        line
        for cell in json.loads(notebook_path("audit").read_text())["cells"]
        if cell["cell_type"] == "code"
        for line in "".join(cell["source"]).splitlines()
        if line.startswith(("import ", "from "))
    ]
    script = f"""
import sys
from importlib import import_module
for module in {kernel_program.IMPORTED!r}:
    import_module(module)
before = set(sys.modules)
{"; ".join(imports)}
figures.overlap, figures.chain, views.measurements
new = set(sys.modules) - before
print(*sorted(name for name in new if name.split(".")[0] in ("matplotlib", "pandas", "numpy")))
print(*sorted(name for name in before if name.startswith("auditkit.practice")))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    new, practice = done.stdout.splitlines()
    assert (new, practice) == ("", "")
