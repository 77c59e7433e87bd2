"""The environment, the notebooks as committed, and the wheel alone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

from auditkit.notebook import require_parameters
from auditkit.packaged import notebook_path
from auditkit.pipeline import Parameters

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
AUDITING = [path for path in NOTEBOOKS if path.stem not in {"overview", "tour"}]


def requirement(line: str) -> tuple[str, str]:
    name, specifier = re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[\w+\])?\s*([^;]*?)\s*(?:;.*)?", line).groups()
    return name.lower(), specifier


def test_environment_yml_and_pyproject_name_the_same_dependencies():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = dict(map(requirement, project["dependencies"]))
    wanted |= dict(map(requirement, project["optional-dependencies"]["lab"]))
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    pip = next(entry for entry in environment if isinstance(entry, dict))["pip"]
    listed = dict(requirement(entry) for entry in environment if isinstance(entry, str) and entry != "pip")
    listed |= dict(requirement(entry) for entry in pip if not entry.startswith("--editable"))
    assert listed.pop("python") == project["requires-python"]
    assert listed == wanted
    assert "--editable ." in pip


def test_the_notebooks_of_the_contract_are_there():
    assert {path.stem for path in NOTEBOOKS} >= {
        "audit",
        "proposal",
        "base_image",
        "measurements",
        "overview",
    }


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_committed_stripped(path):
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None
    assert notebook_path(path.stem) == path


@pytest.mark.parametrize("path", AUDITING, ids=lambda path: path.stem)
def test_notebooks_that_audit_take_parameters_and_no_other_names(path):
    require_parameters(path)


@pytest.mark.parametrize("path", AUDITING, ids=lambda path: path.stem)
def test_notebooks_default_to_an_honest_practice_audit(path):
    notebook = json.loads(path.read_text())
    (cell,) = [c for c in notebook["cells"] if "parameters" in c["metadata"].get("tags", [])]
    namespace: dict[str, object] = {}
    exec("".join(cell["source"]), namespace)
    namespace.pop("__builtins__")
    defaults = Parameters.from_notebook(namespace)
    own = {
        "recovery_image": "recovery-honest",
        "build": "recovery-honest",
        "attestation": "node-honest",
        "election": "election-honest",
    }
    scenario = own.get(path.stem, "honest")
    assert defaults == Parameters.from_file(ROOT / "params" / "practice" / f"{scenario}.yaml", (), {})


@pytest.mark.gate
@pytest.mark.slow
@pytest.mark.parametrize(
    "dependencies",
    [pytest.param("installed", marks=pytest.mark.thorough), "borrowed"],
)
def test_the_wheel_alone_audits_and_checks_from_any_folder(tmp_path, dependencies):
    """Installed into a fresh virtual environment, away from the checkout: notebooks and practice data travel.

    What it depends on is installed by name, as for a user, or borrowed from this environment, in less than a minute.
    """
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path, ROOT]
    subprocess.run(build, check=True, timeout=300)
    (wheel,) = tmp_path.glob("auditkit-*.whl")
    assert wheel.stat().st_size < 4_000_000
    home = tmp_path / "home"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True, timeout=120)
    pip = [sys.executable, "-m", "pip", "--python", home / "bin" / "python", "install", "--quiet"]
    alone = ["--no-deps"] if dependencies == "borrowed" else []
    subprocess.run([*pip, *alone, wheel], check=True, timeout=600)
    if dependencies == "borrowed":
        # Behind the wheel's own packages; the path file of the checkout that lies there is not looked at.
        (site_packages,) = (home / "lib").glob("python*/site-packages")
        (site_packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    elsewhere = tmp_path / "a folder"
    elsewhere.mkdir()

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [home / "bin" / "auditkit", *arguments]
        return subprocess.run(
            command, cwd=elsewhere, capture_output=True, text=True, timeout=300, check=False
        )

    done = run("audit", "practice:honest", "--out", "report")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith("PASS")
    assert {path.name for path in (elsewhere / "report").iterdir()} >= {
        "audit.json",
        "audit.ipynb",
        "report.html",
        "report.md",
        "evidence",
    }
    checked = run("check", "practice:unexplained", "--json")
    assert checked.returncode == 1, checked.stderr
    assert json.loads(checked.stdout)["verdict"] == "FAIL"
    location = subprocess.run(
        [home / "bin" / "python", "-c", "import auditkit; print(auditkit.__file__)"],
        cwd=elsewhere,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(location.stdout.strip()).is_relative_to(home)
