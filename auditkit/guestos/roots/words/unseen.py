"""What a comparison of two root file systems cannot see or does not show, in our own words and no others'."""

from __future__ import annotations

import re
from typing import Final

ALWAYS_UNSEEN: Final = (
    "what a changed program does: this tells which bytes and names are new, and never that they are harmless",
    "what starts a program other than places and links that are known by name: any script or configuration may",
    "what is mounted over the tree, or written to other partitions, when the system runs",
    "the flags of inodes, such as immutable, and the hashes by which folders are searched",
    "blocks that no file uses, the rest of the last block of each file, the order of names in folders, the numbers of"
    " inodes, and times: only the dm-verity root covers them",
)
"""Reports tell these, and a replay takes no others: what replaces one of them joins it here."""
NOT_TEXT: Final = "not text"
MOVED: Final = "the same content as under another name"
TOO_MANY: Final = "too many small files differ"
TOO_MUCH_WORK: Final = "other files before it took all the work that is allowed"
_NUMBER: Final = r"[0-9,]{1,20}"
_SENTENCES: Final = re.compile(
    "|".join(
        (
            *map(re.escape, ALWAYS_UNSEEN),
            "whether the directories and inodes of the (?:base|recovery image) are damaged: they carry no checksums",
            f"{_NUMBER} differences one by one: there are too many, so they are only counted",
            f"what differs inside (?:1 file: it|{_NUMBER} files: each) says why its lines are not shown",
        )
    )
)
_REASONS: Final = re.compile(
    "|".join(
        (
            *map(re.escape, (NOT_TEXT, MOVED, TOO_MANY, TOO_MUCH_WORK)),
            f"larger than {_NUMBER} bytes",
            f"{_NUMBER} lines of other files are shown before it",
        )
    )
)


def too_large(most: int) -> str:
    """Why the lines of a file are not shown that is larger than ``most`` bytes."""
    return f"larger than {most:,} bytes"


def too_many_lines(lines: int) -> str:
    """Why the lines of a file are not shown where ``lines`` of others are."""
    return f"{lines:,} lines of other files are shown before it"


def unseen(*, without_checksums: tuple[str, ...], unlisted: int, without_lines: int) -> tuple[str, ...]:
    """What a comparison cannot see, a sentence each.

    Args:
        without_checksums: what the images are called whose file system carries none.
        unlisted: how many differences are only counted.
        without_lines: how many files differ whose lines are not shown.
    """
    told = [
        f"whether the directories and inodes of {who} are damaged: they carry no checksums"
        for who in without_checksums
    ]
    if unlisted:
        told.append(f"{unlisted:,} differences one by one: there are too many, so they are only counted")
    if without_lines:
        inside = "1 file: it" if without_lines == 1 else f"{without_lines:,} files: each"
        told.append(f"what differs inside {inside} says why its lines are not shown")
    return (*ALWAYS_UNSEEN, *told)


def is_own_sentence(text: str) -> bool:
    """Whether it is one of those that `unseen` says."""
    return _SENTENCES.fullmatch(text) is not None


def is_own_reason(text: str) -> bool:
    """Whether it is one that auditkit says why the lines of a file are not shown."""
    return _REASONS.fullmatch(text) is not None
