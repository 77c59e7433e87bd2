"""A batch whose audits are stand-ins: processes with a process of a kernel's name below them, and done in no time.

    python stand_in.py batch practice:honest ...     is `auditkit batch`, without the notebook of the overview
    dask worker --preload stand_in.py ADDRESS        runs such audits for a cluster

While the file that the variable STAND_IN_WAITS_FOR names is not there, an audit waits for it. Dask preloads a copy of
this file, so STAND_IN_PROGRAM has to say where it is.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditkit.batch import AuditJob

SAMPLE = Path(__file__).parents[2] / "reports" / "sample" / "audit.json"
WAITS_FOR, PROGRAM = "STAND_IN_WAITS_FOR", "STAND_IN_PROGRAM"
STATUS = {"PASS": 0, "FAIL": 1, "TROUBLE": 2}
VERDICTS = {"unexplained": "FAIL"}  # of the scenarios that are audited here and do not pass


def report(verdict: str) -> bytes:
    """The sample's `audit.json`, with another verdict."""
    value = json.loads(SAMPLE.read_bytes())
    value["verdict"] = value["verdicts"]["strict"] = value["verdicts"]["overlap"] = verdict
    if verdict == "FAIL":
        value["decisions"][0]["outcome"] = "fail"
    if verdict == "TROUBLE":
        del value["decisions"][0]
    if verdict != "PASS":
        value["deciding"] = {"decision": "certificate.form", "reason": "It is something else."}
    value["decisions"][0]["reason"] = "It is something else."
    return json.dumps(value).encode()


def audit(folder: Path) -> int:
    """What stands in for `auditkit audit`: a kernel that goes when its audit goes, a report, a status."""
    kernel = [sys.executable, "-I", "-S", "-c", "import sys; sys.stdin.read()", "kernel_program.py"]
    nowhere = subprocess.DEVNULL
    with subprocess.Popen(
        kernel, stdin=subprocess.PIPE, stdout=nowhere, stderr=nowhere, start_new_session=True
    ) as running:
        while (awaited := os.environ.get(WAITS_FOR)) and not Path(awaited).exists():
            time.sleep(0.02)
        verdict = VERDICTS.get(folder.name, "PASS")
        (folder / "audit.json").write_bytes(report(verdict))
        running.kill()
    return STATUS[verdict]


def command(job: "AuditJob") -> list[str]:
    """The command that stands in for a job's."""
    program = os.environ.get(PROGRAM, __file__)
    return [sys.executable, "-I", program, "audit", f"output_dir={job.parameters.output_dir}"]


def stand_in() -> None:
    """Makes the audits of this process's batches, and of the cluster that it works for, stand-ins."""
    from auditkit.batch.audit_process import AuditJob

    AuditJob.command = command  # type: ignore[method-assign]


def dask_setup(worker: object) -> None:
    """Dask calls this in a worker that was told to preload this file."""
    stand_in()


if __name__ == "__main__":
    if sys.argv[1] == "audit":
        sys.exit(audit(Path(sys.argv[2].partition("=")[2])))
    stand_in()
    sys.modules["auditkit.notebook"] = SimpleNamespace(  # type: ignore[assignment]
        write_overview=lambda out: out / "overview.ipynb"
    )
    from auditkit.cli import main

    main(sys.argv[1:])
