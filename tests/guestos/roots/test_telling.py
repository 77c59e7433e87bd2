"""What is printed: the sums, what comes first, and that names and texts that others made stay what they are: text."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from commands import in_process

from auditkit.guestos.roots import compare_roots, comparison_lines, in_words

pytestmark = pytest.mark.slow

HOSTILE = b"\x1b[2J\r::error::\xe2\x80\xae<b onclick=x()>&\n##vso[x]"


@pytest.fixture
def hostile(tmp_path, trees, make_root) -> tuple[Path, Path]:
    """Two roots; names, a link and a text in one are made to do something where they are shown."""
    place = bytes(trees[1]) + b"/etc/"
    Path(os.fsdecode(place + HOSTILE)).write_bytes(HOSTILE + b"\n\x9b31m\xc2\x9b31m")
    Path(os.fsdecode(place + b"text")).write_bytes(b"one \x1b]0;title\x07\n\xe2\x80\xaetwo\n::error::three\n")
    Path(os.fsdecode(place + b"link")).symlink_to(os.fsdecode(HOSTILE))
    Path(os.fsdecode(place + b"name-\xff")).touch()
    Path(os.fsdecode(place + b"name-\\xff")).touch()
    return make_root(tmp_path / "base.img", trees[0]), make_root(tmp_path / "recovery.img", trees[1])


def test_hostile_names_and_texts_are_shown_and_do_nothing(hostile):
    told = list(comparison_lines(compare_roots(*hostile), everything=True))
    text = "\n".join(told)
    assert not [line for line in told if "\n" in line]
    assert {character for character in text if not character.isprintable()} == {"\n"}
    assert "\u202e" not in text
    name = "/etc/⟨U+001B⟩[2J⟨U+000D⟩::error::⟨U+202E⟩<b onclick=x()>&⟨U+000A⟩##vso[x]"
    assert any(line.strip().startswith(f'added    "{name}": file, ') for line in told)
    assert any(f'to "{name.removeprefix("/etc/")}",' in line for line in told)
    assert "        +one ⟨U+001B⟩]0;title⟨U+0007⟩" in told
    assert "        +⟨U+202E⟩two" in told


def test_the_command_prints_nothing_that_is_a_command_to_a_terminal_or_a_ci_job(hostile, capsys):
    status, shown, errors = in_process("compare-roots", *hostile, "--text", capsys=capsys)
    assert (status, errors) == (0, "")
    assert {character for character in shown if not character.isprintable()} == {"\n"}
    assert not [line for line in shown.split("\n") if line.strip().startswith("::")]
    assert "##vso[" not in shown


def test_json_tells_every_name_apart(hostile, capsys):
    status, shown, _ = in_process("compare-roots", *hostile, "--json", capsys=capsys)
    assert status == 0
    assert {character for character in shown if not character.isprintable()} == {"\n"}
    found = {one["path"]: one["path_hex"] for one in json.loads(shown)["differences"] if one["path_hex"]}
    assert found == {
        "/etc/name-\\xff": b"etc/name-\xff".hex(),
        "/etc/name-\\\\xff": rb"etc/name-\xff".hex(),
    }
    paths = [one["path"] for one in json.loads(shown)["differences"]]
    assert f"/etc/{HOSTILE.decode()}" in paths


def test_the_lines(tmp_path, trees, make_root):
    (trees[1] / "etc/passwd").write_text(
        "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/:/usr/sbin/nologin\n"
    )
    (trees[1] / "usr/bin/tool").chmod(0o4755)
    (trees[1] / "etc/motd").write_text("hello\n")
    (trees[1] / "opt/ic/node").unlink()
    base, recovery = (
        make_root(tmp_path / "base.img", trees[0]),
        make_root(tmp_path / "recovery.img", trees[1]),
    )
    found = compare_roots(base, recovery)
    told = list(comparison_lines(found))
    assert told[0] == f"base      {found.base.root_hash}  28 names, {found.base.file_bytes:,} bytes in files"
    assert told[1].startswith(f"recovery  {found.recovery.root_hash}  27 names, ")
    assert told[2] == "5 names differ: 1 removed, 2 changed, 2 in metadata alone"
    start = told.index("Look at these first")
    assert told[start : start + 9] == [
        "Look at these first",
        "  more rights (2)",
        "    metadata /usr/bin/again: mode 0755 -> 4755 (programs and libraries)",
        "    metadata /usr/bin/tool: mode 0755 -> 4755 (programs and libraries)",
        "  users and rights (1)",
        "    changed  /etc/passwd: content 64 -> 66 bytes, lines -1 +1",
        "        @@ -1,2 +1,2 @@",
        "        -root:x:0:0:root:/root:/bin/sh",
        "        +root:x:0:0:root:/root:/bin/bash",
    ]
    where = told.index("Where the differences are")
    assert [line.split("  ")[-1].strip() for line in told[where + 1 : where + 4]] == [
        "/etc",
        "/opt/ic",
        "/usr/bin",
    ]
    others = told.index("All others (2)")
    assert told[others + 1] == "    changed  /etc/motd: content 310 -> 6 bytes, lines -40 +1"
    assert told[others + 14] == "        … 30 more lines"
    assert told[others + 15] == (
        "    removed  /opt/ic/node: file, 20,480 bytes, mode 0644, owner 0:0 (lines not shown: not text)"
    )
    assert told[told.index("What this cannot see") + 1].startswith("  - what a changed program does")
    assert "        -line 39" in list(comparison_lines(found, everything=True))


def test_what_is_left_out_is_told(tmp_path, trees, make_root):
    for number in range(25):
        (trees[1] / f"file-{number:02}").touch()
    base, recovery = (
        make_root(tmp_path / "base.img", trees[0]),
        make_root(tmp_path / "recovery.img", trees[1]),
    )
    found = compare_roots(base, recovery)
    assert "    and 5 more; --text shows all" in list(comparison_lines(found))
    assert not [line for line in comparison_lines(found, everything=True) if "more" in line]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain-1.2", "/etc/plain-1.2"),
        ("a b", "/etc/a b"),
        ("a: file", '"/etc/a: file"'),
        ("a (same)", '"/etc/a (same)"'),
        ("a, mode 0755", '"/etc/a, mode 0755"'),
        ("a ", '"/etc/a "'),
        ("a -> b", '"/etc/a -> b"'),
        ('a"', r'"/etc/a\""'),
        ("a\\b", r"/etc/a\\b"),
        ("⟨U+001B⟩", r"/etc/\u27e8U+001B⟩"),
    ],
)
def test_where_a_name_ends(tmp_path, trees, make_root, name, shown):
    (trees[1] / "etc" / name).write_text("x\n")
    base, recovery = (
        make_root(tmp_path / "base.img", trees[0]),
        make_root(tmp_path / "recovery.img", trees[1]),
    )
    (one,) = compare_roots(base, recovery).differences
    assert in_words(one).startswith(f"added    {shown}: file, 2 bytes, ")
