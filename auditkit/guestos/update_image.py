"""One pass over a release's ``update-img.tar.zst``: digest, boot partition, version and dm-verity root."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from auditkit.atomic import whole_file
from auditkit.errors import EvidenceError, SourceError, in_words
from auditkit.guestos.archive import Member, ZstdStream, read_members
from auditkit.guestos.boot_files import version_text
from auditkit.guestos.verity import BATCH, RootImageHasher, VerityRoot
from auditkit.limits import LIMITS, Limits

ROOT: Final = "root.img"
"""The member that holds the root file system."""
_BOOT, _VERSION, _OVERLAY = "boot.img", "VERSION.TXT", "overlay.raw"
_GRAIN = 1 << 16  # zeros of this length in the data become holes too
_ZEROS = bytes(_GRAIN)


@dataclass(frozen=True, slots=True)
class UpdateImage:
    """What one pass over an update image found.

    Attributes:
        sha256: digest of the compressed file as 64 hex digits, ``None`` if it was not asked for.
        size: compressed bytes read; the whole file unless the pass stopped early.
        members: the members that were seen, in order.
        boot_image: ``boot.img`` in the work folder, a sparse file.
        version_text: ``VERSION.TXT`` without the space around it; ``None`` if it was not there or not
            reached.
        verity: of ``root.img``, ``None`` if it was not asked for.
    """

    sha256: str | None
    size: int
    members: tuple[Member, ...]
    boot_image: Path
    version_text: str | None
    verity: VerityRoot | None

    @property
    def has_overlay(self) -> bool:
        """Whether there is an ``overlay.raw``, which older releases carry and no hash covers."""
        return any(member.name == _OVERLAY for member in self.members)


def read_update_image(
    stream: BinaryIO,
    *,
    work: Path,
    digest: bool = True,
    verity: bool = True,
    progress: Callable[[int], None] | None = None,
    limits: Limits = LIMITS,
) -> UpdateImage:
    """Reads an update image once, from start to end, and writes nothing but ``boot.img``.

    With neither ``digest`` nor ``verity`` the pass stops behind ``boot.img``, and what follows is not looked
    at.

    Args:
        stream: the compressed bytes; read sequentially, never seeked or closed.
        work: folder for ``boot.img``; made if it is not there. On any error nothing new is left in it.
        digest: compute the SHA-256 of the whole file.
        verity: compute the dm-verity root of ``root.img``.
        progress: called with the number of compressed bytes read so far.
        limits: bounds on sizes and counts.

    Raises:
        SourceError: the image is cut short or cannot be read, or the work folder cannot be written to.
        UnknownMemberError: the archive holds a file that no release holds.
        EvidenceError: anything but one zstd frame around an archive of the members of a release.
    """
    members: list[Member] = []
    version: str | None = None
    root: VerityRoot | None = None
    sha256: str | None = None
    with ExitStack() as stack:
        boot = stack.enter_context(_boot_file(work))
        source = stack.enter_context(ZstdStream(stream, digest=digest, progress=progress, limits=limits))
        for member in release_members(source, limits=limits):
            members.append(member)
            if member.name == _BOOT:
                _write_sparse(source, member, boot)
                if not digest and not verity:
                    break
            elif member.name == _VERSION and member.stored == member.size:
                version = version_text(source.exactly(member.stored))
            elif member.name == ROOT and verity:
                root = _hash_root(source, member)
            else:
                source.skip(member.stored)
        else:
            sha256 = source.finish()
        names = [member.name for member in members]
        if _BOOT not in names or (ROOT not in names and (digest or verity)):
            raise EvidenceError(
                "the update image lacks a file that every release holds",
                expected=f"{_BOOT} and {ROOT}",
                observed=", ".join(names) or "no file at all",
            )
        return UpdateImage(
            sha256=sha256,
            size=source.compressed_size,
            members=tuple(members),
            boot_image=work / _BOOT,
            version_text=version,
            verity=root,
        )


def release_members(source: ZstdStream, *, limits: Limits = LIMITS) -> Iterator[Member]:
    """The members of an update image, to its end; whoever takes one consumes its data before asking for the next.

    Args:
        source: positioned at the first header.
        limits: bounds on sizes and counts.

    Raises:
        UnknownMemberError: the archive holds a file that no release holds.
        EvidenceError: a damaged archive, or something in the padding behind a member.
        SourceError: the stream ends in the middle.
    """
    sizes = {
        _BOOT: limits.boot_image_bytes,
        ROOT: limits.root_image_bytes,
        _VERSION: limits.version_bytes,
        _OVERLAY: limits.overlay_bytes,
    }
    for member in read_members(source, sizes, limits=limits):
        yield member
        if any(source.exactly(member.padding)):
            raise EvidenceError(f"there is something hidden after {member.name} in the update image")


def member_pieces(source: ZstdStream, member: Member) -> Iterator[tuple[int, memoryview]]:
    """The data of a member in order: offset and at most 1 MiB; holes are left out.

    The buffer is used again for the next piece.
    """
    buffer = memoryview(bytearray(BATCH))
    for start, length in member.runs:
        offset, end = start, start + length
        while offset < end:
            data = buffer[: end - offset]
            source.into(data)
            yield offset, data
            offset += len(data)


@contextmanager
def _boot_file(work: Path) -> Iterator[int]:
    """A descriptor of what becomes the boot partition in the work folder when the block ends well."""
    try:
        work.mkdir(parents=True, exist_ok=True)
        with whole_file(work / _BOOT, durable=False) as file:
            yield file.fileno()
    except OSError as error:
        raise SourceError(
            f"the boot partition cannot be written to the work folder: {in_words(error)}", where=str(work)
        ) from error


def _write_sparse(source: ZstdStream, member: Member, descriptor: int) -> None:
    os.ftruncate(descriptor, member.size)
    for start, length in member.runs:
        offset, end = start, start + length
        while offset < end:
            data = source.some(end - offset)
            for at in range(0, len(data), _GRAIN):
                grain = data[at : at + _GRAIN]
                if grain != _ZEROS[: len(grain)]:
                    _write(descriptor, grain, offset + at)
            offset += len(data)


def _write(descriptor: int, data: bytes, offset: int) -> None:
    while data:
        written = os.pwrite(descriptor, data, offset)
        data, offset = data[written:], offset + written


def _hash_root(source: ZstdStream, member: Member) -> VerityRoot:
    with RootImageHasher(member.size) as hasher:
        for offset, data in member_pieces(source, member):
            hasher.feed(offset, data)
        return hasher.finish()
