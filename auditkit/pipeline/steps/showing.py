"""How a step shows itself: a table in a notebook, lines in a terminal; no text of others is taken as HTML."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from auditkit.audit import Trouble
from auditkit.checks import ALL_CHECKS
from auditkit.decision import Check, Decision, Outcome
from auditkit.display import one_line
from auditkit.report.rendering import tally

if TYPE_CHECKING:
    from auditkit.pipeline.steps.step import Step

_TEXT: Final = 600  # characters of one cell
_NO_TEX: Final = 'class="tex2jax_ignore mathjax_ignore"'  # Jupyter typesets $...$ in what a cell shows
_BOX: Final = (
    "border: 2px solid #d64541; border-radius: 4px; padding: 0.5em 0.8em; max-width: 46em; margin: 0.5em 0"
)
_CHECKS: Final[dict[str, Check]] = {check.id: check for check in ALL_CHECKS}
_CELL: Final = "text-align: left; vertical-align: top"
# On a phone a table is moved sideways, and not squeezed.
_WIDE: Final = f"{_CELL}; overflow-wrap: anywhere; min-width: 9em"
_NARROW: Final = f"{_CELL}; white-space: nowrap"
_SHORT: Final = 14  # characters of the longest text in a narrow column


def step_html(step: Step) -> str:
    """A heading and one row per decision; after them, one for each trouble that kept one from being made."""
    rows = [
        (str(one.number), one.question, _outcome(one), one.observed, one.reason) for one in step.decisions
    ]
    rows += [
        ("", "Could it be determined?", "TROUBLE", one.where, f"{one.what}. {one.hint}")
        for one in step.trouble
    ]
    table = html_table(("check", "question", "outcome", "observed", "why"), rows) if rows else ""
    headline = html.escape(one_line(_headline(step), _TEXT))
    return f"<p {_NO_TEX}><strong>{html.escape(step.title)}</strong>: {headline}</p>{table}{_what_now(step)}"


def _what_now(step: Step) -> str:
    """Below a step with a failed check: what that means, and what to do."""
    failed = next((one for one in step.decisions if one.outcome is Outcome.FAIL), None)
    check = None if failed is None else _CHECKS.get(failed.id)
    if check is None:
        return ""
    return (
        f'<div {_NO_TEX} role="alert" style="{_BOX}"><strong>What now:</strong> {html.escape(check.failure)} '
        f"{html.escape(check.advice)}</div>"
    )


def step_text(step: Step) -> str:
    """The same as text: one line per decision, with the reason where it is not a pass."""
    lines = [f"{step.title}: {_headline(step)}"]
    for one in step.decisions:
        why = "" if one.outcome is Outcome.PASS else f" ({one.reason})"
        lines.append(f"  {one.outcome.symbol} {one.number:2} {one.id}: {one.observed}{why}")
    lines += [f"  ? {one.where}: {_trouble(one)}" for one in step.trouble]
    return "\n".join(one_line(line, _TEXT) for line in lines)


def html_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of whole texts, each escaped."""
    shown = [[one_line(cell, _TEXT) for cell in row] for row in rows]
    styles = [
        _WIDE if any(len(row[place]) > _SHORT for row in shown) else _NARROW for place in range(len(columns))
    ]
    head = "".join(
        f'<th scope="col" style="{style}">{html.escape(name)}</th>'
        for name, style in zip(columns, styles, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<td style="{style}">{html.escape(cell)}</td>' for cell, style in zip(row, styles, strict=True)
        )
        + "</tr>"
        for row in shown
    )
    return f"<table {_NO_TEX}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _outcome(made: Decision) -> str:
    return f"{made.outcome.symbol} {made.outcome.upper() if made.outcome is Outcome.FAIL else made.outcome}"


def _headline(step: Step) -> str:
    if step.obstacle:
        return step.obstacle
    if step.trouble:
        return f"it could not be determined: {step.trouble[0].what}."
    return f"{tally(step.decisions)}."


def _trouble(trouble: Trouble) -> str:
    return f"{trouble.what}; {trouble.hint}" if trouble.hint else f"{trouble.what}."
