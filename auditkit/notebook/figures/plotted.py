"""Figures of matplotlib as SVG that takes part in the page around it: its colour of text, and no background."""

from __future__ import annotations

import re
from html import escape
from io import StringIO
from typing import Final

from matplotlib.figure import Figure
from matplotlib.style import context as drawing_style

from auditkit.display import one_line

OWN_STYLE: Final = ("default", {"hatch.linewidth": 0.6})
"""matplotlib's own settings and ours, whatever a ``matplotlibrc`` in the working folder says."""
PAGE_INK: Final = "#010203"
"""Becomes the page's colour of text; no figure draws with it for any other reason."""

_DRAWABLE: Final = frozenset("…×≠✓–—’‘“”·⟨⟩")
_ALT_TEXT: Final = 2_000
_STYLE_ELEMENT: Final = re.compile(r"<style.*?</style>\s*", re.DOTALL)
_METADATA: Final = re.compile(r"<metadata>.*?</metadata>\s*", re.DOTALL)
_SIZE: Final = re.compile(r' (?:width|height)="[\d.]+pt"')


def figure_svg(figure: Figure, label: str) -> str:
    """The figure as an ``<svg>`` element: equal figures give equal text, without dates and outside links.

    Args:
        label: what a screen reader says about it.
    """
    text = StringIO()
    with drawing_style([*OWN_STYLE, {"svg.hashsalt": "auditkit", "svg.fonttype": "path"}]):
        figure.savefig(
            text, format="svg", metadata={"Date": None, "Creator": None}, facecolor="none", edgecolor="none"
        )
    svg = text.getvalue()
    svg = _METADATA.sub("", svg[svg.index("<svg") :])
    # A style element inside a page would hold for all of the page.
    svg = _STYLE_ELEMENT.sub("", svg).replace(PAGE_INK, "currentColor")
    head, rest = svg.split(">", 1)
    style = "stroke-linejoin: round; stroke-linecap: butt; display: block; width: 100%; height: auto; color: inherit"
    told = escape(one_line(label, _ALT_TEXT))
    return f'{_SIZE.sub("", head)} role="img" aria-label="{told}" style="{style}">{rest}'


def drawable(text: str) -> str:
    """``text`` in characters that the font has; the others are spelled out."""
    return "".join(
        letter
        if (letter.isascii() and letter.isprintable()) or letter in _DRAWABLE
        else f"⟨U+{ord(letter):04X}⟩"
        for letter in text
    )
