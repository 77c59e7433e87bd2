"""The decisions of many reports as one drawing: a row per report, a column per check.

Each outcome has its own mark and grey value besides its colour, as in `auditkit.notebook.figures.overlap`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import shorten
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.style import context as drawing_style

from auditkit.checks import ALL_CHECKS
from auditkit.decision import Outcome
from auditkit.notebook.figures.canvas import Drawing
from auditkit.notebook.figures.plotted import OWN_STYLE, PAGE_INK, drawable, figure_svg

SHOWN_REPORTS: Final = 40
"""Rows that are drawn at most; the drawing says how many more the table has."""

_CELL_INCHES: Final = 0.24
_LABEL_INCHES: Final = 3.4
_HEAD_INCHES: Final = 0.62
_FOOT_INCHES: Final = 0.75
_INK: Final = "#1a1a1a"
_FONT: Final = "DejaVu Sans"
_STYLES: Final = {
    Outcome.PASS: ("#ffffff", "✓", "passed"),
    Outcome.FAIL: ("#1a1a1a", "×", "failed"),
    Outcome.WARN: ("#f0b429", "!", "with a warning"),
    Outcome.SKIP: ("#e4e4e4", "–", "skipped"),
}
_NOT_DECIDED: Final = ("#9a9a9a", "?", "not decided")


def outcomes_figure(reports: Sequence[tuple[str, str, Mapping[int, Outcome]]]) -> Figure:
    """Draws what each check of each report decided.

    Args:
        reports: name, verdict with the world it is about, and the outcome of each check by its number; those that
            matter most first.
    """
    shown = reports[:SHOWN_REPORTS]
    width = _LABEL_INCHES + _CELL_INCHES * len(ALL_CHECKS) + 0.12
    height = _HEAD_INCHES + _CELL_INCHES * max(len(shown), 1) + _FOOT_INCHES
    with drawing_style(OWN_STYLE):
        return _drawn(reports, shown, width, height)


def outcomes_drawing(reports: Sequence[tuple[str, str, Mapping[int, Outcome]]]) -> Drawing:
    """`outcomes_figure` as a picture for a notebook, which says in words how many reports it shows."""
    title = "Outcomes of the checks of each report"
    said = "; ".join(f"{verdict} {name}" for name, verdict, _ in reports[:SHOWN_REPORTS])
    return Drawing(figure_svg(outcomes_figure(reports), title), f"{title}: {said or 'none yet'}.", 1340, 1200)


def _drawn(
    reports: Sequence[tuple[str, str, Mapping[int, Outcome]]],
    shown: Sequence[tuple[str, str, Mapping[int, Outcome]]],
    width: float,
    height: float,
) -> Figure:
    figure = Figure(figsize=(width, height), dpi=110, facecolor="none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    axes.set_axis_off()
    _write(axes, 0.12, 0.22, "report", weight="bold")
    _write(axes, _LABEL_INCHES, 0.22, "check, by its number in every report", weight="bold")
    for place, check in enumerate(ALL_CHECKS):
        middle = _LABEL_INCHES + (place + 0.5) * _CELL_INCHES
        _write(axes, middle, _HEAD_INCHES - 0.12, str(check.number), size=6.5, ha="center")
    for line, (name, verdict, outcomes) in enumerate(shown):
        top = _HEAD_INCHES + line * _CELL_INCHES
        text = shorten(drawable(name), 24, placeholder="…") or "…"
        _write(axes, 0.12, top + _CELL_INCHES / 2, f"{verdict} {text}", family="DejaVu Sans Mono", size=7)
        for place, check in enumerate(ALL_CHECKS):
            style = _STYLES[outcomes[check.number]] if check.number in outcomes else _NOT_DECIDED
            _cell(axes, _LABEL_INCHES + place * _CELL_INCHES, top, style)
    if not shown:
        _write(axes, 0.12, _HEAD_INCHES + _CELL_INCHES / 2, "no reports yet")
    _legend(axes, height - 0.42, len(reports) - len(shown))
    return figure


def _legend(axes: Axes, top: float, left_out: int) -> None:
    for number, style in enumerate((*_STYLES.values(), _NOT_DECIDED)):
        place = 0.12 + 1.45 * number
        _cell(axes, place, top, style)
        _write(axes, place + _CELL_INCHES + 0.08, top + _CELL_INCHES / 2, style[2])
    if left_out:
        _write(axes, 0.12 + 1.45 * 5, top + _CELL_INCHES / 2, f"not drawn: {left_out} more", weight="bold")


def _cell(axes: Axes, x: float, y: float, style: tuple[str, str, str]) -> None:
    face, mark, _ = style
    axes.add_patch(
        Rectangle((x, y), _CELL_INCHES, _CELL_INCHES, facecolor=face, edgecolor="#707070", linewidth=0.6)
    )
    colour = "white" if face == _INK else _INK
    _write(axes, x + _CELL_INCHES / 2, y + _CELL_INCHES / 2, mark, ha="center", color=colour)


def _write(
    axes: Axes,
    x: float,
    y: float,
    text: str,
    *,
    size: float = 8,
    ha: str = "left",
    weight: str = "normal",
    family: str = _FONT,
    color: str = PAGE_INK,
) -> None:
    axes.text(
        x, y, text, size=size, ha=ha, va="center", weight=weight, family=family, color=color, parse_math=False
    )
