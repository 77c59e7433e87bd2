"""Where the tests find vectors and outside programs, and what happens when they are absent."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def missing(reason: str) -> None:
    """Skips with ``reason``; fails instead where AUDITKIT_REQUIRE_ALL is set, as it is in our CI."""
    if os.environ.get("AUDITKIT_REQUIRE_ALL"):
        pytest.fail(f"required here, but {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of third-party vectors (certificates, measurements, attestation chains)."""
    folder = Path(os.environ.get("AUDITKIT_VECTORS", ROOT.parent / "shared" / "vectors"))
    if not folder.is_dir():
        missing(f"there is no folder of vectors at {folder}; set AUDITKIT_VECTORS")
    return folder


@pytest.fixture(scope="session")
def program():
    """A function that gives the path of an outside program, or skips the test with the reason."""

    def find(name: str) -> str:
        found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if found is None:
            missing(f"the program {name} is not installed")
        return str(found)

    return find
