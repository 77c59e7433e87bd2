"""The one check of ``auditkit verity-hash``, which is about an image alone; no check of an audit."""

from __future__ import annotations

from typing import Final

from auditkit.decision import Check

ROOT_VERITY: Final = Check(
    1,
    "root.verity",
    "Does root.img have a dm-verity tree as dfinity's build makes it?",
    "a superblock with dfinity's constants, and the tree of these blocks",
    matters="The root hash vouches for every block only through a tree that is whole.",
    failure="The hash tree beside the root file system is not the one of these blocks.",
    advice="Download the image again.",
)
