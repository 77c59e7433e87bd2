"""How an audit is shown and run in Jupyter: steps become tables and figures, notebooks are run by papermill."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditkit.notebook.ending import end_notebook

if TYPE_CHECKING:
    from auditkit.notebook.overview import write_overview
    from auditkit.notebook.run import run_audit
    from auditkit.notebook.runner import require_parameters, run_notebook

__all__ = ["end_notebook", "require_parameters", "run_audit", "run_notebook", "write_overview"]

_HOMES = {
    "require_parameters": "auditkit.notebook.runner",
    "run_audit": "auditkit.notebook.run",
    "run_notebook": "auditkit.notebook.runner",
    "write_overview": "auditkit.notebook.overview",
}


def __getattr__(name: str) -> object:
    """Loads what runs notebooks when it is asked for: a notebook that runs shows things, and needs no papermill."""
    from importlib import import_module  # noqa: PLC0415

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
