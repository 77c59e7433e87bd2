"""Runs a notebook with papermill, and believes nothing that papermill says about the outcome.

papermill ends well when a parameter is misspelt, when a cell calls ``sys.exit``, when no cell takes parameters; its
output says "completed" for a cell whose kernel was killed. So the names are checked before, and the verdict is read
afterwards from ``audit.json``, which the notebook writes as its last act.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import CellExecutionError, DeadKernelError
from papermill.exceptions import PapermillException, PapermillExecutionError
from papermill.execute import execute_notebook
from papermill.inspection import inspect_notebook
from traitlets import default

from auditkit.errors import ParameterError, SourceError
from auditkit.notebook.published import tell_less
from auditkit.pipeline.parameters import Parameters
from auditkit.progress import Progress
from auditkit.progress.here import progress_here
from auditkit.progress.remote import VARIABLE, listening

KERNEL_START_SECONDS: Final = 120


class _OwnKernelManager(AsyncKernelManager):
    """Starts the kernel with this interpreter, whatever kernels the user has registered, and talks to it over
    sockets of the file system: two runs at once race for TCP ports.

    Attributes:
        folder: where the sockets are made; short, because a socket's path holds about a hundred bytes.
        progress_address: where the kernel tells its progress.
    """

    folder: Path
    progress_address: str

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            display_name="auditkit",
            language="python",
            env={VARIABLE: self.progress_address},
        )

    @default("transport")
    def _transport(self) -> str:
        return "tcp" if sys.platform == "win32" else "ipc"

    @default("ip")
    def _address(self) -> str:
        return "127.0.0.1" if self.transport == "tcp" else str(self.folder / "kernel")


def _kernel_manager(private: Path, address: str) -> type[_OwnKernelManager]:
    """nbclient wants a class, so what one run needs is in a class of its own."""

    class KernelManager(_OwnKernelManager):
        folder = private
        progress_address = address

    return KernelManager


def require_parameters(notebook: Path, wanted: Iterable[str] = Parameters.model_fields) -> None:
    """Makes sure that a run cannot use a default in silence.

    Args:
        wanted: the names that will be injected; those of an audit by default.

    Raises:
        ParameterError: the notebook's ``parameters`` cell does not take exactly these names.
    """
    taken = set(inspect_notebook(str(notebook)))
    if wrong := taken ^ set(wanted):
        raise ParameterError(
            "the notebook's parameters cell does not take the parameters that it would be given",
            where=str(notebook),
            hint=f"put right: {', '.join(sorted(wrong))}",
        )


def run_notebook(
    notebook: Path, parameters: Parameters, out: Path, progress: Progress | None = None
) -> str | None:
    """Runs a notebook that audits: `execute` with every parameter of the audit, published as `tell_less` says."""
    try:
        return execute(notebook, parameters.to_plain(), out, progress)
    finally:
        if out.exists():
            tell_less(out, parameters)


def execute(
    notebook: Path,
    values: Mapping[str, Any],
    out: Path,
    progress: Progress | None = None,
    *,
    kernel_folder: Path | None = None,
) -> str | None:
    """Runs ``notebook`` with every parameter injected and keeps the executed copy at ``out``.

    Args:
        notebook: a notebook with a cell tagged ``parameters``.
        values: all parameters of the notebook, so that none of its defaults is ever used.
        out: where the executed notebook goes; written also when a cell raised.
        progress: is told each cell that starts and the steps that the kernel takes in it.
        kernel_folder: the folder that the notebook works in; by default the one that we work in.

    Returns:
        None when every cell ran; else the name and text of the exception that stopped it, in one line. What an
        audit decided is not in here: read ``audit.json``.

    Raises:
        ParameterError: as `require_parameters`.
        SourceError: the kernel could not be started or died.
    """
    require_parameters(notebook, values)
    told = progress or progress_here()
    cells = len(json.loads(notebook.read_bytes())["cells"]) + 1
    part = out.absolute().with_name(f".part-{out.name}")

    def started(cell: Any, cell_index: int) -> None:
        told.step(f"running the notebook (cell {cell_index + 1} of {cells})")

    stopped: str | None = None
    try:
        with (
            tempfile.TemporaryDirectory(prefix="auditkit-", ignore_cleanup_errors=True) as private,
            listening(told, Path(private)) as address,
        ):
            execute_notebook(
                str(notebook),
                str(part),
                parameters=dict(values),
                cwd=None if kernel_folder is None else str(kernel_folder),
                kernel_name="python3",
                language="python",
                kernel_manager_class=_kernel_manager(Path(private), address),
                on_cell_start=started,
                start_timeout=KERNEL_START_SECONDS,
                progress_bar=False,
            )
    except PapermillExecutionError as error:
        stopped = f"{error.ename}: {error.evalue}"
    except DeadKernelError:
        raise SourceError(
            "the notebook's kernel died",
            where=str(notebook),
            hint="see whether memory ran out, and run it again",
        ) from None
    except (CellExecutionError, PapermillException, RuntimeError, TimeoutError) as error:
        raise SourceError(
            f"the notebook could not be run: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
            where=str(notebook),
            hint="run it in JupyterLab to see more",
        ) from None
    finally:
        if part.exists():
            _forget_places(part)
            part.replace(out)
    return stopped


def _forget_places(executed: Path) -> None:
    """Takes the paths of the auditor's machine out of what papermill notes in a notebook that will be published."""
    notebook = json.loads(executed.read_bytes())
    noted = notebook["metadata"].get("papermill", {})
    for name in ("input_path", "output_path"):
        noted[name] = Path(noted.get(name) or "").name
    executed.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
