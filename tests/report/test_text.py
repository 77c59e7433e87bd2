"""The console rendering: complete, wrapped, and safe for a terminal."""

from __future__ import annotations

import re

import pytest

from auditkit.report import render_text


@pytest.mark.parametrize("which", ["failing", "passing", "troubled", "hostile"])
def test_plain_text_holds_no_control_character(which, request):
    text = render_text(request.getfixturevalue(which))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", text)


def test_only_our_own_colours_reach_a_terminal(hostile):
    text = render_text(hostile, colour=True)
    assert "\x1b" not in re.sub("\x1b\\[(1;3[123]|1;2|0)m", "", text)
    assert "\x1b[1;31mFAIL\x1b[0m" in text


def test_verdict_reason_and_every_decision(failing):
    text = render_text(failing)
    assert text.startswith("FAIL  ")
    assert "check 26, overlap.explained" in text
    assert "strict FAIL, overlap PASS" in text
    for decision in failing.decisions:
        line = rf"^ +{decision.number} . {decision.outcome}  {re.escape(decision.id)}$"
        if decision.outcome == "skip":
            line = rf"^ +– .*\b{decision.number}\b.*: {re.escape(decision.reason)}$"
        assert re.search(line, text, re.MULTILINE), line
    assert "observed: 1 of 6 is not" in text


def test_trouble_says_what_where_and_what_to_do(troubled):
    text = render_text(troubled)
    assert text.startswith("TROUBLE  ")
    for needle in ("The server refused the connection", "http://127.0.0.1:1/api/v2", "check the address"):
        assert needle in text
    assert "overlap.coverage" in text.split("\n  not reached")[1]
    assert re.search(r"^  checks +65 not reached$", text, re.MULTILINE)


def test_lines_are_wrapped(failing, hostile):
    assert max(map(len, render_text(failing, width=80).splitlines())) <= 110
    assert len(render_text(hostile)) < 100_000
