"""The conformance data of other projects; each folder's ORIGIN.md says whose it is and what it demands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import missing


@pytest.fixture(scope="session")
def peers(vectors: Path) -> Path:
    """The folder of the peers' data."""
    folder = vectors / "peers"
    if not folder.is_dir():
        missing(f"the vectors at {vectors} are without peers' suites")
    return folder
