"""The cases of recovery images that the practice world holds."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Recovered(StrEnum):
    """What the published recovery image is."""

    HONEST = "the base's boot tree with the proposal, and the root that was blessed"
    WRONG_ROOT = "the base's boot tree with the proposal, and another root"
    EXTRA_FILE = "an image with one file more"
    CHANGED_KERNEL = "an image with another kernel"
    OTHER_PROPOSAL = "an image with another proposal inside"
    EDITED_BOOT_ARGS = "an image whose command lines were edited"


RECOVERED: Final = tuple(Recovered)
