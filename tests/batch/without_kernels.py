"""A batch whose audits run their notebooks without kernels; that of the overview has one.

python without_kernels.py batch practice:honest ...     is `auditkit batch`
"""

import sys
from pathlib import Path


def without_kernel() -> None:
    """The audit that this process is."""
    sys.path.append(str(Path(__file__).parents[1]))
    import pytest
    from cells_here import run_notebooks_here

    run_notebooks_here(pytest.MonkeyPatch())


def start_audits_so() -> None:
    """The audits of the batch that this process is."""
    from auditkit.batch.audit_process import AuditJob

    command = AuditJob.command

    def changed(job: AuditJob) -> list[str]:
        python, safe_path, _, *words = command(job)
        return [python, safe_path, __file__, *words]

    AuditJob.command = changed  # type: ignore[method-assign]


if __name__ == "__main__":
    if sys.argv[1] == "audit":
        without_kernel()
    else:
        start_audits_so()
    from auditkit.cli import main

    main(sys.argv[1:])
