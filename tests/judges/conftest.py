"""Third-party programs that must agree with us, installed from npm and PyPI by name into a folder that git ignores."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT, missing

ICP = "@icp-sdk/icp-cli-linux-x64@1.5.0"
AGENT_JS = "@icp-sdk/core@5.4.0"
CACHE = ROOT / ".auditkit" / "judges"
HERE = Path(__file__).parent


def installed(package: str, *beside: str) -> Path:
    """The folder with the ``node_modules`` of a package; installed once, whole or not at all.

    Args:
        package: name and version.
        beside: packages that it needs, where their newest version is not the one to take.
    """
    npm = shutil.which("npm")

    def command(scratch: str) -> list[str]:
        if npm is None:
            missing("npm is not installed, so no judge from npm can be asked")
        options = ["--no-audit", "--no-fund", "--ignore-scripts"]
        return [str(npm), "install", "--prefix", scratch, *options, package, *beside]

    return _installed(package, command)


def installed_from_pypi(package: str) -> Path:
    """A folder for Python's path that holds a package alone, without what it depends on."""

    def command(scratch: str) -> list[str]:
        options = ["--quiet", "--no-deps", "--disable-pip-version-check", "--only-binary", ":all:"]
        return [sys.executable, "-m", "pip", "install", *options, "--target", scratch, package]

    return _installed(package, command)


def _installed(package: str, command: Callable[[str], list[str]]) -> Path:
    folder = CACHE / package.replace("/", "+")
    if folder.is_dir():
        return folder
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        done = subprocess.run(command(scratch), capture_output=True, text=True, check=False, timeout=300)
        if done.returncode:
            missing(f"{package} cannot be installed: {done.stderr.strip()[-300:]}")
        if not folder.is_dir():
            Path(scratch).rename(folder)
            Path(scratch).mkdir()  # for the clean-up of the context manager
    return folder


@dataclass(frozen=True)
class Judged:
    """What a judge said: whether it accepts, and its words."""

    accepted: bool
    output: str
    complaint: str


@pytest.fixture(scope="session")
def icp_call(tmp_path_factory):
    """dfinity's command line client: calls a canister as it is told, and verifies the answer."""
    binary = installed(ICP) / "node_modules" / ICP.rpartition("@")[0] / "bin" / "icp"
    home = tmp_path_factory.mktemp("icp-home")
    environment = {**os.environ, "DO_NOT_TRACK": "1", "ICP_HOME": str(home)}
    probe = subprocess.run(
        [binary, "--version"], capture_output=True, text=True, check=False, env=environment
    )
    if probe.returncode:
        missing(f"dfinity's icp does not start here: {probe.stderr.strip()[:200]}")

    def call(url: str, root_key: bytes, *arguments: str | Path) -> Judged:
        command = [binary, "canister", "call", *arguments, "-n", url, "-k", root_key.hex(), "--json"]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment, cwd=home, timeout=60
        )
        return Judged(done.returncode == 0, done.stdout, done.stderr)

    return call


@pytest.fixture(scope="session")
def icp(icp_call):
    """dfinity's command line client: asks a node for a proposal and verifies the answer."""

    def get_proposal(url: str, root_key: bytes, proposal_id: int) -> Judged:
        return icp_call(
            url, root_key, "rrkah-fqaaa-aaaaa-aaaaq-cai", "get_proposal_info",
            f"({proposal_id} : nat64)", "--candid", HERE / "governance.did",
        )  # fmt: skip

    return get_proposal


def _node_script(folder: Path, name: str) -> Callable[[list[dict]], list[dict]]:
    """A script of this folder that takes a JSON list and gives one, beside dfinity's JavaScript agent."""
    node = shutil.which("node")
    if node is None:
        missing("node is not installed, so agent-js cannot be asked")
    # node looks for packages beside the script
    (folder / "node_modules").symlink_to(installed(AGENT_JS) / "node_modules")
    script = folder / name
    shutil.copy(HERE / name, script)

    def ask(asked: list[dict]) -> list[dict]:
        done = subprocess.run(
            [str(node), script],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return json.loads(done.stdout)

    return ask


@pytest.fixture(scope="session")
def agent_js(tmp_path_factory):
    """dfinity's JavaScript agent: verifies certificates and decodes their replies, as agent_js.mjs says."""
    return _node_script(tmp_path_factory.mktemp("agent-js"), "agent_js.mjs")


@pytest.fixture(scope="session")
def agent_js_registry(tmp_path_factory):
    """dfinity's JavaScript agent: verifies certified changes of the registry, as agent_js_registry.mjs says."""
    return _node_script(tmp_path_factory.mktemp("agent-js-registry"), "agent_js_registry.mjs")
