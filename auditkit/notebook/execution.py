"""Papermill, run over a kernel that has been started, and what it means when the kernel or a cell ends the run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from nbclient.exceptions import CellExecutionError, DeadKernelError
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines
from papermill.exceptions import PapermillException, PapermillExecutionError
from papermill.execute import execute_notebook

from auditkit.errors import SourceError
from auditkit.notebook.kernel import StartedKernel
from auditkit.notebook.kernel_manager import manager_of

KERNEL_START_SECONDS: Final = 120
_ENGINE: Final = "auditkit"


class _WritingOnce(NBClientEngine):  # type: ignore[misc]
    """Writes the notebook when it has ended, however it ended, and not twice for each cell: nobody reads it before."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: NotebookExecutionManager, kernel_name: str, **options: Any
    ) -> None:
        path, nb_man.output_path = nb_man.output_path, None
        try:
            super().execute_managed_notebook(nb_man, kernel_name, **options)
        finally:
            nb_man.output_path = path


papermill_engines.register(_ENGINE, _WritingOnce)


def run_cells(
    notebook: Path,
    values: Mapping[str, Any],
    part: Path,
    kernel: StartedKernel,
    started: Callable[[Any, int], None],
) -> str | None:
    """Runs the cells of ``notebook`` in ``kernel``.

    Args:
        notebook: a notebook with a cell tagged ``parameters``.
        values: injected behind that cell.
        part: gets the executed notebook, also when a cell raised or the kernel died.
        kernel: ends with the last cell.
        started: is told each cell and its place in the notebook.

    Returns:
        None when every cell ran; else the name and text of the exception that stopped it, in one line.

    Raises:
        SourceError: the kernel did not come to listen, or died.
    """
    try:
        with _in_silence():
            execute_notebook(
                _as_it_stands(notebook),
                _as_it_stands(part),
                parameters=dict(values),
                engine_name=_ENGINE,
                kernel_name="python3",
                language="python",
                kernel_manager_class=manager_of(kernel),
                shutdown_kernel="immediate",  # what a kernel leaves is in its place, and goes with it
                on_cell_start=started,
                start_timeout=KERNEL_START_SECONDS,
                progress_bar=False,
            )
    except PapermillExecutionError as error:
        return f"{error.ename}: {error.evalue}"
    except DeadKernelError:
        raise SourceError(
            "the notebook's kernel died",
            where=str(notebook),
            hint="see whether memory ran out, and run it again",
        ) from None
    except (CellExecutionError, PapermillException, RuntimeError, TimeoutError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SourceError(
            f"the notebook could not be run: {why}",
            where=str(notebook),
            hint="run it in JupyterLab to see more",
        ) from None
    return None


@contextmanager
def _in_silence() -> Iterator[None]:
    """Whatever goes wrong is raised, and papermill's log would say it once more; the rest is of names not shown."""

    def is_told(record: logging.LogRecord) -> bool:
        return False

    log = logging.getLogger("papermill")
    log.addFilter(is_told)
    try:
        yield
    finally:
        log.removeFilter(is_told)


def _as_it_stands(path: Path) -> str:
    """The path as papermill takes it, which fills in what stands in braces."""
    return str(path).replace("{", "{{").replace("}", "}}")
