"""A time limit that holds however slowly the other side sends, because the caller stops waiting."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TypeVar

from auditkit.evidence.http.troubles import TransientError

Result = TypeVar("Result")


def within(seconds: float, url: str, work: Callable[[threading.Event], Result]) -> Result:
    """Runs ``work`` beside the caller and waits for it at most ``seconds``.

    A socket's own timeout starts anew with every byte, so that a server that drips could hold us for days.
    ``work`` gets an event that is set when nobody waits for it any more.

    Raises:
        TransientError: not finished in time.
    """
    abandoned = threading.Event()
    outcome: queue.SimpleQueue[tuple[Result | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            outcome.put((work(abandoned), None))
        except BaseException as error:  # noqa: BLE001  (handed over to the waiting thread)
            outcome.put((None, error))

    threading.Thread(target=run, name="auditkit-http", daemon=True).start()
    try:
        result, error = outcome.get(timeout=max(seconds, 0.0))
    except queue.Empty:
        late = TransientError(f"no complete answer within {seconds:.0f} seconds", where=url)
        late.late = True
        raise late from None
    finally:
        abandoned.set()
    if error is not None:
        try:
            raise error
        finally:
            del (
                error
            )  # which this frame, by way of its traceback, would keep in a circle with what was received
    return result  # type: ignore[return-value]  # set whenever there is no error
