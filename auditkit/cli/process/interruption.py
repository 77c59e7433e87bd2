"""Whoever ends a command politely, or closes its terminal, interrupts it: it puts its things away and ends with 2."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NoReturn

_ENDING: Final = ("SIGTERM", "SIGHUP")


@contextmanager
def ended_like_interrupted() -> Iterator[None]:
    """SIGTERM and SIGHUP raise ``KeyboardInterrupt``, as SIGINT does, while the block runs.

    The first one counts: more of them do not disturb what puts the things away. What is ignored already, as SIGHUP
    under ``nohup``, stays so. Outside the main thread, which gets no signals, nothing happens.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in _ENDING if hasattr(signal, name)]
    before: dict[Any, Any] = {number: signal.getsignal(number) for number in numbers}
    ours = [number for number, handler in before.items() if handler not in (signal.SIG_IGN, None)]

    def interrupt(number: int, frame: object) -> NoReturn:
        for each in ours:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in ours:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, before[number])
