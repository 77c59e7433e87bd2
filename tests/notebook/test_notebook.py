"""What papermill would let pass: the runner must not. Each case is a changed copy of a small notebook that audits."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cells import code, small_audit
from conftest import ROOT

from auditkit.atomic import staged_for
from auditkit.errors import ParameterError, SourceError
from auditkit.notebook import require_parameters, run_audit
from auditkit.notebook import run as runner
from auditkit.notebook.runner import execute
from auditkit.packaged import notebook_path
from auditkit.pipeline import Parameters
from auditkit.report import only_writer, writer


@pytest.fixture
def notebook():
    return small_audit()


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


def test_the_real_notebook_runs_and_every_cell_is_told(tmp_path, no_kernel):
    progress = Labels()
    document = run_audit(parameters(tmp_path), progress)
    assert document.verdict == "PASS"
    executed = json.loads((tmp_path / "report" / "audit.ipynb").read_text())
    cells = len(executed["cells"]) + 1  # the link to the next notebook does not travel with a report
    assert f"running the notebook (cell {cells} of {cells})" in progress.seen
    noted = executed["metadata"]["papermill"]
    assert (noted["input_path"], noted["output_path"]) == ("audit.ipynb", "audit.ipynb")
    assert not [cell for cell in executed["cells"] if "next" in cell["metadata"].get("tags", ())]


def test_an_executed_notebook_shows_its_parameters_once(notebook, tmp_path, monkeypatch, no_kernel):
    """Those that were injected; the values that were not used are folded away."""
    run_changed(notebook, tmp_path, monkeypatch)
    executed = json.loads((tmp_path / "report" / "audit.ipynb").read_text())
    folded = {
        tag: cell["metadata"].get("jupyter", {}).get("source_hidden", False)
        for cell in executed["cells"]
        for tag in cell["metadata"].get("tags", ())
    }
    assert folded == {"parameters": True, "injected-parameters": False}


def test_a_fail_stands_in_a_box_before_the_error_of_one_line(notebook, tmp_path, monkeypatch):
    notebook["cells"][-1] = next(
        cell
        for cell in json.loads(notebook_path("audit").read_text())["cells"]
        if "end_notebook(" in "".join(cell["source"])
    )
    document = run_changed(notebook, tmp_path, monkeypatch, "unexplained")
    assert document.verdict == "FAIL"
    executed = json.loads((tmp_path / "report" / "audit.ipynb").read_text())
    box, error = executed["cells"][-1]["outputs"]
    html = "".join(box["data"]["text/html"])
    assert 'role="alert"' in html
    assert "FAIL (practice network)" in html
    assert "What now:" in html
    assert error["ename"] == "AuditFailedError"
    (line,) = error["traceback"]
    assert line.startswith("AuditFailedError: ")
    assert "\n" not in line


def test_papermill_says_nothing_about_names_that_the_parameters_cell_does_not_show(
    notebook, tmp_path, monkeypatch, no_kernel, caplog
):
    assert run_changed(notebook, tmp_path, monkeypatch).verdict == "PASS"
    assert "unknown parameter" not in caplog.text


def run_to_its_trouble(notebook, tmp_path, monkeypatch, told: str) -> None:
    """Over an older report, which is gone then."""
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "audit.json").write_text(
        '{"schema": "auditkit/audit-report/v1", "verdict": "PASS"'
    )
    with pytest.raises(SourceError, match=told):
        run_changed(notebook, tmp_path, monkeypatch)
    assert not (tmp_path / "report" / "audit.json").exists()


def test_a_notebook_that_ends_its_kernel_half_way_is_trouble_and_leaves_no_report(
    notebook, tmp_path, monkeypatch
):
    notebook["cells"].insert(2, code("import sys; sys.exit(0)"))
    run_to_its_trouble(notebook, tmp_path, monkeypatch, "the notebook wrote no report")


def test_a_notebook_that_raises_half_way_is_trouble_and_leaves_no_report(
    notebook, tmp_path, monkeypatch, no_kernel
):
    notebook["cells"].insert(2, code("raise ValueError('broken')"))
    run_to_its_trouble(notebook, tmp_path, monkeypatch, "broken")


@pytest.mark.gate
def test_an_executed_notebook_shows_how_far_it_came_before_its_kernel_died(notebook, tmp_path, monkeypatch):
    notebook["cells"].insert(1, code("print('so far')"))
    notebook["cells"].insert(2, {**code("import os; os.kill(os.getpid(), 9)"), "id": "kills"})
    run_to_its_trouble(notebook, tmp_path, monkeypatch, "the notebook's kernel died")
    executed = json.loads((tmp_path / "report" / "audit.ipynb").read_text())
    shown = ["".join(output["text"]) for cell in executed["cells"] for output in cell.get("outputs", ())]
    assert shown == ["so far\n"]


def test_a_failed_audit_whose_last_cell_does_not_raise_is_trouble(notebook, tmp_path, monkeypatch, no_kernel):
    del notebook["cells"][-1]
    with pytest.raises(SourceError, match="disagree"):
        run_changed(notebook, tmp_path, monkeypatch, "unexplained")
    assert not (tmp_path / "report" / "audit.json").exists()


def test_a_good_audit_whose_last_cell_raises_is_trouble(notebook, tmp_path, monkeypatch, no_kernel):
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


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("proposal_id = 1\nbase_version = 'auto'\npolcy = 'overlap'", "correct these: polcy"),
        ("proposal_id = 1\npolicy = 'overlap'", "correct these: base_version"),
    ],
    ids=["a-name-that-is-none", "what-every-such-cell-takes-is-missing"],
)
def test_a_parameters_cell_of_other_names_is_refused(source, told, notebook, tmp_path):
    notebook["cells"][0]["source"] = [source]
    path = tmp_path / "audit.ipynb"
    path.write_text(json.dumps(notebook))
    with pytest.raises(ParameterError, match=told):
        require_parameters(path)


def test_a_parameters_cell_takes_as_few_names_as_it_likes(notebook, tmp_path):
    notebook["cells"][0]["source"] = ["proposal_id = 1\nbase_version = 'auto'"]
    path = tmp_path / "audit.ipynb"
    path.write_text(json.dumps(notebook))
    require_parameters(path)


LOOK = """
import os, pathlib
out = pathlib.Path(audit.parameters.output_dir)
(out.parent / "seen").write_text("\\n".join(sorted(os.listdir(out))))
"""


def test_audit_json_gets_its_name_after_the_executed_notebook(notebook, tmp_path, monkeypatch, no_kernel):
    """Behind the cell that writes the report, and until papermill is done, it only has a staging name."""
    monkeypatch.chdir(tmp_path)
    notebook["cells"].insert(-1, code(LOOK))
    order = []
    real = runner.finish_report_folder
    monkeypatch.setattr(
        runner,
        "finish_report_folder",
        lambda folder, held: (
            order.append(sorted(path.name for path in folder.iterdir())),
            real(folder, held),
        ),
    )
    assert run_changed(notebook, tmp_path, monkeypatch).verdict == "PASS"
    held, *others = (tmp_path / "seen").read_text().splitlines()
    assert staged_for(held) == "audit.json"
    assert others == ["evidence", "report.html", "report.md"]
    assert order == [[held, "audit.ipynb", *others]]
    names = {"audit.ipynb", "audit.json", "evidence", "report.html", "report.md"}
    assert {path.name for path in (tmp_path / "report").iterdir()} == names


@pytest.mark.gate
def test_an_audit_that_is_killed_behind_its_report_leaves_nothing_that_looks_finished(
    notebook, tmp_path, no_kernel
):
    path = tmp_path / "small.ipynb"
    path.write_text(json.dumps(notebook))
    script = f"""
