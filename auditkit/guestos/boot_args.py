"""The kernel command lines in ``boot_args``, by the two grammars that read this file in production.

dfinity's build sources the file in bash; the host reads it by a regular expression, line by line
(``rs/ic_os/os_tools/guest_vm_runner/src/boot_args.rs`` in dfinity/ic). A line that means different things to
the two is measured as one text and started as another, so only lines on which both agree are given out.
Nothing is executed: whatever bash would expand or run is a difference.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from auditkit.digests import is_sha256
from auditkit.errors import EvidenceError
from auditkit.limits import LIMITS, Limits

RELEASE_BOOT_ARGS: Final = ("BOOT_ARGS_TEE_A", "BOOT_ARGS_TEE_B")
"""The lines of ``boot_args`` that a release's matrix measures (dfinity/ic ic-os/defs.bzl)."""

_PREFIX = "BOOT_ARGS"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHELL_NAMES = re.compile(
    r"BASH.*|COMP.*|DIRSTACK|ENV|EPOCH.*|EUID|FUNCNAME|GROUPS|HIST.*|IFS|LC_.*|LANG|LD_.*|LINENO|OPT.*|PATH"
    r"|POSIXLY_CORRECT|PPID|PROMPT_COMMAND|PS[0-9]|RANDOM|SECONDS|SHELL.*|SRANDOM|UID|_"
)
_RUNS = frozenset(";&|<>()`$~")
_ESCAPED_IN_QUOTES = frozenset('$`"\\')

