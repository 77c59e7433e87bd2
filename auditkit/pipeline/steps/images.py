"""Reading a GuestOS image while somebody watches how far it has come."""

from __future__ import annotations

from pathlib import Path

from auditkit.guestos import GuestImage, read_guest_image
from auditkit.progress import Progress


def read_watched(
    path: Path, label: str, *, size: int, work: Path, tree: bool, progress: Progress
) -> GuestImage:
    """Reads an image, and tells ``progress`` under ``label`` how many of its ``size`` bytes are read.

    Args:
        work: a folder for what has to be on disk meanwhile.
        tree: also read the whole boot tree.

    Raises:
        UnknownMemberError, SourceError, EvidenceError: as `auditkit.guestos.read_guest_image`.
    """
    return read_guest_image(
        path, work=work, tree=tree, progress=lambda done: progress.bytes_done(label, done, size)
    )
