"""A comparison of two root file systems as lines of text, safe to look at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from auditkit.display import visible

if TYPE_CHECKING:
    from auditkit.guestos.roots.comparison import ComparedRoot, RootComparison
    from auditkit.guestos.roots.described import Described
    from auditkit.guestos.roots.difference import RootDifference, SettingDifference

_FIRST: Final = 20  # differences of a part that are shown unless everything is asked for
_FIRST_LINES: Final = 12  # lines of one text that are
_SHOWN: Final = 500  # characters of a path or a value on a line
_MISREAD: Final = re.compile(r"[:,;] |[(\"]| -> |\A\s|\s\Z")  # what ends a name or a value on a line
_MORE: Final = "--text shows all"


def comparison_lines(comparison: RootComparison, *, everything: bool = False) -> Iterator[str]:
    """Lines for a reader: the sums, what has to be seen first, where the rest is, and what nobody could see.

    What others wrote is made visible; no line holds a line feed.

    Args:
        everything: every difference and every line that differs, not the first of them.
    """
    yield from _head(comparison)
    notable = [one for one in comparison.differences if one.notable]
    others = [one for one in comparison.differences if not one.notable]
    if comparison.reasons:
        yield from ("", "Look at these first")
    for one in comparison.reasons:
        yield f"  {one.reason} ({one.names:,})"
        part = [difference for difference in notable if difference.notable[0] is one.reason]
        yield from _listed(part, everything=everything)
        if len(part) < one.names:
            yield f"    and {one.names - len(part):,} that are only counted"
    if comparison.folders:
        yield from ("", "Where the differences are")
        for folder in comparison.folders:
            where = _safe(folder.folder)
            yield f"  {folder.counts.in_words:44} {where if folder.below else f'{where} itself'}"
    left = comparison.counts.total - sum(one.names for one in comparison.reasons)
    if left:
        yield from ("", f"All others ({left:,})" if comparison.reasons else f"All of them ({left:,})")
        yield from _listed(others, everything=everything)
        if len(others) < left:
            yield f"    and {left - len(others):,} that are only counted"
    yield from ("", "What this cannot see")
    yield from (f"  - {visible(one)}" for one in comparison.unseen)


def _head(comparison: RootComparison) -> Iterator[str]:
    for who, root in (("base", comparison.base), ("recovery", comparison.recovery)):
        yield f"{who:9} {_root(root)}"
        for oddity in (*root.problems, *root.warnings):
            yield f"          {visible(oddity)}"
    counts = comparison.counts
    total = f"{counts.total:,} name differs" if counts.total == 1 else f"{counts.total:,} names differ"
    yield f"{total}: {counts.in_words}" if counts.total else "no name differs"
    for setting in comparison.settings:
        yield f"the file system itself: {setting_in_words(setting)}"
    if comparison.other_times:
        yield f"{comparison.other_times:,} names have another time, which is not counted as a difference"


def _root(root: ComparedRoot) -> str:
    return f"{root.root_hash}  {root.names:,} names, {root.file_bytes:,} bytes in files"


def _listed(differences: list[RootDifference], *, everything: bool) -> Iterator[str]:
    shown = differences if everything else differences[:_FIRST]
    for difference in shown:
        yield f"    {in_words(difference)}"
        text = difference.text
        if text is not None:
            lines = text.lines if everything else text.lines[:_FIRST_LINES]
            yield from (f"        {visible(line)}" for line in lines)
            if left := len(text.lines) - len(lines) + text.omitted:
                yield f"        … {left:,} more lines"
    if len(shown) < len(differences):
        yield f"    and {len(differences) - len(shown):,} more; {_MORE}"


def in_words(difference: RootDifference) -> str:
    """A difference on one line, what others wrote made visible."""
    base, recovery = difference.base, difference.recovery
    what = ", ".join(_changes(difference, base, recovery)) if base and recovery else _whole(base or recovery)
    notes = []
    if difference.wanted_by:
        notes.append(f"wanted by {', '.join(map(_name, difference.wanted_by))}")
    if difference.like:
        notes.append(f"the same content as {_name(difference.like)} there")
    elif difference.no_text:
        notes.append(f"lines not shown: {difference.no_text}")
    notes += [str(reason) for reason in difference.notable[1:]]
    ending = f" ({'; '.join(notes)})" if notes else ""
    return f"{difference.kind:8} {_name(difference.path)}: {what}{ending}"


def setting_in_words(setting: SettingDifference) -> str:
    """A difference of the superblocks on one line, what others wrote made visible."""
    return f"{setting.name} {_name(setting.base)} -> {_name(setting.recovery)}"


def _whole(side: Described | None) -> str:
    """All of what stands on one side alone."""
    if side is None:
        return "nothing"
    told = [str(side.type)]
    if side.size is not None:
        told.append(f"{side.size:,} bytes")
    if side.link is not None:
        told.append(f"to {_name(side.link)}")
    if side.device is not None:
        told.append(side.device)
    told += [f"mode {side.mode}", f"owner {side.owner}"]
    told += [
        f"{name} {value}"
        for name, value in (
            ("label", side.label and _name(side.label)),
            ("capabilities", side.capabilities and _safe(side.capabilities)),
            ("same as", side.hard_link and _name(side.hard_link)),
        )
        if value is not None
    ]
    return ", ".join((*told, *(f"{_name(name)}={_safe(value)}" for name, value in side.attributes.items())))


def _changes(difference: RootDifference, base: Described, recovery: Described) -> Iterable[str]:
    for name in difference.changed:
        if name == "content":
            text = difference.text
            lines = f", lines -{text.removed:,} +{text.added:,}" if text else ""
            yield f"content {base.size or 0:,} -> {recovery.size or 0:,} bytes{lines}"
        elif name == "attributes":
            names = sorted(
                one
                for one in {*base.attributes, *recovery.attributes}
                if base.attributes.get(one) != recovery.attributes.get(one)
            )
            yield f"attributes {', '.join(map(_name, names))}"
        else:
            yield f"{name.replace('_', ' ')} {_value(base, name)} -> {_value(recovery, name)}"


def _value(side: Described, name: str) -> str:
    value = getattr(side, name)
    if value is None:
        return "none"
    if value == "none":
        return '"none"'
    return _name(value) if name in ("link", "label", "hard_link") else _safe(str(value))


def _name(text: str) -> str:
    """A name or a value that others chose; in quotation marks where it could be taken for more than that."""
    if not _MISREAD.search(text):
        return _safe(text)
    quoted = text.replace('"', '\\"')
    return f'"{_safe(quoted)}"'


def _safe(text: str) -> str:
    """Text that others wrote, visible and not too long for a line."""
    if len(text) > _SHOWN:
        text = f"{text[:_SHOWN]} … [{len(text) - _SHOWN:,} more characters]"
    return visible(text)
