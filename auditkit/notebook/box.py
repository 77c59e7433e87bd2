"""The verdict of an audit in a box: what it is, why, and what to do now."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Final

from auditkit.audit import Trouble, Verdict
from auditkit.display import one_line
from auditkit.report import AuditDocument
from auditkit.report.rendering import check_and_reason, what_now, why

_TEXT: Final = 600  # characters of one sentence
_TROUBLES: Final = 5
# Borders, and words as large as headings; they read on white and on black.
_COLOURS: Final = {Verdict.PASS: "#2e8b57", Verdict.FAIL: "#d64541", Verdict.TROUBLE: "#b7791f"}


@dataclass(frozen=True, slots=True)
class Box:
    """What a person sees of a verdict.

    Attributes:
        verdict: it decides the colour.
        claim: the verdict with what qualifies it.
        reason: the check that decided, and why.
        lead: what to do now, in a sentence.
        steps: how; commands stand between backticks.
        troubles: what could not be had or determined, and what to do about each.
    """

    verdict: Verdict
    claim: str
    reason: str
    lead: str
    steps: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()

    def __repr__(self) -> str:
        lines = [f"{self.claim}: {self.reason}", f"What now: {self.lead}"]
        lines += [f"  {'- ' if len(self.steps) > 1 else ''}{step}" for step in self.steps]
        lines += [f"  - {trouble}" for trouble in self.troubles]
        return "\n".join(one_line(line, 2 * _TEXT) for line in lines)

    def _repr_html_(self) -> str:
        colour = _COLOURS[self.verdict]
        role = "status" if self.verdict is Verdict.PASS else "alert"
        style = (
            f"border: 3px solid {colour}; border-radius: 4px; padding: 0.8em 1em; max-width: 46em; "
            "overflow-wrap: anywhere; line-height: 1.45"
        )
        if len(self.steps) > 1:
            steps = f"<ul>{''.join(f'<li>{_with_code(step)}</li>' for step in self.steps)}</ul>"
        else:
            steps = "".join(f'<p style="margin: 0.4em 0">{_with_code(step)}</p>' for step in self.steps)
        troubles = "".join(f"<li>{_safe(trouble)}</li>" for trouble in self.troubles)
        return (
            f'<div role="{role}" class="auditkit-verdict tex2jax_ignore mathjax_ignore" style="{style}">'
            f'<strong style="color: {colour}; font-size: 1.4em">{_safe(self.claim)}</strong>'
            f'<p style="margin: 0.4em 0">{_safe(self.reason)}</p>'
            f'<p style="margin: 0.4em 0"><strong>What now:</strong> {_with_code(self.lead)}</p>'
            f"{steps}{f'<ul>{troubles}</ul>' if troubles else ''}</div>"
        )


def verdict_box(document: AuditDocument) -> Box:
    """The box of an audit."""
    deciding = document.deciding.decision if document.deciding else None
    now = what_now(document)
    reason = one_line(check_and_reason(deciding, why(document)), _TEXT)
    troubles = tuple(map(_told, document.trouble[:_TROUBLES]))
    return Box(document.verdict, str(document.claim), reason, now.lead, now.steps, troubles)


def _told(trouble: Trouble) -> str:
    where = f"{trouble.where}: " if trouble.where else ""
    return one_line(f"{where}{trouble.what}{f'; {trouble.hint}' if trouble.hint else ''}", _TEXT)


def _with_code(text: str) -> str:
    """A sentence as HTML, with what stands between backticks as code."""
    parts = _safe(text).split("`")
    if len(parts) % 2 == 0:
        return "`".join(parts)
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))


def _safe(text: str) -> str:
    return escape(one_line(text, _TEXT))
