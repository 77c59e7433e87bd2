"""What the shell is offered: scenarios by their bare names, parameters, and the words that they take."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from auditkit.cli.application import auditkit
from auditkit.cli.front import complete_overrides, complete_scenarios, complete_what
from auditkit.cli.front.completion import parameter_names, scenario_names
from auditkit.pipeline import Parameters
from auditkit.practice import scenarios

CONTEXT = click.Context(auditkit)
PARAMETER = click.Argument(["what"])


def offered(complete, word):
    return [(item.value, item.type) for item in complete(CONTEXT, PARAMETER, word)]


def test_names_that_are_read_without_the_audit_are_those_of_the_audit():
    assert set(scenario_names()) == {scenario.name for scenario in scenarios()}
    assert list(parameter_names()) == list(Parameters.model_fields)


@pytest.mark.parametrize(
    ("word", "values"),
    [
        ("hon", [("honest", "plain")]),
        ("election-un", [("election-unelects-only", "plain")]),
        ("no-such", [("no-such-proposal", "plain")]),
        ("practice:hon", [("practice:honest", "plain")]),
        ("election:14", [("election:14", "file")]),
        ("./hon", [("./hon", "file")]),
        ("params/", [("params/", "file")]),
        ("my-aud", [("my-aud", "file")]),
    ],
)
def test_an_audit_is_a_scenario_or_a_file(word, values):
    assert offered(complete_what, word) == values


def test_a_scenario_is_no_file():
    assert offered(complete_scenarios, "zzz") == []
    assert len(offered(complete_scenarios, "")) == len(scenarios())


@pytest.mark.parametrize(
    ("word", "values"),
    [
        ("sta", ["stage="]),
        ("boot", ["boot_args="]),
        ("stage=", ["stage=vote", "stage=recover", "stage=auto"]),
        ("stage=v", ["stage=vote"]),
        ("policy=o", ["policy=overlap"]),
        ("output_dir=", []),
        ("zzz", []),
        ("zzz=", []),
    ],
)
def test_a_parameter_and_what_it_takes(word, values):
    assert offered(complete_overrides, word) == [(value, "plain") for value in values]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("auditkit audit election-op", "plain,election-open"),
        ("auditkit check unexp", "plain,unexplained"),
        ("auditkit batch honest node-d", "plain,node-debug"),
        ("auditkit practice show node-d", "plain,node-debug"),
        ("auditkit init x.yaml --practice node-d", "plain,node-debug"),
        ("auditkit check honest -p dep", "plain,depth="),
        ("auditkit pra", "plain,practice"),
        ("auditkit check honest -p stage=v", "plain,stage=vote"),
        ("auditkit audit practice:hon", "plain,practice:honest"),
    ],
)
def test_as_the_shell_asks(typed, first):
    words = typed.split()
    done = subprocess.run(
        [sys.executable, "-m", "auditkit"],
        env={
            **os.environ,
            "_AUDITKIT_COMPLETE": "bash_complete",
            "COMP_WORDS": typed,
            "COMP_CWORD": str(len(words) - 1),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.splitlines()[0] == first
    assert done.stderr == ""


# A real bash


class Bash:
    """An interactive bash on a terminal of its own, that completes auditkit as `auditkit help completion` says."""

    def __init__(self, program: str, folder: Path) -> None:
        self._seen = ""
        self._terminal, inner = pty.openpty()
        here = Path(sys.executable).parent
        self._process = subprocess.Popen(
            [program, "--noprofile", "--norc", "-i"],
            stdin=inner,
            stdout=inner,
            stderr=inner,
            cwd=folder,
            env={
                "PATH": f"{here}:{os.environ['PATH']}",
                "HOME": str(folder),
                "TERM": "dumb",
                "PS1": "ready> ",
            },
            start_new_session=True,
        )
        os.close(inner)
        self.run("bind 'set enable-bracketed-paste off'")
        self.run('eval "$(_AUDITKIT_COMPLETE=bash_source auditkit)"')

    def run(self, typed: str) -> str:
        """What is shown after ``typed`` and Enter, until bash is ready again."""
        start = len(self._seen)
        os.write(self._terminal, f"{typed}; echo do''ne\n".encode())
        deadline = time.monotonic() + 60
        while "done\r\n" not in self._seen[start:]:
            assert time.monotonic() < deadline, self._seen
            self._seen += os.read(self._terminal, 4096).decode(errors="replace")
        return self._seen[start:]

    def words(self, typed: str) -> list[str]:
        """The words of the line that bash has after ``typed``; ^A goes to its beginning."""
        return re.findall(r"^<(.*)>\r$", self.run(f"{typed}\x01printf '<%s>\\n' \x05"), re.MULTILINE)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)


@pytest.fixture(scope="module")
def real_bash(program, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bash")
    (folder / "my-own.yaml").write_text("")
    bash = Bash(program("bash"), folder)
    yield bash
    bash.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("auditkit check honest -p sta\tvote", ["auditkit", "check", "honest", "-p", "stage=vote"]),
        (
            "auditkit check honest -p policy=st\tEND",
            ["auditkit", "check", "honest", "-p", "policy=strict", "END"],
        ),
        (
            "auditkit check honest -p stage=r\tEND",
            ["auditkit", "check", "honest", "-p", "stage=recover", "END"],
        ),
        ("auditkit audit practice:hon\tEND", ["auditkit", "audit", "practice:honest", "END"]),
        ("auditkit audit election-op\tEND", ["auditkit", "audit", "election-open", "END"]),
        ("auditkit audit my-o\tEND", ["auditkit", "audit", "my-own.yaml", "END"]),
        ("auditkit check 'honest' -p dep\tEND", ["auditkit", "check", "honest", "-p", "depth=END"]),
    ],
)
def test_as_a_person_types_in_bash(real_bash, typed, words):
    assert real_bash.words(typed) == words
