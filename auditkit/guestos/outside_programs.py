"""The outside programs that images are written with.

They get a fixed clock and our own settings, none of the machine's and its user's, and never a text that others wrote.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from auditkit.errors import SourceError

_FOLDERS: Final = os.pathsep.join(("/usr/sbin", "/sbin", "/usr/local/sbin"))
_PACKAGES: Final = {"mke2fs": "e2fsprogs", "debugfs": "e2fsprogs", "veritysetup": "cryptsetup-bin"}
_KEPT: Final = (
    "PATH",
    "TMPDIR",
)  # where things lie; libext2fs and others read many more, and write other bytes then
_OURS: Final = {
    "E2FSPROGS_FAKE_TIME": "1",
    "MKE2FS_CONFIG": str(Path(__file__).with_name("mke2fs.conf")),
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
    """Runs a program with a fixed clock and our settings; what it printed on standard error, without its version line.

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
        env=_environment(),
        cwd=folder,
    )
    said = "\n".join(line for line in done.stderr.splitlines() if not line.startswith(f"{name} 1."))
    if done.returncode:
        raise SourceError(f"the program {name} failed", observed=said.strip()[:300])
    return said.strip()


def e2fsprogs_version() -> str:
    """The version of the mke2fs that is installed, such as ``1.47.0``.

    Raises:
        SourceError: there is none, or it does not say.
    """
    program = find_program("mke2fs")
    done = subprocess.run([program, "-V"], capture_output=True, text=True, check=False, env=_environment())
    found = re.match(r"mke2fs ([0-9][0-9A-Za-z.+~-]{0,40}) ", done.stderr)
    if found is None:
        raise SourceError("mke2fs does not say which version it is", observed=done.stderr[:100])
    return found[1]


def _environment() -> dict[str, str]:
    """The variables that a program sees."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ} | _OURS
