"""A ladder: boxes one below the other, and between two of them the check that ties them together.

Most of what an audit does is a ladder: each thing is believed because the one above it vouches for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from auditkit.decision import Check, Decision, Outcome
from auditkit.notebook.figures.canvas import LINE, MARGIN, WIDTH, Canvas, Drawing, lines_of

_INSET: Final = 12
_LINK: Final = 34
_MARK_X: Final = MARGIN + 24
_UNDECIDED: Final = ("?", "not decided")


@dataclass(frozen=True, slots=True)
class Rung:
    """One box.

    Attributes:
        title: what it is.
        facts: what is to be said of it, each a name and a value; a value is what others may have written.
        kind: ``plain``, ``strong`` for what all others rest on or lead to, ``weak`` for what is not there.
    """

    title: str
    facts: Sequence[tuple[str, str]] = ()
    kind: str = "plain"


@dataclass(frozen=True, slots=True)
class Tie:
    """What stands between two boxes.

    Attributes:
        text: in a few words of ours.
        symbol: of its outcome; empty draws an arrow alone.
        word: its outcome in a word.
        broken: whether the check failed.
    """

    text: str
    symbol: str = ""
    word: str = ""
    broken: bool = False


def tie(check: Check, made: Mapping[str, Decision], text: str) -> Tie:
    """The tie that ``check`` decides.

    Args:
        made: the decisions that were made, by their ids.
    """
    decision = made.get(check.id)
    if decision is None:
        symbol, word = _UNDECIDED
        return Tie(f"{check.number}: {text}", symbol, word)
    broken = decision.outcome is Outcome.FAIL
    word = (
        "FAIL" if broken else {"warn": "with a warning", "skip": "not checked"}.get(decision.outcome, "pass")
    )
    return Tie(f"{check.number}: {text}", decision.outcome.symbol, word, broken)


def by_id(decisions: Iterable[Decision]) -> dict[str, Decision]:
    """The decisions by the ids of their checks."""
    return {decision.id: decision for decision in decisions}


def ladder(parts: Sequence[Rung | Tie], said: str) -> Drawing:
    """Draws boxes and ties from top to bottom.

    Args:
        said: what the picture is; what it shows is added, in words.
    """
    canvas, y = Canvas(), 2.0
    for place, part in enumerate(parts):
        if isinstance(part, Rung):
            y = _draw_rung(canvas, part, y)
        else:
            last = place + 1 == len(parts) or isinstance(parts[place + 1], Tie)
            y = _draw_tie(canvas, part, y, arrow=not last)
    return canvas.drawing(y + 2, f"{said} {' '.join(_in_words(part) for part in parts)}")


def _draw_rung(canvas: Canvas, rung: Rung, top: float) -> float:
    left, width = MARGIN, WIDTH - 2 * MARGIN
    room = width - 2 * _INSET
    rows: list[tuple[str, bool]] = []
    for name, value in rung.facts:
        said = f"{name}: " if name and value else name
        first = lines_of(f"{said}{value}", room, 1)
        if first[0].endswith(" …") and value:
            rows += [(name, False)] if name else []
            rows += [(line, True) for line in lines_of(value, room)]
        else:
            rows.append((f"{said}{value}", False))
    height = 10 + LINE * (1 + len(rows)) + 6
    canvas.box(left, top, width, height, rung.kind)
    y = top + LINE + 5
    canvas.text(left + _INSET, y, rung.title, bold=True)
    for text, mono in rows:
        y += LINE
        canvas.text(left + _INSET, y, text, mono=mono)
    return top + height


def _draw_tie(canvas: Canvas, link: Tie, top: float, *, arrow: bool) -> float:
    lines = lines_of(f"{link.text} – {link.word}" if link.word else link.text, WIDTH - _MARK_X - 24, 3)
    height = max(_LINK, 18 + LINE * len(lines))
    middle = top + height / 2
    if link.symbol:
        canvas.line((_MARK_X, top), (_MARK_X, middle - 9))
        canvas.mark(_MARK_X, middle, link.symbol, failed=link.broken)
        canvas.line((_MARK_X, middle + 9), (_MARK_X, top + height), arrow=arrow)
    else:
        canvas.line((_MARK_X, top), (_MARK_X, top + height), arrow=arrow)
    y = middle + 4 - LINE * (len(lines) - 1) / 2
    for line in lines:
        canvas.text(_MARK_X + 18, y, line, bold=link.broken)
        y += LINE
    return top + height


def _in_words(part: Rung | Tie) -> str:
    if isinstance(part, Tie):
        return f"{part.text}: {part.word}." if part.word else f"{part.text}."
    facts = "; ".join(f"{name} {value}".strip() for name, value in part.facts)
    return f"[{part.title}{f': {facts}' if facts else ''}]"
