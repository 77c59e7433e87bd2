"""The overlap as a drawing: blessed measurements against computed ones.

Each relation has its own mark, hatch and grey value besides its colour (palette of Okabe and Ito), so that
the drawing reads in black and white and to the colour-blind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import shorten, wrap
from typing import TYPE_CHECKING, Any, Final, TypeVar

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.style import context as drawing_style
from matplotlib.text import Text

from auditkit.audit import Relation
from auditkit.notebook.figures.canvas import Drawing
from auditkit.notebook.figures.overlap_labels import label_agreement, overlap_record
from auditkit.notebook.figures.plotted import OWN_STYLE, PAGE_INK, drawable, figure_svg
from auditkit.report import OverlapRecord, Setting

if TYPE_CHECKING:
    from auditkit.audit import Overlap

SHOWN_MEASUREMENTS: Final = 40
"""Rows and columns that are drawn at most; the drawing says how many more the table has."""

_LABEL_INCHES: Final = 2.3
_TEXT_INCHES: Final = 4.6
_GAP: Final = 0.18
_ROW_INCHES: Final = 0.52
_LINE_INCHES: Final = 0.155
_CELL_INCHES: Final = 0.86
_NARROW_CELL_INCHES: Final = 0.34
_LEAST_GRID_INCHES: Final = 2.6
_WIDE_COLUMNS: Final = 12  # with more of them the cells become narrow and their names stand upright
_TEXT_CHARACTERS: Final = 68
_EXPLANATION_LINES: Final = 6
_INK: Final = "#1a1a1a"
_GRID: Final = "#8c8c8c"
_FONT: Final = "DejaVu Sans"
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class _Style:
    """How a relation looks."""

    face: str
    hatch: str
    mark: str
    mark_colour: str


_STYLES: Final = {
    "matched": _Style("#0072b2", "", "✓", "white"),
    "metadata-differs": _Style("#f0b429", "///", "≠", _INK),
    "blessed-only": _Style("#e8835a", "xxx", "?", _INK),
    "computed-only": _Style("#ffffff", "...", "–", _INK),
}
_LABELS: Final = {
    "agrees": "label agrees",
    "differs": "label is wrong",
    "incomplete": "label incomplete",
    "absent": "no label",
}


def overlap_figure(rows: Iterable[Overlap | OverlapRecord]) -> Figure:
    """Draws what the proposal names (rows) against what the base release measures to (columns).

    A row tells its relation, whether the label agrees, and its explanation; a computed setting that is not
    blessed is marked below its column. The figure belongs to no pyplot state.

    Args:
        rows: the overlap, blessed entries in the proposal's order and then what is only computed.
    """
    records = [overlap_record(row) for row in rows]
    return _Drawing(records).figure()


def overlap_drawing(rows: Iterable[Overlap | OverlapRecord]) -> Drawing:
    """`overlap_figure` as a picture for a notebook, which says the same in words."""
    records = [overlap_record(row) for row in rows]
    said = "; ".join(f"{record.measurement[:16]}… {Relation(record.relation).in_words}" for record in records)
    title = "Measurements in the proposal, and computed ones"
    svg = figure_svg(overlap_figure(records), title)
    return Drawing(svg, f"{title}: {said or 'none'}.", pixels=1000, least_pixels=680)


class _Drawing:
    """The layout of one drawing, in inches from the upper left corner."""

    def __init__(self, records: Sequence[OverlapRecord]) -> None:
        blessed = [record for record in records if record.blessed is not None]
        settings: dict[str, Setting] = {}
        for record in records:
            if record.computed is not None:
                settings.setdefault(record.measurement, record.computed)
        blessed_digests = {record.measurement for record in blessed}
        self._foreign = [digest for digest in settings if digest not in blessed_digests]
        self._rows = _first(blessed, [record.relation != "matched" for record in blessed])
        drawn = {record.measurement for record in self._rows}
        self._columns = {
            digest: settings[digest]
            for digest in _first(list(settings), [name in drawn for name in settings])
        }
        self._left_out = (len(blessed) - len(self._rows), len(settings) - len(self._columns))
        self._narrow = len(self._columns) > _WIDE_COLUMNS
        self._cell = _NARROW_CELL_INCHES if self._narrow else _CELL_INCHES
        self._head = 2.5 if self._narrow else 1.05
        self._grid_width = max(self._cell * len(self._columns), _LEAST_GRID_INCHES)
        self._texts = [_row_text(record) for record in self._rows]
        self._heights = [max(_ROW_INCHES, _LINE_INCHES * (1 + len(text)) + 0.18) for _, text in self._texts]

    def figure(self) -> Figure:
        width = _LABEL_INCHES + self._grid_width + _GAP + _TEXT_INCHES
        grid_height = sum(self._heights) or _ROW_INCHES
        height = self._head + grid_height + 0.55 + 0.7
        with drawing_style(OWN_STYLE):
            figure = Figure(figsize=(width, height), dpi=110, facecolor="none")
            axes = figure.add_axes((0, 0, 1, 1))
            axes.set_xlim(0, width)
            axes.set_ylim(height, 0)
            axes.set_axis_off()
            self._draw_heads(axes)
            self._draw_rows(axes)
            self._draw_foot(axes, self._head + grid_height)
            self._draw_legend(axes, height - 0.42, width)
        return figure

    def _draw_heads(self, axes: Axes) -> None:
        _write(axes, 0.12, self._head - 0.16, "in the proposal", size=9, weight="bold")
        _write(axes, _LABEL_INCHES, 0.2, "computed from the base release", size=9, weight="bold")
        if not self._columns:
            _write(axes, _LABEL_INCHES + self._cell / 2, self._head - 0.2, "nothing", ha="center")
        for place, setting in enumerate(self._columns.values()):
            x = _LABEL_INCHES + (place + 0.5) * self._cell
            name = setting.boot_args.removeprefix("BOOT_ARGS_")
            parts = (setting.vcpu_type, f"{setting.vcpus} vCPU{'s' if setting.vcpus > 1 else ''}", name)
            if self._narrow:
                _write(axes, x, self._head - 0.08, " · ".join(parts), ha="center", va="bottom", rotation=90)
            else:
                _write(axes, x, self._head - 0.08, "\n".join(parts), ha="center", va="bottom")

    def _draw_rows(self, axes: Axes) -> None:
        y = self._head
        end = _LABEL_INCHES + self._grid_width
        if not self._rows:
            _write(axes, 0.12, y + 0.26, "nothing")
        for record, (title, lines), height in zip(self._rows, self._texts, self._heights, strict=True):
            middle = y + height / 2
            _write(axes, 0.12, middle - 0.1, _blessed_name(record), size=8.5)
            _write(
                axes, 0.12, middle + 0.1, f"{record.measurement[:16]}…", size=7.5, family="DejaVu Sans Mono"
            )
            for place, measurement in enumerate(self._columns):
                x = _LABEL_INCHES + place * self._cell
                box = (x, y, self._cell, height)
                if measurement == record.measurement:
                    _fill(axes, box, _STYLES[record.relation])
                else:
                    axes.add_patch(_box(box, facecolor="none", edgecolor=_GRID))
            if record.computed is None:
                band = (_LABEL_INCHES, y + height / 2 - 0.13, end - _LABEL_INCHES, 0.26)
                _fill(axes, band, _STYLES[record.relation])
            top = middle - _LINE_INCHES * len(lines) / 2
            _write(axes, end + _GAP, top, title, size=8.5, weight="bold")
            for number, line in enumerate(lines, 1):
                _write(axes, end + _GAP, top + _LINE_INCHES * number, line, size=8)
            y += height

    def _draw_foot(self, axes: Axes, top: float) -> None:
        style = _STYLES["computed-only"]
        for place, digest in enumerate(self._columns):
            if digest in self._foreign:
                x = _LABEL_INCHES + place * self._cell
                _fill(axes, (x + 0.04, top + 0.08, self._cell - 0.08, 0.26), style)
        notes = [f"{len(self._foreign)} {Relation.COMPUTED_ONLY.in_words}"] if self._foreign else []
        left_out = zip(self._left_out, ("in the proposal", "computed"), strict=True)
        if missing := ", ".join(f"{count} more {side}" for count, side in left_out if count):
            notes.append(f"not drawn: {missing}")
        x = _LABEL_INCHES + self._grid_width + _GAP
        for number, note in enumerate(notes):
            _write(axes, x, top + 0.21 + 0.2 * number, note, size=8.5, weight="bold")

    def _draw_legend(self, axes: Axes, y: float, width: float) -> None:
        step = (width - 0.24) / len(_STYLES)
        for number, (relation, style) in enumerate(_STYLES.items()):
            x = 0.12 + number * step
            _fill(axes, (x, y, 0.34, 0.24), style)
            _write(axes, x + 0.42, y + 0.12, Relation(relation).in_words, size=8)


def _first(items: Sequence[_Item], wanted: Sequence[bool]) -> list[_Item]:
    """As many of the items as are drawn, in their order; those that are wanted before others."""
    ranked = sorted(range(len(items)), key=lambda place: not wanted[place])
    return [items[place] for place in sorted(ranked[:SHOWN_MEASUREMENTS])]


def _row_text(record: OverlapRecord) -> tuple[str, list[str]]:
    """The relation and label agreement of a row, and its explanation in lines."""
    title = Relation(record.relation).in_words
    agreement = _LABELS.get(label_agreement(record))
    if record.relation == "matched" and agreement:
        title += f", {agreement}"
    lines = wrap(drawable(record.explanation or ""), _TEXT_CHARACTERS)
    if len(lines) > _EXPLANATION_LINES:
        lines = [*lines[: _EXPLANATION_LINES - 1], "… (all of it is in the table)"]
    return title, lines


def _blessed_name(record: OverlapRecord) -> str:
    label = record.blessed.vcpu_type if record.blessed else None
    return (
        "no CPU type given" if label is None else shorten(drawable(label), 26, placeholder="…") or "(empty)"
    )


def _fill(axes: Axes, box: tuple[float, float, float, float], style: _Style) -> None:
    axes.add_patch(_box(box, facecolor=style.face, edgecolor=_INK, hatch=style.hatch))
    x, y, width, height = box
    text = _write(axes, x + width / 2, y + height / 2, style.mark, size=12, weight="bold", ha="center")
    text.set_color(style.mark_colour)
    if style.hatch:
        text.set_bbox({"boxstyle": "round,pad=0.12", "facecolor": "white", "edgecolor": "none"})


def _box(box: tuple[float, float, float, float], **style: Any) -> Rectangle:
    x, y, width, height = box
    return Rectangle((x, y), width, height, linewidth=0.8, **style)


def _write(axes: Axes, x: float, y: float, text: str, **style: Any) -> Text:
    settings: dict[str, Any] = {"size": 8, "va": "center", "family": _FONT, "color": PAGE_INK, **style}
    return axes.text(x, y, text, parse_math=False, **settings)
