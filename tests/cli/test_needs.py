"""What each command needs: checking and verifying work without the notebooks' packages, and what lacks is named."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from functools import cache

import pytest
from commands import in_process
from conftest import ROOT

from auditkit import dependencies
from auditkit.errors import MissingPackageError

SAMPLE = "reports/sample"
EVIDENCE = f"{SAMPLE}/evidence"
CHIP = "auditkit/practice/data/attestation/honest"
SIGNERS = ("--allowed-signers", "reports/sample.allowed_signers")
TRUSTED = ("--root-key", "practice")

# Modules of the notebooks' packages and of those that these bring. None may be loaded: here they cannot be.
NOTEBOOKS = frozenset(
    [
        "IPython",
        "dask",
        "distributed",
        "ipykernel",
        "jupyter_client",
        "jupyter_core",
        "matplotlib",
        "nbclient",
        "nbformat",
        "numpy",
        "pandas",
        "papermill",
        "sigstore",  # the extra provenance
        "tornado",
        "traitlets",
        "zmq",
    ]
)

COMMANDS = {
    "check": (0, "check", "practice:honest"),
    "check-fail": (1, "check", "practice:unexplained"),
    "check-node": (0, "check", "practice:node-honest", "--json"),
    "replay": (0, "check", f"{EVIDENCE}/replay.yaml"),
    "verify-report": (0, "verify-report", SAMPLE, *SIGNERS),
    "verify-report-replay": (0, "verify-report", SAMPLE, *SIGNERS, "--replay"),
    "verify-certificate": (0, "verify-certificate", f"{EVIDENCE}/proposal.cbor", *TRUSTED),
    "verify-proposal": (
        0,
        "verify-proposal",
        f"{EVIDENCE}/proposal.cbor",
        "--proposal-id",
        "900001",
        *TRUSTED,
    ),
    "verify-attestation": (
        0,
        *("verify-attestation", f"{CHIP}/report.bin", "--chain", f"{CHIP}/chain.pem"),
        *("--proposal", f"{EVIDENCE}/proposal.cbor", *TRUSTED),
    ),
    "overlap": (
        0,
        *("overlap", "--proposal", f"{EVIDENCE}/proposal.cbor", *TRUSTED),
        *("--measurements", f"{EVIDENCE}/launch-measurements.json"),
    ),
    "diff": (0, "diff", SAMPLE, f"{SAMPLE}/audit.json"),
    "status": (0, "status", SAMPLE, "--max-age", "9999d"),
    "practice": (0, "practice", "list"),
}

# Runs commands one after the other in one process that refuses modules, and tells how each ended.
RUNNER = """
import contextlib, io, json, sys

refused, commands = json.loads(sys.stdin.read())

class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in refused:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Refusing())
from auditkit.cli import main

ended = {}
for name, arguments in commands.items():
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(arguments)
        except SystemExit as end:
            ended[name] = [end.code, out.getvalue(), err.getvalue()]