import os, signal, sys
from pathlib import Path
sys.path.append({str(ROOT / "tests")!r})
import pytest
from auditkit.notebook import run, run_audit
from cells_here import run_notebooks_here
run_notebooks_here(pytest.MonkeyPatch())
run.notebook_path = lambda name: Path({str(path)!r})
from auditkit.pipeline import Parameters
run.finish_report_folder = lambda folder, held: os.kill(os.getpid(), signal.SIGKILL)
run_audit(Parameters.from_file(Path({str(ROOT / "params" / "practice" / "honest.yaml")!r}),
          ["output_dir=" + {str(tmp_path / "report")!r}], {{}}))
"""
    done = subprocess.run([sys.executable, "-c", script], check=False, timeout=120)
    assert done.returncode == -9
    left = {path.name for path in (tmp_path / "report").iterdir()}
    assert {"audit.ipynb", "evidence", "report.html", "report.md"} < left
    assert "audit.json" not in left
    assert run_audit(parameters(tmp_path)).verdict == "PASS"
    names = {"audit.ipynb", "audit.json", "evidence", "report.html", "report.md"}
    assert {path.name for path in (tmp_path / "report").iterdir()} == names


def test_a_notebook_that_is_run_by_hand_writes_a_whole_report(tmp_path, monkeypatch, no_kernel):
    monkeypatch.chdir(tmp_path)
    assert (
        execute(notebook_path("audit"), parameters(tmp_path).to_plain(), tmp_path / "executed.ipynb") is None
    )
    names = {"audit.json", "evidence", "report.html", "report.md"}
    assert {entry.name for entry in (tmp_path / "report").iterdir()} == names


def test_a_run_that_never_started_leaves_the_notebook_of_another_run_alone(notebook, tmp_path, monkeypatch):
    from auditkit.notebook.runner import run_notebook

    path, out = tmp_path / "notebook.ipynb", tmp_path / "executed.ipynb"
    path.write_text(json.dumps(notebook))
    before = json.dumps({**notebook, "metadata": {"papermill": {"parameters": {"proposal_id": 1}}}})
    out.write_text(before)

    def no_kernel(*_: object, **__: object) -> None:
        raise RuntimeError("no kernel")

    monkeypatch.setattr("auditkit.notebook.execution.execute_notebook", no_kernel)
    with pytest.raises(SourceError, match="no kernel"):
        run_notebook(path, parameters(tmp_path), out)
    assert out.read_text() == before


def test_a_second_audit_of_a_folder_is_told_and_the_first_goes_on(tmp_path, monkeypatch):
    folder = tmp_path / "report"
    with only_writer(folder):
        monkeypatch.setattr(writer, "WAIT_SECONDS", 0)
        with pytest.raises(SourceError, match="another audit writes to this folder"):
            run_audit(parameters(tmp_path))
        assert list(folder.iterdir()) == []


def test_what_no_audit_wrote_is_not_replaced(tmp_path):
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / "audit.ipynb").write_bytes(notebook_path("audit").read_bytes())
    with pytest.raises(ParameterError, match="in the folder was not made by an audit"):
        run_audit(parameters(tmp_path))
    assert (folder / "audit.ipynb").read_bytes() == notebook_path("audit").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
