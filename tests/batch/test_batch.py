"""Many audits: real processes on the practice network, some of them killed."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import jsonschema
import psutil
import pytest
from cells_here import run_notebooks_here
from commands import in_process
from conftest import ROOT, missing

from auditkit.batch import (
    AuditJob,
    BatchDocument,
    audit_process,
    batch_schema,
    local_workers,
    plan_batch,
    run_batch,
)
from auditkit.batch.workers import Workers
from auditkit.errors import ParameterError, SourceError
from auditkit.pipeline import Parameters
from auditkit.practice import parameter_file, scenarios
from auditkit.report import only_writer
from tests.batch import stand_in

SCHEMA = ROOT / "docs" / "schemas" / "batch-v1.json"
SAMPLE = ROOT / "reports" / "sample" / "audit.json"
HONEST, UNEXPLAINED, MISSING_RELEASE = (
    next(s for s in scenarios() if s.name == name) for name in ("honest", "unexplained", "missing-release")
)


REAL, STAND_IN = ("-m", "auditkit"), (str(Path(stand_in.__file__)),)
"""How a batch is started: as it is, with notebooks in kernels, or with audits that are done in no time."""


def command(*arguments: str | Path, audits: tuple[str, ...] = REAL) -> list[str]:
    return [sys.executable, *audits, "batch", *map(str, arguments)]


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """A function that starts a batch; what still runs when the test ends is killed."""
    started: list[subprocess.Popen[str]] = []

    def begin(
        *arguments: str | Path, audits: tuple[str, ...] = REAL, waits_for: Path | None = None
    ) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            command(*arguments, audits=audits),
            stdout=pipe,
            stderr=pipe,
            text=True,
            start_new_session=True,
            env={**os.environ, stand_in.WAITS_FOR: str(waits_for or "")},
            # what a shell starts in the background ignores it
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  (one thread)
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            for below in psutil.Process(process.pid).children(recursive=True):
                below.kill()
            process.kill()
        process.communicate()


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)


def is_kernel(process: psutil.Process) -> bool:
    try:
        return any(word.endswith("kernel_program.py") for word in process.cmdline())
    except psutil.Error:
        return False


def audit_below(pid: int, name: str) -> psutil.Process | None:
    """The process of the audit called ``name``, once its kernel has begun to run the notebook."""
    for process in psutil.Process(pid).children():
        try:
            words = process.cmdline()
        except psutil.Error:
            continue
        out = next((word.partition("=")[2] for word in words if word.startswith("output_dir=")), None)
        if out and Path(out).name == name and any(is_kernel(child) for child in process.children()):
            return process
    return None


def kill_audit(batch: subprocess.Popen[str], name: str) -> int:
    wait_for(lambda: audit_below(batch.pid, name))
    process = audit_below(batch.pid, name)
    assert process is not None
    process.kill()
    return process.pid


@pytest.fixture(scope="module")
def three(tmp_path_factory, warm) -> tuple[int, dict, Path]:
    """A batch of a good, a failing and a troubled audit, as JSON; nothing of it starts, and no notebook has a kernel.

    As users start it: `tests/notebook/test_foreign_code.py`.
    """
    from auditkit.cli import main

    out = tmp_path_factory.mktemp("batch") / "out"
    names = [f"practice:{s.name}" for s in (HONEST, UNEXPLAINED, MISSING_RELEASE)]
    started = AuditJob.command
    told, trouble = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(told),
        redirect_stderr(trouble),
    ):
        patch.setattr(AuditJob, "command", lambda job: [str(warm), *words_of(started(job))])
        run_notebooks_here(patch)
        out.mkdir()
        patch.chdir(out)  # as a kernel of the overview would be
        with pytest.raises(SystemExit) as ended:
            main(["batch", *names, "--out", str(out), "--workers", "2", "--json"])
    assert trouble.getvalue() == ""
    return ended.value.code, json.loads(told.getvalue()), out


def words_of(line: list[str]) -> list[str]:
    """What stands behind the program in the command of an audit."""
    return line[line.index("audit") :]


def test_one_fail_makes_the_batch_a_fail(three):
    status, told, _ = three
    assert (status, told["verdict"]) == (1, "FAIL")
    assert {entry["folder"]: entry["verdict"] for entry in told["audits"]} == {
        scenario.name: scenario.strict for scenario in (HONEST, UNEXPLAINED, MISSING_RELEASE)
    }
    by_name = {entry["folder"]: entry for entry in told["audits"]}
    assert by_name["unexplained"]["deciding"] == UNEXPLAINED.deciding_check
    assert by_name["unexplained"]["subject"]["proposal_id"] == UNEXPLAINED.proposal_id


def test_trouble_is_tried_once_more_and_a_fail_never(three):
    _, told, _ = three
    assert {entry["folder"]: entry["attempts"] for entry in told["audits"]} == {
        "honest": 1,
        "unexplained": 1,
        "missing-release": 2,
    }


def test_each_audit_has_a_whole_report_and_what_is_told_is_kept(three):
    _, told, out = three
    for entry in told["audits"]:
        kept = json.loads((out / entry["folder"] / "audit.json").read_text())
        assert kept["verdict"] == entry["verdict"]
        assert (out / entry["folder"] / "report.html").exists()
    assert json.loads((out / "batch.json").read_text()) == told


def test_the_overview_is_executed_and_tells_no_paths(three):
    _, _, out = three
    text = (out / "overview.ipynb").read_text()
    executed = json.loads(text)
    cells = [cell for cell in executed["cells"] if cell["cell_type"] == "code"]
    assert all(cell["execution_count"] for cell in cells)
    shown = "".join("".join(o["data"].get("text/html", "")) for c in cells for o in c["outputs"])
    for name in ("honest", "unexplained", "missing-release", "FAIL", "TROUBLE", "PASS"):
        assert name in shown
    assert str(out) not in text
    assert str(ROOT) not in text


def test_status_agrees_with_the_batch(three, capsys):
    from auditkit.cli import main

    _, _, out = three
    with pytest.raises(SystemExit) as ended:
        main(["status", str(out), "--json"])
    assert ended.value.code == 1
    subjects = json.loads(capsys.readouterr().out)["subjects"]
    assert {s["folder"]: s["verdict"] for s in subjects} == {
        "unexplained": "FAIL",
        "missing-release": "TROUBLE",
        "honest": "PASS",
    }


def test_batch_json_follows_its_published_schema_which_is_the_one_of_the_code(three):
    _, told, _ = three
    published = json.loads(SCHEMA.read_text())
    assert published == batch_schema()
    jsonschema.Draft202012Validator.check_schema(published)
    jsonschema.validate(told, published)
    for change in ({"verdict": "MAYBE"}, {"audits": []}, {"more": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**told, **change}, published)
    with pytest.raises(ValueError, match="does not follow"):
        BatchDocument.model_validate_json(json.dumps({**told, "verdict": "PASS"}))


def test_the_table_has_a_line_an_audit(monkeypatch, tmp_path, capsys):
    job_that_runs(monkeypatch, tmp_path, "(out / 'audit.json').write_text(sample)")
    monkeypatch.setattr("auditkit.notebook.write_overview", lambda out: out / "overview.ipynb")
    status, out, err = in_process("batch", "practice:honest", "--out", tmp_path / "out", capsys=capsys)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[1].startswith("PASS ")
    assert "900001" in lines[1]
    assert str(tmp_path / "out" / "honest") in lines[1]
    assert lines[-2].startswith("PASS (practice network): 1 audit, ")
    assert lines[-1] == str(tmp_path / "out" / "overview.ipynb")


in_every_way = pytest.mark.parametrize(
    "audits",
    [
        pytest.param(REAL, marks=[pytest.mark.slow, pytest.mark.thorough], id="real"),
        pytest.param(STAND_IN, id="stand-in"),
    ],
)


@in_every_way
def test_an_audit_that_is_killed_is_tried_again_and_the_others_are_not_touched(start, tmp_path, audits):
    out, go_on = tmp_path / "out", tmp_path / "go-on"
    names = ("practice:honest", "practice:unexplained")
    batch = start(*names, "--workers", "2", "--out", out, audits=audits, waits_for=go_on)
    kill_audit(batch, "honest")
    go_on.touch()
    _, err = batch.communicate(timeout=300)
    assert (batch.returncode, err) == (1, "")
    entries = json.loads((out / "batch.json").read_text())["audits"]
    assert [(e["verdict"], e["attempts"], e["exit_status"]) for e in entries] == [
        ("PASS", 2, 0),
        ("FAIL", 1, 1),
    ]


@in_every_way
def test_an_audit_that_is_killed_twice_is_trouble(start, tmp_path, audits):
    out = tmp_path / "out"
    batch = start("practice:honest", "--out", out, audits=audits, waits_for=tmp_path / "never")
    first = kill_audit(batch, "honest")
    wait_for(lambda: (found := audit_below(batch.pid, "honest")) and found.pid != first)
    kill_audit(batch, "honest")
    batch.communicate(timeout=300)
    assert batch.returncode == 2
    (entry,) = json.loads((out / "batch.json").read_text())["audits"]
    assert (entry["verdict"], entry["attempts"], entry["exit_status"]) == ("TROUBLE", 2, -signal.SIGKILL)
    assert "SIGKILL" in entry["reason"]
    assert not (out / "honest" / "audit.json").exists()


@pytest.mark.parametrize(
    ("audits", "number"),
    [
        pytest.param(REAL, signal.SIGINT, id="real-SIGINT", marks=pytest.mark.gate),
        pytest.param(STAND_IN, signal.SIGTERM, id="stand-in-SIGTERM"),
        pytest.param(REAL, signal.SIGTERM, id="real-SIGTERM", marks=pytest.mark.thorough),
    ],
)
def test_an_interrupted_batch_stops_its_audits_and_leaves_nothing_that_looks_finished(
    start, tmp_path, number, audits
):
    out = tmp_path / "out"
    shutil.copytree(SAMPLE.parent, out / "honest", ignore=shutil.ignore_patterns("report.intoto.jsonl"))
    names = ("practice:unexplained", "practice:honest")
    batch = start(*names, "--workers", "1", "--out", out, audits=audits, waits_for=tmp_path / "never")
    wait_for(lambda: audit_below(batch.pid, "unexplained"))
    below = psutil.Process(batch.pid).children(recursive=True)
    assert len(below) >= 2, "the audit and its kernel"
    batch.send_signal(number)
    _, err = batch.communicate(timeout=60)
    assert batch.returncode == 2
    assert err.splitlines()[-1] == "auditkit: interrupted"
    _, alive = psutil.wait_procs(below, timeout=10)
    assert alive == []
    assert not (out / "batch.json").exists()
    assert list(out.glob("*/audit.json")) == []


def test_two_sources_of_one_folder_are_refused_before_anything_runs(tmp_path, capsys):
    other = tmp_path / "HONEST.yaml"
    shutil.copy(parameter_file("honest"), other)
    out = tmp_path / "out"
    for second in ("practice:honest", str(parameter_file("honest")), str(other)):
        status, shown, err = in_process("batch", "practice:honest", second, "--out", out, capsys=capsys)
        assert (status, shown, len(err.splitlines())) == (2, "", 1)
        assert "two audits would write to the folder" in err
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["practice:nope"], "nope"),
        (["/no/such/file.yaml"], "/no/such/file.yaml"),
        (["practice:unexplained", "-p", "polcy=strict"], "did you mean policy"),
        (["practice:unexplained", "-p", "base_image=/no/such/image"], "no such file"),
        (["practice:unexplained", "-p", "output_dir=x"], "--out"),
        (["practice:unexplained", "--workers", "0"], "--workers"),
        (
            ["practice:unexplained", "--workers", "2", "--dask", "tcp://127.0.0.1:9"],
            "cannot be used together",
        ),
        ([], "WHAT... is missing"),
    ],
)
def test_everything_is_checked_before_anything_runs(tmp_path, capsys, arguments, told):
    out = tmp_path / "out"
    first = ["practice:honest"] if arguments else []
    status, shown, err = in_process("batch", *first, *arguments, "--out", out, capsys=capsys)
    assert (status, shown, len(err.splitlines())) == (2, "", 1)
    assert told in err
    assert not out.exists()


def test_a_signed_report_is_not_replaced_and_the_others_are_not_begun(tmp_path, capsys):
    out = tmp_path / "out"
    shutil.copytree(SAMPLE.parent, out / "unexplained")
    shutil.copytree(SAMPLE.parent, out / "honest", ignore=shutil.ignore_patterns("report.intoto.jsonl"))
    status, _, err = in_process(
        "batch", "practice:honest", "practice:unexplained", "--out", out, capsys=capsys
    )
    assert status == 2
    assert "signed" in err
    assert (out / "honest" / "audit.json").exists()
    status, _, err = in_process("batch", "practice:honest", "--out", out / "honest", capsys=capsys)
    assert status == 2
    assert "folder of one report" in err


@pytest.mark.parametrize(
    ("stem", "name"),
    [("a b/../c", "c"), ("ünicode", "nicode"), (".hidden", "hidden"), ("$(x)", "x-"), ("日本", "audit")],
)
def test_report_folders_have_safe_names(tmp_path, stem, name):
    source = tmp_path / f"{stem}.yaml"
    (tmp_path / "a b").mkdir()
    shutil.copy(parameter_file("honest"), source)
    (job,) = plan_batch([str(source)], (), tmp_path / "out")
    assert job.name == name
    assert job.folder == tmp_path / "out" / name


@pytest.mark.parametrize("stem", ["evidence", "batch.json", "audit.json", "overview.ipynb", "Report.html"])
def test_names_that_mean_something_else_are_refused(tmp_path, stem):
    source = tmp_path / f"{stem}.yaml"
    shutil.copy(parameter_file("honest"), source)
    with pytest.raises(ParameterError, match="cannot be called"):
        plan_batch([str(source)], (), tmp_path / "out")


@pytest.mark.parametrize("scenario", ["honest", "node-honest", "recovery-honest", "vote-open"])
def test_an_audit_gets_exactly_the_parameters_that_were_checked(tmp_path, scenario):
    """Whatever the file says by the time the audit starts."""
    overrides = ("vcpus=[8, 16]", "base_image_sha256=null", "guest_features=33")
    (job,) = plan_batch([f"practice:{scenario}"], overrides, tmp_path / "a folder = it's")
    words = job.command()
    given = [words[place + 1] for place, word in enumerate(words) if word == "-p"]
    other = tmp_path / "changed.yaml"
    other.write_text("proposal_id: 7\nvcpus: [1]\n")
    assert Parameters.from_file(other, given, {}) == job.parameters
    assert job.parameters.vcpus == (8, 16)


def job_that_runs(monkeypatch, tmp_path: Path, script: str) -> AuditJob:
    """A job whose process is ``script``; it finds the report folder in ``out`` and a report in ``sample``."""
    (job,) = plan_batch(["practice:honest"], (), tmp_path / "out")
    head = (
        "import os, pathlib, signal, subprocess, sys\n"
        f"out, sample = pathlib.Path({str(job.folder)!r}), pathlib.Path({str(SAMPLE)!r}).read_text()\n"
        f"with open({str(tmp_path / 'started')!r}, 'a') as file: file.write('x')\n"
    )
    monkeypatch.setattr(AuditJob, "command", lambda self: [sys.executable, "-c", head + script])
    return job


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("(out / 'audit.json').write_text(sample); sys.exit(1)", "The report says PASS, but"),
        ("(out / 'audit.json').write_text(sample); sys.exit(2)", "exit status 2"),
        ("(out / 'audit.json').write_text(sample); os.kill(os.getpid(), 9)", "SIGKILL"),
        ("(out / 'audit.json').write_text(sample[:100])", "left no report"),
        ("pass", "left no report"),
        ("sys.exit(77)", "exit status 77"),
        ("sys.exit('auditkit: \\x1b[2Jno network')", "no network"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
    ],
)
def test_an_audit_whose_report_and_end_do_not_agree_is_trouble(monkeypatch, tmp_path, script, told):
    result = audit_process.run_audit_job(job_that_runs(monkeypatch, tmp_path, script))
    assert result.verdict == "TROUBLE"
    assert told in result.reason
    assert "\x1b" not in result.reason
    assert (tmp_path / "started").read_text() == "xx"


def test_a_pass_is_what_both_say(monkeypatch, tmp_path):
    job = job_that_runs(monkeypatch, tmp_path, "(out / 'audit.json').write_text(sample)")
    result = audit_process.run_audit_job(job)
    assert (result.verdict, result.attempts, result.exit_status) == ("PASS", 1, 0)


def test_a_report_of_the_attempt_before_is_not_taken_for_one_of_this_attempt(monkeypatch, tmp_path):
    script = (
        "first = not (out / 'seen').exists(); (out / 'seen').touch()\n"
        "if first: (out / 'audit.json').write_text(sample); os.kill(os.getpid(), 9)"
    )
    result = audit_process.run_audit_job(job_that_runs(monkeypatch, tmp_path, script))
    assert (result.verdict, result.attempts, result.exit_status) == ("TROUBLE", 2, 0)


def test_nothing_is_tried_again_while_something_of_the_killed_audit_may_still_write(monkeypatch, tmp_path):
    """A kernel is in a session of its own, so killing the audit does not end it."""
    monkeypatch.setattr(audit_process, "_DESCENDANTS_SECONDS", 0.5)
    script = (
        "left = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session=True)\n"
        "(out / 'left').write_text(str(left.pid)); os.kill(os.getpid(), 9)"
    )
    job = job_that_runs(monkeypatch, tmp_path, script)
    result = audit_process.run_audit_job(job)
    os.kill(int((job.folder / "left").read_text()), signal.SIGKILL)
    assert (result.verdict, result.attempts) == ("TROUBLE", 1)
    assert "is still running" in result.reason
    assert (tmp_path / "started").read_text() == "x"


def test_two_audits_never_write_to_one_folder_at_once(monkeypatch, tmp_path):
    """As when a worker is lost and its audit is not."""
    monkeypatch.setattr(audit_process, "_OTHER_SECONDS", 0.5)
    job = job_that_runs(monkeypatch, tmp_path, "(out / 'audit.json').write_text(sample)")
    holder = [sys.executable, "-c", "import time; time.sleep(60)"]
    with only_writer(job.folder) as writer:
        other = subprocess.Popen(holder, pass_fds=(writer.descriptor,))
    try:
        result = audit_process.run_audit_job(job)
        assert (result.verdict, result.attempts) == ("TROUBLE", 0)
        assert "another audit" in result.reason
        assert not (tmp_path / "started").exists()
    finally:
        other.kill()
        other.wait()
    assert audit_process.run_audit_job(job).verdict == "PASS"


def test_a_link_in_the_place_of_a_report_is_no_report_and_stays(monkeypatch, tmp_path):
    job = job_that_runs(monkeypatch, tmp_path, "(out / 'audit.json').symlink_to(sys.argv[0])")
    result = audit_process.run_audit_job(job)
    assert (result.verdict, result.report) == ("TROUBLE", None)
    assert (job.folder / "audit.json").is_symlink()


@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=pytest.mark.gate), signal.SIGTERM])
def test_a_batch_that_waits_for_another_audit_can_be_ended(start, tmp_path, number):
    out, go_on = tmp_path / "out", tmp_path / "go-on"
    names = ("practice:honest", "practice:unexplained")
    batch = start(*names, "--workers", "1", "--out", out, audits=STAND_IN, waits_for=go_on)
    wait_for(lambda: audit_below(batch.pid, "honest"))
    # The other folder was begun by now. Whoever writes to it keeps the batch's audit waiting.
    with only_writer(out / "unexplained"):
        go_on.touch()
        wait_for((out / "honest" / "audit.json").exists)
        time.sleep(1)
        batch.send_signal(number)
        _, err = batch.communicate(timeout=20)
    assert batch.returncode == 2
    assert err.splitlines()[-1] == "auditkit: interrupted"


class _Broken(Executor):
    """A cluster that loses every second task."""

    def __init__(self) -> None:
        self.calls = 0

    def submit(self, fn, /, *args, **kwargs) -> Future:
        future: Future = Future()
        self.calls += 1
        if self.calls % 2:
            future.set_exception(RuntimeError("the worker was lost"))
        else:
            future.set_result(fn(*args, **kwargs))
        return future


def test_what_a_cluster_raises_is_trouble_of_one_audit(monkeypatch, tmp_path):
    jobs = plan_batch(["practice:honest", "practice:unexplained"], (), tmp_path / "out")
    script = f"import shutil, sys; shutil.copy({str(SAMPLE)!r}, sys.argv[1])"
    monkeypatch.setattr(
        AuditJob, "command", lambda self: [sys.executable, "-c", script, self.parameters.output_dir]
    )
    document = run_batch(jobs, tmp_path / "out", Workers(_Broken(), lambda batch: None))
    assert document.verdict == "TROUBLE"
    assert [entry.verdict for entry in document.audits] == ["TROUBLE", "PASS"]
    assert "the worker was lost" in document.audits[0].reason


class _Elsewhere(Executor):
    """A worker that has a disk of its own: what it wrote is not here, or something else is."""

    def __init__(self, meddle: Callable[[Path], object]) -> None:
        self.meddle = meddle

    def submit(self, fn, /, *args, **kwargs) -> Future:
        future: Future = Future()
        future.set_result(fn(*args, **kwargs))
        self.meddle(args[0].folder / "audit.json")
        return future


@pytest.mark.parametrize(
    ("meddle", "told"),
    [
        (lambda path: path.unlink(), "is not here"),
        (lambda path: path.write_text(path.read_text().replace("900001", "900002")), "is not the one"),
    ],
    ids=["absent", "another"],
)
def test_a_verdict_whose_report_is_not_in_the_folder_is_trouble(monkeypatch, tmp_path, meddle, told):
    job = job_that_runs(monkeypatch, tmp_path, "(out / 'audit.json').write_text(sample)")
    document = run_batch([job], tmp_path / "out", Workers(_Elsewhere(meddle), lambda batch: None))
    (entry,) = document.audits
    assert (document.verdict, entry.verdict) == ("TROUBLE", "TROUBLE")
    assert told in entry.reason


@pytest.mark.parametrize(("code", "status"), [(0, 2), (1, 1), (2, 2)])
def test_an_overview_that_cannot_be_made_spoils_a_pass_and_hides_no_fail(
    monkeypatch, tmp_path, capsys, code, status
):
    from auditkit import notebook

    verdict = {0: "PASS", 1: "FAIL", 2: "TROUBLE"}[code]
    (tmp_path / "report").write_bytes(stand_in.report(verdict))
    script = f"(out / 'audit.json').write_bytes(pathlib.Path({str(tmp_path / 'report')!r}).read_bytes())"
    job_that_runs(monkeypatch, tmp_path, f"{script}; sys.exit({code})")

    def broken(folder: Path) -> Path:
        raise SourceError("the overview did not finish")

    monkeypatch.setattr(notebook, "write_overview", broken)
    ended, out, err = in_process("batch", "practice:honest", "--out", tmp_path / "out", capsys=capsys)
    assert ended == status
    assert (f"{verdict} (practice network): 1 audit" in out) == (code > 0)
    assert err == "auditkit: the overview did not finish\n"
    assert (tmp_path / "out" / "batch.json").exists()


def test_a_terminal_shows_how_many_are_done_and_how_many_failed(tmp_path):
    screen, terminal = os.openpty()
    process = subprocess.Popen(
        command("practice:unexplained", "--out", tmp_path / "out", audits=STAND_IN),
        stdout=subprocess.DEVNULL,
        stderr=terminal,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "200"},
    )
    os.close(terminal)
    shown = b""
    with open(screen, "rb", buffering=0) as reader:
        while True:
            try:
                shown += reader.read(4096)
            except OSError:
                break
    assert process.wait(timeout=60) == 1
    assert b"0 of 1 audits done, 0 failed" in shown
    assert b"writing the overview" in shown


def test_every_result_is_told_as_it_comes(monkeypatch, tmp_path):
    job = job_that_runs(monkeypatch, tmp_path, "(out / 'audit.json').write_text(sample)")
    seen: list[str] = []
    with local_workers(1) as workers:
        run_batch([job], tmp_path / "out", workers, lambda result: seen.append(result.name))
    assert seen == ["honest"]


def test_dask_that_is_not_installed_is_told_with_what_to_install(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    out = tmp_path / "out"
    status, shown, err = in_process(
        "batch", "practice:honest", "--dask", "tcp://127.0.0.1:9", "--out", out, capsys=capsys
    )
    assert (status, shown) == (2, "")
    assert f"Dask is not installed; {sys.executable} -m pip install distributed, or leave out --dask" in err
    assert not out.exists()


@contextmanager
def dask_program(module: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{module}", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def dask_cluster(
    folder: Path, workers: int, *more: str
) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and workers on this machine, with ``more`` arguments: its address and the workers' processes."""
    if find_spec("distributed") is None:
        missing("distributed (the extra dask) is not installed")
    told = folder / "scheduler.json"
    with ExitStack() as stack:
        options = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(told))
        stack.enter_context(dask_program("dask_scheduler", *options))
        wait_for(lambda: told.exists() and told.read_text().rstrip().endswith("}"))
        address = json.loads(told.read_text())["address"]
        started = [
            stack.enter_context(
                dask_program(
                    "dask_worker",
                    address,
                    "--nthreads",
                    "1",
                    "--no-nanny",
                    "--no-dashboard",
                    "--local-directory",
                    str(folder / f"worker-{number}"),
                    *more,
                )
            )
            for number in range(workers)
        ]
        yield address, started


