"""boot_args by both grammars: bash itself is the judge of one, cases of dfinity's own tests of the other."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from auditkit.errors import EvidenceError
from auditkit.guestos import parse_boot_args
from auditkit.limits import LIMITS

HASH = "0123456789abcdef" * 4
RELEASE = f"""\
# kernel command lines
BOOT_ARGS_A="root=/dev/disk/by-partuuid/7c0a626e console=ttyS0 dfinity.system=A security=selinux root_hash={HASH}"
BOOT_ARGS_B="root=/dev/disk/by-partuuid/a78bc3a8 console=ttyS0 dfinity.system=B security=selinux root_hash={HASH}"

BOOT_ARGS_TEE_A="root=/dev/disk/by-partuuid/7c0a626e dfinity.system=A dfinity.tee=1 root_hash={HASH}"
BOOT_ARGS_TEE_B="root=/dev/disk/by-partuuid/a78bc3a8 dfinity.system=B dfinity.tee=1 root_hash={HASH}"
"""


def sourced(program, tmp_path, text: str, name: str) -> str:
    path = tmp_path / "boot_args"
    path.write_bytes(text.encode())
    done = subprocess.run(
        [program("bash"), "--norc", "--noprofile", "-c", f'source "$0" && printf %s "${{{name}}}"', path],
        check=True,
        capture_output=True,
        env={},
    )
    return done.stdout.decode()


def test_a_release(program, tmp_path):
    found = parse_boot_args(RELEASE.encode())
    assert found.differences == ()
    assert list(found.lines) == ["BOOT_ARGS_A", "BOOT_ARGS_B", "BOOT_ARGS_TEE_A", "BOOT_ARGS_TEE_B"]
    for name, line in found.lines.items():
        assert line.name == name
        assert line.root_hash == HASH
        assert line.text == sourced(program, tmp_path, RELEASE, name)


@pytest.mark.parametrize(
    "line",
    [
        "BOOT_ARGS_A=plain",
        "  BOOT_ARGS_A=plain   # comment",
        "\tBOOT_ARGS_A='a b  c'\t",
        'BOOT_ARGS_A="a b"  # x="y"',
        'BOOT_ARGS_A="# not a comment"',
        r'BOOT_ARGS_A="a \"quoted\" b"',
        r'BOOT_ARGS_A="a \\ b"',
        r"BOOT_ARGS_A=a\ b\ c",
        r"BOOT_ARGS_A=a\\b",
        "BOOT_ARGS_A=",
        'BOOT_ARGS_A=""',
        "BOOT_ARGS_A=a*b?[c]{d,e}!",
        "BOOT_ARGS_A=x=y=z",
        "BOOT_ARGS_A='a\"b;c|d&e<f>(g)`h`$i~'",
        'BOOT_ARGS_A="a;b|c&d<e>(f)~\'"',
        "BOOT_ARGS_A=first\nBOOT_ARGS_A=last",
        'BOOT_ARGS_A="\u00e9"',
    ],
)
def test_where_both_agree_bash_agrees_too(line, program, tmp_path):
    found = parse_boot_args(line.encode())
    assert found.differences == ()
    assert found.lines["BOOT_ARGS_A"].text == sourced(program, tmp_path, line, "BOOT_ARGS_A")


@pytest.mark.parametrize(
    ("line", "bash_says"),
    [
        ("BOOT_ARGS_A=a#b", "a#b"),  # the host stops at the comment sign
        (r'BOOT_ARGS_A="a\nb"', r"a\nb"),  # the host makes a line break
        (r'BOOT_ARGS_A="a\tb"', r"a\tb"),
        (r'BOOT_ARGS_A="a\xb"', r"a\xb"),
        (r"BOOT_ARGS_A='a\b'", r"a\b"),
        ("BOOT_ARGS_A='a'b", "ab"),
        ('BOOT_ARGS_A=a"b c"', "ab c"),
        ("BOOT_ARGS_A=old\nBOOT_ARGS_A='new'er", "newer"),  # the host keeps the old one
        ("BOOT_ARGS_A=a BOOT_ARGS_B=b", "a"),
        ("BOOT_ARGS_A=a;BOOT_ARGS_A=b", "b"),
        ("BOOT_ARGS_A=a\nBOOT_ARGS_A+=b", "ab"),
        ("BOOT_ARGS_A=a\nexport BOOT_ARGS_A=b", "b"),
        ("X=1\nBOOT_ARGS_A=$X", "1"),
        ('X=1\nBOOT_ARGS_A="${X}"', "1"),
        ("BOOT_ARGS_A=`echo 1`", "1"),
        ("BOOT_ARGS_A=$(echo 1)", "1"),
        ("BOOT_ARGS_A=$'a'", "a"),
        ("BOOT_ARGS_A=(a b)", "a"),
        ("BOOT_ARGS_A='a\nb'", "a\nb"),
        ("BOOT_ARGS_A=a\\\nb", "ab"),
        ("BOOT_ARGS_A=a\r", "a\r"),
        ("BOOT_ARGS_A=a\neval BOOT_ARGS_A=b", "b"),
        ("if true; then\nBOOT_ARGS_A=a\nfi", "a"),
    ],
)
def test_what_the_two_read_differently_is_a_difference(line, bash_says, program, tmp_path):
    assert sourced(program, tmp_path, line, "BOOT_ARGS_A") == bash_says
    found = parse_boot_args(line.encode())
    assert found.differences
    if "BOOT_ARGS_A" in found.lines:
        assert found.lines["BOOT_ARGS_A"].text == bash_says


@pytest.mark.parametrize(
    "line", ["BOOT_ARGS_A=~/x", 'BOOT_ARGS_A="open', "rm -rf x", "PATH=/x", "\0", "a\x7f=b"]
)
def test_more_that_is_never_accepted(line):
    assert parse_boot_args(line.encode()).differences


def test_bytes_that_are_no_text():
    found = parse_boot_args(b'BOOT_ARGS_A="\xff"')
    assert found.lines == {}
    assert "UTF-8" in found.differences[0]


def test_nothing_is_executed(tmp_path):
    parse_boot_args(f"BOOT_ARGS_A=$(touch {tmp_path}/ran)\ntouch {tmp_path}/ran\n".encode())
    assert not (tmp_path / "ran").exists()


# Cases of the tests in rs/ic_os/os_tools/guest_vm_runner/src/boot_args.rs: what the host takes, and what it
# does not
@pytest.mark.parametrize(
    ("line", "host_says"),
    [
        ("X=simple_value", "simple_value"),
        ("X=value# comment", "value"),
        (r'X="value\nwith\tescapes \"x\"=\"y\""', 'value\nwith\tescapes "x"="y"'),
        ('X=" whitespace "', " whitespace "),
        ("X=  ", ""),
        ("X=  value  ", None),
        ("X", None),
        ("X=\"value'", None),
        ("X=value with spaces   # comment", None),
    ],
)
def test_the_host_grammar(line, host_says):
    from auditkit.guestos.boot_args import _host_assignment

    assert _host_assignment(line) == (None if host_says is None else ("X", host_says))


@pytest.mark.parametrize(
    ("text", "root_hash"),
    [
        (f"a root_hash={HASH} b", HASH),
        (f"root_hash={HASH.upper()}", HASH),
        ("a b", None),
        (f"root_hash={HASH[:-1]}", None),
        (f"root_hash={HASH} root_hash={HASH}", None),
        (f"x_root_hash={HASH}", None),
        ("root_hash=ROOT_HASH", None),
    ],
)
def test_the_root_hash(text, root_hash):
    assert parse_boot_args(f'BOOT_ARGS_A="{text}"'.encode()).lines["BOOT_ARGS_A"].root_hash == root_hash


def test_a_quoted_root_hash_is_none():
    line = f"""BOOT_ARGS_A='a="x root_hash={HASH} y"'"""
    assert parse_boot_args(line.encode()).lines["BOOT_ARGS_A"].root_hash is None


def test_too_large():
    with pytest.raises(EvidenceError, match="larger than the limit"):
        parse_boot_args(b"#" * (1 << 20))


def test_a_long_line_takes_no_time():
    longer = replace(LIMITS, boot_args_line_bytes=LIMITS.boot_args_bytes)
    text = 'BOOT_ARGS_A="' + "\\" * 100_000
    assert parse_boot_args(text.encode(), limits=longer).differences
    assert parse_boot_args((" " * 100_000 + "x").encode(), limits=longer).differences