# White_Space of Unicode, which is what the host's regular expression library means by \s (Python means more)
_SPACE = "[\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]"
_HOST_LINE = re.compile(
    rf"""
    {_SPACE}* (\w+) =
    (?: "( (?: [^"\\] | \\. )* )"
      | '( (?: [^'\\] | \\. )* )'
      |  ( (?: (?!{_SPACE}) [^\#'"\\] | \\. )* )
    )
    {_SPACE}* (?: \#.* )?
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class KernelCommandLine:
    """One kernel command line.

    Attributes:
        name: the variable, such as ``BOOT_ARGS_TEE_A``.
        text: the command line.
        root_hash: its one ``root_hash=`` as 64 lower-case hex digits; ``None`` if it has none, more than one,
            or one of another form.
    """

    name: str
    text: str
    root_hash: str | None


@dataclass(frozen=True, slots=True)
class BootArgs:
    """What ``boot_args`` says.

    Attributes:
        lines: the command lines on which both grammars agree, by variable name, in the order of the file;
            none if bash would run or expand anything in the file.
        differences: one sentence for each thing that the two grammars read differently or that bash would
            run. The file is trustworthy only when there is none.
    """

    lines: Mapping[str, KernelCommandLine]
    differences: tuple[str, ...]


class _Difference(Exception):
    """What bash would do with a line beyond setting a variable."""


def parse_boot_args(data: bytes, *, limits: Limits = LIMITS) -> BootArgs:
    """Reads ``boot_args`` by both grammars and compares them.

    Args:
        data: content of the file.
        limits: bound on its size.

    Raises:
        EvidenceError: the file, a line of it, or the number of lines is larger than the limit.
    """
    if len(data) > limits.boot_args_bytes:
        raise EvidenceError(
            "boot_args is larger than the limit", expected=f"at most {limits.boot_args_bytes} bytes"
        )
    _check_lines(data, limits)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return BootArgs({}, ("boot_args is not UTF-8: the host refuses it and bash does not",))
    differences: list[str] = []
    host: dict[str, str] = {}
    bash: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if found := _host_assignment(line):
            host[found[0]] = found[1]
        try:
            if assigned := _bash_assignment(line):
                bash[assigned[0]] = assigned[1]
        except _Difference as difference:
            differences.append(f"line {number}: {difference}")
    if differences:  # what bash runs may set anything, so nothing in the file can be relied on
        return BootArgs({}, tuple(differences))
    names = dict.fromkeys([*host, *bash])
    for name in names:
        if _SHELL_NAMES.fullmatch(name):
            differences.append(f"{name} changes the shell that builds the release")
        elif host.get(name) != bash.get(name):
            differences.append(
                f"{name} is {_in_words(host, name)} to the host and {_in_words(bash, name)} to bash"
            )
    lines = {
        name: KernelCommandLine(name, host[name], _root_hash(host[name]))
        for name in names
        if name.startswith(_PREFIX) and name in host and host[name] == bash.get(name)
    }
    return BootArgs(lines, tuple(differences))


def _check_lines(data: bytes, limits: Limits) -> None:
    lines = data.count(b"\n") + 1
    if lines > limits.boot_args_lines:
        raise EvidenceError(
            "boot_args has more lines than that of any release",
            expected=f"at most {limits.boot_args_lines} lines",
            observed=f"{lines} lines",
        )
    longest = max(map(len, data.split(b"\n")))
    if longest > limits.boot_args_line_bytes:
        raise EvidenceError(
            "boot_args has a line that is longer than any kernel takes",
            expected=f"at most {limits.boot_args_line_bytes} bytes",
            observed=f"{longest} bytes",
        )


def _in_words(values: Mapping[str, str], name: str) -> str:
    return repr(values[name]) if name in values else "not set"


def _root_hash(text: str) -> str | None:
    values = [word.removeprefix("root_hash=") for word in text.split() if word.startswith("root_hash=")]
    if len(values) != 1 or '"' in text or not is_sha256(values[0], any_case=True):
        return None
    return values[0].lower()


# The host


def _host_assignment(line: str) -> tuple[str, str] | None:
    match = _HOST_LINE.fullmatch(line.removesuffix("\r"))
    if match is None:
        return None
    name, *values = match.groups()
    raw = next(value for value in values if value is not None)
    return name, re.sub(r"\\(.)", lambda escape: {"n": "\n", "t": "\t"}.get(escape[1], escape[1]), raw)


# bash


def _bash_assignment(line: str) -> tuple[str, str] | None:
    """The variable that sourcing the line would set, ``None`` for a blank line or a comment."""
    if any(character < " " and character != "\t" for character in line) or "\x7f" in line:
        raise _Difference("a control character")
    line = line.lstrip(" \t")
    if not line or line.startswith("#"):
        return None
    match = _NAME.match(line)
    if match is None or line[match.end() : match.end() + 1] != "=":
        raise _Difference("bash would run this line as a command")
    value, rest = _bash_word(line[match.end() + 1 :])
    rest_stripped = rest.lstrip(" \t")
    if rest_stripped and not rest_stripped.startswith("#"):
        raise _Difference("bash would run what follows the assignment")
    return match[0], value


def _bash_word(text: str) -> tuple[str, str]:
    """A word at the start of ``text`` with its quotes removed, and the text behind it."""
    value: list[str] = []
    position = 0
    while position < len(text) and text[position] not in " \t":
        character = text[position]
        position += 1
        if character == "'":
            end = text.find("'", position)
            if end < 0:
                raise _Difference("a quote that does not end on its line")
            value.append(text[position:end])
            position = end + 1
        elif character == '"':
            quoted, position = _bash_quoted(text, position)
            value.append(quoted)
        elif character == "\\":
            if position == len(text):
                raise _Difference("bash would join this line with the next one")
            value.append(text[position])
            position += 1
        elif character in _RUNS:
            raise _Difference(f"bash would expand or run something at {character!r}")
        else:
            value.append(character)
    return "".join(value), text[position:]


def _bash_quoted(text: str, position: int) -> tuple[str, int]:
    """The content of a double-quoted string from ``position`` on, and where it ends."""
    value: list[str] = []
    while position < len(text):
        character = text[position]
        position += 1
        if character == '"':
            return "".join(value), position
        if character in "$`":
            raise _Difference(f"bash would expand or run something at {character!r}")
        if character == "\\" and text[position : position + 1] in _ESCAPED_IN_QUOTES:
            character = text[position]
            position += 1
        value.append(character)
    raise _Difference("a quote that does not end on its line")
