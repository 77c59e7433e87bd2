"""One name, or one setting, on which two root file systems differ."""

from __future__ import annotations

from dataclasses import dataclass

from auditkit.guestos.roots.changed_lines import TextDifference
from auditkit.guestos.roots.described import Described
from auditkit.guestos.roots.folders import ChangeKind
from auditkit.guestos.roots.notable import Notable


@dataclass(frozen=True, slots=True)
class SettingDifference:
    """A setting of the file system itself, in its superblock, on which two differ.

    Attributes:
        name: such as ``default mount options``.
        base: what the base has, as others wrote it.
        recovery: what the recovery image has.
    """

    name: str
    base: str
    recovery: str


@dataclass(frozen=True, slots=True)
class RootDifference:
    """One name on which two root file systems differ.

    Attributes:
        path: with a leading slash; bytes that are not UTF-8, and backslashes, as backslash escapes.
        path_hex: its bytes in hex digits where ``path`` has such escapes; None where ``path`` says all.
        kind: added, removed, changed, or in metadata alone.
        notable: why it stands at the top; empty where it does not.
        changed: the names of the fields of `Described` that differ, and ``content``; empty where one has nothing.
        base: what the base has there; None for nothing.
        recovery: what the recovery image has there; None for nothing.
        like: where one has nothing, a path of the same content in that one; None where none was noticed.
        wanted_by: of a unit of systemd, the folders with a link to it in either, such as ``multi-user.target.wants``;
            the first, and about how many more.
        text: for small texts, the lines that differ; None where there are none, or ``no_text`` says why.
        no_text: why the lines of a regular file are not shown; None where they are, or where its content is the same.
    """

    path: str
    path_hex: str | None
    kind: ChangeKind
    notable: tuple[Notable, ...]
    changed: tuple[str, ...]
    base: Described | None
    recovery: Described | None
    like: str | None
    wanted_by: tuple[str, ...]
    text: TextDifference | None
    no_text: str | None
