"""A boot partition made of a tree, with the programs and the settings of dfinity's build."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from auditkit.guestos import write_ext4
from auditkit.limits import GIB

BOOT_LABEL: Final = "system_u:object_r:boot_t:s0"
"""The SELinux label of a boot partition's files in dfinity's build."""
BOOT_PARTITION_BYTES: Final = GIB


def write_boot_partition(tree: Path, image: Path) -> None:
    """Makes a sparse ext4 of 1 GiB that holds the tree; there is no file ``image`` unless all went well.

    Args:
        tree: a folder whose modes and times are set on the way.
        image: where it goes.

    Raises:
        SourceError: mke2fs or debugfs is missing, or failed.
        EvidenceError: the tree holds a name that is not printable text, or more than files, folders and links.
        OSError: the folder of ``image`` cannot be written to.
    """
    with tempfile.TemporaryDirectory(dir=image.parent, prefix=f".{image.name}.", suffix=".part") as work:
        made = Path(work) / "boot.img"
        write_ext4(made, tree, BOOT_PARTITION_BYTES, label=BOOT_LABEL)
        made.replace(image)
