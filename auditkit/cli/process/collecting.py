"""How often a command looks for objects that refer to one another in a circle and to which nothing else refers."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_NEW_OBJECTS: Final = 50_000


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Python's collector runs after 50,000 new objects instead of 700 while the block runs.

    A command makes a hundred thousand objects while it starts, all of which it keeps: a tenth of its time went into
    looking for what could be thrown away.
    """
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], _NEW_OBJECTS) if before[0] else 0, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
