"""Walks through two trees at once, name by name in the same order, and collects where they differ."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from auditkit.errors import EvidenceError
from auditkit.guestos.ext4 import Entry, FileType
from auditkit.guestos.roots.content import FileContent
from auditkit.guestos.roots.described import changed_fields
from auditkit.guestos.roots.folders import ChangeKind, FolderTally
from auditkit.guestos.roots.notable import Notable, ReasonCount, fair_part, notable
from auditkit.guestos.roots.reading import RootFileSystem
from auditkit.guestos.tree.manifest import printable
from auditkit.limits import LIMITS, Limits

_WANTING: Final = (b".wants", b".requires", b".upholds")
_WANTED_BY_MAX: Final = 20  # folders that are remembered of a unit
_CONTENT_FIELDS: Final = frozenset({"type", "content", "link", "device"})


@dataclass(frozen=True, slots=True)
class Named:
    """A name in a tree.

    Attributes:
        entry: what it names.
        first: the first name of the same file; None where this is the first.
        content: what a regular file holds; None for everything else.
    """

    entry: Entry
    first: bytes | None
    content: FileContent | None


@dataclass(frozen=True, slots=True)
class Found:
    """A name on which the trees differ.

    Attributes:
        path: relative to the root, without a leading slash.
        kind: how.
        notable: why it stands at the top; empty where it does not.
        changed: the names of the fields that differ; empty where one tree has nothing.
        base, recovery: what the trees have there; None for nothing.
    """

    path: bytes
    kind: ChangeKind
    notable: tuple[Notable, ...]
    changed: tuple[str, ...]
    base: Named | None
    recovery: Named | None


class Tree:
    """A tree while it is walked through, and what is remembered of it.

    Args:
        root: where it is.
        limits: bound on the sizes that its files claim.
    """

    def __init__(self, root: RootFileSystem, *, limits: Limits = LIMITS) -> None:
        self.root = root
        self._most_bytes = limits.root_apparent_bytes
        self.names = 0
        """Names that were passed."""
        self.file_bytes = 0
        """Bytes in its regular files, each file once."""
        self._paths: dict[tuple[int, bytes, bytes], bytes] = {}
        self._wanted: dict[bytes, set[bytes]] = defaultdict(set)
        self._more_wanting: Counter[bytes] = Counter()

    def walk(self) -> Iterator[Named]:
        """Every name, in the order of `Ext4.walk`.

        Raises:
            EvidenceError: the tree is damaged.
        """
        first: dict[int, bytes] = {}
        for entry in self.root.walk():
            self.names += 1
            content = self.root.content(entry) if entry.type is FileType.FILE else None
            earlier = first.get(entry.inode)
            if entry.type is not FileType.DIRECTORY:
                first.setdefault(entry.inode, entry.path)
            if content is not None and earlier is None:
                self.file_bytes += content.size
                if self.file_bytes > self._most_bytes:
                    raise EvidenceError(
                        "the files of the root file system claim to be larger than any disk",
                        where=f"/{printable(entry.path)}",
                        expected=f"at most {self._most_bytes} bytes",
                    )
                if content.size:
                    self._paths.setdefault(_key(content), entry.path)
            if entry.target is not None:
                self._remember_wanted(entry.path, entry.target)
            yield Named(entry, earlier, content)

    def like(self, content: FileContent) -> bytes | None:
        """A path with the same content, if there is one of which that is easily told."""
        return self._paths.get(_key(content))

    def wanted_by(self, path: bytes) -> set[bytes]:
        """Folders, such as ``multi-user.target.wants``, with a link to the unit of this name: at most 20 of them."""
        return self._wanted.get(path.rpartition(b"/")[2], set())

    def more_wanting(self, path: bytes) -> int:
        """How many links in other folders there are to the unit of this name."""
        return self._more_wanting[path.rpartition(b"/")[2]]

    def _remember_wanted(self, path: bytes, target: bytes) -> None:
        folder, _, name = path.rpartition(b"/")
        folder = folder.rpartition(b"/")[2]
        if folder.endswith(_WANTING):
            for unit in {name, target.rpartition(b"/")[2]}:
                folders = self._wanted[unit]
                if len(folders) < _WANTED_BY_MAX:
                    folders.add(folder)
                elif folder not in folders:
                    self._more_wanting[unit] += 1


class SideBySide:
    """The differences of two trees.

    Args:
        base, recovery: what is compared; what that takes was read.
        limits: how many differences are listed.

    Raises:
        EvidenceError: a tree is damaged.
    """

    def __init__(self, base: RootFileSystem, recovery: RootFileSystem, *, limits: Limits = LIMITS) -> None:
        self.base, self.recovery = Tree(base, limits=limits), Tree(recovery, limits=limits)
        self.tally = FolderTally()
        """How many names differ, and where."""
        self.other_times = 0
        """Names that both have, with another time of the last change."""
        self._reasons: Counter[Notable] = Counter()
        groups: dict[Notable | None, list[Found]] = {reason: [] for reason in (*Notable, None)}
        most = limits.root_differences
        for ours, theirs in _pairs(self.base.walk(), self.recovery.walk()):
            found = self._compare(ours, theirs)
            if found is None:
                continue
            self.tally.add(found.path, found.kind)
            self._reasons.update(found.notable[:1])
            # Each reason has its place even where somebody adds any number of names before it.
            group = groups[found.notable[0] if found.notable else None]
            if len(group) < most:
                group.append(found)
        self.found = fair_part(groups.values(), most)
        """The differences by why they stand at the top, then the others, each part in the order of the walk."""

    def reasons(self) -> tuple[ReasonCount, ...]:
        """How many stand at the top for each reason, in the order of `Notable`; those that are not listed too."""
        return tuple(
            ReasonCount(reason, self._reasons[reason]) for reason in Notable if self._reasons[reason]
        )

    def _compare(self, ours: Named | None, theirs: Named | None) -> Found | None:
        changed: tuple[str, ...] = ()
        if ours is None or theirs is None:
            side = ours or theirs
            if side is None:
                return None
            kind = ChangeKind.ADDED if ours is None else ChangeKind.REMOVED
            path, sides = side.entry.path, (side.entry,)
            return Found(path, kind, notable(path, sides, changed), changed, ours, theirs)
        self.other_times += ours.entry.mtime_ns != theirs.entry.mtime_ns
        other_content = not _same_content(ours.content, theirs.content)
        if not other_content and ours.first == theirs.first and _same_entry(ours.entry, theirs.entry):
            return None
        changed = changed_fields(
            ours.entry, theirs.entry, content=other_content, hard_link=ours.first != theirs.first
        )
        kind = ChangeKind.METADATA if _CONTENT_FIELDS.isdisjoint(changed) else ChangeKind.CHANGED
        path = ours.entry.path
        return Found(path, kind, notable(path, (ours.entry, theirs.entry), changed), changed, ours, theirs)


def _pairs(base: Iterator[Named], recovery: Iterator[Named]) -> Iterator[tuple[Named | None, Named | None]]:
    """What either tree has under each name."""
    ours, theirs = next(base, None), next(recovery, None)
    while ours or theirs:
        place, other = _place(ours), _place(theirs)
        if ours and (theirs is None or place < other):
            yield ours, None
            ours = next(base, None)
        elif theirs and (ours is None or other < place):
            yield None, theirs
            theirs = next(recovery, None)
        else:
            yield ours, theirs
            ours, theirs = next(base, None), next(recovery, None)


def _place(named: Named | None) -> list[bytes]:
    """Where a name stands in the walk: by its components, not by its bytes."""
    return named.entry.path.split(b"/") if named else []


def _same_content(ours: FileContent | None, theirs: FileContent | None) -> bool:
    if ours is None or theirs is None:
        return ours is theirs
    return ours.equals(theirs)


def _same_entry(ours: Entry, theirs: Entry) -> bool:
    return (ours.type, ours.mode, ours.uid, ours.gid, ours.target, ours.device, ours.xattrs) == (
        theirs.type,
        theirs.mode,
        theirs.uid,
        theirs.gid,
        theirs.target,
        theirs.device,
        theirs.xattrs,
    )


def _key(content: FileContent) -> tuple[int, bytes, bytes]:
    return content.size, content.whole, content.end_leaf
