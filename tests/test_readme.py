"""Every command of the README and of the pages that it leads to is run: as it stands, on the practice network, or with
the network cut off.

Blocks marked ``sh`` run as they stand in a copy of the checkout, those of a page in their order; ``sh files`` run on a
proposal and an image of the practice network; ``sh mainnet`` need the internet, so here they must end in one clear line
of trouble. ``python`` blocks run as they stand too. What no test can run is marked ``text``.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from commands import in_process
from conftest import ROOT

from auditkit import practice
from auditkit.evidence import Backoff, Source, download

PAGES = (
    "README.md",
    "docs/install.md",
    "docs/building.md",
    "docs/chips.md",
    "docs/provenance.md",
    "docs/faq.md",
    *(f"docs/start/{name}.md" for name in ("voters", "auditors", "ci", "developers")),
)
INSTALLING = ("docs/install.md", "docs/start/ci.md")
LONG = (
    "docs/install.md",
    "docs/building.md",
    "docs/chips.md",
    "docs/provenance.md",
    "docs/start/ci.md",
    "docs/start/developers.md",
)
# Their commands are run by tests of their own.
ELSEWHERE = {
    "docs/verify-without-auditkit.md": "tests/judges/test_signatures.py",
    "docs/recovery-image-and-chip.md": "tests/test_cli_recovery.py and test_cli_attestation.py run their like",
    "docs/testing.md": "make mutants takes ten minutes",
    "reports/README.md": "tests/test_sample_report.py",
}
BLOCK = re.compile(r"^```(sh|python)(?: (\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = [
    (name, mark or ("plain" if language == "sh" else language), text)
    for name in PAGES
    for language, mark, text in BLOCK.findall((ROOT / name).read_text(encoding="utf-8"))
]
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
        timeout=600,
        check=False,
    )


def files_below(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() or path.is_symlink()
    }


def unignored(folder: Path, before: set[str], git: str) -> set[str]:
    """Files that came into ``folder``, as if it were a checkout, and that git would offer to commit."""
    if not (folder / ".gitignore").exists():
        shutil.copy(ROOT / ".gitignore", folder)
    subprocess.run([git, "init", "--quiet", folder], check=True)
    listed = [
        git,
        "-C",
        folder,
        "-c",
        "core.excludesFile=",
        "ls-files",
        "--others",
        "--exclude-standard",
        "-z",
    ]
    told = subprocess.run(listed, capture_output=True, text=True, check=True).stdout
    return set(told.split("\0")) - before - {"", ".gitignore"}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    return Path(shutil.copytree(ROOT, tmp_path_factory.mktemp("readme") / "auditkit", ignore=LEFT_OUT))


@pytest.fixture(scope="module")
def with_files(tmp_path_factory) -> Path:
    """A folder with the parameter files that a block before the others writes, and one that a sync began."""
    from auditkit.cli import main

    folder = tmp_path_factory.mktemp("files")
    lines = [line for _, mark, text in BLOCKS if mark == "plain" for line in text.splitlines()]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for line in lines:
            if line.startswith("auditkit init"):
                with pytest.raises(SystemExit) as ended:
                    main(shlex.split(line)[1:])
                assert not ended.value.code
    (folder / "registry").mkdir()
    (folder / "registry" / "registry.sqlite").touch()
    return folder


def test_the_two_commands_are_those_that_ci_runs():
    gate = (ROOT / ".ci" / "run").read_text().splitlines()
    targets = [
        line
        for name, mark, text in BLOCKS
        if name == "README.md" and mark == "plain"
        for line in text.splitlines()
    ]
    assert targets == ["make audit", "make test"]
    for target in targets:
        assert target in gate


def test_the_readme_is_one_screen():
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 65
    assert max(map(len, lines)) <= 120


def test_an_audit_installs_no_developers_tools(tmp_path, program):
    """What `make` would do in a new clone, after an audit, after the tests, and after pyproject.toml has changed."""
    make = program("make")
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    venv = tmp_path / ".venv"

    def installs(target: str) -> list[str]:
        command = [make, "--dry-run", "--no-print-directory", target]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        return re.findall(r"pip install --quiet --editable (\S+)", done.stdout)

    assert installs("audit") == ["."]
    assert "'.[dev]'" in installs("test")
    assert installs("site") == ["'.[docs]'"]
    (venv / "bin").mkdir(parents=True)
    for name in ("bin/python", ".lean"):
        (venv / name).touch()
    assert installs("audit") == []
    assert installs("test") == ["'.[dev]'"]
    (venv / ".ready").touch()
    assert installs("test") == []
    later = (tmp_path / "pyproject.toml").stat().st_mtime + 60
    os.utime(tmp_path / "pyproject.toml", (later, later))
    assert installs("audit") == ["."]
    assert "'.[dev]'" in installs("test")


def test_no_page_has_commands_that_nobody_runs():
    """A page with a block of commands is one of those above."""
    with_commands = {
        str(path.relative_to(ROOT))
        for folder in ("docs", "params", "reports")
        for path in (ROOT / folder).rglob("*.md")
        if re.search(r"^```sh$", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert with_commands <= {*PAGES, *ELSEWHERE}
    marks = {mark for _, mark, _ in BLOCKS}
    assert marks == {"plain", "files", "mainnet", "python"}


# A Python that makes a virtual environment of the one that is there, and installs nothing into it.
STAND_IN = """#!/bin/bash
case "$*" in
*"-m venv"*)
  mkdir -p "${@: -1}/bin" && touch "${@: -1}/pyvenv.cfg" && cp "$0" "${@: -1}/bin/python"
  cp "$0" "${@: -1}/bin/pip"
  printf 'PATH=%%q:$PATH\n' "$(realpath "${@: -1}")/bin" > "${@: -1}/bin/activate"
  ln -s %s %s "${@: -1}/bin" ;;
