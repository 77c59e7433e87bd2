"""What is not installed is skipped, and said once at the end; a run may do without programs that are installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

TESTS = """
import shutil
import pytest

@pytest.mark.parametrize("n", range(3))
def test_that_compares(n, program):
    program("no-such-program")

def test_tar(program):
    program("tar")

def test_sh(program):
    assert program("sh")

def test_the_product_does_not_find_it_either():
    from auditkit.errors import SourceError
    from auditkit.guestos.outside_programs import find_program

    assert shutil.which("tar") is None
    with pytest.raises(SourceError, match="mke2fs is not installed"):
        find_program("mke2fs")
"""


def run_tests(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_some.py").write_text(TESTS)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "conftest",
        "-q",
        "-c",
        os.devnull,
        "--rootdir",
        folder,
        folder,
    ]
    return subprocess.run(
        command,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "tests"),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            **variables,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(autouse=True)
def _not_everything_required(monkeypatch):
    monkeypatch.delenv("AUDITKIT_REQUIRE_ALL", raising=False)


def test_what_was_skipped_is_said_once_with_its_reason(tmp_path):
    done = run_tests(tmp_path, AUDITKIT_WITHOUT="tar mke2fs")
    assert done.returncode == 0, done.stdout
    told = [line.strip() for line in done.stdout.splitlines() if "not installed" in line]
    assert told == [
        "3 tests: the program no-such-program is not installed",
        "1 test: the program tar is not installed",
    ]


@pytest.mark.gate
def test_everything_is_required_where_that_was_asked_for(tmp_path):
    done = run_tests(tmp_path, AUDITKIT_WITHOUT="tar mke2fs", AUDITKIT_REQUIRE_ALL="1")
    assert done.returncode == 1
    assert "4 failed, 2 passed" in done.stdout
