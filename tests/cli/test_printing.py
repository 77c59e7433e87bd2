"""Nothing that others wrote moves a cursor, makes a line of its own, or commands the CI job that prints it."""

from __future__ import annotations

import ast
import io
import json
import logging
import sys
import warnings

import pytest
from conftest import ROOT

from auditkit.cli import main
from auditkit.cli.printing import OutputError, complain, open_streams, say, say_json
from auditkit.display import printed, printed_json
from auditkit.progress import progress_on_terminal
from auditkit.report.rendering.markdown import code, prose

EVIL = "\x1b[2J\x1b[HPASS\r\x9b1m\u202e\n::error::x"


PRINTING = ("print", "print_exc", "echo", "write")
TO_A_PIPE = {"block_digests.py os.write(1, digests)"}
"""What a process of our own tells the one that started it, in bytes."""


def _last_name(function: ast.expr) -> str:
    """``write`` of ``sys.stdout.write``."""
    return str(getattr(function, "attr", getattr(function, "id", "")))


def test_only_one_module_prints():
    """Whoever prints by another way (print, click.echo, a stream) goes past what makes foreign text safe."""
    found = []
    for path in sorted((ROOT / "auditkit").rglob("*.py")):
        if path == ROOT / "auditkit" / "cli" / "printing.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not _last_name(node.func).endswith(PRINTING):
                continue
            called = ast.unparse(node)
            function = ast.unparse(node.func)
            if function in {"print", "print_exc", "traceback.print_exc"} or function.endswith("echo"):
                found.append(f"{path.name} {called}")
            if called.startswith(("sys.stdout.write", "sys.stderr.write", "os.write(1", "os.write(2")):
                found.append(f"{path.name} {called}")
    assert set(found) == TO_A_PIPE


@pytest.mark.parametrize("tell", [say, complain])
def test_a_line_stays_one_line_and_moves_no_cursor(tell, capsys):
    tell(f"reports/{EVIL}/report.html")
    shown = "".join(capsys.readouterr())
    assert shown.count("\n") == 1
    assert shown.endswith("\n")
    assert shown.rstrip("\n").isprintable()


def test_lines_of_our_own_are_kept(capsys):
    say("first\n  second\x1b[2J", lines=True)
    assert capsys.readouterr().out == "first\n  second⟨U+001B⟩[2J\n"


@pytest.mark.parametrize(
    "line",
    [
        "::error::x",
        "  ::set-output name=a::b",
        "\t::add-mask::x",
        "\u3000::error::x",
        "\r::error::x",
        "::::",
    ],
)
@pytest.mark.parametrize("before", ["", "a line of ours\n"])
def test_no_line_begins_with_a_github_command(line, before):
    """actions/runner trims white space (Unicode's) and looks for two colons."""
    shown = printed(before + line, lines=True)
    assert all(not part.strip().startswith("::") for part in shown.splitlines())


@pytest.mark.parametrize(
    "text",
    ["##[error]x", "a ##[group]b", "###[error]", "##vso[task.setvariable variable=x]y", "##teamcity[x]"],
)
def test_nothing_holds_an_azure_command(text):
    for shown in (printed(text), printed_json(json.dumps(text)), code(text), prose(text)):
        assert "##[" not in shown
        assert "##vso[" not in shown
        assert "##teamcity[" not in shown


@pytest.mark.parametrize("text", ["a::b", "fe80::1 is up", "## Decisions", "# 12", "[x]##", "std::string"])
def test_what_is_no_command_stays_as_it_is(text):
    assert printed(text) == text


@pytest.mark.parametrize(
    "value", [EVIL, "\x7f", "\ud800", "\U000e0041", "Zürich 日本", "##[error]", "\\", '"', "#\\u0023["]
)
def test_json_is_safe_and_says_the_same(value):
    for text in (json.dumps({value: [value]}, ensure_ascii=False), json.dumps(value, indent=2)):
        shown = printed_json(text)
        assert shown.replace("\n", "").isprintable()
        assert json.loads(shown) == json.loads(text)


