"""Notebooks and parameter files that come with auditkit, in a checkout or in an installed package."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from auditkit.errors import SourceError

PACKAGE: Final = Path(__file__).resolve().parent.parent


def notebook_path(name: str) -> Path:
    """The notebook called ``name``, in a checkout or in an installed package.

    Raises:
        SourceError: it is in neither.
    """
    return _travelling_file(Path("notebooks") / f"{name}.ipynb")


def parameter_file(scenario: str) -> Path:
    """The parameter file of a practice scenario, in a checkout or in an installed package."""
    return _travelling_file(Path("params") / "practice" / f"{scenario}.yaml")


def _travelling_file(relative: Path) -> Path:
    for root in (PACKAGE, PACKAGE.parent):
        path = root / relative
        if path.is_file():
            return path
    raise SourceError(f"{relative} did not come with this installation", hint="install auditkit again")
