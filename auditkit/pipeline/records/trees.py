"""The boot trees of an audit with a recovery image, as its record keeps them: the base's, and what differs from it."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Self

from pydantic import BaseModel, ConfigDict

from auditkit.errors import EvidenceError
from auditkit.guestos import (
    FileType,
    Links,
    ManifestEntry,
    TreeSnapshot,
    entry_line,
    excerpted_paths,
    parse_entry_line,
    quoted,
    unquoted,
)
from auditkit.limits import LIMITS


class TreesRecord(BaseModel):
    """Two boot trees: everything that their comparison looks at, and so nothing that was decided.

    Attributes:
        base: every entry of the base's tree, one line each (`auditkit.guestos.tree.manifest_lines`), sorted by path.
        recovery: the entries of the recovery image's tree that the base has not, or has otherwise.
        missing: paths of the base's tree that the recovery image's has not, percent-encoded.
        base_content, recovery_content: the content of the first small files that differ, in base64, by path.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    base: tuple[str, ...]
    recovery: tuple[str, ...]
    missing: tuple[str, ...]
    base_content: dict[str, str]
    recovery_content: dict[str, str]

    @classmethod
    def of(cls, base: TreeSnapshot, recovery: TreeSnapshot) -> Self:
        """The record of two trees.

        Raises:
            EvidenceError: they take more room than those of any release.
        """
        lines = _lines(base)
        theirs = _lines(recovery)
        shown = excerpted_paths(base, recovery)
        record = cls(
            base=tuple(lines.values()),
            recovery=tuple(line for path, line in theirs.items() if lines.get(path) != line),
            missing=tuple(quoted(path) for path in lines if path not in theirs),
            base_content=_content(base, shown),
            recovery_content=_content(recovery, shown),
        )
        taken = sum(map(len, (*record.base, *record.recovery, *record.missing)))
        taken += sum(map(len, (*record.base_content.values(), *record.recovery_content.values())))
        if taken > LIMITS.recorded_trees_bytes:
            raise EvidenceError(
                "the boot trees hold more than those of any release, so that the audit could not be repeated",
                expected=f"names and digests in {LIMITS.recorded_trees_bytes} bytes",
                observed=f"{taken} bytes",
                hint="`auditkit compare-images` compares trees of any size",
            )
        return record

    def snapshots(self) -> tuple[TreeSnapshot, TreeSnapshot]:
        """The base's tree and the recovery image's.

        Raises:
            EvidenceError: the record contradicts itself, or was not written by auditkit.
        """
        base = _entries(self.base)
        changed = _entries(self.recovery)
        missing = {unquoted(text) for text in self.missing}
        if not missing <= base.keys() or missing & changed.keys():
            raise EvidenceError("the record of the boot trees contradicts itself")
        recovery = {path: item for path, item in base.items() if path not in missing} | changed
        return (
            TreeSnapshot(base, _small(base, self.base_content)),
            TreeSnapshot(recovery, _small(recovery, self.recovery_content)),
        )


def digest_at(tree: TreeSnapshot, path: str) -> str:
    """The SHA-256 of the regular file that ``path`` leads to, 64 hex digits.

    Raises:
        EvidenceError: there is none.
    """
    found = tree.entries[Links(item.entry for item in tree.entries.values()).resolve(path)].sha256
    if found is None:
        raise EvidenceError("this is not a regular file", where=path)
    return found


def _lines(tree: TreeSnapshot) -> dict[bytes, str]:
    return {path: entry_line(tree.entries[path]) for path in sorted(tree.entries)}


def _entries(lines: tuple[str, ...]) -> dict[bytes, ManifestEntry]:
    items = [parse_entry_line(line) for line in lines]
    found = {item.entry.path: item for item in items}
    if len(found) != len(items):
        raise EvidenceError("the record of the boot trees names a path twice")
    return found


def _content(tree: TreeSnapshot, paths: tuple[bytes, ...]) -> dict[str, str]:
    return {quoted(path): base64.b64encode(tree.small[path]).decode() for path in paths}


def _small(entries: dict[bytes, ManifestEntry], content: dict[str, str]) -> dict[bytes, bytes]:
    found = {}
    for name, text in content.items():
        path = unquoted(name)
        try:
            data = base64.b64decode(text, validate=True)
        except binascii.Error:
            raise EvidenceError("a content in the record of the boot trees is not base64") from None
        item = entries.get(path)
        if item is None or item.entry.type is not FileType.FILE:
            raise EvidenceError("the record of the boot trees has the content of no file", where=name[:200])
        if hashlib.sha256(data).hexdigest() != item.sha256:
            raise EvidenceError(
                "a content in the record of the boot trees has another digest", where=name[:200]
            )
        found[path] = data
    return found