def test_json_that_can_be_read_stays_readable():
    assert printed_json('{"a": "Zürich"}') == '{"a": "Zürich"}'


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_json_has_the_same_value_in_every_encoding(encoding, monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    say_json(json.dumps({"title": "Zürich 日本 ⟨\U0001f600"}, ensure_ascii=False))
    assert json.loads(raw.getvalue().decode(encoding)) == {"title": "Zürich 日本 ⟨\U0001f600"}


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [("ascii", "<U+00FC> <U+2013> <U+202E>"), ("latin-1", "ü <U+2013> <U+202E>"), ("cp1252", "ü – <U+202E>")],
)
def test_what_the_locale_has_no_character_for_is_spelled_out(encoding, shown, monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    open_streams()
    say("ü – \u202e")
    assert raw.getvalue().decode(encoding) == f"{shown}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        [EVIL],
        ["check", EVIL],
        ["check", "practice:honest", "-p", f"{EVIL}=1"],
        ["check", "practice:honest", "-p", f"policy={EVIL}"],
        ["check", "practice:honest", f"--{EVIL}"],
        ["verify-proposal", "x", "--proposal-id", EVIL],
        ["measure", EVIL],
        ["status", EVIL],
        ["batch", "practice:" + EVIL],
        ["verify-report", EVIL, "--allowed-signers", EVIL],
        ["diff", EVIL, EVIL],
        ["report", EVIL],
        ["report", EVIL, "--pdf", EVIL, "--browser", EVIL],
        ["index", EVIL],
        ["sign", "x", "--key", EVIL],
        ["--debug", "measure", EVIL],
    ],
)
def test_what_a_user_gave_is_told_safely(arguments, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    shown = "".join(capsys.readouterr())
    assert shown
    assert all(line.isprintable() for line in shown.split("\n"))
    assert all(not line.strip().startswith("::") for line in shown.splitlines())


def test_trouble_as_json_is_safe_too(capsys):
    with pytest.raises(SystemExit):
        main(["check", "--json", "./nowhere\x9b2J##[error]"])
    out = capsys.readouterr().out
    assert out.replace("\n", "").isprintable()
    assert "##[" not in out
    assert json.loads(out)["error"]["where"] == "./nowhere\x9b2J##[error]"


def test_the_folder_of_a_report_is_told_safely(capsys, tmp_path, no_kernel):
    with pytest.raises(SystemExit) as ended:
        main(["audit", "practice:unexplained", "--out", str(tmp_path / "\x1b[2J\nPASS: fine")])
    assert ended.value.code == 1
    shown = capsys.readouterr().out
    assert all(line.isprintable() for line in shown.split("\n"))
    assert not any(line.startswith("PASS") for line in shown.splitlines())
    assert shown.splitlines()[1].endswith("report.html")
    assert all(line.startswith("  ") for line in shown.splitlines()[2:])


def test_progress_on_a_terminal_shows_foreign_labels_safely(monkeypatch):
    shown = io.StringIO()
    shown.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr("sys.stderr", shown)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    with progress_on_terminal() as progress:
        progress.step("reading \x1b]0;PASS\x07\u202ename")
    assert "⟨U+001B⟩]0;PASS⟨U+0007⟩⟨U+202E⟩name" in shown.getvalue()
    assert "\x1b]0;" not in shown.getvalue()


def test_a_terminal_that_goes_away_does_not_end_an_audit(monkeypatch):
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(5, "Input/output error")

        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stderr", Gone())
    monkeypatch.setenv("TERM", "xterm")
    with progress_on_terminal() as progress:
        progress.step("reading")
        progress.bytes_done("reading", 1, 2)


def test_warnings_and_logs_of_libraries_are_told_safely(capsys, monkeypatch):
    monkeypatch.setattr(logging, "lastResort", None)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        open_streams()
        warnings.warn(EVIL, UserWarning, stacklevel=1)
        logging.lastResort.handle(logging.makeLogRecord({"msg": EVIL, "levelno": logging.WARNING}))  # type: ignore[union-attr]
    shown = capsys.readouterr().err
    assert "UserWarning" in shown
    assert all(line.isprintable() for line in shown.split("\n"))
    assert all(not line.strip().startswith("::") for line in shown.splitlines())


def test_standard_output_that_takes_no_more_is_an_error_that_click_does_not_know(monkeypatch):
    """click ends a command whose output raises an OSError of a broken pipe with status 1, which means FAIL."""

    class Full(io.StringIO):
        def flush(self) -> None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("sys.stdout", Full())
    with pytest.raises(OutputError, match="no space left") as raised:
        say("PASS")
    assert not isinstance(raised.value, OSError)


def test_nobody_is_missed_on_standard_error(monkeypatch):
    monkeypatch.setattr("sys.stderr", None)
    complain("x")
