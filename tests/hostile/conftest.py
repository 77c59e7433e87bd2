"""Long runs of random damage are for `make corruptions`; plain pytest makes a tenth of each."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "corruptions: 2,000 damaged files; only run when asked for with -m")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("-m"):
        return
    left_out = [item for item in items if item.get_closest_marker("corruptions")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
