"""The folder of a catalogue: plain files, each certificate with its request beside it, as `fetch-proposal` keeps them.

    pages/newest-1f00c2a9be73d514.cbor            a page of the list of proposals, and pages/….request.cbor
    pages/before-139000-98ab01f2335c7d60.cbor
    proposals/139000-5d21f7709ae3b8c4.cbor        the answer about one proposal, and proposals/….request.cbor

The digits at the end are the first of the request id: an answer never takes the place of another, so that the name of a
certificate appears when it is whole and its request is there, whatever ends the program. What is superseded goes last.
Nothing in the folder is believed here; names only say where to look.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from auditkit.atomic import staged_for
from auditkit.errors import AuditkitError, EvidenceError, SourceError, in_words
from auditkit.evidence.agent import request_path
from auditkit.limits import LIMITS, Limits
from auditkit.opening import NoFileError, read_file

PAGES: Final = "pages"
PROPOSALS: Final = "proposals"
LOCK: Final = ".lock"
_NUMBER: Final = "0|[1-9][0-9]{0,15}"
NAMES: Final = {
    PAGES: re.compile(rf"(?:newest|before-(?:{_NUMBER}))-[0-9a-f]{{16}}\.cbor", re.ASCII),
    PROPOSALS: re.compile(rf"({_NUMBER})-[0-9a-f]{{16}}\.cbor", re.ASCII),
}
REQUEST: Final = ".request.cbor"
_READINGS: Final = 5
_HINT: Final = "make one with `auditkit catalogue update`"


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """A certificate and its request as they are in the folder; nothing in them is verified.

    Attributes:
        name: the path of the certificate below the folder.
        certificate: its bytes.
        request: the envelope of the call.
    """

    name: str
    certificate: bytes
    request: bytes


@dataclass(frozen=True, slots=True)
class Unverified:
    """Something in the folder, or an answer, that is not used.

    Attributes:
        name: its path below the folder, or what was asked for.
        reason: why, in words.
    """

    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


@dataclass(frozen=True, slots=True)
class FolderContent:
    """What a folder holds, read whole.

    Attributes:
        pages: answers that should be pages of the list.
        proposals: answers that should be about a proposal, by its number.
        unverified: what could not be read, or has no place in a catalogue.
    """

    pages: tuple[KeptAnswer, ...]
    proposals: Mapping[int, tuple[KeptAnswer, ...]]
    unverified: tuple[Unverified, ...]


def read_folder(folder: Path, *, limits: Limits = LIMITS) -> FolderContent:
    """Reads the files of a catalogue, and tells which cannot be used. No link is followed inside of it.

    Raises:
        SourceError: there is no catalogue, or the folder cannot be read.
        EvidenceError: it holds more than any catalogue.
    """
    for _ in range(_READINGS):
        reading = _Reading(folder, limits)
        try:
            return reading.content()
        except NoFileError:
            continue  # an update put another file in its place; which one, a new look will tell
    raise SourceError(
        "the catalogue changes while it is read", where=str(folder), hint="wait for the update to end"
    )


def answer_of(kind: str, name: str) -> str | None:
    """The name of the certificate that a file of the catalogue belongs to; None when it is none of its files."""
    name = name.removesuffix(REQUEST) + ".cbor" if name.endswith(REQUEST) else name
    return name if NAMES[kind].fullmatch(name) else None


def is_folder(path: Path) -> bool:
    """Whether there is a folder, and no link to one."""
    try:
        return stat.S_ISDIR(os.stat(path, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False


class _Reading:
    """One look at a folder."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder, self._limits = folder, limits
        self._unverified: list[Unverified] = []
        self._left = limits.catalogue_bytes

    def content(self) -> FolderContent:
        entries = self._entries(self._folder)
        present = [kind for kind in NAMES if any(entry.name == kind for entry in entries)]
        if not present:
            raise SourceError("there is no catalogue here", where=str(self._folder), hint=_HINT)
        for entry in entries:
            if entry.name not in (*NAMES, LOCK):
                self._tell(entry.name, "this is no file of a catalogue")
        kept = {kind: self._answers(kind) if kind in present else () for kind in NAMES}
        proposals: dict[int, tuple[KeptAnswer, ...]] = {}
        for answer in kept[PROPOSALS]:
            number = int(answer.name.removeprefix(f"{PROPOSALS}/").partition("-")[0])
            proposals[number] = (*proposals.get(number, ()), answer)
        return FolderContent(kept[PAGES], proposals, tuple(self._unverified))

    def _answers(self, kind: str) -> tuple[KeptAnswer, ...]:
        if not is_folder(self._folder / kind):
            self._tell(kind, "this is no folder")
            return ()
        entries = {entry.name: entry for entry in self._entries(self._folder / kind)}
        found: list[KeptAnswer] = []
        for name, entry in entries.items():
            if staged_for(name) is not None:
                continue
            answer = answer_of(kind, name)
            if answer is None:
                self._tell(f"{kind}/{name}", "this is no file of a catalogue")
            elif not entry.is_file(follow_symlinks=False):
                self._tell(f"{kind}/{name}", "this is not a regular file")
            elif answer == name:
                found.extend(self._read(kind, name, entries))
        return tuple(found)

    def _read(self, kind: str, name: str, entries: Mapping[str, os.DirEntry[str]]) -> Iterator[KeptAnswer]:
        """The answer of that name, if it can be read."""
        request = entries.get(request_path(Path(name)).name)
        if request is None or not request.is_file(follow_symlinks=False):
            self._tell(f"{kind}/{name}", "the request that it answers is not beside it")
            return
        try:
            yield KeptAnswer(f"{kind}/{name}", self._bytes(entries[name]), self._bytes(request))
        except (NoFileError, _TooMuchError):
            raise
        except AuditkitError as error:
            self._tell(f"{kind}/{name}", error.what_was_found)

    def _bytes(self, entry: os.DirEntry[str]) -> bytes:
        data = read_file(Path(entry.path), self._limits.certificate_bytes)
        self._left -= len(data)
        if self._left < 0:
            raise _TooMuchError(
                "the folder holds more than any catalogue",
                where=str(self._folder),
                expected=f"at most {self._limits.catalogue_bytes:,} bytes",
                observed="more",
            )
        return data

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as found:
                entries = list(islice(found, self._limits.catalogue_files + 1))
        except FileNotFoundError:
            raise SourceError("there is no catalogue here", where=str(folder), hint=_HINT) from None
        except (OSError, ValueError) as error:
            raise SourceError(f"the catalogue cannot be read: {in_words(error)}", where=str(folder)) from None
        if len(entries) > self._limits.catalogue_files:
            raise EvidenceError(
                "the folder holds more files than any catalogue",
                where=str(folder),
                expected=f"at most {self._limits.catalogue_files:,}",
                observed="more",
            )
        return sorted(entries, key=lambda entry: entry.name)

    def _tell(self, name: str, reason: str) -> None:
        self._unverified.append(Unverified(name, reason))


class _TooMuchError(EvidenceError):
    """More than a catalogue holds in all."""
