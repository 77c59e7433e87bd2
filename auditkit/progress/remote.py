"""Progress that crosses from a notebook's kernel to the process that runs the notebook.

The kernel sends datagrams to a socket in a private folder. It never waits: a datagram that nobody takes is lost, and
so an audit does not depend on whether, or how fast, somebody watches it.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from threading import Event, Thread
from typing import Annotated, Final

from pydantic import NonNegativeInt, StringConstraints, TypeAdapter, ValidationError

from auditkit.progress.terminal import Progress, Silent

VARIABLE: Final = "AUDITKIT_PROGRESS"
"""Names the socket to the kernel; set and empty when nobody watches."""

_LONGEST: Final = 4096
_LOOK_SECONDS: Final = 0.1
_Label = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f]{1,200}$")]


@cache
def _message() -> TypeAdapter[tuple[str, int, int | None]]:
    return TypeAdapter(tuple[_Label, NonNegativeInt, NonNegativeInt | None])


class RemoteProgress:
    """Tells the process that listens at a socket; says nothing when there is none, and never raises."""

    def __init__(self, address: str) -> None:
        self._address = address

    def step(self, label: str) -> None:
        """Sends that a step begins."""
        self.bytes_done(label, 0, None)

    def bytes_done(self, label: str, done: int, total: int | None) -> None:
        """Sends how far a step has come."""
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as outbox:
            outbox.setblocking(False)
            outbox.sendto(json.dumps((label, done, total)).encode(), self._address)


@contextmanager
def listening(progress: Progress, folder: Path) -> Iterator[str]:
    """Passes on to ``progress`` what a `RemoteProgress` says while the block runs.

    Args:
        progress: told from another thread; when it is `Silent`, nothing is opened.
        folder: a folder that only this user can enter; the socket is made in it.

    Yields:
        What the kernel needs in the variable `VARIABLE`. Empty when nobody watches, and where there are no such
        sockets (Windows, or a temporary folder with a very long path).
    """
    if isinstance(progress, Silent) or not hasattr(socket, "AF_UNIX"):
        yield ""
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as inbox:
        address = str(folder / "progress")
        try:
            inbox.bind(address)
        except OSError:
            address = ""
        inbox.settimeout(_LOOK_SECONDS)
        over = Event()
        listener = Thread(target=_pass_on, args=(inbox, progress, over), daemon=True)
        listener.start()
        try:
            yield address
        finally:
            over.set()
            listener.join()


def _pass_on(inbox: socket.socket, progress: Progress, over: Event) -> None:
    while not over.is_set():
        try:
            label, done, total = _message().validate_json(inbox.recv(_LONGEST), strict=True)
        except (TimeoutError, ValidationError):
            continue
        progress.bytes_done(label, done, total)
