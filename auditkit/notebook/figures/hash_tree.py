"""The hash tree of a certificate as an outline: what it holds, and what was left out of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from auditkit.errors import EvidenceError
from auditkit.ic import Certificate, Fork, HashTree, Labeled, Leaf, Principal, Pruned, root_hash
from auditkit.notebook.figures.canvas import (
    FAIL_COLOUR,
    LINE,
    MARGIN,
    WIDTH,
    Canvas,
    Drawing,
    lines_of,
    short,
)

SHOWN_ROWS: Final = 60
"""Rows of one tree that are drawn at most; the last one says how many more there are."""

_STEP: Final = 20
_ROW: Final = 24
_DEEPEST: Final = 8  # what is deeper is drawn at this depth
_LABEL: Final = 40
_PRINCIPALS: Final = frozenset({b"subnet", b"canister_ranges", b"canister"})
_MEANING: Final = {
    b"reply": "the answer",
    b"status": "of the question",
    b"time": "when it was signed",
    b"public_key": "its key",
    b"canister_ranges": "it may speak for",
}


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the outline; ``kind`` is ``label``, ``value``, ``pruned``, ``empty`` or ``more``."""

    depth: int
    kind: str
    text: str


def hash_tree_drawing(certificate: Certificate | None, beside: Certificate | None = None) -> Drawing:
    """Draws the hash tree of a certificate, and that of its delegation if it has one.

    Each row is a label or a value. Dashed rows stand for parts that were left out: their hashes are enough to compute
    the root hash, which is what is signed.

    Args:
        certificate: verified or not; nothing is verified here. None draws that there is none.
        beside: another one; a root hash that is not the same as there is marked.
    """
    canvas = Canvas()
    if certificate is None:
        canvas.text(MARGIN, 18, "There is no certificate to draw.")
        return canvas.drawing(28, "There is no certificate to draw.")
    delegation = certificate.delegation
    signer = "The root key" if delegation is None else f"The key of subnet {delegation.subnet}"
    y, said = _draw_tree(canvas, 2.0, "The certificate", certificate, signer, beside=beside)
    if delegation is not None:
        other = (
            beside.delegation.certificate if beside is not None and beside.delegation is not None else None
        )
        y, more = _draw_tree(
            canvas, y + 14, "The delegation", delegation.certificate, "The root key", beside=other
        )
        said = f"{said} {more}"
    return canvas.drawing(y + 4, said)


def _draw_tree(
    canvas: Canvas,
    top: float,
    title: str,
    certificate: Certificate,
    signer: str,
    *,
    beside: Certificate | None,
) -> tuple[float, str]:
    """Draws one tree; gives where it ends, and what it shows in words."""
    root = root_hash(certificate.tree)
    head = lines_of(f"{signer} signs this root hash, and with it all below:", WIDTH - 2 * MARGIN - 24, 3)
    signed = None if beside is None else root_hash(beside.tree)
    changed = signed is not None and signed != root
    height = 12 + LINE * (len(head) + (3 if changed else 2))
    canvas.box(MARGIN, top, WIDTH - 2 * MARGIN, height, "strong")
    y = top + LINE + 3
    canvas.text(MARGIN + 12, y, title, bold=True)
    for line in head:
        y += LINE
        canvas.text(MARGIN + 12, y, line)
    colour = FAIL_COLOUR if changed else "currentColor"
    canvas.text(MARGIN + 12, y + LINE, f"root hash {short(root, 32)}", mono=True, bold=changed, colour=colour)
    mark = ""
    if changed and signed is not None:
        mark = f" Changed: it was {short(signed)}."
        canvas.text(MARGIN + 12, y + 2 * LINE, f"✗ changed: it was {short(signed)}", bold=True, colour=colour)
    rows = list(_rows(certificate.tree, 0, None))
    shown = rows if len(rows) <= SHOWN_ROWS else rows[: SHOWN_ROWS - 1]
    if len(shown) < len(rows):
        shown = [*shown, _Row(0, "more", f"… and {len(rows) - len(shown)} more rows")]
    end = _draw_rows(canvas, shown, top + height)
    listed = "; ".join(f"{'› ' * row.depth}{row.text}" for row in shown)
    return end, f"{title}: hash tree with root hash {short(root)}, to be signed by: {signer}.{mark} {listed}."


def _draw_rows(canvas: Canvas, rows: Sequence[_Row], top: float) -> float:
    """Draws the outline below ``top``; gives where it ends."""
    middles: list[float] = []
    for place, row in enumerate(rows):
        middle = top + 8 + _ROW * place + _ROW / 2
        middles.append(middle)
        depth = min(row.depth, _DEEPEST)
        x = MARGIN + 14 + _STEP * depth
        parent = next((at for at in range(place - 1, -1, -1) if rows[at].depth < row.depth), None)
        start = top if parent is None else middles[parent] + 9
        canvas.line((x, start), (x, middle), (x + 10, middle), dashed=row.kind == "pruned")
        left = x + 12
        room = WIDTH - MARGIN - left - 6
        if row.kind == "pruned":
            canvas.box(left, middle - 10, WIDTH - MARGIN - left, 20, "weak")
        (text,) = lines_of(row.text, room - 4, 1)
        canvas.text(left + 4, middle + 4, text, mono=row.kind == "pruned")
    return top + 8 + _ROW * len(rows) + 4


def _rows(tree: HashTree, depth: int, label: bytes | None) -> Iterator[_Row]:
    """The rows of ``tree``, which stands below ``label``."""
    left_out: list[bytes] = []
    for node in (*_side_by_side(tree), None):
        if isinstance(node, Pruned):
            left_out.append(node.digest)
            continue
        if left_out:
            yield _Row(depth, "pruned", _told_left_out(left_out))
            left_out = []
        if isinstance(node, Labeled):
            meaning = _MEANING.get(node.label)
            name = _label(node.label, label)
            if isinstance(node.subtree, Leaf):
                value = _value(node.subtree.value)
                yield _Row(depth, "label", f"{name}: {value}{f' ({meaning})' if meaning else ''}")
            else:
                yield _Row(depth, "label", name)
                yield from _rows(node.subtree, depth + 1, node.label)
        elif isinstance(node, Leaf):
            yield _Row(depth, "value", _value(node.value))
        elif node is not None:
            yield _Row(depth, "empty", "nothing")


def _side_by_side(tree: HashTree) -> Iterator[HashTree]:
    """The nodes that forks join, left to right."""
    pending = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, Fork):
            pending += (node.right, node.left)
        else:
            yield node


def _told_left_out(digests: Sequence[bytes]) -> str:
    if len(digests) == 1:
        return f"left out; its hash is {short(digests[0])}"
    return f"{len(digests)} parts left out; hashes {short(digests[0], 8)} …"


def _label(label: bytes, parent: bytes | None) -> str:
    """A label as people know it; what is not text is a principal where one belongs, else hex digits."""
    if parent in _PRINCIPALS:
        try:
            return str(Principal(label))
        except EvidenceError:
            return label.hex()
    if label.isascii() and label.decode("ascii").isprintable() and len(label) <= _LABEL:
        return label.decode("ascii")
    return short(label)


def _value(value: bytes) -> str:
    if 0 < len(value) <= _LABEL and value.isascii() and value.decode("ascii").isprintable():
        return f"“{value.decode('ascii')}”"
    return f"{len(value):,} bytes"
