"""Writing to the folder of a catalogue: one writer at a time, each answer whole or not there."""

from __future__ import annotations

import os
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
from auditkit.evidence.files import only_writer, writing


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
    with only_writer(folder, LOCK, "catalogue"):
        with writing(folder / LOCK):
            for kind in (PAGES, PROPOSALS):
                (folder / kind).mkdir(exist_ok=True)
        for kind in (PAGES, PROPOSALS):
            if not is_folder(folder / kind):
                raise SourceError("something other than a folder is in the way", where=str(folder / kind))
            with writing(folder / kind):
                _clear(folder / kind)
        yield


def _clear(folder: Path) -> None:
    """Removes what a writer that was killed left: files without their name yet, and requests without an answer."""
    names = set(os.listdir(folder))
    for name in names:
        orphan = name.endswith(REQUEST) and f"{name.removesuffix(REQUEST)}.cbor" not in names
        if staged_for(name) is not None or (orphan and answer_of(folder.name, name) is not None):
            (folder / name).unlink(missing_ok=True)
