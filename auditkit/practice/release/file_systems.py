"""The dm-verity tree of a practice root.img, by ``veritysetup``.

Source: dfinity/ic ``ic-os/defs.bzl`` (offset, UUID and salt). The file systems are `auditkit.guestos.image_writer`'s.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from auditkit.guestos import find_program, run_program

VERITY_OFFSET: Final = 10_603_200_512
"""Byte offset of the verity superblock in root.img."""
VERITY_SALT: Final = "89bc06702975f10b41dd53e26eb9aef0adde93bc13d73e8f26b496dddefe2483"
VERITY_UUID: Final = "1736291d-aceb-42d7-b044-43ee31d86cd4"


def require_programs() -> None:
    """Makes sure that every program is there before anything is written.

    Raises:
        SourceError: one is not; the hint names its Debian package.
    """
    for name in ("mke2fs", "debugfs", "veritysetup"):
        find_program(name)


def add_verity_tree(image: Path) -> str:
    """Appends a dm-verity tree at dfinity's offset, over all bytes that the image has so far.

    Returns:
        The root hash, 64 hex digits.

    Raises:
        SourceError: veritysetup is missing, or failed.
    """
    root_hash_file = image.with_name(f"{image.name}.root_hash")
    run_program(
        "veritysetup", "format", str(image), str(image), "--hash-offset", str(VERITY_OFFSET),
        "--uuid", VERITY_UUID, "--salt", VERITY_SALT, "--root-hash-file", str(root_hash_file),
    )  # fmt: skip
    root_hash = root_hash_file.read_text().strip()
    root_hash_file.unlink()
    return root_hash
