"""What is new in a root file system: every difference of two, what matters first. Information, never a verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auditkit.guestos.ext4 import FileType
from auditkit.guestos.roots.changed_lines import TextComparer, TextDifference
from auditkit.guestos.roots.described import described, name_as_text
from auditkit.guestos.roots.difference import RootDifference, SettingDifference
from auditkit.guestos.roots.folders import Counts, FolderCounts
from auditkit.guestos.roots.notable import ReasonCount
from auditkit.guestos.roots.reading import RootFileSystem, read_roots
from auditkit.guestos.roots.side_by_side import Found, Named, SideBySide, Tree
from auditkit.guestos.roots.source import RootSource
from auditkit.guestos.roots.words.unseen import MOVED, TOO_MANY, too_large, unseen
from auditkit.limits import LIMITS, Limits
from auditkit.numbers import Count

_WANTED_BY_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class ComparedRoot:
    """One of the two root file systems.

    Attributes:
        root_hash: dm-verity root, 64 hex digits, computed.
        problems: why the root hash must not be trusted to name this image; empty when all is well.
        warnings: oddities outside what the root hash covers.
        names: names in its tree, the root included.
        file_bytes: bytes in its regular files, each file counted once.
        has_checksums: whether its metadata carries checksums; wrong ones are an error.
    """

    root_hash: str
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    names: Count
    file_bytes: Count
    has_checksums: bool


@dataclass(frozen=True, slots=True)
class RootComparison:
    """How two root file systems differ.

    Attributes:
        base, recovery: the two.
        counts: how many names differ.
        reasons: how many of them stand at the top for each reason, in the order of `Notable`.
        settings: what differs in the superblocks but sizes, times and counts.
        other_times: names that both have, with another time of the last change; these are not differences.
        folders: where the differences are, each counted once.
        differences: what is notable first, by the first of its reasons, then the rest, each part by path; where there
            are too many, the first of each part.
        unlisted: differences that are counted and not in ``differences``.
        unseen: what this comparison cannot see, a sentence each.
    """

    base: ComparedRoot
    recovery: ComparedRoot
    counts: Counts
    reasons: tuple[ReasonCount, ...]
    settings: tuple[SettingDifference, ...]
    other_times: Count
    folders: tuple[FolderCounts, ...]
    differences: tuple[RootDifference, ...]
    unlisted: Count
    unseen: tuple[str, ...]


def compare_roots(
    base: Path,
    recovery: Path,
    *,
    progress: Callable[[str, int, int], None] | None = None,
    limits: Limits = LIMITS,
) -> RootComparison:
    """Compares the root file systems of two images; nothing is written, and no link is followed.

    Args:
        base, recovery: update images, or bare root.img files with their dm-verity trees.
        progress: called with what is read, the number of its bytes read so far, and how many there are.
        limits: bounds on sizes, counts and work.

    Raises:
        SourceError: one cannot be read, is cut short, or was written to meanwhile.
        EvidenceError: one holds no root file system that this reader reads, or is beyond a limit.
    """

    def told(label: str) -> Callable[[int, int], None] | None:
        return None if progress is None else lambda done, size: progress(label, done, size)

    with (
        RootSource(base, progress=told("reading the base's root"), limits=limits) as one,
        RootSource(recovery, progress=told("reading the recovery image's root"), limits=limits) as other,
    ):
        roots = RootFileSystem(one, limits=limits), RootFileSystem(other, limits=limits)
        read_roots(*roots)
        return _result(SideBySide(*roots, limits=limits), limits)


def _result(trees: SideBySide, limits: Limits) -> RootComparison:
    texts = TextComparer(limits=limits)
    differences = tuple(_difference(found, trees, texts) for found in trees.found)
    counts = trees.tally.total()
    return RootComparison(
        base=_compared(trees.base),
        recovery=_compared(trees.recovery),
        counts=counts,
        reasons=trees.reasons(),
        settings=_settings(trees),
        other_times=trees.other_times,
        folders=trees.tally.folders(),
        differences=differences,
        unlisted=counts.total - len(differences),
        unseen=_unseen(trees, differences, counts.total - len(differences)),
    )


def _settings(trees: SideBySide) -> tuple[SettingDifference, ...]:
    ours, theirs = trees.base.root.settings, trees.recovery.root.settings
    return tuple(
        SettingDifference(name, ours[name], theirs[name]) for name in ours if ours[name] != theirs[name]
    )


def _compared(tree: Tree) -> ComparedRoot:
    verity = tree.root.verity
    return ComparedRoot(
        root_hash=verity.root_hash,
        problems=verity.problems,
        warnings=verity.warnings,
        names=tree.names,
        file_bytes=tree.file_bytes,
        has_checksums=tree.root.has_checksums,
    )


def _difference(found: Found, trees: SideBySide, texts: TextComparer) -> RootDifference:
    path = name_as_text(found.path)
    text = _text(found, trees, texts)
    return RootDifference(
        path=f"/{path}",
        path_hex=None if path.encode("utf-8") == found.path else found.path.hex(),
        kind=found.kind,
        notable=found.notable,
        changed=found.changed,
        base=described(found.base.entry, found.base.first) if found.base else None,
        recovery=described(found.recovery.entry, found.recovery.first) if found.recovery else None,
        like=_like(found, trees),
        wanted_by=_wanted_by(found, trees),
        text=text if isinstance(text, TextDifference) else None,
        no_text=text if isinstance(text, str) else None,
    )


def _like(found: Found, trees: SideBySide) -> str | None:
    if found.base is None and found.recovery is not None:
        side, other = found.recovery, trees.base
    elif found.recovery is None and found.base is not None:
        side, other = found.base, trees.recovery
    else:
        return None
    path = other.like(side.content) if side.content else None
    return None if path is None else f"/{name_as_text(path)}"


def _wanted_by(found: Found, trees: SideBySide) -> tuple[str, ...]:
    folders = trees.base.wanted_by(found.path) | trees.recovery.wanted_by(found.path)
    more = max(
        len(folders) - _WANTED_BY_MAX,
        trees.base.more_wanting(found.path),
        trees.recovery.more_wanting(found.path),
    )
    told = [name_as_text(folder) for folder in sorted(folders)[:_WANTED_BY_MAX]]
    return (*told, f"about {more:,} more") if more > 0 else tuple(told)


def _text(found: Found, trees: SideBySide, texts: TextComparer) -> TextDifference | str | None:
    """The lines that differ, why they are not shown, or None where no content differs."""
    sides = ((found.base, trees.base.root), (found.recovery, trees.recovery.root))
    files = [named for named, _ in sides if named and named.entry.type is FileType.FILE]
    if not files or (found.changed and not {"content", "type"} & set(found.changed)):
        return None
    if all(named.content is not None and not named.content.size for named in files):
        return None
    if any(named.entry.size > texts.most_bytes for named in files):
        return too_large(texts.most_bytes)
    if _like(found, trees) is not None:
        return MOVED
    contents = [_bytes(named, root) for named, root in sides]
    if contents[0] is None or contents[1] is None:
        return TOO_MANY
    return texts.compare(contents[0], contents[1])


def _bytes(named: Named | None, root: RootFileSystem) -> bytes | None:
    if named is None or named.entry.type is not FileType.FILE:
        return b""
    return root.bytes_of(named.entry)


def _unseen(trees: SideBySide, differences: tuple[RootDifference, ...], unlisted: int) -> tuple[str, ...]:
    images = (("the base", trees.base), ("the recovery image", trees.recovery))
    return unseen(
        without_checksums=tuple(who for who, tree in images if not tree.root.has_checksums),
        unlisted=unlisted,
        without_lines=sum(one.no_text is not None for one in differences),
    )
