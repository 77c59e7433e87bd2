"""Two boot trees side by side: what differs in names, types and content, and what only in metadata.

Source of the rule: dfinity/ic ``build-sev-recovery.sh``: a recovery boot tree is the base's with one file added.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from auditkit.guestos.ext4 import Ext4, FileType
from auditkit.guestos.tree.manifest import ManifestEntry, tree_manifest
from auditkit.limits import LIMITS, Limits

ALTERNATIVE_PROPOSAL: Final = b"alternative_guestos_proposal.cbor"
"""The one file that a recovery boot tree has and its base has not."""
_LOST_AND_FOUND: Final = b"lost+found"
_DIFF_LINES: Final = 24
_HEX_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class TreeSnapshot:
    """A boot tree without its content, but for small files. Made by `snapshot_tree`.

    Attributes:
        entries: every entry with the digest of its content, by path.
        small: content of the regular files up to ``LIMITS.compared_excerpt_bytes``, by path.
    """

    entries: Mapping[bytes, ManifestEntry]
    small: Mapping[bytes, bytes]


class DifferenceKind(StrEnum):
    """How a path differs. `METADATA` does not change what is booted, everything else does."""

    MISSING = "missing"
    ADDED = "added"
    TYPE = "other type"
    CONTENT = "other content"
    METADATA = "other metadata"


@dataclass(frozen=True, slots=True)
class Difference:
    """One path on which two trees differ.

    Attributes:
        path: as text, with a leading slash; bytes that are not UTF-8 as backslash escapes.
        kind: how.
        base: what the base has there; empty when nothing.
        recovery: what the recovery image has there; empty when nothing.
        excerpt: for a small file, the lines or the first bytes that differ.
    """

    path: str
    kind: DifferenceKind
    base: str
    recovery: str
    excerpt: tuple[str, ...] = ()

    def __str__(self) -> str:
        sides = " and ".join(
            f"{who} has {what}"
            for who, what in (("the base", self.base), ("the recovery image", self.recovery))
            if what
        )
        return f"{self.path}: {self.kind}: {sides}"


@dataclass(frozen=True, slots=True)
class TreeComparison:
    """Every difference of two trees, sorted by path.

    Attributes:
        differences: in names, types and content, without the one file that has to be added.
        metadata: in mode, owner, times and extended attributes alone.
        has_proposal: whether the recovery tree has the added file as a regular file.
        compared: names in the base tree.
    """

    differences: tuple[Difference, ...]
    metadata: tuple[Difference, ...]
    has_proposal: bool
    compared: int


def snapshot_tree(fs: Ext4, *, limits: Limits = LIMITS) -> TreeSnapshot:
    """Reads a tree once, so that it can be compared when the image is gone.

    Raises:
        EvidenceError: the file system is damaged, or its content is larger than the limit.
    """
    manifest = tree_manifest(fs, limits=limits)
    small = {
        item.entry.path: b"".join(fs.chunks(item.entry))
        for item in manifest
        if item.entry.type is FileType.FILE and item.entry.size <= limits.compared_excerpt_bytes
    }
    return TreeSnapshot({item.entry.path: item for item in manifest}, small)


def excerpted_paths(base: TreeSnapshot, recovery: TreeSnapshot, limits: Limits = LIMITS) -> tuple[bytes, ...]:
    """The paths of the small files that differ and are shown where they do, in order: the first few."""
    both = sorted(base.small.keys() & recovery.small.keys())
    found = [path for path in both if base.entries[path].sha256 != recovery.entries[path].sha256]
    return tuple(found[: limits.compared_excerpts])


def compare_trees(base: TreeSnapshot, recovery: TreeSnapshot) -> TreeComparison:
    """Compares a recovery boot tree with its base, path by path."""
    excerpted = excerpted_paths(base, recovery)
    base, recovery = (
        TreeSnapshot(tree.entries, {path: tree.small[path] for path in excerpted})
        for tree in (base, recovery)
    )
    differences: list[Difference] = []
    metadata: list[Difference] = []
    for path in sorted(base.entries.keys() | recovery.entries.keys()):
        ours, theirs = base.entries.get(path), recovery.entries.get(path)
        if ours is None and path == ALTERNATIVE_PROPOSAL:
            continue
        for difference in _differences(path, ours, theirs, base, recovery):
            (metadata if difference.kind is DifferenceKind.METADATA else differences).append(difference)
    added = recovery.entries.get(ALTERNATIVE_PROPOSAL)
    return TreeComparison(
        differences=tuple(differences),
        metadata=tuple(metadata),
        has_proposal=added is not None and added.entry.type is FileType.FILE,
        compared=len(base.entries),
    )


def _differences(
    path: bytes,
    ours: ManifestEntry | None,
    theirs: ManifestEntry | None,
    base: TreeSnapshot,
    recovery: TreeSnapshot,
) -> Iterator[Difference]:
    name = "/" + path.decode("utf-8", "backslashreplace")
    if ours is None or theirs is None:
        kind = DifferenceKind.MISSING if theirs is None else DifferenceKind.ADDED
        # mke2fs makes this folder, and an empty one changes nothing that is booted
        if path == _LOST_AND_FOUND and _is_empty_folder(path, base if theirs is None else recovery):
            kind = DifferenceKind.METADATA
        yield Difference(name, kind, _in_words(ours), _in_words(theirs))
        return
    if ours.entry.type is not theirs.entry.type:
        yield Difference(name, DifferenceKind.TYPE, _in_words(ours), _in_words(theirs))
        return
    same = (ours.sha256, ours.entry.target, ours.entry.device) == (
        theirs.sha256,
        theirs.entry.target,
        theirs.entry.device,
    )
    if not same:
        excerpt = _excerpt(base.small.get(path), recovery.small.get(path))
        yield Difference(name, DifferenceKind.CONTENT, _in_words(ours), _in_words(theirs), excerpt)
    before, after = _metadata(ours), _metadata(theirs)
    changed = [field for field in before if before[field] != after[field]]
    if changed:
        yield Difference(
            name,
            DifferenceKind.METADATA,
            ", ".join(f"{field} {before[field]}" for field in changed),
            ", ".join(f"{field} {after[field]}" for field in changed),
        )


def _is_empty_folder(path: bytes, tree: TreeSnapshot) -> bool:
    is_folder = tree.entries[path].entry.type is FileType.DIRECTORY
    return is_folder and not any(other.startswith(path + b"/") for other in tree.entries)


def _in_words(item: ManifestEntry | None) -> str:
    if item is None:
        return ""
    entry = item.entry
    if entry.type is FileType.FILE:
        return f"a file of {entry.size} bytes with SHA-256 {item.sha256}"
    if entry.target is not None:
        return f"a symbolic link to {entry.target.decode('utf-8', 'backslashreplace')}"
    if entry.device is not None:
        return f"a {entry.type.value} {entry.device[0]}:{entry.device[1]}"
    return f"a {entry.type.value}"


def _metadata(item: ManifestEntry) -> dict[str, str]:
    entry = item.entry
    attributes = {
        name.decode("utf-8", "backslashreplace"): value.rstrip(b"\0").decode("utf-8", "backslashreplace")
        for name, value in entry.xattrs.items()
    }
    return {
        "mode": f"{entry.mode:04o}",
        "owner": f"{entry.uid}:{entry.gid}",
        "time": f"{entry.mtime_ns // 1_000_000_000}",
        "attributes": ", ".join(f"{name}={value}" for name, value in attributes.items()) or "none",
        "hard link": (item.hard_link_to or b"").decode("utf-8", "backslashreplace") or "none",
    }


def _excerpt(ours: bytes | None, theirs: bytes | None) -> tuple[str, ...]:
    if ours is None or theirs is None:
        return ()
    try:
        before, after = ours.decode("ascii").splitlines(), theirs.decode("ascii").splitlines()
    except UnicodeDecodeError:
        before, after = [], []
    if before != after and all(line.isprintable() for line in (*before, *after)):
        from difflib import unified_diff  # noqa: PLC0415  (only for texts that differ)

        lines = unified_diff(before, after, "base", "recovery", lineterm="", n=1)
        return tuple(line for _, line in zip(range(_DIFF_LINES), lines, strict=False))
    pairs = zip(ours, theirs, strict=False)
    at = next(
        (place for place, (one, other) in enumerate(pairs) if one != other), min(len(ours), len(theirs))
    )
    return (
        f"from byte {at}:",
        f"-{ours[at : at + _HEX_BYTES].hex(' ')}",
        f"+{theirs[at : at + _HEX_BYTES].hex(' ')}",
    )
