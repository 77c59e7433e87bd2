"""Measures how long commands take to start, beside Python itself and a bare run of papermill, in one run.

    python benchmarks/start.py [--rounds 7]

Each command runs once unmeasured, so that all modules are compiled. The rounds then go through all of them in turn, so
that noise of the machine meets all of them. The CPU is that of a command and of all processes that it started and
waited for. Other work on the machine adds much less to it than to the wall time, which says something on an idle
machine only.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "reports" / "sample"

HELP, CHECK, VERIFY = (
    "auditkit --help",
    "auditkit check practice:honest",
    "auditkit verify-report (the sample)",
)
BARE, AUDIT = "papermill, an empty notebook with the same imports", "auditkit audit practice:honest"


@dataclass
class Way:
    """A command, and the wall and CPU seconds that its rounds took."""

    command: list[str]
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def run(self) -> None:
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        started = time.perf_counter()
        with subprocess.Popen(
            self.command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        self.wall.append(time.perf_counter() - started)
        self.cpu.append(usage.ru_utime + usage.ru_stime)
        if process.returncode != 0:
            raise SystemExit(f"{self.command} ended with {process.returncode}")


def bare_notebook(folder: Path) -> Path:
    """A notebook of one cell, with every import of ``audit.ipynb``."""
    cells = json.loads((ROOT / "notebooks" / "audit.ipynb").read_text())["cells"]
    lines = "".join(
        "".join(cell["source"]) + "\n" for cell in cells if cell["cell_type"] == "code"
    ).splitlines()
    imports = [line for line in lines if line.startswith(("import ", "from "))]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("\n".join(imports))])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = folder / "bare.ipynb"
    nbformat.write(notebook, path)
    return path


def ways(folder: Path) -> dict[str, Way]:
    python, auditkit = sys.executable, [sys.executable, "-m", "auditkit"]
    bare = [
        python,
        "-m",
        "papermill",
        "--no-progress-bar",
        str(bare_notebook(folder)),
        str(folder / "out.ipynb"),
    ]
    signers = str(SAMPLE.with_suffix(".allowed_signers"))
    return {
        "python -c pass": Way([python, "-c", "pass"]),
        HELP: Way([*auditkit, "--help"]),
        CHECK: Way([*auditkit, "check", "practice:honest"]),
        VERIFY: Way([*auditkit, "verify-report", str(SAMPLE), "--allowed-signers", signers]),
        BARE: Way(bare),
        AUDIT: Way([*auditkit, "audit", "practice:honest", "--out", str(folder / "report")]),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        measured = ways(Path(folder))
        for way in measured.values():
            way.run()
            way.wall.clear()
            way.cpu.clear()
        for _ in range(rounds):
            for way in measured.values():
                way.run()
    print(f"{rounds} rounds, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors\n")
    print("| Command | Wall, median | Wall, best | CPU, median | CPU, best |")
    print("|---|---:|---:|---:|---:|")
    for name, way in measured.items():
        seconds = (statistics.median(way.wall), min(way.wall), statistics.median(way.cpu), min(way.cpu))
        print(f"| {name} | " + " | ".join(f"{value:.2f} s" for value in seconds) + " |")
    audit, bare = measured[AUDIT], measured[BARE]
    print("\n| Ratio | Wall, medians | CPU, medians | CPU, best |\n|---|---:|---:|---:|")
    ratios = (
        statistics.median(audit.wall) / statistics.median(bare.wall),
        statistics.median(audit.cpu) / statistics.median(bare.cpu),
        min(audit.cpu) / min(bare.cpu),
    )
    print("| audit to the bare notebook | " + " | ".join(f"{ratio:.2f}" for ratio in ratios) + " |")


if __name__ == "__main__":
    main()
