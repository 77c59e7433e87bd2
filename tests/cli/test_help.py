"""`auditkit --help`: every command with what it is for, and nothing loaded for it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import click
import pytest
from commands import in_process
from conftest import ROOT

from auditkit.cli.application import auditkit
from auditkit.cli.commands import COMMANDS

TERMINAL = 80
SCREEN = 24  # lines
BASE = "7080d886303d2130a8a1a64878ea85e447241952"  # a release of the practice network


def defined_commands() -> dict[str, click.Command]:
    """The commands that the modules themselves define, the table aside."""
    for name in COMMANDS:
        auditkit.get_command(click.Context(auditkit), name)
    return auditkit.commands


def test_the_table_names_every_command_and_where_it_is():
    defined = defined_commands()
    assert set(defined) == {*COMMANDS, "help", "version"}
    folder = ROOT / "auditkit" / "cli"
    modules = {
        ".".join(path.relative_to(folder).with_suffix("").parts)
        for path in (*folder.glob("*.py"), *folder.glob("re*/*.py"))
    }
    for name, entry in COMMANDS.items():
        callback = defined[name].callback
        assert callback is not None
        assert callback.__module__ == f"auditkit.cli.{entry.module}"
        assert entry.module in modules


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_found_before_any_other_was_loaded(name, monkeypatch, capsys):
    """Each with its own help, which explains more than the summary does."""
    status, out, err = in_process(name, "--help", capsys=capsys)
    assert (status, err) == (0, "")
    assert out.startswith(f"Usage: auditkit {name} ")


def groups() -> list[str]:
    return sorted(name for name, one in defined_commands().items() if isinstance(one, click.Group))


def test_the_groups():
    assert groups() == ["catalogue", "practice", "registry"]


@pytest.mark.parametrize(
    "arguments",
    [[], ["practice"], ["catalogue"], ["registry"]],
    ids=["auditkit", "practice", "catalogue", "registry"],
)
def test_no_summary_is_cut_off_on_a_terminal_of_eighty_columns(arguments, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(TERMINAL))
    status, out, _ = in_process(*arguments, "--help", capsys=capsys)
    assert status == 0
    listed = out.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    inner = len(defined_commands()[arguments[0]].commands) if arguments else len(COMMANDS)
    assert len(listed) == inner
    for line in listed:
        assert len(line) < TERMINAL
        assert line.endswith(".")
        assert not line.endswith("...")


def test_the_help_lists_the_summaries_in_order(capsys):
    _, out, _ = in_process("--help", capsys=capsys)
    listed = out.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    assert [line.split(maxsplit=1) for line in listed] == [
        [name, COMMANDS[name].summary] for name in sorted(COMMANDS)
    ]


def test_auditkit_alone_shows_where_to_begin_and_ends_with_2(capsys):
    status, out, err = in_process(capsys=capsys)
    assert (status, out) == (2, "")
    lines = err.splitlines()
    assert len(lines) <= SCREEN
    assert max(map(len, lines)) <= TERMINAL + 5
    told = re.findall(r"^  auditkit (\S+)", err, re.MULTILINE)
    assert {"audit", "check", "init", "practice", "sign", "verify-report"} <= set(told)
    assert set(told) <= set(COMMANDS)


def test_what_the_front_page_names_is_there(capsys):
    """Each command line is one that auditkit understands, up to where it would ask the network."""
    from auditkit.pipeline import named_parameters

    _, _, err = in_process(capsys=capsys)
    for what in re.findall(r"^  auditkit audit (\S+)", err, re.MULTILINE):
        assert named_parameters(what, ())


@pytest.mark.parametrize(
    "name", [name for name in COMMANDS if name not in ("practice", "catalogue", "registry")]
)
def test_a_command_alone_is_shown_in_one_screen(name, monkeypatch, capsys):
    """What it needs, how it is used, and an example that can be copied; every option is one command away."""
    monkeypatch.setenv("COLUMNS", str(TERMINAL))
    status, out, err = in_process(name, capsys=capsys)
    assert (status, out) == (2, "")
    lines = err.splitlines()
    assert lines[0].startswith(f"auditkit {name} needs ")
    assert f"Usage: auditkit {name} " in err
    assert f"\n  auditkit {name} " in err.partition("Examples:")[2]
    assert lines[-1] == f"auditkit help {name} shows every option."
    assert len(lines) <= SCREEN


@pytest.mark.parametrize("name", ["practice", "catalogue", "registry"])
def test_a_group_alone_is_shown_whole(name, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(TERMINAL))
    _, help_text, _ = in_process(name, "--help", capsys=capsys)
    status, out, err = in_process(name, capsys=capsys)
    assert (status, out, err) == (2, "", help_text)
    assert len(err.splitlines()) <= SCREEN


def every_path() -> list[list[str]]:
    paths = [[name] for name in [*COMMANDS, "help", "version"]]
    return paths + [[name, inner] for name in groups() for inner in defined_commands()[name].commands]


@pytest.mark.parametrize("path", every_path(), ids=" ".join)
def test_help_about_a_command_is_its_help(path, capsys):
    status, shown, _ = in_process(*path, "--help", capsys=capsys)
    assert status == 0
    assert in_process("help", *path, capsys=capsys) == (0, shown, "")


def test_help_and_version_are_words_too(capsys):
    _, whole, _ = in_process("--help", capsys=capsys)
    assert in_process("help", capsys=capsys) == (0, whole, "")
    _, told, _ = in_process("--version", capsys=capsys)
    assert in_process("version", capsys=capsys) == (0, told, "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_page_about_completion_names_what_click_answers(shell, capsys):
    status, out, _ = in_process("help", "completion", capsys=capsys)
    assert status == 0
    variable, asked = re.search(rf"(_\w+)=({shell}_source) auditkit", out).groups()
    done = subprocess.run(
        [sys.executable, "-m", "auditkit"],
        env={**os.environ, variable: asked},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert f"{variable}={shell}_complete" in done.stdout


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (
            "ver",
            [
                "verify-attestation",
                "verify-certificate",
                "verify-proposal",
                "verify-provenance",
                "verify-registry",
                "verify-report",
                "verity-hash",
            ],
        ),
        ("a", ["assemble", "audit"]),
        ("--deb", ["--debug"]),
        ("x", []),
    ],
)
def test_completion_offers_commands_and_options(typed, offered):
    found = auditkit.shell_complete(click.Context(auditkit), typed)
    assert [item.value for item in found] == offered
    assert [item.help for item in found if item.value in COMMANDS] == [
        COMMANDS[name].summary for name in offered if name in COMMANDS
    ]


# Tells which modules some commands have loaded.
LOADED = """
import json, os, sys
before = set(sys.modules)
commands = json.loads(sys.argv[1])
from auditkit.cli import main
sys.stdout = sys.stderr = open(os.devnull, "w")
for command in commands:
    try:
        main(command)
    except SystemExit:
        pass
