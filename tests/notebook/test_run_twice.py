"""Notebooks in the hands of a reader: run again, with variables of his own, by a program; in real kernels."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import nbformat
import papermill
import pytest
from cells import small_audit
from cells_here import value_of
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from auditkit.errors import ParameterError
from auditkit.packaged import notebook_path
from auditkit.pipeline import Parameters
from auditkit.practice import parameter_file

SESSION = "JPY_SESSION_NAME"
PARAMETERS = "\n".join(
    f"{name} = {value!r}"
    for name, value in Parameters.from_file(parameter_file("honest"), (), {}).to_plain().items()
)
WITHOUT_POLICY = "\n".join(line for line in PARAMETERS.splitlines() if not line.startswith("policy"))
ASK = "from auditkit.pipeline import Parameters\nParameters.from_notebook(globals()).policy"


@pytest.fixture
def ran():
    """Runs cells in a kernel as JupyterLab or a program does; gives their outputs."""
    folder = Path(tempfile.mkdtemp(prefix="twice-"))

    def run(cells: list[str], **environment: str) -> list[list]:
        kept = {name: value for name, value in os.environ.items() if name != SESSION}
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        manager = AsyncKernelManager(transport="ipc", ip=str(folder / "kernel"))
        client = NotebookClient(notebook, km=manager, allow_errors=True)
        client.execute(env={**kept, **environment}, cleanup_kc=True, cwd=str(folder))
        return [cell.outputs for cell in client.nb.cells]

    yield run
    shutil.rmtree(folder)


def cells_of(scenario: str) -> list[str]:
    """The code of the audit notebook, with the parameters of a scenario behind them, as papermill injects them."""
    values = Parameters.from_file(parameter_file(scenario), ("output_dir=report",), {}).to_plain()
    injected = "\n".join(["# Parameters", *(f"{name} = {value!r}" for name, value in values.items())])
    notebook = json.loads(notebook_path("audit").read_text())
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return [cells[0], injected, *cells[1:]]


def told(outputs: list) -> str:
    """What a cell showed, or the error that it raised."""
    (output,) = outputs
    return output.get("evalue") or output["data"]["text/plain"]


def test_all_cells_run_a_second_time_and_a_fail_is_a_box_for_a_person(ran):
    """An honest audit's: `test_every_notebook.py`."""
    once = cells_of("unexplained")
    outputs = ran(once * 2, **{SESSION: "audit.ipynb"})
    assert not [output for cell in outputs for output in cell if output["output_type"] == "error"]
    for shown in (outputs[len(once) - 1], outputs[-1]):
        assert [output["output_type"] for output in shown] == ["execute_result"]
        html = shown[0]["data"]["text/html"]
        for words in (
            "FAIL",
            "overlap.explained",
            "What now:",
            "Ask the proposer what bb00bc4ccc2e0075… is.",
        ):
            assert words in html


CASES = pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([PARAMETERS, "mine = 1", ASK], "'strict'"),
        (["mine = 1\nevidence = []", PARAMETERS, ASK, "rows = [1]", PARAMETERS, ASK], "'strict'"),
        ([PARAMETERS, ASK, PARAMETERS.replace("'strict'", "'overlap'"), ASK], "'overlap'"),
        ([PARAMETERS, ASK, "# Parameters\npolicy = 'overlap'", ASK], "'overlap'"),
        (
            [PARAMETERS, "# Parameters\npolcy = 'x'", ASK, PARAMETERS, "# Parameters\nstage = 'vote'", ASK],
            "'strict'",
        ),
        ([PARAMETERS + "\npolcy = 'overlap'", ASK, PARAMETERS, ASK], "'strict'"),
        ([PARAMETERS, "# Parameters\npolcy = 'overlap'", ASK], "no parameter called 'polcy'"),
        ([PARAMETERS + "\npolcy = 'overlap'", ASK], "no parameter called 'polcy'"),
        ([PARAMETERS, "policy = 'overlap'\npolcy = 1", ASK], "no parameter called 'polcy'"),
        ([PARAMETERS, "stage = b'vote'", ASK], "the parameter stage cannot be b'vote'"),
        ([PARAMETERS + "\nif True:\n    policy = 'overlap'", ASK], "'overlap'"),
        ([PARAMETERS + "\ntry:\n    policy = 'overlap'\nexcept KeyError:\n    pass", ASK], "'overlap'"),
        ([PARAMETERS + "\nfor policy in ('overlap',):\n    pass", ASK], "'overlap'"),
        ([PARAMETERS + "\nwith open('/dev/null') as stage:\n    pass", ASK], "the parameter stage cannot be"),
        ([PARAMETERS + "\nprint(policy := 'overlap')", ASK], "'overlap'"),
        ([PARAMETERS + "\n[policy := one for one in ('overlap',)]", ASK], "'overlap'"),
        (
            [PARAMETERS, "get_ipython().run_cell_magic('capture', '', 'policy = \"overlap\"')", ASK],
            "'overlap'",
        ),
        ([PARAMETERS, "get_ipython().run_cell_magic('bash', '', 'policy = 1')", ASK], "'strict'"),
        ([PARAMETERS + "\nfor mine in (1, 2):\n    pass", ASK], "'strict'"),
        ([PARAMETERS + "\ndef mine():\n    stage = 'vote'", ASK], "'strict'"),
        ([PARAMETERS + "\n[1 for chips_source in (2,)]", ASK], "'strict'"),
        ([PARAMETERS + "\nif not policy:\n    chips_source = 'registry'", ASK], "'strict'"),
        (["policy = 'overlap'", ASK], "the parameter proposal_id is missing"),
        ([PARAMETERS.replace("'strict'", "'overlap'"), ASK, WITHOUT_POLICY, ASK], "'strict'"),
        ([PARAMETERS, "# Parameters\npolicy = 'overlap'", ASK, WITHOUT_POLICY, ASK], "'strict'"),
        (["policy = 'overlap'", WITHOUT_POLICY, ASK], "'overlap'"),
        ([PARAMETERS, "policy = 'overlap'", ASK, WITHOUT_POLICY, ASK], "'overlap'"),
    ],
    ids=[
        "own-variable",
        "own-variables-and-again",
        "edited",
        "injected",
        "misspelt-then-right",
        "misspelt-in-the-cell-then-right",
        "misspelt",
        "misspelt-in-the-cell",
        "misspelt-beside-a-right-one",
        "of-another-type",
        "in-a-condition",
        "in-a-try",
        "in-a-loop",
        "by-with",
        "by-a-walrus",
        "by-a-walrus-in-a-list",
        "captured",
        "in-a-shell",
        "own-variable-of-a-loop",
        "own-variable-of-a-function",
        "variable-of-a-list",
        "in-a-branch-not-taken",
        "no-parameters-cell",
        "line-taken-out",
        "line-taken-out-and-not-injected-again",
        "set-above-by-the-reader",
        "set-between-by-the-reader",
    ],
)


