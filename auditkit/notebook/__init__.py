"""How an audit is shown and run in Jupyter: steps become tables and figures, notebooks are run by papermill."""

from auditkit.notebook.ending import end_notebook
from auditkit.notebook.overview import write_overview
from auditkit.notebook.run import run_audit
from auditkit.notebook.runner import require_parameters, run_notebook

__all__ = ["end_notebook", "require_parameters", "run_audit", "run_notebook", "write_overview"]
