"""An executed notebook as it is published: it tells the parameters as every other file of the report does."""

from __future__ import annotations

from typing import Any, Final

from auditkit.errors import AuditFailedError
from auditkit.pipeline import Parameters, redacted_parameters, redacted_text

_INJECTED: Final = "injected-parameters"
_DEFAULTS: Final = "parameters"
_NEXT: Final = "next"
"""Tags the cell that leads to another notebook, which does not travel with a report."""


def redact_notebook(notebook: dict[str, Any], parameters: Parameters) -> None:
    """Takes places of the auditor's machine, and what addresses carry behind ``?``, out of an executed notebook.

    The parameters are shown once: the cell with those that were not used is folded. The cell with the parameters that
    were injected, papermill's note of them, what cells printed, and the end of an audit that did not pass are told
    anew. Any other error is left as it is: then there is no report.
    """
    told = redacted_parameters(parameters)
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in told.items()}
    noted = notebook["metadata"].get("papermill", {})
    if "parameters" in noted:
        noted["parameters"] = plain
    drop_next(notebook)
    for cell in notebook["cells"]:
        tags = cell["metadata"].get("tags", ())
        if _DEFAULTS in tags:
            cell["metadata"]["jupyter"] = {"source_hidden": True}
        if _INJECTED in tags:
            cell["source"] = "# Parameters\n" + "\n".join(
                f"{name} = {value!r}" for name, value in plain.items()
            )
        for output in cell.get("outputs", ()):
            _redact_output(output, parameters)


def drop_next(notebook: dict[str, Any]) -> None:
    """Takes the link to the next notebook out of an executed notebook."""
    notebook["cells"] = [cell for cell in notebook["cells"] if _NEXT not in cell["metadata"].get("tags", ())]


def _redact_output(output: dict[str, Any], parameters: Parameters) -> None:
    if output["output_type"] == "stream":
        text = output["text"]
        output["text"] = redacted_text(text if isinstance(text, str) else "".join(text), parameters)
    elif output["output_type"] == "error" and output["ename"] == AuditFailedError.__name__:
        output["evalue"] = redacted_text(output["evalue"], parameters)
        output["traceback"] = [f"{output['ename']}: {output['evalue']}"]
