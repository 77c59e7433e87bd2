"""How a long series goes: how many are done, and how long the rest will take."""

from __future__ import annotations

import time
from collections.abc import Callable

from auditkit.progress import Progress


class Pace:
    """Tells somebody how far a series has come, and the time that is left by the pace so far.

    Args:
        progress: who is told.
        label: what is done, such as ``verifying elections``.
        total: how many there are.
        quiet_seconds: how long nothing is said; a series that is over by then is not worth a word.
    """

    def __init__(
        self,
        progress: Progress,
        label: str,
        total: int,
        *,
        quiet_seconds: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._progress, self._label, self._total = progress, label, total
        self._quiet, self._clock = quiet_seconds, clock
        self._begun = clock()

    def done(self, count: int) -> None:
        """So many of them are done."""
        spent = self._clock() - self._begun
        if spent < self._quiet:
            return
        left = spent / count * (self._total - count) if count else 0.0
        told = f"{self._label}: {count} of {self._total}"
        self._progress.step(f"{told}, about {duration(left)} left" if left else told)


def duration(seconds: float) -> str:
    """A time that is only about right: seconds up to two minutes, then minutes, then hours."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 1):.0f} s"