*"-m pip install"* | install*) ;;
*) echo "nobody thought of $*" >&2; exit 9 ;;
esac
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", ["warm", pytest.param("as users do", marks=pytest.mark.thorough)])
@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=pytest.mark.gate if page in LONG else ()) for page in PAGES[1:]]
)
def test_plain_blocks_run_as_they_stand(checkout, program, request, tmp_path, page, how):
    """Warm, each `auditkit` is a process that has started already, without kernels, in which batches have stand-ins.

    As users do, it is the program; what the pages install, for a minute each time, is installed.
    """
    commands = [
        "".join(line for line in text.splitlines(keepends=True) if not line.startswith("make "))
        for name, mark, text in BLOCKS
        if name == page and mark == "plain"
    ]
    assert commands
    for needed, by in (("ssh-keygen", "ssh-keygen"), ("mke2fs", "auditkit build-image")):
        if any(by in text for text in commands):
            program(needed)
    variables = {}
    if page not in INSTALLING:
        commands.insert(0, "python3.11 -m venv .venv\n")  # as `make audit` leaves it
    if how == "warm" or page not in INSTALLING:
        installed = Path(sys.executable).parent
        auditkit = request.getfixturevalue("warm") if how == "warm" else installed / "auditkit"
        python = tmp_path / "bin" / "python3.11"
        python.parent.mkdir()
        python.write_text(STAND_IN % (auditkit, installed / "papermill"))
        python.chmod(0o755)
        (python.parent / "auditkit").symlink_to(auditkit)
        commands.insert(0, f"PATH={python.parent}:$PATH\n")
        variables["PYTHON"] = str(python)
    folder = Path(shutil.copytree(checkout, tmp_path / "auditkit"))
    before = files_below(folder)
    done = bash("\n".join(commands), folder, **variables)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert unignored(folder, before, program("git")) == set()
    if page == "docs/start/developers.md":
        assert (folder / "audit-out.ipynb").exists()
    if page == "docs/start/ci.md":
        assert "scheduled audit: PASS" in done.stdout