@pytest.fixture
def preloaded(monkeypatch) -> Callable[[tuple[str, ...], Path], tuple[str, ...]]:
    """A function that gives the arguments of a Dask worker that runs such audits; stand-ins wait for a file."""

    def arguments(audits: tuple[str, ...], waits_for: Path) -> tuple[str, ...]:
        monkeypatch.setenv(stand_in.PROGRAM, STAND_IN[0])
        monkeypatch.setenv(stand_in.WAITS_FOR, str(waits_for))
        return ("--preload", *audits) if audits is STAND_IN else ()

    return arguments


@pytest.mark.slow
@in_every_way
def test_a_dask_cluster_runs_a_batch_and_the_loss_of_a_worker_loses_no_audit(
    start, tmp_path, preloaded, audits
):
    out, go_on = tmp_path / "out", tmp_path / "go-on"
    names = ("honest", "unexplained", "unlabelled")
    with dask_cluster(tmp_path, 2, *preloaded(audits, go_on)) as (address, workers):
        given = (f"practice:{name}" for name in names)
        batch = start(*given, "--dask", address, "--out", out, "--json", audits=audits)

        def busy() -> subprocess.Popen[bytes] | None:
            return next((w for w in workers for name in names if audit_below(w.pid, name)), None)

        wait_for(lambda: busy() or batch.poll() is not None)
        worker = busy()
        assert worker is not None, batch.communicate()
        worker.kill()
        go_on.touch()
        told, err = batch.communicate(timeout=300)
    assert batch.returncode == 1, told + err
    verdicts = {entry["folder"]: entry["verdict"] for entry in json.loads(told)["audits"]}
    assert verdicts == {s.name: s.strict for s in scenarios() if s.name in names}


