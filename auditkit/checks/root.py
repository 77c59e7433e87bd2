"""Check 77, what is new in the root file system; and the one check of ``auditkit verity-hash``, which is no audit's."""

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
ROOT_CHANGES: Final = Check(
    77,
    "root.changes",
    "Does the new root file system hold what the base release's holds, and nothing else?",
    "only changes that the proposal explains",
    matters="The proposal names the new root file system by its hash alone. Whoever made it may have put anything in, "
    "and that is what a voter is really asked to trust.",
    advice="Look at what is listed first, and ask the proposer what each change is for.",
)
