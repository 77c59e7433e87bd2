"""Which lines of two texts differ: the shortest way from one to the other, found in a bounded number of steps.

Method: E. W. Myers, "An O(ND) Difference Algorithm and Its Variations", Algorithmica 1 (1986), the greedy form.
`difflib` is not used since nobody can tell how long it takes over a text that was made to be slow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from auditkit.guestos.roots.words.unseen import NOT_TEXT, TOO_MUCH_WORK, too_many_lines
from auditkit.limits import LIMITS, Limits
from auditkit.numbers import Count

_AROUND: Final = 3  # equal lines that are shown on either side of a change
_NO_LINE_FEED: Final = "\\ No newline at end of file"
_EDITS_MAX: Final = 300  # above this the way would take more memory than it is worth


@dataclass(frozen=True, slots=True)
class TextDifference:
    """What differs between two small texts, as `diff -u` shows it.

    Attributes:
        lines: ``@@`` lines, then lines that begin with a space, ``-`` or ``+``; as others wrote them, long ones cut.
        added: lines that only the recovery image has.
        removed: lines that only the base has.
        omitted: lines of the difference that are not in ``lines``.
    """

    lines: tuple[str, ...]
    added: Count
    removed: Count
    omitted: Count


class TextComparer:
    """Compares one text after the other, with a bound on the work and on the lines of all of them together."""

    def __init__(self, *, limits: Limits = LIMITS) -> None:
        self._limits = limits
        self._steps = limits.root_text_steps
        self._lines = limits.root_texts_lines
        self.most_bytes = limits.root_text_bytes
        """Bytes of a text that is compared."""

    def compare(self, base: bytes, recovery: bytes) -> TextDifference | str:
        """The difference of two texts, or in words why there is none.

        Args:
            base, recovery: content of at most `most_bytes`, empty where a side has no such file.
        """
        texts = [_text(base), _text(recovery)]
        if texts[0] is None or texts[1] is None:
            return NOT_TEXT
        if self._lines <= 0:
            return too_many_lines(self._limits.root_texts_lines)
        before, after = _lines(texts[0]), _lines(texts[1])
        self._steps -= len(before) + len(after)
        if self._steps <= 0:
            return TOO_MUCH_WORK
        found = [self._cut(line) for line in _hunks(before, after, self._edits(before, after))]
        most = min(self._limits.root_text_lines, self._lines)
        self._lines -= min(len(found), most)
        return TextDifference(
            lines=tuple(found[:most]),
            added=sum(line[0] == "+" for line in found),
            removed=sum(line[0] == "-" for line in found),
            omitted=max(len(found) - most, 0),
        )

    def _cut(self, line: str) -> str:
        most = self._limits.root_line_characters
        return line if len(line) <= most else f"{line[:most]} … [{len(line) - most:,} more characters]"

    def _edits(self, before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int]]:
        """The pairs of equal lines on the way, by their indices, in order.

        Where the steps run out, the lines between the equal beginning and the equal end count as changed.
        """
        head = 0
        while head < min(len(before), len(after)) and before[head] == after[head]:
            head += 1
        tail = 0
        while tail < min(len(before), len(after)) - head and before[-1 - tail] == after[-1 - tail]:
            tail += 1
        middle = self._way(before[head : len(before) - tail], after[head : len(after) - tail])
        return [
            *((at, at) for at in range(head)),
            *((head + one, head + other) for one, other in middle),
            *((len(before) - at, len(after) - at) for at in range(tail, 0, -1)),
        ]

    def _way(self, before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int]]:
        furthest = {1: 0}
        trace: list[dict[int, int]] = []
        for edits in range(min(len(before) + len(after), _EDITS_MAX) + 1):
            trace.append(dict(furthest))
            for diagonal in range(-edits, edits + 1, 2):
                down = diagonal == -edits or (
                    diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1]
                )
                x = furthest[diagonal + 1] if down else furthest[diagonal - 1] + 1
                start = x
                while x < len(before) and 0 <= x - diagonal < len(after) and before[x] == after[x - diagonal]:
                    x += 1
                furthest[diagonal] = x
                self._steps -= 1 + x - start
                if x >= len(before) and x - diagonal >= len(after):
                    return _backwards(trace, len(before), len(after))
            if self._steps <= 0:
                break
        return []


def _backwards(trace: list[dict[int, int]], x: int, y: int) -> list[tuple[int, int]]:
    """The equal pairs on the way that ends at ``x`` and ``y``."""
    pairs: list[tuple[int, int]] = []
    for edits in range(len(trace) - 1, -1, -1):
        furthest, diagonal = trace[edits], x - y
        down = diagonal == -edits or (diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1])
        previous = diagonal + 1 if down else diagonal - 1
        from_x = furthest[previous]
        from_y = from_x - previous
        while x > from_x and y > from_y and x > 0 and y > 0:
            x, y = x - 1, y - 1
            pairs.append((x, y))
        x, y = from_x, max(from_y, 0)
    return pairs[::-1]


def _hunks(before: Sequence[str], after: Sequence[str], equal: list[tuple[int, int]]) -> Iterator[str]:
    """The lines of a unified diff without line feeds, and without the two that name the files."""
    lines: list[tuple[str, int, int]] = []  # the line, and how many of each text come before it
    x = y = 0
    for one, other in [*equal, (len(before), len(after))]:
        lines += [(f"-{before[at]}", at, y) for at in range(x, one)]
        lines += [(f"+{after[at]}", one, at) for at in range(y, other)]
        if one < len(before) and other < len(after):
            lines.append((f" {before[one]}", one, other))
        x, y = one + 1, other + 1
    changed = [at for at, line in enumerate(lines) if line[0][0] != " "]
    shown: list[list[int]] = []  # where each hunk begins and ends
    for at in changed:
        start, end = max(at - _AROUND, 0), min(at + _AROUND + 1, len(lines))
        if shown and start <= shown[-1][1]:
            shown[-1][1] = end
        else:
            shown.append([start, end])
    for start, end in shown:
        hunk = lines[start:end]
        old = sum(line[0][0] != "+" for line in hunk)
        new = sum(line[0][0] != "-" for line in hunk)
        yield f"@@ -{_span(hunk[0][1], old)} +{_span(hunk[0][2], new)} @@"
        for line, _, _ in hunk:
            yield line.removesuffix("\n")
            if not line.endswith("\n"):
                yield _NO_LINE_FEED


def _span(before: int, count: int) -> str:
    """Lines ``count`` behind the first ``before``, as unified diffs count."""
    start = before + 1 if count else before
    return str(start) if count == 1 else f"{start},{count}"


def _text(data: bytes) -> str | None:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _lines(text: str) -> list[str]:
    """Lines with the line feed that ends them, which the last one may lack."""
    return [f"{line}\n" for line in text.split("\n")[:-1]] + (
        [last] if (last := text.rpartition("\n")[2]) else []
    )
