"""All that an audit wants to know of a GuestOS image, base or recovery, from one pass over it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from auditkit.errors import EvidenceError
from auditkit.guestos.boot_files import BootFiles, read_boot_files
from auditkit.guestos.ext4 import Ext4, FileType, holds_data_behind
from auditkit.guestos.image_kinds import ImageKind, kind_of
from auditkit.guestos.tree import ALTERNATIVE_PROPOSAL, TreeSnapshot, snapshot_tree
from auditkit.guestos.update_image import UpdateImage, read_update_image
from auditkit.guestos.verity import VerityRoot
from auditkit.limits import LIMITS, Limits
from auditkit.opening import Unchanged, digest_of_open_file, regular_file


@dataclass(frozen=True, slots=True)
class GuestImage:
    """What a GuestOS image is and boots.

    Attributes:
        sha256: digest of the whole file, 64 hex digits; empty where it was not asked for.
        size: of the whole file in bytes.
        version_text: VERSION.TXT of an update image; None where there is none.
        verity: dm-verity root of root.img; None for a bare boot partition.
        boot: the measured files.
        has_overlay: whether the update image carries an ``overlay.raw``, as older releases do; no hash covers it.
        data_behind_boot: whether boot.img holds anything but zeros behind its file system.
        has_checksums: whether the boot file system carries metadata checksums; wrong ones are an error.
        entries: names in the boot file system.
        tree: the boot tree, if it was asked for.
        alternative_proposal: content of ``/alternative_guestos_proposal.cbor`` in a recovery image, if the tree was
            asked for; None where there is no such file.
    """

    sha256: str
    size: int
    version_text: str | None
    verity: VerityRoot | None
    boot: BootFiles
    has_overlay: bool
    data_behind_boot: bool
    has_checksums: bool
    entries: int
    tree: TreeSnapshot | None = None
    alternative_proposal: bytes | None = None


def read_guest_image(
    path: Path,
    *,
    work: Path,
    tree: bool = False,
    whole: bool = True,
    digest: bool = True,
    progress: Callable[[int], None] | None = None,
    limits: Limits = LIMITS,
) -> GuestImage:
    """Reads an update image, or a bare boot partition.

    Args:
        path: ``update-img.tar.zst`` or ``boot.img``.
        work: folder for the boot.img of an update image.
        tree: also take a snapshot of the boot tree, to compare it with another.
        whole: unpack an update image to its end. Without it nothing is told of what lies behind boot.img, neither
            VERSION.TXT nor root.img, and nothing of that is looked at.
        digest: also compute the digest of the file.
        progress: called with the number of bytes read so far.

    Raises:
        SourceError: it cannot be read or is cut short.
        UnknownMemberError: the update image holds a file that no release holds.
        EvidenceError: it is neither, damaged, or lacks a boot file.
    """
    with regular_file(path) as file:
        update = kind_of(file, path) is ImageKind.UPDATE
        if update and whole:
            image = read_update_image(file, work=work, progress=progress, limits=limits)
            if image.sha256 is None:
                raise EvidenceError("the digest of the image was not computed", where=str(path))
            return _read(image.boot_image, image.sha256, image.size, image, tree=tree, limits=limits)
        # Digest and content are of the same open file: a name can be given to another one in between.
        unchanged = Unchanged(file, str(path))
        size = os.fstat(file.fileno()).st_size
        sha256, size = digest_of_open_file(file) if digest else ("", size)
        boot: Path | BinaryIO = file
        if update:
            file.seek(0)
            boot = read_update_image(
                file, work=work, digest=False, verity=False, progress=progress, limits=limits
            ).boot_image
        read = _read(boot, sha256, size, None, tree=tree, limits=limits)
        unchanged.require()
        return read


def _read(
    boot_image: Path | BinaryIO,
    sha256: str,
    size: int,
    around: UpdateImage | None,
    *,
    tree: bool,
    limits: Limits,
) -> GuestImage:
    """The image whose boot partition is ``boot_image``; ``around`` is the update image that holds it, if one does."""
    with Ext4(boot_image) as fs:
        return GuestImage(
            sha256=sha256,
            size=size,
            version_text=around.version_text if around else None,
            verity=around.verity if around else None,
            boot=read_boot_files(fs, limits=limits),
            has_overlay=around.has_overlay if around else False,
            data_behind_boot=holds_data_behind(boot_image, fs.superblock.size),
            has_checksums=fs.has_checksums,
            entries=sum(1 for _ in fs.walk()),
            tree=snapshot_tree(fs, limits=limits) if tree else None,
            alternative_proposal=_alternative_proposal(fs, limits) if tree else None,
        )


def _alternative_proposal(fs: Ext4, limits: Limits) -> bytes | None:
    for entry in fs.walk():
        if entry.path == ALTERNATIVE_PROPOSAL and entry.type is FileType.FILE:
            if entry.size > limits.certificate_bytes:
                raise EvidenceError(
                    "the proposal inside the image is larger than any certificate",
                    expected=f"at most {limits.certificate_bytes} bytes",
                    observed=f"{entry.size} bytes",
                )
            return b"".join(fs.chunks(entry))
    return None
