"""OpenSSH's patterns: ``*`` for any characters, ``?`` for one, ``!`` in front of what shall not match.

Source: ssh_config(5), PATTERNS; ``match_pattern_list`` of OpenSSH. Capitals and small letters differ, brackets mean
nothing, and ``?`` is one byte of UTF-8, as there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_LONGEST: Final = 1022  # bytes; OpenSSH lets a list with a longer pattern match nothing


def matches(text: str, pattern: str) -> bool:
    """Whether one pattern without ``!`` matches the whole text. The time is bounded by the product of the lengths."""
    data, wanted = _bytes(text), _bytes(pattern)
    place = offset = 0
    star: tuple[int, int] | None = None  # the place behind it, and up to where it took the text
    while offset < len(data):
        if place < len(wanted) and wanted[place] == _STAR:
            place += 1
            star = place, offset
        elif place < len(wanted) and wanted[place] in (_ANY, data[offset]):
            place, offset = place + 1, offset + 1
        elif star is not None:
            place, offset = star = star[0], star[1] + 1
        else:
            return False
    return not wanted[place:].strip(b"*")


def list_matches(text: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns matches, and none of those that begin with ``!``."""
    found = False
    for pattern in patterns:
        excluded = pattern.startswith("!")
        wanted = pattern[1:] if excluded else pattern
        if len(_bytes(wanted)) > _LONGEST:
            return False
        if matches(text, wanted):
            if excluded:
                return False
            found = True
    return found


def names_somebody(principals: Iterable[str]) -> bool:
    """Whether a list of principals names an identity: one of its own patterns, as ``find-principals`` prints them."""
    listed = tuple(principals)
    return any(list_matches(name, listed) for name in listed)


def may_be_alike(first: Iterable[str], second: Iterable[str]) -> bool:
    """Whether two lists of principals can name one identity; small letters and capitals are alike here.

    When in doubt, yes: of a pattern that is excluded only the plain names are taken out.
    """
    one, other = tuple(first), tuple(second)
    return any(
        _overlap(_bytes(left.lower()), _bytes(right.lower()))
        for left in one
        for right in other
        if not (
            left.startswith("!") or right.startswith("!") or _excludes(one, right) or _excludes(other, left)
        )
    )


def _excludes(listed: Iterable[str], name: str) -> bool:
    if "*" in name or "?" in name:
        return False
    return any(item.startswith("!") and matches(name, item[1:]) for item in listed)


def _overlap(left: bytes, right: bytes) -> bool:
    """Whether some text matches both patterns: a walk over the pairs of places in them."""
    waiting, seen = [(0, 0)], {(0, 0)}
    while waiting:
        i, j = waiting.pop()
        if i == len(left) and j == len(right):
            return True
        steps = []
        if i < len(left) and left[i] == _STAR:
            steps += [(i + 1, j), (i, j + 1)]
        if j < len(right) and right[j] == _STAR:
            steps += [(i, j + 1), (i + 1, j)]
        if i < len(left) and j < len(right) and (left[i] == right[j] or _ANY in (left[i], right[j])):
            steps.append((i + 1, j + 1))
        for step in steps:
            if step[0] <= len(left) and step[1] <= len(right) and step not in seen:
                seen.add(step)
                waiting.append(step)
    return False


_STAR, _ANY = b"*?"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