@CASES
def test_parameters_are_what_the_cells_set(cells, expected):
    """IPython keeps the cells that ran in ``In``; nothing else of it is needed."""
    ran: list[str] = [""]
    names: dict[str, object] = {"In": ran}
    running = SimpleNamespace(run_cell_magic=lambda kind, _, cell: kind == "capture" and exec(cell, names))
    names["get_ipython"] = lambda: running
    shown = ""
    for cell in cells:
        ran.append(cell)
        try:
            shown = repr(value_of(cell, names))
        except ParameterError as error:
            shown = str(error)
    assert expected in shown


@pytest.mark.slow
@pytest.mark.thorough
@CASES
def test_parameters_are_what_the_cells_of_a_kernel_set(cells, expected, ran):
    assert expected in told(ran(cells)[-1])


def test_a_kernel_keeps_its_cells_too(ran):
    misspelt = "# Parameters\npolcy = 'x'"
    outputs = ran([PARAMETERS, "mine = 1", ASK, PARAMETERS, misspelt, ASK, PARAMETERS, "mine = 2", ASK])
    assert [told(outputs[place]) for place in (2, 5, 8)] == [
        "'strict'",
        "there is no parameter called 'polcy'; did you mean policy?",
        "'strict'",
    ]


@pytest.mark.gate
def test_papermill_with_a_misspelt_parameter_is_refused(tmp_path):
    (tmp_path / "small.ipynb").write_text(json.dumps(small_audit()))
    with pytest.raises(papermill.PapermillExecutionError, match="no parameter called 'polcy'"):
        papermill.execute_notebook(
            tmp_path / "small.ipynb",
            tmp_path / "out.ipynb",
            {"polcy": "overlap"},
            kernel_name="python3",
            progress_bar=False,
        )


def test_a_mistake_in_the_parameters_is_one_line_and_not_our_code(ran):
    """The cells behind it stop, as Jupyter stops them; none of our files is named."""
    (outputs,) = ran([PARAMETERS + "\npolcy = 'overlap'", ASK], **{SESSION: "audit.ipynb"})[1:]
    (error,) = outputs
    assert error["output_type"] == "error"
    assert error["traceback"] == [
        "ParameterError: there is no parameter called 'polcy'; did you mean policy?"
    ]


@pytest.mark.gate
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="it cannot be seen here")
def test_a_program_that_itself_runs_in_a_notebook_gets_the_error(tmp_path):
    """As with `!papermill` in a cell: the kernel that it starts inherits the notebook's name."""
    small, real = small_audit(), json.loads(notebook_path("audit").read_text())
    (last,) = [cell for cell in real["cells"] if "end_notebook(" in "".join(cell["source"])]
    small["cells"][-1] = last
    (tmp_path / "small.ipynb").write_text(json.dumps(small))
    (tmp_path / "run.py").write_text(
        "import papermill, sys\n"
        "papermill.execute_notebook(*sys.argv[1:], kernel_name='python3', progress_bar=False,\n"
        f"    parameters={Parameters.from_file(parameter_file('unexplained'), (), {}).to_plain()!r})"
    )
    command = [sys.executable, tmp_path / "run.py", tmp_path / "small.ipynb", tmp_path / "out.ipynb"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, SESSION: "driver.ipynb"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 1
    assert "AuditFailedError" in done.stderr
