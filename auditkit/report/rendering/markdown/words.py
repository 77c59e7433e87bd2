"""Text in Markdown.

What others wrote cannot become markup: a word is shown as it is only where every character of it is harmless or can be
disarmed, and as a code span everywhere else, where neither mentions nor links, images, HTML or emoji exist.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from auditkit.display import one_line, without_ci_commands
from auditkit.report.rendering.inline import pieces

_TEXT_LIMIT: Final = 220  # characters of one text; a forum post holds 32,000
# A word that stays as it is: no bare domain or address, no colon pair (emoji), no @, #, $, <, [ or backtick in it.
_HARMLESS: Final = re.compile(r"\d{1,9}\.\d{1,9}|\d\d:\d\d:\d\d|[A-Za-z0-9,;()'\"=%+/–—’“”…!?-]*[.:]?[\"')]*")
# One that is harmless but for what emphasises, which a backslash disarms.
_DISARMED: Final = re.compile(r"[A-Za-z0-9,;()'\"=%+/–—’“”…!?_*~-]*[.:]?[\"')]*")
_EMPHASIS: Final = re.compile(r"[_*~]")
# Harmless characters of which GitHub makes a link to an issue, and a forum a face.
_LINKED: Final = re.compile(r"\W*GH-\d+\W*|[:;=8]['-]?[()DPpoO/|]+", re.ASCII | re.IGNORECASE)
# What begins a list or a rule where it begins a line.
_BULLET: Final = re.compile(r"[-+=]+|\d+[.)]")


# What may stand behind a code span instead of in it.
_STOPS: Final = ".:,;"
_EMPTY: Final = "*(empty)*"


def code(text: str, limit: int = _TEXT_LIMIT) -> str:
    """``text`` as a code span that nothing inside can end and that stands in a table too."""
    shown = without_ci_commands(one_line(text, limit)).replace("`", "⟨U+0060⟩").replace("|", "⟨U+007C⟩")
    return f"`{shown}`" if shown.strip() else _EMPTY


def prose(text: str, limit: int = _TEXT_LIMIT) -> str:
    """``text`` word by word: as it is where it is harmless, disarmed where it could begin markup, else as code."""
    shown = one_line(text, limit)
    if not shown.strip():
        return code(text, limit)
    first, *rest = shown.split(" ")
    begun = code(first) if _BULLET.fullmatch(first) else _word(first)
    return " ".join((begun, *(_word(word) for word in rest)))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown, with a dash where a cell has nothing to tell."""
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join("–" if cell == _EMPTY else cell for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def inline(text: str) -> str:
    """One of our own sentences, whose commands stand between backticks."""
    return "".join(code(part) if is_code else prose(part, 600) for is_code, part in pieces(text))


def _word(word: str) -> str:
    if _LINKED.fullmatch(word):
        return code(word)
    if _HARMLESS.fullmatch(word):
        return word
    if _DISARMED.fullmatch(word):
        return _EMPHASIS.sub(r"\\\g<0>", word)
    if word == "->":
        return word
    stem = word.rstrip(_STOPS)
    return code(stem) + word[len(stem) :] if stem else code(word)
