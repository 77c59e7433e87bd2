"""The scheduled job: its script and its workflow, without network, with stand-ins for Python and for auditkit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

WORKFLOW = ROOT / ".github" / "workflows" / "scheduled-audit.yml"
# Makes a "virtual environment" of itself; as its Python it installs nothing, as its auditkit it does as told.
STAND_IN = """#!/bin/bash
case "$*" in
*"-m venv"*)
  [ "$BROKEN" = venv ] && exit 1
  mkdir -p "${@: -1}/bin" && touch "${@: -1}/pyvenv.cfg"
  cp "$0" "${@: -1}/bin/python" && cp "$0" "${@: -1}/bin/auditkit" ;;
*"pip install"*) [ "$BROKEN" = pip ] && exit 1 ;;
audit*)
  printf '%s\\n' "$@" >"$SEEN"
  env >>"$SEEN"
  while [ "$1" != --out ]; do shift; done
  [ "$BROKEN" = start ] && exit 1
  mkdir -p "$2" && echo report >"$2/audit.json"
  [ "$BROKEN" = summary ] || echo "# summary $AUDIT_ENDS" >"$4"
  exit "$AUDIT_ENDS" ;;
esac
exit 0
"""


@pytest.fixture
def scheduled(tmp_path):
    """A function that runs ci/audit.sh in a copy of its own, with variables, and gives what it did."""
    (tmp_path / "checkout" / "ci").mkdir(parents=True)
    script = Path(shutil.copy(ROOT / "ci" / "audit.sh", tmp_path / "checkout" / "ci"))
    python = tmp_path / "python"
    python.write_text(STAND_IN)
    python.chmod(0o755)

    def run(ends: int, *arguments: str, redirection: str = "", **variables: str):
        given = arguments or ("params/x.yaml", str(tmp_path / "report"))
        environment = {name: value for name, value in os.environ.items() if name != "GITHUB_STEP_SUMMARY"}
        return subprocess.run(
            ["bash", "-c", f'exec bash "$@" {redirection}', "bash", script, *given],
            env={
                **environment,
                "PYTHON": str(python),
                "SEEN": str(tmp_path / "seen"),
                "AUDIT_ENDS": str(ends),
                "BROKEN": "",
                **variables,
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.mark.parametrize(("ends", "status"), [(0, 0), (1, 1), (2, 2), (137, 2), (255, 2)])
def test_the_script_ends_as_the_audit_did_and_says_so_last(ends, status, scheduled):
    done = scheduled(ends)
    assert done.returncode == status
    word = {0: "PASS", 1: "FAIL", 2: "TROUBLE"}[status]
    assert (done.stdout + done.stderr).splitlines()[-1].startswith(f"scheduled audit: {word}")


@pytest.mark.parametrize("broken", ["venv", "pip", "start"])
def test_what_goes_wrong_before_the_audit_is_no_fail(broken, scheduled):
    """A shell that stops at an error ends with 1, and so does a Python that cannot import: that would say FAIL."""
    done = scheduled(1, BROKEN=broken)
    assert done.returncode == 2
    assert "TROUBLE" in done.stderr


def test_a_program_that_cannot_start_is_no_fail_although_an_old_report_is_there(scheduled, tmp_path):
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "audit.json").write_text("old")
    os.utime(tmp_path / "report" / "audit.json", (0, 0))
    assert scheduled(1, BROKEN="start").returncode == 2


@pytest.mark.parametrize("out", ["report", "report/", "a folder/report"])
def test_the_summary_stands_beside_the_report(out, scheduled, tmp_path):
    done = scheduled(0, "params/x.yaml", f"{tmp_path}/{out}")
    assert done.returncode == 0, done.stderr
    folder = tmp_path / out
    assert [path.name for path in folder.iterdir()] == ["audit.json"]
    assert folder.with_name("report.summary.md").read_text() == "# summary 0\n"


@pytest.mark.parametrize("broken", ["venv", "pip", "start", "summary"])
def test_no_summary_of_an_earlier_run_is_left(broken, scheduled, tmp_path):
    job = tmp_path / "job.md"
    job.write_text("before\n")
    assert scheduled(0).returncode == 0
    assert scheduled(2, BROKEN=broken, GITHUB_STEP_SUMMARY=str(job)).returncode == 2
    assert not (tmp_path / "report.summary.md").exists()
    assert job.read_text() == "before\n"


def test_the_summary_is_added_to_that_of_the_job(scheduled, tmp_path):
    job = tmp_path / "job.md"
    job.write_text("before\n")
    scheduled(1, GITHUB_STEP_SUMMARY=str(job))
    assert job.read_text() == "before\n# summary 1\n"


@pytest.mark.parametrize(("ends", "status"), [(0, 2), (1, 1), (2, 2)])
def test_a_job_summary_that_takes_nothing_hides_no_fail(ends, status, scheduled):
    done = scheduled(ends, GITHUB_STEP_SUMMARY="/dev/full")
    assert done.returncode == status
    assert "job summary could not be written" in done.stderr


def test_parameters_reach_the_audit_as_they_were_given(scheduled, tmp_path):
    scheduled(0, "-odd.yaml", str(tmp_path / "report"), "proposal_id=1", "base_version=a b")
    seen = (tmp_path / "seen").read_text().splitlines()
    given = seen[: seen.index("-odd.yaml") + 1]
    assert given[:1] == ["audit"]
    assert given[-6:] == ["-p", "proposal_id=1", "-p", "base_version=a b", "--", "-odd.yaml"]


def test_python_takes_nothing_from_the_checkout_or_the_environment(scheduled, tmp_path):
    scheduled(0, PYTHONPATH="/planted", PYTHONHOME="/planted", PYTHONSTARTUP="/planted")
    seen = (tmp_path / "seen").read_text()
    assert "PYTHONSAFEPATH=1" in seen
    assert "/planted" not in seen


@pytest.mark.slow
@pytest.mark.parametrize(
    "pip", [pytest.param(True, marks=pytest.mark.thorough), False], ids=["with-pip", "without-pip"]
)
def test_files_planted_in_the_checkout_are_not_run(tmp_path, monkeypatch, pip):
    """With Python itself as far as the network is not needed: a virtual environment is made, pip starts."""
    if not pip:  # most of the seconds are those that pip takes to be put there
        python = tmp_path / "python"
        python.write_text(f"""#!/bin/bash
