"""What a file given as IMAGE is: an update image, or a bare boot or root partition."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from auditkit.errors import EvidenceError, SourceError, in_words
from auditkit.guestos.archive import ZSTD_MAGIC
from auditkit.guestos.ext4 import MAGIC, SUPERBLOCK_OFFSET
from auditkit.guestos.update_image import read_update_image
from auditkit.guestos.verity import HASH_OFFSET, VERITY_MAGIC, VerityRoot, root_image_verity
from auditkit.limits import LIMITS, Limits
from auditkit.opening import regular_file


class ImageKind(StrEnum):
    """The kinds of image that auditkit reads."""

    UPDATE = "update image"
    BOOT = "boot partition"
    ROOT = "root partition"


def image_kind(path: Path) -> ImageKind:
    """`kind_of` the image in a file.

    Raises:
        SourceError: it cannot be read, or is not a regular file.
        EvidenceError: it is neither zstd nor ext4.
    """
    with regular_file(path) as file:
        return kind_of(file, path)


def kind_of(file: BinaryIO, path: Path) -> ImageKind:
    """Tells what an image is by its first bytes and, for a root partition, by its dm-verity superblock.

    Args:
        file: the open image; stands at its start afterwards.
        path: what errors are about.

    Raises:
        SourceError: it cannot be read.
        EvidenceError: it is neither zstd nor ext4.
    """
    try:
        start = file.read(len(ZSTD_MAGIC))
        file.seek(SUPERBLOCK_OFFSET + 0x38)
        magic = file.read(2)
        file.seek(HASH_OFFSET)
        behind = file.read(len(VERITY_MAGIC))
        file.seek(0)
    except OSError as error:
        raise SourceError(f"the image cannot be read: {in_words(error)}", where=str(path)) from error
    if start == ZSTD_MAGIC:
        return ImageKind.UPDATE
    if behind == VERITY_MAGIC:
        return ImageKind.ROOT
    if magic == MAGIC.to_bytes(2, "little"):
        return ImageKind.BOOT
    begins = f"its first bytes are {start.hex()}" if start else "it is empty"
    raise EvidenceError(
        f"this is neither an update image (zstd) nor a partition (ext4): {begins}", where=str(path)
    )


def open_boot_source(
    path: Path, *, work: Path, progress: Callable[[int], None] | None = None, limits: Limits = LIMITS
) -> Path:
    """The ``boot.img`` of an update image, written to ``work``, or ``path`` itself if it is one already.

    Args:
        path: an update image or a bare ``boot.img``.
        work: folder for the ``boot.img`` of an update image.
        progress: called with the number of compressed bytes read so far.
        limits: bounds on sizes and counts.

    Raises:
        SourceError: it cannot be read or is cut short.
        EvidenceError: it is neither, or damaged.
    """
    kind = image_kind(path)
    if kind is ImageKind.BOOT:
        return path
    if kind is ImageKind.ROOT:
        raise EvidenceError("this is a root partition, and a boot partition is wanted", where=str(path))
    with regular_file(path) as stream:
        image = read_update_image(
            stream, work=work, digest=False, verity=False, progress=progress, limits=limits
        )
    return image.boot_image


def image_verity(
    path: Path, *, progress: Callable[[int], None] | None = None, limits: Limits = LIMITS
) -> VerityRoot:
    """The dm-verity root of the ``root.img`` in an update image, or of a bare ``root.img``.

    Raises:
        SourceError: it cannot be read or is cut short.
        EvidenceError: it is neither, or damaged.
    """
    kind = image_kind(path)
    if kind is not ImageKind.UPDATE:
        return root_image_verity(path, limits=limits)
    with tempfile.TemporaryDirectory(prefix="auditkit-") as work, regular_file(path) as stream:
        image = read_update_image(
            stream, work=Path(work), digest=False, verity=True, progress=progress, limits=limits
        )
    if image.verity is None:
        raise EvidenceError("the update image has no root.img", where=str(path))
    return image.verity
