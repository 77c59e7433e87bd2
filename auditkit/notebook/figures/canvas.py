"""A sheet to draw on: boxes, lines and text as SVG, in the colours of the page around it.

What is drawn takes ``currentColor``, so that it reads in a light and in a dark theme; what matters is told by words
and line styles too, never by a colour alone. A sheet is as narrow as a phone. Every text goes through one function,
which makes it safe to look at and leaves no HTML in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from textwrap import wrap
from typing import Final

from auditkit.display import one_line

WIDTH: Final = 400
"""Units of a sheet, a little more than the pixels of a phone."""
MARGIN: Final = 10
LINE: Final = 16
"""Height of a line of text."""

_WIDEST_PIXELS: Final = 520
_NARROWEST_PIXELS: Final = 320
_SIZE: Final = 12
_MONO_SIZE: Final = 11
_SANS: Final = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"
_MONO: Final = "'DejaVu Sans Mono', Menlo, Consolas, monospace"
_UNITS_PER_CHARACTER: Final = 7.3  # of the widest of the fonts, at its size
_ALT_TEXT: Final = 2_000
FAIL_COLOUR: Final = "#d64541"
"""Reads on white and on black; always beside a word."""
_BOXES: Final = {
    "plain": 'stroke-width="1.2"',
    "strong": 'stroke-width="2.4" style="fill: currentColor; fill-opacity: 0.09"',
    "weak": 'stroke-width="1.2" stroke-dasharray="4 4"',
}


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture that a notebook shows, and the same in words where there are no pictures.

    Attributes:
        svg: an ``<svg>`` element.
        said: what it shows, for a screen reader and a terminal.
        pixels: how wide it is shown at most.
        least_pixels: how wide at least; a narrower page gets a scroll bar below it.
    """

    svg: str
    said: str
    pixels: int = _WIDEST_PIXELS
    least_pixels: int = _NARROWEST_PIXELS

    def __repr__(self) -> str:
        return self.said

    def _repr_html_(self) -> str:
        inner = f"min-width: {self.least_pixels}px; max-width: {self.pixels}px"
        return (
            '<div class="auditkit-figure tex2jax_ignore mathjax_ignore" style="overflow-x: auto">'
            f'<div style="{inner}">{self.svg}</div></div>'
        )


class Canvas:
    """One sheet; units are about pixels, from the upper left corner."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        bold: bool = False,
        mono: bool = False,
        middle: bool = False,
        colour: str = "currentColor",
    ) -> None:
        """Writes one line whose base is at ``y``."""
        anchor = ' text-anchor="middle"' if middle else ""
        weight = ' font-weight="650"' if bold else ""
        family, size = (_MONO, _MONO_SIZE) if mono else (_SANS, _SIZE)
        self._parts.append(
            f'<text x="{x:g}" y="{y:g}" font-family="{family}" font-size="{size}"{weight}{anchor} '
            f'fill="{colour}">{_safe(text)}</text>'
        )

    def box(self, x: float, y: float, width: float, height: float, kind: str = "plain") -> None:
        """Draws a box: ``plain``, ``strong`` or ``weak``."""
        self._parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="4" fill="none" '
            f'stroke="currentColor" {_BOXES[kind]}/>'
        )

    def line(self, *points: tuple[float, float], dashed: bool = False, arrow: bool = False) -> None:
        """Draws a line through ``points``; an arrow has its head at the last one, which is below or to the right."""
        path = " ".join(f"{x:g},{y:g}" for x, y in points)
        dash = ' stroke-dasharray="3 4"' if dashed else ""
        self._parts.append(
            f'<polyline points="{path}" fill="none" stroke="currentColor" stroke-width="1.4"{dash}/>'
        )
        if arrow:
            (x, y), before = points[-1], points[-2]
            down = before[0] == x
            head = (
                f"{x - 4:g},{y - 7:g} {x + 4:g},{y - 7:g}"
                if down
                else f"{x - 7:g},{y - 4:g} {x - 7:g},{y + 4:g}"
            )
            self._parts.append(f'<polygon points="{x:g},{y:g} {head}" fill="currentColor"/>')

    def mark(self, x: float, y: float, symbol: str, *, failed: bool = False) -> None:
        """Draws a symbol in a circle."""
        colour = FAIL_COLOUR if failed else "currentColor"
        self._parts.append(
            f'<circle cx="{x:g}" cy="{y:g}" r="9" fill="none" stroke="{colour}" '
            f'stroke-width="{2.4 if failed else 1.4}"/>'
        )
        self.text(x, y + 4.2, symbol, bold=failed, middle=True, colour=colour)

    def drawing(self, height: float, said: str) -> Drawing:
        """The sheet, ``height`` units high; ``said`` is the same in words."""
        told = one_line(said, _ALT_TEXT)
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" role="img" '
            f'aria-label="{escape(told)}" style="display: block; width: 100%; height: auto; color: inherit">'
            f"{''.join(self._parts)}</svg>"
        )
        return Drawing(svg, told)


def characters(units: float) -> int:
    """How many characters have room on a line of so many units."""
    return max(8, int(units / _UNITS_PER_CHARACTER))


def lines_of(text: str, units: float, most: int = 4) -> list[str]:
    """``text`` in lines that have room on so many units, ``most`` at most; what is left out is told by an ellipsis."""
    room = characters(units)
    lines = wrap(one_line(text, room * most * 2), room, break_on_hyphens=False) or [""]
    if len(lines) > most:
        lines = [*lines[: most - 1], f"{lines[most - 1][: room - 2]} …"]
    return lines


def short(digest: bytes | str, digits: int = 16) -> str:
    """The first digits of a digest."""
    text = digest.hex() if isinstance(digest, bytes) else digest
    return f"{text[:digits]}…" if len(text) > digits else text


def _safe(text: str) -> str:
    """``text`` as the content of an element: nothing in it is markup, and everything can be seen."""
    return escape(one_line(text, _ALT_TEXT))
