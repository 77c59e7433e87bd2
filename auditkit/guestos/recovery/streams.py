"""The data of a root.img in order, from a file of its own or out of an update image. Nothing is unpacked to disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from auditkit.errors import EvidenceError, SourceError, in_words
from auditkit.guestos.archive import Member, ZstdStream, read_members
from auditkit.guestos.verity import BATCH, data_pieces
from auditkit.limits import LIMITS, Limits
from auditkit.opening import regular_file

ROOT: Final = "root.img"
VERSION: Final = "VERSION.TXT"

Progress = Callable[[int], None]


class RootSink(Protocol):
    """What takes the data of a root.img."""

    def begin(self, size: int) -> None:
        """Is told the apparent bytes of root.img before any data."""

    def feed(self, offset: int, data: memoryview) -> None:
        """Takes data at ``offset``, which lasts until this returns; offsets only grow, and holes are left out."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an update image holds around its root.img.

    Attributes:
        sha256: of the whole file, 64 hex digits.
        version: VERSION.TXT as it is; None where there is none.
    """

    sha256: str
    version: bytes | None


def stream_partition(path: Path, size: int, sink: RootSink, progress: Progress | None = None) -> None:
    """Gives ``sink`` the first ``size`` bytes of a root.img that is a file of its own.

    Raises:
        SourceError: it cannot be read.
    """
    try:
        with regular_file(path) as file:
            sink.begin(size)
            for offset, data in data_pieces(file.fileno(), size, str(path)):
                sink.feed(offset, data)
                if progress:
                    progress(offset + len(data))
    except OSError as error:
        raise SourceError(f"the image cannot be read: {in_words(error)}", where=str(path)) from error


def stream_update_image(
    path: Path, sink: RootSink, *, progress: Progress | None = None, limits: Limits = LIMITS
) -> Surroundings:
    """Gives ``sink`` the root.img in an update image, which is read to its end, and tells what else it holds.

    Raises:
        SourceError: it cannot be read, or is cut short.
        UnknownMemberError: it holds a file that no release holds.
        EvidenceError: it is malformed, or holds no root.img.
    """
    found = False
    version: bytes | None = None
    with (
        regular_file(path) as file,
        ZstdStream(file, digest=True, progress=progress, limits=limits) as source,
    ):
        for member in read_members(source, _sizes(limits), limits=limits):
            if member.name == ROOT:
                found = True
                _feed(source, member, sink)
            elif member.name == VERSION and member.stored == member.size:
                version = source.exactly(member.stored)
            else:
                source.skip(member.stored)
            if any(source.exactly(member.padding)):
                raise EvidenceError(f"there is something hidden after {member.name} in the update image")
        sha256 = source.finish()
    if not found or sha256 is None:
        raise EvidenceError("the update image has no root.img", where=str(path))
    return Surroundings(sha256, version)


def stream_root_alone(path: Path, sink: RootSink, *, limits: Limits = LIMITS) -> None:
    """Gives ``sink`` the root.img in an update image, and looks at nothing behind it; errors are those above."""
    with regular_file(path) as file, ZstdStream(file, limits=limits) as source:
        for member in read_members(source, _sizes(limits), limits=limits):
            if member.name == ROOT:
                _feed(source, member, sink)
                return
            source.skip(member.stored + member.padding)
    raise EvidenceError("the update image has no root.img", where=str(path))


def _sizes(limits: Limits) -> dict[str, int]:
    """The files that an update image may hold, with the most bytes of each."""
    return {
        "boot.img": limits.boot_image_bytes,
        ROOT: limits.root_image_bytes,
        VERSION: limits.version_bytes,
        "overlay.raw": limits.overlay_bytes,
    }


def _feed(source: ZstdStream, member: Member, sink: RootSink) -> None:
    buffer = memoryview(bytearray(BATCH))
    sink.begin(member.size)
    for start, length in member.runs:
        offset, end = start, start + length
        while offset < end:
            data = buffer[: end - offset]
            source.into(data)
            sink.feed(offset, data)
            offset += len(data)
