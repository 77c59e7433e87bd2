"""How a step shows itself: a table in a notebook, lines in a terminal; no text of others is taken as HTML."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from auditkit.audit import Trouble
from auditkit.decision import Decision
from auditkit.display import one_line
from auditkit.report.rendering import OUTCOME_SYMBOLS, tally

_TEXT: Final = 600  # characters of one cell
_NO_TEX: Final = 'class="tex2jax_ignore mathjax_ignore"'  # Jupyter typesets $...$ in what a cell shows
_CELL: Final = 'style="text-align: left; vertical-align: top; overflow-wrap: anywhere"'


class Shown(Protocol):
    """A step of the audit."""

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """What it decided."""

    @property
    def trouble(self) -> tuple[Trouble, ...]:
        """What it met."""

    @property
    def obstacle(self) -> str:
        """What stood in its way."""


def step_html(title: str, step: Shown) -> str:
    """A heading and one row per decision; behind them, one for each trouble that kept one from being made."""
    rows = [
        (
            str(one.number),
            one.question,
            f"{OUTCOME_SYMBOLS[one.outcome]} {one.outcome}",
            one.observed,
            one.reason,
        )
        for one in step.decisions
    ]
    rows += [("", "Could it be determined?", "TROUBLE", one.where, _trouble(one)) for one in step.trouble]
    table = html_table(("check", "question", "outcome", "observed", "why"), rows) if rows else ""
    headline = html.escape(one_line(_headline(step), _TEXT))
    return f"<p {_NO_TEX}><strong>{html.escape(title)}</strong>: {headline}</p>{table}"


def step_text(title: str, step: Shown) -> str:
    """The same as text: one line per decision, with the reason where it is not a pass."""
    lines = [f"{title}: {_headline(step)}"]
    for one in step.decisions:
        why = "" if one.outcome == "pass" else f" ({one.reason})"
        lines.append(f"  {OUTCOME_SYMBOLS[one.outcome]} {one.number:2} {one.id}: {one.observed}{why}")
    lines += [f"  ? {one.where}: {_trouble(one)}" for one in step.trouble]
    return "\n".join(one_line(line, _TEXT) for line in lines)


def html_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of whole texts, each escaped."""
    head = "".join(f'<th scope="col" {_CELL}>{html.escape(name)}</th>' for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td {_CELL}>{html.escape(one_line(cell, _TEXT))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table {_NO_TEX}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _headline(step: Shown) -> str:
    if step.obstacle:
        return step.obstacle
    if step.trouble:
        return f"it could not be determined: {step.trouble[0].what}."
    return f"{tally(step.decisions)}."


def _trouble(trouble: Trouble) -> str:
    return f"{trouble.what}; {trouble.hint}" if trouble.hint else f"{trouble.what}."
