"""The lines on which two texts differ; GNU diff is the judge of how few they can be."""

from __future__ import annotations

import random
import re
import subprocess
import time
from itertools import pairwise

import pytest

from auditkit.guestos.roots.changed_lines import TextComparer
from auditkit.limits import Limits


def lines(base: str, recovery: str, **limits: int) -> tuple[str, ...]:
    found = TextComparer(limits=Limits(**limits)).compare(base.encode(), recovery.encode())
    assert not isinstance(found, str)
    return found.lines


def applied(base: str, shown: tuple[str, ...]) -> str:
    """What a text becomes by a unified diff."""
    before, after, at = base.split("\n"), [], 0
    for line in shown:
        if head := re.fullmatch(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@", line):
            start = int(head[1]) - (head[2] != "0")
            after += before[at:start]
            at = start
        elif line[0] == "+":
            after.append(line[1:])
        elif line[0] in " -":
            assert before[at] == line[1:]
            after += [line[1:]] if line[0] == " " else []
            at += 1
    return "\n".join((*after, *before[at:]))


def test_one_line_changed_among_many():
    base = "".join(f"{n}\n" for n in range(1, 21))
    assert lines(base, base.replace("\n10\n", "\nten\n")) == (
        "@@ -7,7 +7,7 @@", " 7", " 8", " 9", "-10", "+ten", " 11", " 12", " 13",
    )  # fmt: skip


def test_changes_that_are_far_apart_stand_in_parts():
    base = "".join(f"{n}\n" for n in range(1, 21))
    assert lines(base, base.removeprefix("1\n") + "21\n") == (
        "@@ -1,4 +1,3 @@", "-1", " 2", " 3", " 4", "@@ -18,3 +17,4 @@", " 18", " 19", " 20", "+21",
    )  # fmt: skip


def test_a_text_that_is_new():
    assert lines("", "one\ntwo\n") == ("@@ -0,0 +1,2 @@", "+one", "+two")


def test_a_text_that_is_gone():
    assert lines("one\n", "") == ("@@ -1 +0,0 @@", "-one")


def test_the_line_feed_at_the_end_alone():
    assert lines("one\n", "one") == ("@@ -1 +1 @@", "-one", "+one", "\\ No newline at end of file")


def test_only_a_line_feed_ends_a_line():
    assert lines("a\r\x0b\x0c\u2028b\n", "a\r\x0b\x0c\u2028c\n") == (
        "@@ -1 +1 @@", "-a\r\x0b\x0c\u2028b", "+a\r\x0b\x0c\u2028c",
    )  # fmt: skip


@pytest.mark.parametrize("data", [b"\xff\n", b"a\0b\n", b"\xed\xa0\x80"])
def test_what_is_no_text(data):
    assert TextComparer().compare(data, b"text\n") == "not text"
    assert TextComparer().compare(b"text\n", data) == "not text"


def test_a_long_difference_is_cut_and_counted():
    base, recovery = "".join(f"a{n}\n" for n in range(30)), "".join(f"b{n}\n" for n in range(20))
    found = TextComparer(limits=Limits(root_text_lines=7)).compare(base.encode(), recovery.encode())
    assert (len(found.lines), found.omitted, found.removed, found.added) == (7, 44, 30, 20)


def test_a_long_line_is_cut():
    (_, shown) = lines("", "x" * 50 + "\n", root_line_characters=10)
    assert shown == "+xxxxxxxxx … [41 more characters]"


def test_there_is_a_bound_on_all_texts_together():
    comparer = TextComparer(limits=Limits(root_texts_lines=3))
    assert len(comparer.compare(b"", b"1\n2\n").lines) == 3
    assert comparer.compare(b"", b"1\n2\n") == "3 lines of other files are shown before it"


def test_texts_that_have_little_in_common_are_shown_whole():
    base = "".join(f"{n % 7}\n" for n in range(2_000))
    recovery = "".join(f"{n % 11}\n" for n in range(2_000))
    shown = lines(base, recovery, root_text_lines=10_000, root_texts_lines=10_000)
    assert applied(base, shown) == recovery


@pytest.mark.slow
@pytest.mark.gate
def test_slow_texts_take_no_longer():
    noise = random.Random(5)
    texts = [("".join(f"{noise.randrange(9)}\n" for _ in range(32_000))).encode() for _ in range(40)]
    comparer = TextComparer(limits=Limits(root_texts_lines=1 << 30))
    began = time.process_time()
    found = [comparer.compare(one, other) for one, other in pairwise(texts)]
    assert time.process_time() - began < 30
    assert found[-1] == "other files before it took all the work that is allowed"


@pytest.mark.parametrize("seed", range(40))
def test_the_way_is_right_and_as_short_as_that_of_gnu_diff(seed, tmp_path, program):
    noise = random.Random(seed)
    base = [f"{noise.randrange(4)}\n" for _ in range(noise.randrange(60))]
    recovery = list(base)
    for _ in range(noise.randrange(1, 25)):
        at = noise.randrange(len(recovery) + 1)
        recovery[at : at + noise.randrange(3)] = [f"{noise.randrange(4)}\n"] * noise.randrange(3)
    one, other = "".join(base), "".join(recovery)
    (tmp_path / "base").write_text(one)
    (tmp_path / "recovery").write_text(other)
    done = subprocess.run(
        [program("diff"), "-d", tmp_path / "base", tmp_path / "recovery"],
        check=False,
        capture_output=True,
        text=True,
    )
    found = TextComparer().compare(one.encode(), other.encode())
    assert applied(one, found.lines) == other
    assert found.removed == done.stdout.count("\n<") + done.stdout.startswith("<")
    assert found.added == done.stdout.count("\n>") + done.stdout.startswith(">")
