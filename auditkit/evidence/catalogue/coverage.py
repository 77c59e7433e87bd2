"""What certified pages of the list of proposals prove together: from which number on nothing is missing.

A page proves that it lists every proposal of the topic which governance held, from its last one up to its own bound:
its newest proposal; for a page of the newest, whatever came until it was signed; and for a page of those below N, N
itself, as soon as another page shows that N had been made by then. (Of a page that was asked for too early that is not
so: below a number that nobody had yet, governance lists what there was.) A page shorter than was asked for reaches down
to the first proposal that governance held.

Governance forgets: of each topic it keeps about a hundred decided proposals. So pages prove what was there when they
were signed, and those of long ago may prove more than today's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from auditkit.ic import ELECTION_TOPIC, ProposalInfo, ProposalPage

_SECOND: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Listed:
    """A proposal as the newest page that lists it shows it.

    Attributes:
        info: what the page says; payloads may be left out.
        time_ns: when the page was signed, nanoseconds since 1970.
    """

    info: ProposalInfo
    time_ns: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """Pages that follow each other without a gap, from the newest proposal down.

    Attributes:
        pages: no more of them than are needed; empty when none is of the newest proposals.
        floor: from this number on nothing is missing; 0 when they reach down to the first that governance held, None
            without pages.
        listed: the proposals of the topic of elections that they list, by number.
    """

    pages: tuple[ProposalPage, ...]
    floor: int | None
    listed: Mapping[int, Listed]

    @property
    def signed_ns(self) -> int | None:
        """Until when nothing is missing: when the page of the newest was signed; nanoseconds since 1970."""
        return self.pages[0].time_ns if self.pages else None


def coverage_of(pages: Iterable[ProposalPage]) -> Coverage:
    """The pages among ``pages`` that reach down as far as possible without a gap."""
    rest = sorted(pages, key=lambda page: page.time_ns, reverse=True)
    newest = next((page for page in rest if page.before is None), None)
    if newest is None:
        return Coverage((), None, {})
    chain = [newest]
    made: dict[int, int] = {}
    while True:
        made.update((info.id or 0, info.proposal_timestamp_seconds) for info in chain[-1].proposals)
        floor = lowest(chain[-1])
        following = [page for page in rest if lowest(page) < floor <= _bound(page, made) + 1]
        if not following:
            return Coverage(tuple(chain), floor, _listed(chain))
        chain.append(min(following, key=lowest))  # of equals the one that was signed last


def lowest(page: ProposalPage) -> int:
    """The number down to which a page lists everything; 0 when there is nothing below."""
    return 0 if page.is_last else page.proposals[-1].id or 0


def _bound(page: ProposalPage, made: Mapping[int, int]) -> int:
    """The number up to which a page lists everything.

    Args:
        made: when proposals were made that other pages list, seconds since 1970.
    """
    if page.before is not None and page.before in made and made[page.before] * _SECOND <= page.time_ns:
        return page.before - 1
    return (page.proposals[0].id or 0) if page.proposals else -1


def _listed(pages: Iterable[ProposalPage]) -> dict[int, Listed]:
    found: dict[int, Listed] = {}
    for page in sorted(pages, key=lambda page: page.time_ns):
        for info in page.proposals:
            if info.topic == ELECTION_TOPIC:
                found[info.id or 0] = Listed(info, page.time_ns)
    return found