case "$*" in
*"-m venv"*) exec {sys.executable} "${{@:1:$#-1}}" --without-pip "${{@: -1}}" ;;
esac
exec {sys.executable} "$@"
""")
        python.chmod(0o755)
        monkeypatch.setenv("PYTHON", str(python))
    checkout = tmp_path / "checkout"
    (checkout / "ci").mkdir(parents=True)
    script = shutil.copy(ROOT / "ci" / "audit.sh", checkout / "ci")
    for name in ("venv", "ensurepip", "pip", "sitecustomize", "argparse", "logging"):
        (checkout / f"{name}.py").write_text(f"open({str(tmp_path / 'planted')!r}, 'a').write({name!r})\n")
    monkeypatch.setenv("PYTHONPATH", str(checkout))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    done = subprocess.run(
        ["bash", script, "params/x.yaml", tmp_path / "report"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 2
    assert "auditkit could not be installed" in done.stderr
    assert not (tmp_path / "planted").exists(), (tmp_path / "planted").read_text()


def workflow() -> dict:
    return yaml.safe_load(WORKFLOW.read_text())


def test_without_a_proposal_the_scheduled_job_is_skipped():
    (job,) = workflow()["jobs"].values()
    assert job["if"] == "github.event_name != 'schedule' || vars.ALTERNATIVE_GUESTOS_PROPOSAL_ID != ''"


@pytest.mark.parametrize(("proposal", "status", "asked"), [("", "2", None), ("139000", "0", "mainnet")])
def test_a_job_without_a_number_audits_nothing_and_is_trouble(proposal, status, asked, tmp_path):
    """The step itself, with a stand-in for ci/audit.sh that passes whatever it is asked."""
    (tmp_path / "ci").mkdir()
    script = tmp_path / "ci" / "audit.sh"
    script.write_text('#!/bin/bash\necho "$@" >asked\n')
    script.chmod(0o755)
    (job,) = workflow()["jobs"].values()
    (step,) = [step for step in job["steps"] if step.get("id") == "audit"]
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=tmp_path,
        env={
            **os.environ,
            "ALTERNATIVE_GUESTOS_PROPOSAL_ID": proposal,
            "GITHUB_OUTPUT": str(tmp_path / "output"),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "output").read_text() == f"status={status}\n"
    if asked is None:
        assert not (tmp_path / "asked").exists()
    else:
        assert asked in (tmp_path / "asked").read_text()


def test_no_workflow_audits_the_practice_network_on_schedule():
    assert "practice" not in WORKFLOW.read_text()
