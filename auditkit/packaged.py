"""Files that come with auditkit, notebooks and parameters, in a checkout or in an installed package."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from auditkit.errors import SourceError

PACKAGE: Final = Path(__file__).resolve().parent


def notebook_path(name: str) -> Path:
    """The notebook called ``name``.

    Raises:
        SourceError: it did not come with this installation.
    """
    return packaged_file(Path("notebooks") / f"{name}.ipynb")


def packaged_file(relative: Path) -> Path:
    """A file below the top of the project, such as ``params/README.md``.

    Raises:
        SourceError: it did not come with this installation.
    """
    for root in (PACKAGE, PACKAGE.parent):
        path = root / relative
        if path.is_file():
            return path
    raise SourceError(f"{relative} did not come with this installation", hint="install auditkit again")