print(json.dumps({"ended": ended, "modules": sorted({module.partition(".")[0] for module in sys.modules})}))
"""


def run_refusing(refused, commands):
    done = subprocess.run(
        [sys.executable, "-c", RUNNER],
        input=json.dumps([sorted(refused), {name: list(command) for name, command in commands.items()}]),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def without_notebooks():
    return run_refusing(NOTEBOOKS, {name: command for name, (_, *command) in COMMANDS.items()})


@pytest.mark.parametrize("name", COMMANDS)
def test_checking_and_verifying_need_no_package_of_the_notebooks(name, without_notebooks):
    status, out, err = without_notebooks["ended"][name]
    assert status == COMMANDS[name][0], err
    assert "not installed" not in err
    assert len(out) > 20


def test_no_module_of_the_notebooks_was_loaded(without_notebooks):
    assert NOTEBOOKS.isdisjoint(without_notebooks["modules"])
    assert {"auditkit", "click", "cryptography", "yaml"} <= set(without_notebooks["modules"])


def pip_command(*packages: str) -> str:
    return f"{sys.executable} -m pip install {' '.join(packages)}"


LACKING = {
    "audit": ({"papermill"}, ["audit", "practice:honest"], "papermill"),
    "batch": ({"papermill"}, ["batch", "practice:honest"], "papermill"),
    "check": ({"cbor2"}, ["check", "practice:honest"], "cbor2"),
    "sub-module": ({"google_crc32c"}, ["check", "practice:honest"], "google-crc32c"),
    "verify-report": ({"pydantic"}, ["verify-report", SAMPLE, *SIGNERS], "pydantic"),
    "render": ({"jinja2"}, ["verify-report", SAMPLE, *SIGNERS], "jinja2"),
    "help": ({"click"}, ["--help"], "click"),
}
MORE = ("sub-module", "render", "audit")


@pytest.fixture(scope="module")
def lacking():
    """A function that tells how a case ended; those that lack the same are run one after the other."""

    @cache
    def ended(refused: frozenset[str]):
        commands = {case: command for case, (lacks, command, _) in LACKING.items() if lacks == refused}
        return run_refusing(refused, commands)["ended"]

    return lambda case: ended(frozenset(LACKING[case][0]))[case]


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=pytest.mark.gate if case in MORE else ()) for case in LACKING]
)
def test_a_command_that_lacks_a_package_names_it_and_the_command_that_installs_it(case, lacking):
    package = LACKING[case][-1]
    status, out, err = lacking(case)
    assert (status, out) == (2, "")
    assert err == (
        f"auditkit: this needs the package {package}, which is not installed; {pip_command(package)}\n"
    )


@pytest.mark.gate
def test_a_command_that_lacks_an_extra_names_it():
    bundle = "auditkit/practice/data/builds/honest.sigstore.json"
    command = ["verify-provenance", bundle, "--commit", "c" * 40, "--bundle", bundle]
    status, out, err = run_refusing({"sigstore"}, {"it": command})["ended"]["it"]
    assert (status, out) == (2, "")
    told = "this needs the package sigstore, which is not installed"
    assert err == f"auditkit: {told}; {sys.executable} -m pip install 'sigstore>=4.5'\n"


def test_all_that_lack_are_installed_by_one_command():
    refused = {"papermill", "pandas", "matplotlib", "yaml"}
    command = ["audit", "practice:honest"]
    (status, _, err) = run_refusing(refused, {"it": command})["ended"]["it"]
    assert status == 2
    assert err.endswith(f"; {pip_command('pyyaml', 'matplotlib', 'pandas', 'papermill')}\n")


@pytest.mark.gate
def test_a_lacking_package_is_told_in_json_too():
    (status, out, _) = run_refusing({"cbor2"}, {"it": ["check", "practice:honest", "--json"]})["ended"]["it"]
    assert status == 2
    assert json.loads(out)["error"] == {
        "what": "this needs the package cbor2, which is not installed",
        "where": "",
        "hint": pip_command("cbor2"),
    }


def test_a_lack_that_only_the_kernel_would_meet_is_found_before_it_starts(monkeypatch, tmp_path):
    """pandas is loaded by the notebook, in a process of its own."""
    from auditkit.notebook import runner

    monkeypatch.setattr(dependencies, "find_spec", lambda name: None if name == "pandas" else object())
    with pytest.raises(MissingPackageError) as raised:
        runner.execute(ROOT / "notebooks" / "audit.ipynb", {}, tmp_path / "out.ipynb")
    assert raised.value.what == "this needs the package pandas, which is not installed"
    assert raised.value.hint == pip_command("pandas")
    assert list(tmp_path.iterdir()) == []


def test_a_batch_that_could_not_run_its_notebooks_starts_no_audit(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(dependencies, "find_spec", lambda name: None if name == "pandas" else object())
    out = tmp_path / "out"
    status, shown, err = in_process("batch", "practice:honest", "--out", out, capsys=capsys)
    assert (status, shown) == (2, "")
    assert (
        err == f"auditkit: this needs the package pandas, which is not installed; {pip_command('pandas')}\n"
    )
    assert not out.exists()


@pytest.mark.parametrize("name", ["auditkit.ic.nothing", "a_module_of_nobody", "", None])
def test_an_import_that_fails_for_another_reason_is_no_lacking_package(name):
    assert dependencies.missing_package(ModuleNotFoundError("no", name=name)) is None


def test_every_package_that_pyproject_names_is_known():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = {line.partition(">")[0].partition(";")[0].strip() for line in project["dependencies"]}
    assert set(dependencies.PACKAGES.values()) == named


def test_every_extra_is_installed_as_pyproject_asks_and_never_by_our_own_name():
    """The name auditkit in the public index of packages is another program."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert dict(dependencies.EXTRA_PACKAGES) == {"sigstore": "sigstore>=4.5"}
    assert "sigstore>=4.5" in extras["provenance"]
