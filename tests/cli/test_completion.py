"""What the shell is offered: scenarios by their bare names, parameters, and the words that they take."""

from __future__ import annotations

import os
import subprocess
import sys

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