@pytest.mark.gate
@pytest.mark.slow
@in_every_way
def test_an_interrupted_batch_stops_its_audits_on_a_dask_cluster_too(start, tmp_path, preloaded, audits):
    with dask_cluster(tmp_path, 1, *preloaded(audits, tmp_path / "never")) as (address, (worker,)):
        names = ("practice:honest", "practice:unexplained")
        batch = start(*names, "--dask", address, "--out", tmp_path / "out", audits=audits)
        wait_for(lambda: audit_below(worker.pid, "honest") or audit_below(worker.pid, "unexplained"))
        below = psutil.Process(worker.pid).children(recursive=True)
        batch.send_signal(signal.SIGINT)
        _, err = batch.communicate(timeout=60)
        assert batch.returncode == 2
        assert "auditkit: interrupted" in err
        _, alive = psutil.wait_procs(below, timeout=15)
        assert alive == []
        assert worker.poll() is None
        time.sleep(1)
        assert psutil.Process(worker.pid).children() == [], "no audit of the batch is started any more"


def test_a_scheduler_that_is_not_there_is_told():
    """In a process of its own: Dask's threads outlive it."""
    if find_spec("distributed") is None:
        missing("distributed (the extra dask) is not installed")
    script = (
        "import sys\n"
        "from auditkit.batch import dask_workers, workers\n"
        "workers.DASK_SECONDS = 0.3\n"
        "for address in sys.argv[1:]:\n"
        "    try:\n"
        "        with dask_workers(address): pass\n"
        "    except Exception as error: print(type(error).__name__)\n"
    )
    command = [sys.executable, "-c", script, "tcp://127.0.0.1:9", "nonsense://x"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == [SourceError.__name__, ParameterError.__name__]


@pytest.mark.parametrize("name", ["batch", "status"])
def test_help_has_an_example(name, capsys):
    from auditkit.cli import main

    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert f"Examples:\n      auditkit {name} " in capsys.readouterr().out
