"""A question that is asked while something else is going on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

_Result = TypeVar("_Result")


class Later(Generic[_Result]):
    """The result of a function that runs in a thread of its own from now on; nobody waits for it but `result`."""

    def __init__(self, function: Callable[[], _Result]) -> None:
        self._function = function
        self._found: list[_Result] = []
        self._raised: Exception | None = None
        # A daemon, so that a program that ends does not wait for a host that says nothing.
        self._thread = threading.Thread(target=self._run, name="auditkit-later", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._found.append(self._function())
        except Exception as error:  # noqa: BLE001  (raised again by `result`)
            self._raised = error

    def result(self) -> _Result:
        """What the function returned, or raises what it raised."""
        self._thread.join()
        if self._raised is not None:
            raise self._raised
        return self._found[0]
