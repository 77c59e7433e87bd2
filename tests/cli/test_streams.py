"""Streams that are closed, full, left by their reader, or in a locale without the characters that we use."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable

import pytest
from commands import in_process
from conftest import ROOT, missing

from auditkit.errors import SourceError
from auditkit.notebook import runner

_KERNEL = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
PASS, FAIL = ("check", "practice:honest"), ("check", "practice:unexplained")


def run(arguments: Iterable[object], redirections: str = "", **variables: str):
    """Runs auditkit under a shell's redirections; what it says goes where they leave it."""
    command = f'exec "$@" {redirections}'
    return subprocess.run(
        ["bash", "-c", command, "bash", sys.executable, "-m", "auditkit", *map(str, arguments)],
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=300,
        check=False,
    )


def to_a_reader_that_went_away(arguments: Iterable[object]) -> tuple[int, str]:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = subprocess.run(
            [sys.executable, "-m", "auditkit", *map(str, arguments)],
            stdout=pipe,
            stderr=subprocess.PIPE,
            text=True,
            timeout=300,
            check=False,
        )
    return done.returncode, done.stderr


def assert_one_line_of_trouble(shown: bytes) -> None:
    (line,) = shown.decode().splitlines()
    assert line.startswith("auditkit: ")


LIST, JSON, HELP, VERSION = ("practice", "list"), (*PASS, "--json"), ("--help",), ("--version",)


@pytest.mark.parametrize(
    ("redirection", "arguments"),
    [
        (">&-", LIST),
        (">&-", VERSION),
        (">/dev/full", PASS),
        (">/dev/full", HELP),
        pytest.param("1</dev/null", JSON, marks=pytest.mark.gate),
        ("1</dev/null", LIST),
        *(
            pytest.param(redirection, arguments, marks=pytest.mark.thorough)
            for redirection in (">&-", ">/dev/full", "1</dev/null")
            for arguments in (PASS, JSON, LIST, HELP, VERSION)
        ),
    ],
)
def test_standard_output_that_takes_nothing_is_trouble(arguments, redirection):
    done = run(arguments, redirection)
    assert done.returncode == 2
    assert_one_line_of_trouble(done.stderr)


def test_closed_standard_output_is_told_before_an_audit_begins(tmp_path):
    done = run(["audit", "practice:honest", "--out", tmp_path / "report"], ">&-")
    assert done.returncode == 2
    assert b"standard output is closed" in done.stderr
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize(
    "arguments",
    [PASS, pytest.param(JSON, marks=pytest.mark.thorough), pytest.param(LIST, marks=pytest.mark.gate), HELP],
)
def test_a_reader_that_goes_away_is_trouble_without_a_line(arguments):
    assert to_a_reader_that_went_away(arguments) == (2, "")


NOPE = ("check", "practice:nope")


@pytest.mark.parametrize(
    ("redirection", "arguments", "status"),
    [
        ("2>&-", FAIL, 1),
        pytest.param("2>&-", NOPE, 2, marks=pytest.mark.gate),
        pytest.param("2>/dev/full", PASS, 0, marks=pytest.mark.gate),
        ("2>/dev/full", NOPE, 2),
        pytest.param("2>&-", PASS, 0, marks=pytest.mark.thorough),
        pytest.param("2>/dev/full", FAIL, 1, marks=pytest.mark.thorough),
    ],
)
def test_standard_error_that_takes_nothing_leaves_the_status(redirection, arguments, status):
    assert run(arguments, redirection).returncode == status


@pytest.mark.gate
@pytest.mark.slow
def test_an_audit_without_any_open_stream_but_its_output_keeps_its_verdict(tmp_path):
    done = run(["audit", "practice:unexplained", "--out", tmp_path / "report"], "<&- 2>&-")
    assert done.returncode == 1
    assert done.stdout.startswith(b"FAIL (practice network)")
    assert json.loads((tmp_path / "report" / "audit.json").read_bytes())["verdict"] == "FAIL"


@pytest.fixture(scope="module")
def latin_locale(tmp_path_factory) -> dict[str, str]:
    """The variables of a German locale from before UTF-8, made here because few machines have one."""
    folder = tmp_path_factory.mktemp("locales")
    localedef = shutil.which("localedef")
    if localedef is None:
        missing("the program localedef is not installed")
    name = "de_DE.ISO-8859-1"
    made = subprocess.run(
        [str(localedef), "-i", "de_DE", "-f", "ISO-8859-1", folder / name], capture_output=True, check=False
    )
    if made.returncode:
        missing("the sources of the German locale are not installed")
    return {"LC_ALL": name, "LOCPATH": str(folder)}


@pytest.fixture(
    params=[
        "de_DE.ISO-8859-1",
        pytest.param("ascii:strict", marks=pytest.mark.gate),
        pytest.param("latin-1", marks=pytest.mark.thorough),
        pytest.param("cp1252", marks=pytest.mark.thorough),
    ]
)
def narrow(request) -> dict[str, str]:
    if request.param.startswith("de_DE"):
        return request.getfixturevalue("latin_locale")
    return {"PYTHONIOENCODING": request.param}


def test_no_locale_changes_a_verdict(narrow):
    done = run(PASS, **narrow)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"PASS")


def test_json_is_the_same_document_in_every_locale(narrow, capsys):
    arguments = ["practice", "list", "--json"]
    _, told, _ = in_process(*arguments, capsys=capsys)
    assert json.loads(run(arguments, **narrow).stdout) == json.loads(told)


@pytest.mark.gate
@pytest.mark.slow
def test_a_notebook_runs_in_a_locale_without_utf_8(latin_locale, tmp_path):
    done = run(["audit", "practice:unexplained", "--out", tmp_path / "report"], **latin_locale)
    assert done.returncode == 1, done.stderr
    assert json.loads((tmp_path / "report" / "audit.json").read_bytes())["verdict"] == "FAIL"


def test_a_name_that_the_locale_cannot_spell_is_one_line(latin_locale, tmp_path):
    parameters = tmp_path / "honest.yaml"
    source = ROOT / "params" / "practice" / "honest.yaml"
    text = re.sub("(?m)^output_dir:.*$", 'output_dir: "日"', source.read_text(encoding="utf-8"))
    parameters.write_text(text, encoding="utf-8")
    done = run(["audit", parameters], **latin_locale)
    assert done.returncode == 2
    assert_one_line_of_trouble(done.stderr)
    assert b"internal error" not in done.stderr
    assert b"UTF-8" in done.stderr


def test_what_a_kernel_prints_by_itself_reaches_nobody(tmp_path, capfd):
    """A kernel that dies by a signal dumps its stack on the streams that it inherited."""
    cells = [
        {
            "cell_type": "code",
            "source": text,
            "metadata": {"tags": tags},
            "outputs": [],
            "execution_count": None,
        }
        for text, tags in (
            ("x = 1", ["parameters"]),
            (
                "import faulthandler, os, sys\nfaulthandler.enable(sys.__stderr__)\nos.kill(os.getpid(), 11)",
                [],
            ),
        )
    ]
    notebook = tmp_path / "dying.ipynb"
    document = {"cells": cells, "metadata": _KERNEL, "nbformat": 4, "nbformat_minor": 4}
    notebook.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(SourceError, match="kernel died"):
        runner.execute(notebook, {"x": 2}, tmp_path / "out.ipynb", needed=())
    assert capfd.readouterr() == ("", "")
