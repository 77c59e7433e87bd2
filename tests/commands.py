"""The commands of auditkit, run in this process."""

from __future__ import annotations

from pathlib import Path

import pytest


def in_process(*arguments: str | Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Runs ``auditkit`` with ``arguments``: its exit status, and what it printed on standard output and error."""
    from auditkit.cli import main

    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    shown = capsys.readouterr()
    return int(ended.value.code or 0), shown.out, shown.err
