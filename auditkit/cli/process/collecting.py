"""How often a process that runs one command looks for objects in circles that nothing else refers to."""

from __future__ import annotations

import atexit
import gc
from typing import Final

_NEW_OBJECTS: Final = 200_000


def collect_seldom() -> None:
    """Python's collector runs after 200,000 new objects instead of 700, and not once more when the process ends.

    A command makes a hundred thousand objects that it keeps to its end: a third of its time went into looking among
    them for what could be thrown away. What a longer command drops is still found.
    """
    gc.set_threshold(_NEW_OBJECTS, *gc.get_threshold()[1:])
    atexit.register(gc.freeze)
