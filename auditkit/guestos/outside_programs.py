"""The outside programs that images are written with. They get a fixed clock, and never a text that others wrote."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from auditkit.errors import SourceError

_FOLDERS: Final = os.pathsep.join(("/usr/sbin", "/sbin", "/usr/local/sbin"))
_PACKAGES: Final = {"mke2fs": "e2fsprogs", "debugfs": "e2fsprogs", "veritysetup": "cryptsetup-bin"}
_CLOCK: Final = {
    "E2FSPROGS_FAKE_TIME": "1",
    "SOURCE_DATE_EPOCH": "1",
    "TZ": "UTC",
    "LC_ALL": "C",
    "DEBUGFS_PAGER": "",
}


def find_program(name: str) -> str:
    """The path of a program.

    Raises:
        SourceError: it is not installed; the hint names its Debian package.
    """
    program = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), _FOLDERS)))
    if program is None:
        raise SourceError(f"the program {name} is not installed", hint=f"install {_PACKAGES[name]}")
    return program


def run_program(name: str, *arguments: str, script: str = "", folder: Path | None = None) -> str:
    """Runs a program with a fixed clock; what it printed on standard error, without its version line.

    Args:
        script: what it reads on standard input.
        folder: where it runs.

    Raises:
        SourceError: it is not installed, or ended with another status than 0.
    """
    done = subprocess.run(
        [find_program(name), *arguments],
        input=script,
        capture_output=True,
        text=True,
        errors="backslashreplace",
        check=False,
        env=os.environ | _CLOCK,
        cwd=folder,
    )
    said = "\n".join(line for line in done.stderr.splitlines() if not line.startswith(f"{name} 1."))
    if done.returncode:
        raise SourceError(f"the program {name} failed", observed=said.strip()[:300])
    return said.strip()
