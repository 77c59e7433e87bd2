"""Text that others wrote, made safe to look at.

Titles, summaries, labels and origins come from whoever made the proposal. Nothing in them may move a reader's
eye or a terminal's cursor: what cannot be seen is spelled out, what is too long is cut and says so.
"""

from __future__ import annotations

import json
import re
import unicodedata
from functools import lru_cache
from typing import Final

# Not Cn (unassigned): which characters it holds depends on the Python that renders, and they show as a box
# anyway.
_INVISIBLE_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
# Default_Ignorable_Code_Point of Unicode's DerivedCoreProperties, and an empty braille cell
_INVISIBLE_RANGES: Final = (
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x115F, 0x1160),  # Hangul fillers
    (0x17B4, 0x17B5),  # Khmer inherent vowels
    (0x180B, 0x180F),  # Mongolian variation selectors
    (0x2065, 0x2065),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0xE0000, 0xE0FFF),  # tags, variation selectors supplement
)
_MARKS_IN_A_ROW: Final = 3
_SPELLED_OUT: Final = len("⟨U+E0041⟩")
# What runs a command where it is printed by a CI job: a line that begins, after white space, with two colons (GitHub:
# actions/runner, ActionCommand.TryParseV2), and "##[" or "##vso[" anywhere (TryParse there; Azure; TeamCity).
_LINE_COMMAND: Final = re.compile(r"^( *):(?=:)", re.MULTILINE)
_COMMAND: Final = re.compile(r"##(?=\w*\[)", re.ASCII)
_NOT_PLAIN: Final = re.compile(r"[^\n -~]")


def visible(text: str, *, lines: bool = False) -> str:
    """``text`` with each character that cannot be seen spelled out, such as ⟨U+202E⟩.

    That covers control characters (ANSI escapes begin with one), bidirectional overrides, zero-width and tag
    characters, variation selectors, odd spaces, private characters, and marks piled on one letter.

    Args:
        lines: leave line feeds as they are.
    """
    if text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if (lines and character == "\n") or (marks <= _MARKS_IN_A_ROW and _can_be_seen(character)):
            shown.append(character)
        else:
            shown.append(f"⟨U+{ord(character):04X}⟩")
    return "".join(shown)


def shortened(text: str, limit: int) -> str:
    """As much of ``text`` as shows on ``limit`` characters, and a note of how much more is in `audit.json`.

    A character that has to be spelled out counts with all that it takes.
    """
    if len(text) * _SPELLED_OUT <= limit:
        return text
    room = limit
    for kept, character in enumerate(text[: limit + 1]):
        room -= 1 if _can_be_seen(character) else _SPELLED_OUT
        if room < 0:
            return f"{text[:kept]} … [{len(text) - kept:,} more characters in audit.json]"
    return text


def one_line(text: str, limit: int) -> str:
    """``text`` on one line, safe to look at, on about ``limit`` characters."""
    return visible(shortened(text, limit))


def printed(text: str, *, lines: bool = False) -> str:
    """``text`` as it may be printed: `visible`, and nothing in it is a command to the CI job that prints it.

    Args:
        lines: leave line feeds as they are; only for text that was made line by line.
    """
    shown = "\n".join(visible(line) for line in text.split("\n")) if lines else visible(text)
    return without_ci_commands(shown)


def printed_json(text: str) -> str:
    """A JSON text that means the same and that is safe to print, as by `printed`."""
    shown = _NOT_PLAIN.sub(lambda found: found[0] if _can_be_seen(found[0]) else json_escape(found[0]), text)
    return _COMMAND.sub(rf"#\\u{ord('#'):04x}", shown)


def json_escape(character: str) -> str:
    """``character`` as JSON spells it in ASCII."""
    return json.dumps(character)[1:-1] if character != "\x7f" else "\\u007f"


def without_ci_commands(text: str) -> str:
    """``text`` without what GitHub, Azure or TeamCity take for a command in the log of a job."""
    return _COMMAND.sub("#⟨U+0023⟩", _LINE_COMMAND.sub(r"\1⟨U+003A⟩", text))


@lru_cache(maxsize=4096)
def _can_be_seen(character: str) -> bool:
    category = unicodedata.category(character)
    if category in _INVISIBLE_CATEGORIES:
        return False
    if category == "Zs":
        return character == " "
    code = ord(character)
    return not any(first <= code <= last for first, last in _INVISIBLE_RANGES)