def test_python_blocks_run_as_they_stand(tmp_path):
    (program,) = (text for _, mark, text in BLOCKS if mark == "python")
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "PASS (practice network)" in done.stdout
    assert (tmp_path / "reports" / "from-python" / "audit.json").exists()


def test_blocks_about_files_run_on_the_practice_network(tmp_path, warm, program):
    scenario = practice.scenario("honest")
    with practice.serving("honest") as network:
        bash_key = network.root_key.hex()
        fetched = bash(
            f"{warm} fetch-proposal {scenario.proposal_id} --url {network.url} --root-key {bash_key} "
            "--out proposal.cbor",
            tmp_path,
        )
        assert fetched.returncode == 0, fetched.stderr
        url = network.release_url_template.format(base_version=scenario.base_version)
        sums = Source(url=url).sibling("SHA256SUMS")
        assert sums.url is not None
        download([url], tmp_path / "update-img.tar.zst", sha256=None)
    script = f"PATH={warm.parent}:$PATH\n" + "\n".join(text for _, mark, text in BLOCKS if mark == "files")
    assert script.count("auditkit ") >= 7
    done = bash(script, tmp_path, KEY=bash_key, ID=str(scenario.proposal_id))
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    for name in ("bootfs/boot_args", "bootfs.tar", "launch-measurements.json"):
        assert (tmp_path / name).stat().st_size > 0
    assert unignored(tmp_path, set(), program("git")) == set()


def test_what_mainnet_leaves_in_a_checkout_is_ignored(tmp_path, program):
    """Their commands are not run to their end here: folders and files that they name."""
    lines = " ".join(text for _, mark, text in BLOCKS if mark == "mainnet")
    named = re.findall(r"--out (\S+)", lines)
    named += [f"{folder}/registry.sqlite" for folder in re.findall(r"registry sync (\S+)", lines)]
    named += [f"{folder}/139000.cbor" for folder in re.findall(r"catalogue update (\S+)", lines)]
    assert len(named) > 4
    for name in (*named, "proposal.request.cbor", "proposal-139000.cbor", "sample.pdf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert unignored(tmp_path, set(), program("git")) == set()


MAINNET = sorted(
    {
        line.removeprefix(".venv/bin/")
        for _, mark, text in BLOCKS
        if mark == "mainnet"
        for line in text.splitlines()
        if "auditkit " in line
    }
)
NOWHERE = {
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "NO_PROXY": "",
    "no_proxy": "",
}
"""The variables of a machine behind a proxy where nothing listens."""


def assert_that_there_is_no_network(line: str, status: int, out: str, err: str) -> None:
    """Status 2, and a line that names the host that was wanted."""
    assert status == 2, out + err
    told = out if "--json" in line else err
    assert re.search(r"icp-api\.io|icp0\.io|download\.dfinity", told)
    assert "Traceback" not in err


@pytest.mark.parametrize("line", MAINNET)
def test_mainnet_lines_are_understood_and_tell_that_there_is_no_network(
    line, with_files, monkeypatch, capsys, no_kernel
):
    """In this process, without a kernel, and without the pauses between attempts."""
    for name, value in NOWHERE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(Backoff, "seconds", lambda *_: 0.0)
    monkeypatch.chdir(with_files)
    program, *arguments = shlex.split(line, comments=True)
    assert program == "auditkit"
    assert_that_there_is_no_network(line, *in_process(*arguments, capsys=capsys))


def test_a_mainnet_line_tells_that_there_is_no_network_in_a_process_of_its_own(with_files, warm):
    line = next(line for line in MAINNET if "fetch-proposal" in line)
    done = bash(f"PATH={warm.parent}:$PATH\n{line}", with_files, **NOWHERE)
    assert_that_there_is_no_network(line, done.returncode, done.stdout, done.stderr)
