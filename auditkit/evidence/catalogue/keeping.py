"""Writing to the folder of a catalogue: one writer at a time, each answer whole or not there."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from auditkit.atomic import staged_for, write_atomically
from auditkit.errors import SourceError
from auditkit.evidence.agent import CertifiedCall, request_path
from auditkit.evidence.catalogue.folder import (
    LOCK,
    PAGES,
    PROPOSALS,
    REQUEST,
    KeptAnswer,
    answer_of,
    is_folder,
)
from auditkit.evidence.files import writing


def keep_answer(folder: Path, kind: str, label: str, call: CertifiedCall, request_id: bytes) -> KeptAnswer:
    """Keeps a verified answer.

    Args:
        folder: of the catalogue, with its folders inside.
        kind: `PAGES` or `PROPOSALS`.
        label: how the name begins.
        call: the answer.
        request_id: 32 bytes.

    Raises:
        SourceError: it cannot be written.
    """
    name = answer_name(kind, label, request_id)
    path = folder / name
    for place, data in ((request_path(path), call.request), (path, call.certificate)):
        with writing(place):
            write_atomically(place, data)
    return KeptAnswer(name, call.certificate, call.request)


def answer_name(kind: str, label: str, request_id: bytes) -> str:
    """The path, below the folder, of the certificate that answers a call."""
    return f"{kind}/{label}-{request_id.hex()[:16]}.cbor"


def remove_answers(folder: Path, names: Iterable[str]) -> None:
    """Removes kept answers that others superseded, each certificate before its request."""
    for name in names:
        path = folder / name
        for place in (path, request_path(path)):
            with writing(place):
                place.unlink(missing_ok=True)


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Keeps other writers from the folder while the block runs; makes it if need be, and clears what kills left.

    Raises:
        SourceError: another process writes to it, or it cannot be written to, or a link or a file is in the way.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        lock = os.open(folder / LOCK, flags, 0o666)
    try:
        with writing(folder / LOCK):
            _take(lock, folder)
            for kind in (PAGES, PROPOSALS):
                (folder / kind).mkdir(exist_ok=True)
        for kind in (PAGES, PROPOSALS):
            if not is_folder(folder / kind):
                raise SourceError("something other than a folder is in the way", where=str(folder / kind))
            with writing(folder / kind):
                _clear(folder / kind)
        yield
    finally:
        os.close(lock)


def _take(lock: int, folder: Path) -> None:
    if not stat.S_ISREG(os.fstat(lock).st_mode):
        raise SourceError("something other than a file is in the way", where=str(folder / LOCK))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SourceError(
            "another process updates this catalogue", where=str(folder), hint="wait for it and run this again"
        ) from None


def _clear(folder: Path) -> None:
    """Removes what a writer that was killed left: files without their name yet, and requests without an answer."""
    names = set(os.listdir(folder))
    for name in names:
        orphan = name.endswith(REQUEST) and f"{name.removesuffix(REQUEST)}.cbor" not in names
        if staged_for(name) is not None or (orphan and answer_of(folder.name, name) is not None):
            (folder / name).unlink(missing_ok=True)
