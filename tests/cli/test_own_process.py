"""A process that runs one command looks for no garbage among what it has just made; any other is left alone."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from auditkit.interpreter import python_environment

PROGRAM = """
import atexit, gc, os, sys
from auditkit.cli import main
gc.set_threshold(700, 10, 10)

def tell():
    print(gc.get_threshold()[0], gc.get_freeze_count() > 0, os.environ.get("PYDANTIC_DISABLE_PLUGINS"))

atexit.register(tell)
sys.argv = ["auditkit", "version"]
main(ARGUMENTS)
"""


@pytest.mark.parametrize(
    ("arguments", "told"), [("", "200000 True __all__"), ("['version']", "700 False None")]
)
def test_only_a_process_that_is_ours_goes_without(arguments, told):
    program = PROGRAM.replace("ARGUMENTS", arguments)
    environment = {name: value for name, value in os.environ.items() if name != "PYDANTIC_DISABLE_PLUGINS"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1] == told


@pytest.mark.gate
def test_no_plug_in_of_an_installed_package_takes_part_in_an_audit(tmp_path):
    """Whoever can install a package beside ours would otherwise change what a parameter or a decision says."""
    (tmp_path / "peeping.py").write_text("print('a plug-in runs')\nplugin = None\n")
    info = tmp_path / "peeping-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: peeping\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[pydantic]\npeeping = peeping:plugin\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    environment.pop("PYDANTIC_DISABLE_PLUGINS", None)
    loud = subprocess.run(
        [sys.executable, "-c", "import auditkit.report.document"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "a plug-in runs" in loud.stdout
    quiet = subprocess.run(
        [sys.executable, "-P", "-m", "auditkit", "check", "practice:tampered-certificate"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "a plug-in runs" not in quiet.stdout + quiet.stderr
    assert "certificate.signature" in quiet.stdout


def test_the_processes_of_an_audit_take_no_plug_ins_either():
    assert python_environment()["PYDANTIC_DISABLE_PLUGINS"] == "__all__"
