"""The overview of many reports, as a notebook that was run."""

from __future__ import annotations

from pathlib import Path

from auditkit.batch import OVERVIEW_NAME
from auditkit.errors import SourceError
from auditkit.notebook.redaction import drop_next
from auditkit.notebook.runner import execute
from auditkit.packaged import notebook_path
from auditkit.progress import Silent


def write_overview(folder: Path) -> Path:
    """Runs ``overview.ipynb`` over the reports below ``folder`` and keeps it there, executed.

    Raises:
        SourceError: it did not come to its end.
    """
    executed = folder / OVERVIEW_NAME
    # It works in the folder, so that it tells no paths of this machine.
    values = {"folder": ".", "max_age": "7d"}
    stopped = execute(
        notebook_path("overview"),
        values,
        executed,
        Silent(),
        kernel_folder=folder,
        needed=values,
        published=drop_next,
    )
    if stopped is not None:
        raise SourceError(f"the overview did not finish: {stopped}", where=str(executed))
    return executed
