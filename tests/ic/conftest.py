"""The practice NNS of `ic.world`, for every test."""

from __future__ import annotations

import pytest
from ic.world import World


@pytest.fixture(scope="session")
def world() -> World:
    return World()
