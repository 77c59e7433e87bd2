"""What cannot be in a comparison of two root file systems: one that was kept may be made up.

Whoever keeps a report could change the comparison in it. Only the images themselves say whether it is true; what
contradicts itself, or stands in the place of our own words, is refused without them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from auditkit.errors import EvidenceError
from auditkit.guestos.roots.folders import ChangeKind
from auditkit.guestos.roots.notable import Notable
from auditkit.guestos.roots.words.unseen import is_own_reason, is_own_sentence

if TYPE_CHECKING:
    from auditkit.guestos.roots.comparison import RootComparison
    from auditkit.guestos.roots.described import Described
    from auditkit.guestos.roots.folders import Counts

_KINDS: Final = (ChangeKind.ADDED, ChangeKind.REMOVED, ChangeKind.CHANGED, ChangeKind.METADATA)
_MODE: Final = re.compile(r"[0-7]{4}", re.ASCII)
_PAIR: Final = re.compile(r"[0-9]{1,10}:[0-9]{1,10}", re.ASCII)


def require_possible(told: RootComparison) -> None:
    """Makes sure that a comparison does not contradict itself, and that our own words in it are ours.

    Raises:
        EvidenceError: it does, or they are not.
    """
    for fault in _faults(told):
        raise EvidenceError(f"the comparison of the root file systems contradicts itself: {fault}")


def _faults(told: RootComparison) -> Iterator[str]:
    yield from _of_sums(told)
    yield from _of_reasons(told)
    if not told.unseen or not all(map(is_own_sentence, told.unseen)):
        yield "what it says that it cannot see is not what auditkit says"
    names = [(one.path, one.path_hex) for one in told.differences]
    if len(set(names)) != len(names):
        yield "a name differs twice"
    for one in told.differences:
        yield from (fault for side in (one.base, one.recovery) if side for fault in _of_side(side))
        if (one.base is None, one.recovery is None) != (
            one.kind is ChangeKind.ADDED,
            one.kind is ChangeKind.REMOVED,
        ):
            yield f"a name is {one.kind}, and stands on the wrong sides"
        if one.no_text is not None and not is_own_reason(one.no_text):
            yield "why lines are not shown is not what auditkit says"


def _of_sums(told: RootComparison) -> Iterator[str]:
    counts = _by_kind(told.counts)
    listed = Counter(one.kind for one in told.differences)
    if any(listed[kind] > counts[kind] for kind in _KINDS):
        yield "more differences are listed than counted"
    if told.counts.total != len(told.differences) + told.unlisted:
        yield "the differences that are listed and those that are not are not all"
    for kind in _KINDS:
        if sum(_by_kind(folder.counts)[kind] for folder in told.folders) != counts[kind]:
            yield "the differences of the folders are not all"
    if told.recovery.names - told.base.names != told.counts.added - told.counts.removed:
        yield "what was added and removed does not lead from one number of names to the other"


def _of_reasons(told: RootComparison) -> Iterator[str]:
    """The sums of what stands at the top, for each reason, and of the rest."""
    order = [one.reason for one in told.reasons]
    if order != [reason for reason in Notable if reason in order]:
        yield "a reason is told twice, or out of its order"
    counted: dict[Notable | None, int] = {one.reason: one.names for one in told.reasons}
    counted[None] = told.counts.total - sum(counted.values())
    listed = Counter(one.notable[0] if one.notable else None for one in told.differences)
    if counted[None] < 0 or any(number > counted.get(reason, 0) for reason, number in listed.items()):
        yield "other names stand at the top than are counted there"


def _of_side(side: Described) -> Iterator[str]:
    if not _MODE.fullmatch(side.mode) or not _PAIR.fullmatch(side.owner):
        yield "a mode or an owner is none"
    if side.device is not None and not _PAIR.fullmatch(side.device):
        yield "a device is none"


def _by_kind(counts: Counts) -> dict[ChangeKind, int]:
    return dict(zip(_KINDS, (counts.added, counts.removed, counts.changed, counts.metadata), strict=True))
