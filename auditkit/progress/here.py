"""Who hears about progress when the caller of a step names nobody."""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import Any, Final
from uuid import uuid4

from rich.filesize import decimal

from auditkit.progress.remote import VARIABLE, RemoteProgress
from auditkit.progress.terminal import Progress, Silent, Throttled

SESSION: Final = "JPY_SESSION_NAME"
"""Names the notebook to a kernel that a Jupyter server starts."""

_ENVIRONMENT_BYTES: Final = (
    4 << 20
)  # of a process; Linux gives it 2 MiB with its arguments, unless told otherwise


class CellDisplay:
    """One line under the notebook cell that runs, changed in place and emptied when the cell ends.

    Args:
        shell: the IPython shell of the kernel.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._display = ""
        shell.events.register("post_run_cell", self._clear)

    def step(self, label: str) -> None:
        """Shows ``label``."""
        self._show(f"{label} ...")

    def bytes_done(self, label: str, done: int, total: int | None) -> None:
        """Shows how far ``label`` has come."""
        of_total = f" of {decimal(total)} ({100 * done // total} %)" if total else ""
        self._show(f"{label}: {decimal(done)}{of_total}")

    def _show(self, text: str) -> None:
        known, self._display = bool(self._display), self._display or uuid4().hex
        self._publish({"text/plain": text}, update=known)

    def _clear(self, _: object) -> None:
        if self._display:
            self._publish({}, update=True)
            self._display = ""

    def _publish(self, data: dict[str, str], *, update: bool) -> None:
        self._shell.display_pub.publish(data, transient={"display_id": self._display}, update=update)


@cache
def progress_here() -> Progress:
    """The progress of the place that this process runs in.

    In a kernel that auditkit started: the terminal of the process that started it, or nobody when that has none. In a
    kernel that a Jupyter server started for a person: the cell that runs. Anywhere else, as in a kernel of papermill
    or a Python program: nobody.
    """
    address = os.environ.get(VARIABLE)
    if address is not None:
        return Throttled(RemoteProgress(address)) if address else Silent()
    if (shell := shell_of_a_person()) is not None:
        return Throttled(CellDisplay(shell))
    return Silent()


def shell_of_a_person() -> Any | None:
    """The IPython shell of this kernel if a Jupyter server started it for a person; None in any other process.

    A kernel that auditkit or another program started has none, also when that program itself runs in a notebook.
    """
    # A Jupyter server sets this; a kernel cannot tell otherwise whether somebody looks or the outputs are only kept.
    session = os.environ.get(SESSION)
    ipython = sys.modules.get("IPython")
    if session is None or VARIABLE in os.environ or ipython is None or _inherited(session):
        return None
    shell = ipython.get_ipython()
    return shell if hasattr(shell, "kernel") else None


def _inherited(session: str) -> bool:
    """Whether the process that started this one is itself in that session; False where that cannot be seen."""
    try:
        with open(f"/proc/{os.getppid()}/environ", "rb") as file:
            variables = file.read(_ENVIRONMENT_BYTES).split(b"\0")
    except OSError:
        return False
    return os.fsencode(f"{SESSION}={session}") in variables
