"""Where symbolic links lead, by the names of their own tree alone and one component at a time, as the kernel goes.

A look at the text of a target is not enough: where ``deep/a`` is itself a link, ``deep/a/../../x`` is not ``x``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from auditkit.errors import EvidenceError
from auditkit.guestos.ext4.entry import Entry
from auditkit.guestos.ext4.inode import FileType
from auditkit.guestos.ext4.paths import components, shown
from auditkit.limits import LIMITS, Limits

_LINKS_MAX: Final = 40  # links on one path, as in Linux


class Links:
    """The symbolic links of one tree.

    Args:
        entries: every entry of the tree.
        limits: bound on the steps that all questions together may take.
    """

    def __init__(self, entries: Iterable[Entry], *, limits: Limits = LIMITS) -> None:
        self._entries = {entry.path: entry for entry in entries}
        self._steps = limits.link_steps

    def resolve(self, path: bytes | str) -> bytes:
        """The path, relative to the root, that ``path`` leads to once all symbolic links are followed.

        Raises:
            EvidenceError: no such entry, a target outside the tree, or too many links.
        """
        place, rest = self._follow(path, components(path))
        if rest:
            if place in self._entries and self._entries[place].type is not FileType.DIRECTORY:
                raise EvidenceError("part of a path is not a directory", where=shown(place))
            raise EvidenceError("there is no such file in the image", where=shown(path))
        return place

    def refuse_escapes(self) -> None:
        """Makes sure that no link of the tree leads out of it, wherever the tree is put.

        A link to a name that is not there is let be, unless it goes on upwards from there.

        Raises:
            EvidenceError: one leads out, in a circle, or nobody can say where.
        """
        for path, entry in self._entries.items():
            if entry.type is not FileType.SYMLINK:
                continue
            place, rest = self._follow(path, components(path))
            if b".." in rest:
                raise EvidenceError(
                    "a symbolic link leads out of the image"
                    if _climbs_out(components(place) + rest)
                    else "nobody can say where a symbolic link of the image leads",
                    where=shown(path),
                    observed=(entry.target or b"").decode("utf-8", "backslashreplace"),
                )

    def _follow(self, path: bytes | str, names: list[bytes]) -> tuple[bytes, list[bytes]]:
        """The last place on the way that is there, and what is left of the way behind it."""
        waiting = names[::-1]
        place: list[bytes] = []
        followed = 0
        while waiting:
            self._steps -= 1
            if self._steps < 0:
                raise EvidenceError("the symbolic links of the image are longer than any real one's")
            name = waiting.pop()
            if name == b"..":
                if not place:
                    raise EvidenceError("a symbolic link leads out of the image", where=shown(path))
                place.pop()
                continue
            entry = self._entries.get(b"/".join([*place, name]))
            if entry is None:
                return b"/".join(place), [name, *waiting[::-1]]
            if entry.type is FileType.SYMLINK:
                followed += 1
                target = entry.target or b""
                if followed > _LINKS_MAX:
                    raise EvidenceError("symbolic links lead in a circle", where=shown(path))
                if target.startswith(b"/"):
                    raise EvidenceError(
                        "a symbolic link leads out of the image",
                        where=shown(path),
                        observed=target.decode("utf-8", "backslashreplace"),
                    )
                waiting += components(target)[::-1]
                continue
            place.append(name)
            if waiting and entry.type is not FileType.DIRECTORY:
                return b"/".join(place), waiting[::-1]
        return b"/".join(place), []


def _climbs_out(names: list[bytes]) -> bool:
    depth = 0
    for name in names:
        depth += -1 if name == b".." else 1
        if depth < 0:
            return True
    return False
