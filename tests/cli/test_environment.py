"""No variable of the environment makes a command say that all is well."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("asked", ["bash_source", "zsh_source", "bash_complete"])
def test_a_command_with_arguments_runs_whatever_completion_is_asked_for(asked, monkeypatch, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "auditkit", "check", str(tmp_path / "nothing.yaml")],
        env={**os.environ, "_AUDITKIT_COMPLETE": asked},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "the parameter file cannot be read" in done.stderr


def test_a_shell_can_still_complete():
    done = subprocess.run(
        [sys.executable, "-m", "auditkit"],
        env={**os.environ, "_AUDITKIT_COMPLETE": "bash_source"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert "_auditkit_completion" in done.stdout


def test_a_home_folder_that_nobody_has_is_told(monkeypatch):
    from auditkit.errors import ParameterError
    from auditkit.evidence import cache_folder

    monkeypatch.setenv("AUDITKIT_CACHE", "~nobody-of-this-name/x")
    with pytest.raises(ParameterError, match="no home folder"):
        cache_folder()


def test_a_folder_that_was_removed_is_no_traceback(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    command = f"{sys.executable} -m auditkit --version"
    script = f"cd {gone} && rmdir {gone} && {command}; {command}"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert done.stdout.count("auditkit, version") == 2
