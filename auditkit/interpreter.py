"""How auditkit starts Python again: the same interpreter, with code from where it is installed and from nowhere else,
and how many at a time make sense.

Python takes modules from the current folder, from folders that variables name, and from start-up files. Whoever can
write there could turn a verdict, so a process that auditkit starts knows none of them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import MappingProxyType
from typing import Final

CODE_VARIABLES: Final = ("PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE")
"""Variables by which Python takes modules from other folders."""

WITHOUT_PLUG_INS: Final = MappingProxyType({"PYDANTIC_DISABLE_PLUGINS": "__all__"})
"""What keeps the plug-ins of installed packages out of pydantic, which reads our parameters and documents."""

# Those that say how Python works and not what it runs. All others stay out, also those of later versions.
_KEPT: Final = frozenset(
    {
        "PYTHONDEVMODE",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONFAULTHANDLER",
        "PYTHONHASHSEED",
        "PYTHONIOENCODING",
        "PYTHONNOUSERSITE",
        "PYTHONUNBUFFERED",
        "PYTHONUTF8",
    }
)


def python(program: Path, *arguments: str) -> list[str]:
    """The command that runs a program of ours, with neither its folder nor the current one on Python's path."""
    return [sys.executable, "-P", str(program), *arguments]


def auditkit_command(*arguments: str) -> list[str]:
    """The command that runs ``auditkit`` as `python` does."""
    return python(Path(__file__).with_name("__main__.py"), *arguments)


def python_environment() -> dict[str, str]:
    """The environment for `python`: ours, without what makes Python or pydantic take code from elsewhere."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith("PYTHON") or name in _KEPT
    }
    return {**kept, **WITHOUT_PLUG_INS, "PYTHONSAFEPATH": "1"}


def foreign_code() -> tuple[str, ...]:
    """Which of `CODE_VARIABLES` this process itself obeyed."""
    if sys.flags.ignore_environment:
        return ()
    return tuple(name for name in CODE_VARIABLES if os.environ.get(name))


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
