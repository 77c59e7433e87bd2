"""Notebooks run in this process: papermill as it is, with an engine that starts no kernel.

A kernel takes most of the seconds of an audit. Where it is not what a test is about, this one runs the same cells,
renders what they show as Jupyter does, and leaves the same executed notebook.
"""

from __future__ import annotations

import ast
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from IPython.core.formatters import DisplayFormatter
from nbformat.v4 import new_output
from papermill.engines import Engine, NotebookExecutionManager, papermill_engines
from papermill.execute import execute_notebook

from auditkit.notebook.kernel import KernelPlace

NAME = "auditkit-tests-here"


class Here(Engine):
    """Runs the cells one after the other in one namespace, up to the first that raises."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        *,
        kernel_manager_class: Any,
        on_cell_start: Callable[..., None],
        **_: object,
    ) -> None:
        # papermill saves before and after each cell, which is half of the work, and in the end again.
        nb_man.save = lambda **_: None
        names: dict[str, object] = {"__name__": "__main__"}
        show = DisplayFormatter()
        with pytest.MonkeyPatch.context() as patched:
            for name, value in kernel_manager_class.kernel.place.variables.items():
                patched.setenv(name, value)
            for index, cell in enumerate(nb_man.nb.cells):
                on_cell_start(cell=cell, cell_index=index)
                if cell.cell_type != "code":
                    continue
                nb_man.cell_start(cell, index)
                cell.execution_count = index + 1
                try:
                    cell.outputs = _run(cell, names, show)
                except Exception as error:  # noqa: BLE001  (whatever a cell raises ends its notebook)
                    shown = new_output(
                        "error", ename=type(error).__name__, evalue=str(error), traceback=[str(error)]
                    )
                    cell.outputs = [shown]
                    nb_man.cell_exception(cell, index, exception=error)
                    return
                nb_man.cell_complete(cell, index)


def _run(
    cell: nbformat.NotebookNode, names: dict[str, object], show: DisplayFormatter
) -> list[nbformat.NotebookNode]:
    """The outputs of a cell: what it prints, and the value of a last expression."""
    with redirect_stdout(io.StringIO()) as printed:
        value = value_of(cell.source, names)
    outputs = []
    if text := printed.getvalue():
        outputs.append(new_output("stream", name="stdout", text=text))
    if value is not None:
        data, metadata = show.format(value)
        count = cell.execution_count
        outputs.append(new_output("execute_result", data=data, metadata=metadata, execution_count=count))
    return outputs


def value_of(source: str, names: dict[str, object]) -> object:
    """Runs the code of a cell; gives the value of its last expression, or None."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), names)
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), names) if last else None


def run_notebook_here(*paths: str, engine_name: str, **options: Any) -> nbformat.NotebookNode:
    """papermill's function, with this engine in the place of another."""
    return execute_notebook(*paths, engine_name=NAME, **options)


@contextmanager
def no_kernel_in(place: KernelPlace) -> Iterator[SimpleNamespace]:
    """Takes the place of `auditkit.notebook.kernel.started_kernel`."""
    yield SimpleNamespace(place=place)


def run_notebooks_here(patch: pytest.MonkeyPatch) -> None:
    """Audits of this process start no kernels, until ``patch`` is undone."""
    patch.setattr("auditkit.notebook.runner.started_kernel", no_kernel_in)
    patch.setattr("auditkit.notebook.execution.execute_notebook", run_notebook_here)


papermill_engines.register(NAME, Here)
