"""Runs a notebook with papermill, and believes nothing that papermill says about the outcome.

papermill ends well when a parameter is misspelt, when a cell calls ``sys.exit``, when no cell takes parameters; its
output says "completed" for a cell whose kernel was killed. So the names are checked before, and the verdict is read
afterwards from the ``audit.json`` that the notebook writes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from auditkit.atomic import write_atomically
from auditkit.dependencies import NOTEBOOK_MODULES, require_modules
from auditkit.errors import ParameterError, SourceError, in_words
from auditkit.notebook.kernel import kernel_place, started_kernel
from auditkit.notebook.redaction import redact_notebook
from auditkit.pipeline.parameters import Parameters, names_set_by
from auditkit.progress import Progress
from auditkit.progress.here import progress_here

_PARAMETERS: Final = "parameters"
"""Tags the cell behind which papermill injects."""
_NEEDED: Final = tuple(name for name, field in Parameters.model_fields.items() if field.is_required())


def require_parameters(
    notebook: Path, wanted: Iterable[str] = Parameters.model_fields, needed: Iterable[str] = _NEEDED
) -> None:
    """Makes sure that what is injected is what the notebook goes by.

    Its ``parameters`` cell shows the few names that one changes first. Every name is injected behind it, so that none
    of its values, and no other default, is used in silence.

    Args:
        wanted: the names that will be injected; those of an audit by default.
        needed: those of them that the cell has to take, or it is no ``parameters`` cell.

    Raises:
        ParameterError: the notebook has no such cell, or the cell takes a name that will not be injected.
    """
    taken = _names_set_by_parameters_cell(json.loads(notebook.read_bytes()))
    if wrong := (taken - set(wanted)) | (set(needed) - taken):
        raise ParameterError(
            "the notebook's parameters cell does not take the parameters that it would be given",
            where=str(notebook),
            hint=f"correct these: {', '.join(sorted(wrong))}",
        )


def run_notebook(
    notebook: Path,
    parameters: Parameters,
    out: Path,
    progress: Progress | None = None,
    *,
    environment: Mapping[str, str] = MappingProxyType({}),
    descriptors: tuple[int, ...] = (),
) -> str | None:
    """Runs a notebook that audits: `execute` with every parameter of the audit, published as `redact_notebook` says."""
    return execute(
        notebook,
        parameters.to_plain(),
        out,
        progress,
        environment=environment,
        descriptors=descriptors,
        published=lambda executed: redact_notebook(executed, parameters),
    )


def execute(
    notebook: Path,
    values: Mapping[str, Any],
    out: Path,
    progress: Progress | None = None,
    *,
    kernel_folder: Path | None = None,
    environment: Mapping[str, str] = MappingProxyType({}),
    descriptors: tuple[int, ...] = (),
    needed: Iterable[str] = _NEEDED,
    published: Callable[[dict[str, Any]], None] = lambda executed: None,
) -> str | None:
    """Runs ``notebook`` with every parameter injected and keeps the executed copy at ``out``.

    Args:
        notebook: a notebook with a cell tagged ``parameters``.
        values: all parameters of the notebook, so that none of its defaults is ever used.
        out: where the executed notebook goes, whole; written also when a cell raised.
        progress: is told each cell that starts and the steps that the kernel takes in it.
        kernel_folder: the folder that the notebook works in; by default the one that we work in.
        environment: variables that the kernel gets.
        descriptors: open files that the kernel inherits.
        needed: the names that its ``parameters`` cell has to take.
        published: changes the executed notebook, in JSON, before it is kept.

    Returns:
        None when every cell ran; else the name and text of the exception that stopped it, in one line. What an
        audit decided is not in here: read ``audit.json``.

    Raises:
        MissingPackageError: the notebook needs a package that is not installed.
        ParameterError: as `require_parameters`.
        SourceError: the kernel could not be started or died, or the executed notebook cannot be written.
    """
    require_modules(NOTEBOOK_MODULES)
    require_parameters(notebook, values, needed)
    told = progress or progress_here()
    cells = len(json.loads(notebook.read_bytes())["cells"]) + 1

    def started(cell: Any, cell_index: int) -> None:
        told.step(f"running the notebook (cell {cell_index + 1} of {cells})")

    with (
        kernel_place(told, kernel_folder, variables=environment, descriptors=descriptors) as place,
        started_kernel(place) as kernel,
    ):
        # The kernel imports what the cells need; on another processor, this process imports what runs them.
        from auditkit.notebook.execution import run_cells  # noqa: PLC0415
        from auditkit.notebook.redacted_paths import without_paths_of_this_machine  # noqa: PLC0415

        # Where papermill writes is no path that a user chose, and of a run that is interrupted nothing is left.
        part = place.folder / out.name
        stopped: str | None = None
        trouble: SourceError | None = None
        try:
            stopped = run_cells(notebook, values, part, kernel, started)
        except SourceError as error:
            trouble = error
        if part.exists():
            executed = without_paths_of_this_machine(json.loads(part.read_bytes()), values, out, place.folder)
            published(executed)
            _keep(executed, out)
    if trouble is not None:
        raise trouble
    return stopped


def _names_set_by_parameters_cell(notebook: dict[str, Any]) -> set[str]:
    """The names that the first cell tagged ``parameters`` sets; none without such a cell, or when it is no Python."""
    sources = (
        "".join(cell["source"])
        for cell in notebook["cells"]
        if _PARAMETERS in cell["metadata"].get("tags", ())
    )
    return set(names_set_by(next(sources, ""))[0])


def _keep(executed: dict[str, Any], out: Path) -> None:
    try:
        write_atomically(out, (json.dumps(executed, indent=1, ensure_ascii=False) + "\n").encode())
    except OSError as error:
        raise SourceError(
            f"the executed notebook could not be written: {in_words(error)}",
            where=str(out),
            hint="make room and run it again",
        ) from None
