"""How a notebook ends that audits: with the verdict in a box, and for a program with an exception if it is no PASS."""

from __future__ import annotations

import sys

from auditkit.audit import Verdict
from auditkit.notebook.box import Box, verdict_box
from auditkit.pipeline import demand_pass
from auditkit.progress.here import shell_of_a_person
from auditkit.report import AuditDocument


def end_notebook(document: AuditDocument) -> Box:
    """What the last cell shows: the verdict in a box, why it is that, and what to do now.

    Raises:
        AuditFailedError: the verdict is FAIL or TROUBLE, and a program runs the notebook, as papermill does. The box
            stands before it in what was executed.
    """
    box = verdict_box(document)
    if document.verdict is not Verdict.PASS and shell_of_a_person() is None:
        _show(box)
        demand_pass(document)
    return box


def _show(box: Box) -> None:
    """Shows the box in the notebook that runs, if one does."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None and hasattr(shell, "kernel"):
        shell.display_pub.publish({"text/plain": repr(box), "text/html": box._repr_html_()})
