"""When to try again, and when to stop: the clock that all network code reads."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clock:
    """The time as network code sees it; tests replace single parts.

    Attributes:
        now: wall clock, seconds since 1970 UTC.
        monotonic: seconds from an arbitrary start, never going back.
        sleep: waits the given seconds.
        chance: a random number in [0, 1), for jitter.
    """

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waiting times between attempts: doubling, with jitter, never above `longest`.

    Attributes:
        first: seconds before the second attempt, before jitter.
        longest: upper bound of any wait in seconds, also of one that a server asks for.
    """

    first: float = 0.5
    longest: float = 30.0

    def seconds(self, failures: int, asked: float | None, chance: Callable[[], float]) -> float:
        """Seconds to wait after ``failures`` (from 1) failures in a row.

        ``asked`` is what the server asked for (Retry-After), honoured up to `longest`. The jitter spreads the
        wait over 50 to 150 % of the doubled value so that many auditors do not return at the same moment.
        """
        doubled: float = self.first * 2.0 ** min(failures - 1, 20)
        jittered = doubled * (0.5 + chance())
        return min(self.longest, max(jittered, asked or 0.0))
