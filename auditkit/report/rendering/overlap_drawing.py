"""The overlap as a picture: what the proposal says on the left, what was computed on the right.

A line between them means that the bytes are equal. The picture is written by hand, so that it is the same text on every
machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from auditkit.audit import Relation
from auditkit.display import one_line
from auditkit.report.document import AuditDocument
from auditkit.report.measurement_records import Label, OverlapRecord, Setting

DRAWN_ROWS: Final = 24
_ROW, _TOP, _WIDTH = 34, 50, 360


def overlap_svg(document: AuditDocument) -> str:
    """The first `DRAWN_ROWS` rows as an SVG document.

    Where labels are exchanged, each computed setting stands beside the label that describes it, so that the lines
    between equal bytes cross.
    """
    rows = document.overlap[:DRAWN_ROWS]
    height = _ROW * len(rows) + 34
    left = "Proposed" if document.subject.kind == "election" else "Blessed"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="drawing" viewBox="0 0 {_WIDTH} {height}" role="img" '
        'aria-labelledby="drawing-title">',
        '<title id="drawing-title">The measurements of the proposal and the computed ones; the table below says the '
        "same in words.</title>",
        f'<text class="head" x="112" y="18" text-anchor="end">{left}</text>',
        '<text class="head" x="214" y="18">Computed</text>',
    ]
    places = right_places(rows)
    parts += [_drawn(row, number, places[number]) for number, row in enumerate(rows)]
    return "".join((*parts, "</svg>"))


def is_crossed(document: AuditDocument) -> bool:
    """Whether any two lines of the picture cross."""
    places = right_places(document.overlap[:DRAWN_ROWS])
    return places != sorted(places)


def right_places(rows: Sequence[OverlapRecord]) -> list[int]:
    """In which row of the right column the computed setting of each row stands: its own, or where labels are exchanged
    that of the label which describes it."""
    places = list(range(len(rows)))
    wrong = [number for number, row in enumerate(rows) if row.relation == "metadata-differs"]
    described = {}
    for number in wrong:
        for other in wrong:
            label, setting = rows[number].blessed, rows[other].computed
            if label is not None and setting is not None and _describes(label, setting):
                described[other] = number
    if sorted(described) == wrong and sorted(described.values()) == wrong:
        for number, place in described.items():
            places[number] = place
    return places


def _describes(label: Label, setting: Setting) -> bool:
    return label.kernel_cmdline == setting.kernel_cmdline and label.vcpu_type in (None, setting.vcpu_type)


def _drawn(row: OverlapRecord, number: int, right: int) -> str:
    y, other = _TOP + _ROW * number, _TOP + _ROW * right
    parts = [f'<g class="{row.relation}">']
    if row.blessed is not None:
        name = (
            "no label" if row.blessed.vcpu_type is None else escape(one_line(row.blessed.vcpu_type, 40)[:14])
        )
        parts.append(
            f'<text x="112" y="{y}" text-anchor="end">{name}</text>'
            f'<text class="hex" x="112" y="{y + 12}" text-anchor="end">{row.measurement[:14]}…</text>'
            f'<circle cx="126" cy="{y}" r="6"/>'
        )
    if row.blessed is not None and row.computed is not None:
        parts.append(f'<line x1="133" y1="{y}" x2="193" y2="{other}"/>')
    parts.append(_mark(row, y, crossed=right != number))
    if row.computed is not None:
        setting = row.computed
        parts.append(
            f'<circle cx="200" cy="{other}" r="6"/>'
            f'<text x="214" y="{other}">{escape(one_line(setting.vcpu_type, 40)[:14])}, {setting.vcpus} vCPUs</text>'
            f'<text class="hex" x="214" y="{other + 12}">{escape(one_line(setting.boot_args, 60)[:20])}</text>'
        )
    return "".join((*parts, "</g>"))


def _mark(row: OverlapRecord, y: int, *, crossed: bool) -> str:
    word = Relation(row.relation).mark
    if row.relation == "metadata-differs":
        return "" if crossed else f'<text class="mark" x="163" y="{y - 4}" text-anchor="middle">{word}</text>'
    if row.relation == "blessed-only":
        return f'<text class="mark" x="140" y="{y + 4}">{word}</text>'
    if row.relation == "computed-only":
        return f'<text class="mark" x="186" y="{y + 4}" text-anchor="end">{word}</text>'
    return ""
