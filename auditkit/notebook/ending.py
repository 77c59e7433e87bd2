"""How a notebook ends that audits: on anything but PASS a program gets an exception, and a person a banner."""

from __future__ import annotations

import html
from dataclasses import dataclass

from auditkit.audit import Verdict
from auditkit.display import one_line
from auditkit.pipeline import demand_pass
from auditkit.progress.here import shell_of_a_person
from auditkit.report import AuditDocument
from auditkit.report.rendering import check_and_reason, why

_TEXT = 600  # characters of the reason


@dataclass(frozen=True, slots=True)
class Banner:
    """The verdict in a box, and why."""

    verdict: str
    reason: str

    def __repr__(self) -> str:
        return f"{self.verdict}: {self.reason}"

    def _repr_html_(self) -> str:
        colour = "#b3261e" if self.verdict == Verdict.FAIL else "#8a5a00"
        style = f"border: 3px solid {colour}; border-radius: 4px; padding: 0.8em 1em; overflow-wrap: anywhere"
        return (
            f'<div role="alert" style="{style}"><strong style="color: {colour}; font-size: 1.4em">'
            f"{html.escape(self.verdict)}</strong><br>{html.escape(self.reason)}</div>"
        )


def end_notebook(document: AuditDocument) -> Banner | None:
    """What the last cell shows: nothing after a PASS, else a banner for the person who looks at the notebook.

    Raises:
        AuditFailedError: the verdict is FAIL or TROUBLE, and a program runs the notebook, as papermill does.
    """
    if document.verdict is Verdict.PASS:
        return None
    if shell_of_a_person() is None:
        demand_pass(document)
    deciding = document.deciding.decision if document.deciding else None
    return Banner(document.verdict.value, one_line(check_and_reason(deciding, why(document)), _TEXT))
