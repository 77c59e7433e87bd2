"""Every notebook in the hands of a reader: run twice, edited, beside his own variables, and about audits that fail."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from cells_here import value_of
from conftest import ROOT
from IPython.core.formatters import DisplayFormatter

from auditkit.notebook import ending
from auditkit.pipeline import Parameters
from auditkit.practice import parameter_file

NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
AUDITING = [name for name in NOTEBOOKS if name not in {"overview", "tour"}]
READERS = "mine = 1\nevidence = []\nrows = {}\ndigest = 'x'\nreport = None\nstatus = 'mine'"
RECOVERIES = (
    "unexplained",
    "tampered-certificate",
    "missing-release",
    "no-such-proposal",
    "answer-without-request",
)
ELECTIONS = ("election-one-wrong", "election-no-url", "election-unelects-only", "tampered-certificate")


@cache
def cells_of(name: str) -> tuple[str, ...]:
    notebook = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text())
    return tuple("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code")


@cache
def last_of(name: str) -> dict:
    return json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text())["cells"][-1]


def injected(scenario: str) -> str:
    """The cell that papermill would put behind the ``parameters`` cell."""
    values = Parameters.from_file(parameter_file(scenario), ("output_dir=report",), {}).to_plain()
    return "\n".join(["# Parameters", *(f"{name} = {value!r}" for name, value in values.items())])


class Kernel:
    """Runs cells one after the other as Jupyter does, keeps them in ``In``, and shows what each gives."""

    def __init__(self) -> None:
        self.names: dict[str, object] = {"__name__": "__main__", "In": [""]}
        self._format = DisplayFormatter().format

    def run(self, *cells: str) -> list[dict[str, str]]:
        shown = []
        for cell in cells:
            self.names["In"].append(cell)
            value = value_of(cell, self.names)
            shown.append({} if value is None else self._format(value)[0])
        return shown


@pytest.fixture
def kernel(tmp_path, monkeypatch) -> Kernel:
    """A kernel that a person looks at, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ending, "shell_of_a_person", object)
    return Kernel()


@pytest.mark.slow
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_twice_and_beside_variables_of_the_reader(name, kernel):
    first = kernel.run(READERS, *cells_of(name))[1:]
    second = kernel.run(READERS, *cells_of(name))[1:]
    assert [sorted(shown) for shown in first] == [sorted(shown) for shown in second]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "scenario"),
    [(name, scenario) for name in AUDITING for scenario in (ELECTIONS if name == "election" else RECOVERIES)],
)
def test_no_cell_raises_about_an_audit_that_does_not_pass(name, scenario, kernel):
    parameters, *others = cells_of(name)
    shown = kernel.run(parameters, injected(scenario), *others)
    assert any("What now:" in "".join(data.get("text/html", "")) for data in shown) or name in {
        "recovery_image",
        "attestation",
        "base_image",
        "build",
        "measurements",
        "proposal",
    }
    if name in {"audit", "election"}:
        assert 'role="alert"' in shown[-1]["text/html"]


@pytest.mark.parametrize("name", AUDITING)
def test_a_line_that_is_taken_out_of_the_parameters_cell_is_gone(name, kernel):
    """As when a reader goes on from the practice network to mainnet, in the same kernel."""
    parameters = cells_of(name)[0]
    ask = "from auditkit import Audit\nAudit.from_notebook(globals()).parameters"
    kernel.run(parameters, "mine = 1")
    practice = value_of(ask, kernel.names)
    mainnet = "\n".join(line for line in parameters.splitlines() if '"practice' not in line)
    kernel.run(mainnet)
    chosen = value_of(ask, kernel.names)
    assert (practice.root_key, chosen.root_key) == ("practice", "mainnet")
    assert chosen.proposal_source == "https://icp-api.io"
    assert chosen.proposal_id == practice.proposal_id


@pytest.mark.parametrize("name", AUDITING)
def test_the_parameters_cell_is_short_and_says_what_each_line_is_for(name):
    lines = [line for line in cells_of(name)[0].splitlines() if line and not line.startswith("#")]
    assert len(lines) <= 10
    assert all("  # " in line for line in lines)


def test_each_notebook_ends_with_a_link_to_the_next_and_they_make_one_round():
    after = {}
    for name in NOTEBOOKS:
        cell = last_of(name)
        assert cell["metadata"]["tags"] == ["next"]
        (line,) = cell["source"]
        assert line.count("](") == 1
        after[name] = line.split("](")[1].removesuffix(".ipynb)")
    seen = ["tour"]
    while len(seen) < len(NOTEBOOKS):
        seen.append(after[seen[-1]])
    assert sorted(seen) == NOTEBOOKS
    assert after[seen[-1]] == "tour"


@pytest.mark.slow
def test_the_tour_shows_what_it_says(kernel):
    shown = [data.get("text/plain", "") for data in kernel.run(*cells_of("tour"))]
    verdicts = [text.split(":")[0] for text in shown if text.startswith(("PASS", "FAIL"))]
    assert verdicts == ["PASS (practice network)", "FAIL (practice network)", "FAIL (practice network)"]
    assert kernel.names["forged"].document.deciding.decision == "certificate.signature"
    captions = [
        kernel.run(f"views.signatures({name}).to_html()")[0]["text/plain"] for name in ("signed.verify()",)
    ]
    assert "NOT AUTHENTIC" in captions[0]
    honest, forged = (kernel.names[name].proposal.certificate for name in ("honest", "forged"))
    assert honest.signature == forged.signature
    assert honest.tree != forged.tree


def test_what_is_recomputed_by_hand_is_the_measurement(kernel):
    kernel.run(*cells_of("measurements"))
    computed = kernel.names["audit"].measurements.computed[0]
    assert kernel.names["by_hand"] == computed.measurement


def test_nothing_of_the_notebooks_loads_papermill():
    """A kernel that shows an audit has to start soon, and runs no notebooks itself."""
    import subprocess
    import sys

    asked = (
        "import sys; from auditkit.notebook import end_notebook, figures, lessons, views; "
        "print([name for name in ('papermill', 'nbclient', 'nbformat') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_the_folder_of_a_signed_lesson_goes_with_it():
    from auditkit import Audit
    from auditkit.notebook import lessons

    signed = lessons.sign_for_once(Audit.named("practice:honest"))
    folder = signed.folder
    assert signed.verify().authentic
    assert Path(folder, "report.html").is_file()
    del signed
    assert not folder.exists()


def test_the_notebook_of_the_build_builds_and_says_from_what(kernel, program):
    for name in ("mke2fs", "debugfs"):
        program(name)
    kernel.run(*cells_of("build"))
    built = kernel.names["built"]
    assert {one.outcome for one in built.decisions} <= {"pass", "skip", "warn"}
    said = json.loads(built.statement)["predicate"]["buildDefinition"]
    assert said["externalParameters"]["proposalId"] == 900021
    assert [one["name"] for one in said["resolvedDependencies"]] == [
        "base", "proposal", "proposal.request", "root",
    ]  # fmt: skip


def test_what_is_not_blessed_is_not_built_in_the_notebook(kernel, program):
    for name in ("mke2fs", "debugfs"):
        program(name)
    parameters, *others = cells_of("build")
    kernel.run(parameters, injected("recovery-wrong-root"), *others)
    built = kernel.names["built"]
    assert [one.id for one in built.decisions if one.outcome == "fail"] == ["recovery.root-hash"]
    assert built.statement == ""
