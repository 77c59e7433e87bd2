"""The command line: one thin function a command."""

import sys
from collections.abc import Sequence

from auditkit.cli.printing import complain
from auditkit.cli.process import prepare_own_process
from auditkit.dependencies import missing_package

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a command and ends the process with 0, 1 or 2; with 2 whenever its output did not reach anybody.

    Args:
        arguments: those of the command; None takes them from the process, which is ours then.
    """
    if arguments is None:
        prepare_own_process()
    try:
        from auditkit.cli.application import main as run
    except ModuleNotFoundError as error:
        # Without click nothing of the command line can be had, and Python's own way to say so ends with 1.
        if (lacking := missing_package(error)) is None:
            raise
        complain(f"auditkit: {lacking}")
        sys.exit(2)
    run(arguments)
