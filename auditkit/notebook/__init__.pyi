from .ending import end_notebook
from .overview import write_overview
from .run import run_audit
from .runner import require_parameters, run_notebook

__all__ = [
    "end_notebook",
    "require_parameters",
    "run_audit",
    "run_notebook",
    "write_overview",
]
