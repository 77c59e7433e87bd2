"""The committed sample: signed, authentic, and repeatable on a machine without a network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

SAMPLE = ROOT / "reports" / "sample"
SIGNERS = ROOT / "reports" / "sample.allowed_signers"
WITHOUT_SOCKETS = """
import sys

def refuse(event, arguments):
    if event.startswith("socket."):
        raise RuntimeError(f"a socket was used: {event}")

sys.addaudithook(refuse)
from auditkit.cli import main
main(sys.argv[1:])
"""


def elsewhere(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """A command of auditkit with another home, folder, time zone and language, and without sockets."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "TZ": "Pacific/Chatham", "LC_ALL": "C"}
    command = [sys.executable, "-c", WITHOUT_SOCKETS, *map(str, arguments)]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture
def sample(tmp_path) -> Path:
    return Path(shutil.copytree(SAMPLE, tmp_path / "copied"))


@pytest.mark.slow
def test_a_socket_would_be_noticed(tmp_path):
    done = elsewhere(tmp_path, "check", ROOT / "params" / "practice" / "honest.yaml")
    assert done.returncode == 2
    assert "a socket was used" in done.stderr


@pytest.mark.gate
@pytest.mark.slow
def test_its_replay_gives_the_same_bytes_outside_run(sample, tmp_path):
    done = elsewhere(tmp_path, "check", sample / "evidence" / "replay.yaml", "--json")
    assert done.returncode == 0, done.stderr
    before = json.loads((sample / "audit.json").read_bytes())
    after = json.loads(done.stdout)
    for document in (before, after):
        del document["run"]
        del document["tool"]["libraries"]  # those of this installation, which may be newer than the sample's
    assert after["qualifications"] == [*before["qualifications"], "image-not-read"]
    after["qualifications"] = before["qualifications"]
    assert json.dumps(after) == json.dumps(before)


@pytest.mark.slow
def test_it_is_authentic_and_its_replay_decides_the_same(sample, tmp_path):
    arguments = ["verify-report", sample, "--allowed-signers", SIGNERS, "--require", "PASS", "--replay"]
    for name in ("practice-network", "image-not-read"):
        arguments += ["--accept", name]
    done = elsewhere(tmp_path, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "AUTHENTIC: the report says PASS" in done.stdout
