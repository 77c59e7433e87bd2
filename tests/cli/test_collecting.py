"""A process that runs one command does not look for garbage among what it has just made; any other is left alone."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import atexit, gc, sys
from auditkit.cli import main
gc.set_threshold(700, 10, 10)
atexit.register(lambda: print(gc.get_threshold()[0], gc.get_freeze_count() > 0))
sys.argv = ["auditkit", "version"]
main(ARGUMENTS)
"""


@pytest.mark.parametrize(("arguments", "told"), [("", "200000 True"), ("['version']", "700 False")])
def test_only_a_process_that_is_ours_collects_seldom(arguments, told):
    program = PROGRAM.replace("ARGUMENTS", arguments)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == told
