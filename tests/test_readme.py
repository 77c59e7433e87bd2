"""Every command of the README is run: as it stands, on the practice network, or with the network cut off.

Blocks marked ``sh`` run as they stand in a copy of the checkout; ``sh files`` run on a proposal and an image of the
practice network; ``sh mainnet`` need the internet, so here they must end in one clear line of trouble.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from auditkit import practice
from auditkit.evidence import Source, download

README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"^```sh(?: (\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = [(mark or "plain", text) for mark, text in BLOCK.findall(README)]
LEFT_OUT = shutil.ignore_patterns(
    ".venv",
    ".git",
    "build",
    "dist",
    "__pycache__",
    ".*_cache",
    ".hypothesis",
    "node_modules",
    ".auditkit",
)


def bash(script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **variables}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    return Path(shutil.copytree(ROOT, tmp_path_factory.mktemp("readme") / "auditkit", ignore=LEFT_OUT))


def test_the_two_commands_are_those_that_ci_runs():
    gate = (ROOT / ".ci" / "run").read_text().splitlines()
    targets = [
        line for mark, text in BLOCKS if mark == "plain" for line in text.splitlines() if "make" in line
    ]
    assert targets == ["make audit", "make test"]
    for target in targets:
        assert target in gate


# A Python that makes a virtual environment of the one that is there, and installs nothing into it.
STAND_IN = f"""#!/bin/bash
case "$*" in
*"-m venv"*)
  mkdir -p "${{@: -1}}/bin" && touch "${{@: -1}}/pyvenv.cfg" && cp "$0" "${{@: -1}}/bin/python"
  cp "$0" "${{@: -1}}/bin/pip"
  ln -s {Path(sys.executable).parent}/{{auditkit,papermill}} "${{@: -1}}/bin" ;;
*"-m pip install"* | install*) ;;
*) echo "nobody thought of $*" >&2; exit 9 ;;
esac
"""


@pytest.mark.slow
@pytest.mark.parametrize("installs", [pytest.param(True, marks=pytest.mark.thorough), False])
def test_plain_blocks_run_as_they_stand(checkout, program, tmp_path, installs):
    """What pip installs, for a minute each time, is taken from this environment where ``installs`` is not set."""
    program("ssh-keygen")
    commands = [text for mark, text in BLOCKS if mark == "plain" and not text.startswith("make ")]
    assert len(commands) >= 5
    variables = {}
    if not installs:
        python = tmp_path / "python3.11"
        python.write_text(STAND_IN)
        python.chmod(0o755)
        commands.insert(0, f"PATH={tmp_path}:$PATH\n")
        variables["PYTHON"] = str(python)
    folder = Path(shutil.copytree(checkout, tmp_path / "auditkit"))
    done = bash("\n".join(commands), folder, **variables)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert (folder / "audit-out.ipynb").exists()
    assert "scheduled audit: PASS" in done.stdout


def test_blocks_about_files_run_on_the_practice_network(tmp_path):
    scenario = practice.scenario("honest")
    with practice.serving("honest") as network:
        bash_key = network.root_key.hex()
        fetched = bash(
            f"auditkit fetch-proposal {scenario.proposal_id} --url {network.url} --root-key {bash_key} "
            "--out proposal.cbor",
            tmp_path,
        )
        assert fetched.returncode == 0, fetched.stderr
        url = network.release_url_template.format(base_version=scenario.base_version)
        sums = Source(url=url).sibling("SHA256SUMS")
        assert sums.url is not None
        download([url], tmp_path / "update-img.tar.zst", sha256=None)
    script = "\n".join(text for mark, text in BLOCKS if mark == "files")
    assert script.count("auditkit ") >= 7
    done = bash(script, tmp_path, KEY=bash_key, ID=str(scenario.proposal_id))
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    for name in ("bootfs/boot_args", "bootfs.tar", "launch-measurements.json"):
        assert (tmp_path / name).stat().st_size > 0


@pytest.mark.parametrize(
    "line",
    [
        line
        for mark, text in BLOCKS
        if mark == "mainnet"
        for line in text.splitlines()
        if line.startswith("auditkit")
    ],
)
def test_mainnet_lines_are_understood_and_tell_that_there_is_no_network(line, checkout):
    """Behind a proxy where nothing listens, each ends with status 2 and a line that names the host it wanted."""
    shutil.copy(checkout / "params" / "mainnet" / "template.yaml", checkout / "my-audit.yaml")
    nowhere = "http://127.0.0.1:9"
    done = bash(line, checkout, HTTPS_PROXY=nowhere, https_proxy=nowhere, NO_PROXY="", no_proxy="")
    assert done.returncode == 2, done.stdout + done.stderr
    assert re.search(r"icp-api\.io|icp0\.io|download\.dfinity", done.stderr)
    assert "Traceback" not in done.stderr
