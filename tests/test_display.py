"""Text that others wrote: nothing invisible stays invisible, nothing long stays long."""

from __future__ import annotations

import unicodedata

import pytest

from auditkit.display import one_line, shortened, visible


@pytest.mark.parametrize(
    "character",
    [
        "\x00", "\x07", "\x08", "\t", "\n", "\r", "\x1b", "\x7f", "\x85", "\x9b",
        "\u00a0", "\u00ad", "\u034f", "\u061c", "\u115f", "\u180e", "\u2003", "\u200b", "\u200d", "\u200e",
        "\u200f", "\u2028", "\u2029", "\u202a", "\u202e", "\u2060", "\u2066", "\u2069", "\u2800", "\u3164",
        "\ufe0f", "\ufeff", "\uffa0", "\ufff9", "\U000e0041", "\U000e0100", "\U000f0000", "\ud800",
    ],
)  # fmt: skip
def test_invisible_characters_are_spelled_out(character):
    assert visible(f"a{character}b") == f"a⟨U+{ord(character):04X}⟩b"


@pytest.mark.slow
def test_no_control_or_format_character_of_unicode_survives():
    hidden = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    # what a bidirectional layout could be moved by
    moving = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    found = [
        character
        for character in map(chr, range(0x110000))
        if unicodedata.category(character) in hidden or unicodedata.bidirectional(character) in moving
    ]
    assert len(found) > 130_000
    assert not set(found) & set(visible("".join(found)))


@pytest.mark.parametrize(
    "text", ["EPYC-Genoa", "Grüße aus Zürich – “ok”", "日本語", "Ελλάδα", "e\u0301te\u0301", "✓"]
)
def test_what_can_be_read_stays_as_it_is(text):
    assert visible(text) == text


def test_marks_do_not_pile_up():
    shown = visible("a" + "\u0301" * 50)
    assert shown.count("\u0301") == 3
    assert shown.count("⟨U+0301⟩") == 47


def test_lines_are_kept_only_where_asked():
    assert visible("a\nb", lines=True) == "a\nb"
    assert "\n" not in visible("a\nb")


def test_long_text_is_cut_and_says_by_how_much():
    shown = shortened("x" * 102_400, 100)
    assert shown.startswith("x" * 100 + " … [")
    assert "102,300 more characters in audit.json" in shown
    assert shortened("x" * 100, 100) == "x" * 100


def test_what_is_spelled_out_counts_for_what_it_shows():
    assert len(one_line("\u202e" * 100_000, 200)) < 300
