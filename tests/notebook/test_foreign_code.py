"""Modules, start-up files and configuration that lie on an auditor's machine decide nothing: none of them runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CONSOLE = str(Path(sys.executable).with_name("auditkit"))
MODULES = (
    "ipykernel_launcher",
    "ipykernel",
    "markupsafe",
    "shlex",
    "sitecustomize",
    "usercustomize",
    "jinja2",
)


def evil(ran: Path) -> str:
    """Whoever runs this is noted."""
    return f'import os\nwith open({str(ran)!r}, "a") as file: file.write(f"{{os.getpid()}}\\n")\n'


def plant(folder: Path, ran: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in MODULES:
        (folder / f"{name}.py").write_text(evil(ran))
    (folder / "matplotlibrc").write_text("text.usetex: True\n")  # a drawing would need LaTeX


def run(command: list[str], folder: Path, **variables: str | None) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in variables}
    kept |= {name: value for name, value in variables.items() if value is not None}
    return subprocess.run(
        command, cwd=folder, env=kept, capture_output=True, text=True, check=False, timeout=300
    )


def verdict(folder: Path) -> str:
    return str(json.loads((folder / "audit.json").read_text())["verdict"])


@pytest.mark.parametrize("program", [[CONSOLE], [sys.executable, "-m", "auditkit"]], ids=["script", "module"])
@pytest.mark.parametrize(
    "command",
    [
        ("check", "practice:unexplained"),
        pytest.param(
            ("audit", "practice:unexplained", "--out", "reports"),
            marks=[pytest.mark.slow, pytest.mark.thorough],
        ),
    ],
    ids=["check", "audit"],
)
def test_modules_in_the_working_folder_and_in_that_of_the_reports_are_not_run(program, command, tmp_path):
    here, ran = tmp_path / "here", tmp_path / "ran"
    plant(here, ran)
    plant(here / "reports", ran)
    done = run([*program, *command], here)
    assert done.returncode == 1, done.stderr
    assert not ran.exists()


def configured_jupyter(home: Path, ran: Path) -> dict[str, str]:
    """A user's configuration of Jupyter and IPython; the variables that name it."""
    profile = home / ".ipython" / "profile_default"
    (profile / "startup").mkdir(parents=True)
    (home / ".jupyter").mkdir()
    start = home / "start.py"
    for path in (profile / "startup" / "00.py", profile / "startup" / "01.ipy", start):
        path.write_text(f"{evil(ran)}data_folder = '/data'\n")
    for path in (
        profile / "ipython_config.py",
        profile / "ipython_kernel_config.py",
        home / ".jupyter" / "jupyter_config.py",
        home / ".jupyter" / "ipython_kernel_config.py",
    ):
        path.write_text(
            f"{evil(ran)}c = get_config()\nc.InteractiveShellApp.exec_lines = ['policy = \"overlap\"']\n"
        )
    return {
        "HOME": str(home),
        "IPYTHONDIR": str(home / ".ipython"),
        "JUPYTER_CONFIG_DIR": str(home / ".jupyter"),
        "JUPYTER_CONFIG_PATH": str(home / ".jupyter"),
        "PYTHONSTARTUP": str(start),
    }


@pytest.mark.gate
@pytest.mark.slow
def test_a_batch_and_its_overview_run_nothing_that_lies_about(tmp_path):
    """Modules in its folders, a configured Jupyter, and PYTHONPATH at once: each notes for itself who ran it."""
    here, planted, configured, on_path = (
        tmp_path / name for name in ("here", "planted", "configured", "path")
    )
    plant(here, planted)
    plant(here / "batch", planted)
    variables = configured_jupyter(tmp_path / "home", configured)
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "sitecustomize.py").write_text(evil(on_path))
    command = [CONSOLE, "batch", "practice:unexplained", "--out", "batch"]
    done = run(command, here, PYTHONPATH=str(tmp_path / "modules"), **variables)
    assert done.returncode == 1, done.stderr
    assert verdict(here / "batch" / "unexplained") == "FAIL"
    assert "unexplained" in (here / "batch" / "overview.ipynb").read_text()
    assert not planted.exists()
    assert not configured.exists()
    assert "PYTHONPATH is set" in done.stderr
    # Python itself runs it in the first process, before any line of ours.
    assert len(set(on_path.read_text().split())) == 1


@pytest.mark.slow
@pytest.mark.thorough
def test_what_a_user_of_jupyter_has_configured_is_not_run(tmp_path):
    ran = tmp_path / "ran"
    command = [CONSOLE, "audit", "practice:unexplained", "--out", "report"]
    done = run(command, tmp_path, **configured_jupyter(tmp_path / "home", ran))
    assert done.returncode == 1, done.stderr
    assert verdict(tmp_path / "report") == "FAIL"
    assert not ran.exists()


@pytest.mark.slow
@pytest.mark.thorough
def test_what_pythonpath_names_is_told_and_no_child_runs_it(tmp_path):
    ran = tmp_path / "ran"
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "sitecustomize.py").write_text(evil(ran))
    command = [CONSOLE, "audit", "practice:honest", "--out", "report"]
    done = run(command, tmp_path, PYTHONPATH=str(tmp_path / "modules"))
    assert done.returncode == 0, done.stderr
    assert "PYTHONPATH is set" in done.stderr
    # Python itself runs it in the first process, before any line of ours.
    assert len(set(ran.read_text().split())) == 1


@pytest.mark.gate
@pytest.mark.parametrize(
    "home",
    [
        pytest.param(None, id="unset", marks=pytest.mark.thorough),
        pytest.param("/proc/nonexistent", id="missing"),
    ],
)
@pytest.mark.slow
def test_no_home_folder_is_needed(home, tmp_path):
    done = run([CONSOLE, "audit", "practice:honest", "--out", "report"], tmp_path, HOME=home)
    assert done.returncode == 0, done.stderr
    executed = json.loads((tmp_path / "report" / "audit.ipynb").read_text())
    assert not [
        output
        for cell in executed["cells"]
        for output in cell.get("outputs", [])
        if output.get("name") == "stderr"
    ]