loaded = set(sys.modules) - before
sys.__stdout__.write(json.dumps(sorted(loaded)))
"""


def loaded_by(*commands: list[str]) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, json.dumps(commands)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return set(json.loads(done.stdout))


def not_of_python(modules: set[str]) -> set[str]:
    """The packages that brought the modules; names of what is compiled in them are left out."""
    names = {name.partition(".")[0] for name in modules} - sys.stdlib_module_names - {"cython_runtime"}
    return {name for name in names if not name.startswith("_")}


def test_help_and_mistakes_load_click_and_nothing_of_the_audit():
    loaded = loaded_by(["--help"], ["--version"], [], ["chekc"])
    assert not_of_python(loaded) == {"auditkit", "click"}
    wings = {name.split(".")[1] for name in loaded if name.count(".") >= 1 and name.startswith("auditkit.")}
    assert wings == {"cli", "dependencies", "display", "errors", "interpreter", "packaged", "version"}


MAINNET_CHECK = [
    "check",
    "params/mainnet/template.yaml",
    *("-p", "proposal_id=900001", "-p", f"base_version={BASE}"),
    *("-p", "proposal_source=reports/sample/evidence/proposal.cbor"),
    *("-p", f"base_image=auditkit/practice/data/ic/{BASE}/guest-os/update-img/update-img.tar.zst"),
]


def test_a_check_of_mainnet_loads_nothing_of_practice_or_of_the_notebooks():
    """A whole one: an image is read and measured, and the certificate is not one that mainnet signed."""
    loaded = loaded_by(MAINNET_CHECK)
    assert not_of_python(loaded) <= {
        "annotated_types",
        "auditkit",
        "backports",
        "bcrypt",
        "cbor2",
        "click",
        "cryptography",
        "google_crc32c",
        "lazy_loader",
        "markupsafe",
        "platformdirs",
        "py_arkworks_bls12381",
        "pyblst",
        "pydantic",
        "pydantic_core",
        "rich",
        "typing_extensions",
        "typing_inspection",
        "yaml",
    }
    assert {
        "auditkit.ic",
        "auditkit.guestos",
        "auditkit.sev",
        "auditkit.audit",
        "auditkit.report",
        "pyblst",
    } <= loaded
    wings = {name.split(".")[1] for name in loaded if name.startswith("auditkit.")}
    assert wings.isdisjoint({"batch", "notebook", "practice", "signing"})
