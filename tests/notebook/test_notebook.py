"""What papermill would let pass: the runner must not. Each case is a changed copy of the real notebook."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cells import code
from conftest import ROOT

from auditkit.errors import ParameterError, SourceError
from auditkit.notebook import require_parameters, run_audit
from auditkit.notebook import run as runner
from auditkit.pipeline import Parameters, notebook_path


@pytest.fixture
def notebook():
    return json.loads(notebook_path("audit").read_text())


def parameters(tmp_path: Path, scenario: str = "honest") -> Parameters:
    params = ROOT / "params" / "practice" / f"{scenario}.yaml"
    return Parameters.from_file(params, (f"output_dir={tmp_path / 'report'}",), {})


class Labels:
    def __init__(self) -> None:
        self.seen: set[str] = set()

    def step(self, label: str) -> None:
        self.seen.add(label)

    def bytes_done(self, label: str, done: int, total: int | None) -> None:
        self.seen.add(label)


def run_changed(notebook, tmp_path, monkeypatch, scenario: str = "honest"):
    path = tmp_path / "audit.ipynb"
    path.write_text(json.dumps(notebook))
    monkeypatch.setattr(runner, "notebook_path", lambda name: path)
    return run_audit(parameters(tmp_path, scenario))


def test_the_real_notebook_runs_and_every_cell_is_told(tmp_path):
    progress = Labels()
    document = run_audit(parameters(tmp_path), progress)
    assert document.verdict == "PASS"
    executed = json.loads((tmp_path / "report" / "audit.ipynb").read_text())
    cells = len(executed["cells"])
    assert f"running the notebook (cell {cells} of {cells})" in progress.seen
    noted = executed["metadata"]["papermill"]
    assert (noted["input_path"], noted["output_path"]) == ("audit.ipynb", "audit.ipynb")


@pytest.mark.parametrize(
    "source",
    [
        "import os; os.kill(os.getpid(), 9)",
        "import sys; sys.exit(0)",
        "raise ValueError('broken')",
    ],
    ids=["killed", "exit", "raises"],
)
def test_a_notebook_that_stops_half_way_is_trouble_and_leaves_no_report(
    source, notebook, tmp_path, monkeypatch
):
    notebook["cells"].insert(8, code(source))
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "audit.json").write_text("{}")
    with pytest.raises(SourceError):
        run_changed(notebook, tmp_path, monkeypatch)
    assert not (tmp_path / "report" / "audit.json").exists()


def test_a_failed_audit_whose_last_cell_does_not_raise_is_trouble(notebook, tmp_path, monkeypatch):
    del notebook["cells"][-1]
    with pytest.raises(SourceError, match="disagree"):
        run_changed(notebook, tmp_path, monkeypatch, "unexplained")
    assert not (tmp_path / "report" / "audit.json").exists()


def test_a_good_audit_whose_last_cell_raises_is_trouble(notebook, tmp_path, monkeypatch):
    notebook["cells"].append(code("raise ValueError('late')"))
    with pytest.raises(SourceError, match="disagree"):
        run_changed(notebook, tmp_path, monkeypatch)
    assert not (tmp_path / "report" / "audit.json").exists()


def test_a_notebook_whose_cell_overrides_the_parameters_is_refused(notebook, tmp_path):
    for cell in notebook["cells"]:
        cell["metadata"].pop("tags", None)
    path = tmp_path / "untagged.ipynb"
    path.write_text(json.dumps(notebook))
    with pytest.raises(ParameterError, match="parameters cell"):
        require_parameters(path)
