"""What certified pages of the list of proposals prove together: from which number on nothing is missing.

A page proves that it lists every proposal of the topic which governance held, from its last one up to its own bound:
its newest proposal; for a page of the newest, whatever came until it was signed; and for a page of those below N, N
itself, as soon as another page shows that N had been made by then. (Of a page that was asked for too early that is not
so: below a number that nobody had yet, governance lists what there was.) A page shorter than was asked for is the last:
below it governance held nothing.

Governance forgets: of each topic it keeps about a hundred decided proposals. So a page proves what was there when it
was signed, and one of long ago may go on, further down, where today's last page ends.
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
        listed: the proposals of the topic of elections that they list, by number.
    """

    pages: tuple[ProposalPage, ...]
    listed: Mapping[int, Listed]

    @property
    def is_whole(self) -> bool:
        """Whether one of the pages is the last: governance held nothing below."""
        return any(page.is_last for page in self.pages)

    @property
    def reach(self) -> int | None:
        """The lowest proposal that the pages list, of any topic; from it on nothing is missing. None without one."""
        return min((number for page in self.pages if (number := lowest(page)) is not None), default=None)

    @property
    def signed_ns(self) -> int | None:
        """Until when nothing is missing: when the page of the newest was signed; nanoseconds since 1970."""
        return self.pages[0].time_ns if self.pages else None

    def makes_needless(self, page: ProposalPage) -> bool:
        """Whether a page proves nothing that these pages do not."""
        if page in self.pages:
            return False
        number, reach = lowest(page), self.reach
        if number is not None and (reach is None or number < reach):
            return False
        return self.is_whole or not page.is_last


def coverage_of(pages: Iterable[ProposalPage]) -> Coverage:
    """The pages among ``pages`` that reach down as far as possible without a gap."""
    rest = sorted(pages, key=lambda page: page.time_ns, reverse=True)
    newest = next((page for page in rest if page.before is None), None)
    if newest is None:
        return Coverage((), {})
    chain = [newest]
    made = _made(newest)
    while (following := _following(chain, rest, made)) is not None:
        chain.append(following)
        made.update(_made(following))
    return Coverage(tuple(chain), _listed(chain))


def lowest(page: ProposalPage) -> int | None:
    """The lowest number that a page lists."""
    return page.proposals[-1].id if page.proposals else None


def _following(
    chain: list[ProposalPage], pages: list[ProposalPage], made: Mapping[int, int]
) -> ProposalPage | None:
    """The page that goes on, without a gap, from those of the chain, and furthest; of equals the first."""
    so_far = Coverage(tuple(chain), {})
    reach = so_far.reach
    if reach is None:
        return None
    new = [
        page
        for page in pages
        if _bound(page, made) + 1 >= reach and page not in chain and not so_far.makes_needless(page)
    ]

    def order(page: ProposalPage) -> tuple[int, bool]:
        number = lowest(page)
        return (reach if number is None else number, not page.is_last)

    return min(new, key=order, default=None)


def _bound(page: ProposalPage, made: Mapping[int, int]) -> int:
    """The number up to which a page lists everything.

    Args:
        made: when proposals were made that other pages list, seconds since 1970.
    """
    if page.before is not None and page.before in made and (made[page.before] + 1) * _SECOND <= page.time_ns:
        return page.before - 1
    return (page.proposals[0].id or 0) if page.proposals else -1


def _made(page: ProposalPage) -> dict[int, int]:
    return {info.id or 0: info.proposal_timestamp_seconds for info in page.proposals}


def _listed(pages: Iterable[ProposalPage]) -> dict[int, Listed]:
    found: dict[int, Listed] = {}
    for page in sorted(pages, key=lambda page: page.time_ns):
        for info in page.proposals:
            if info.topic == ELECTION_TOPIC:
                found[info.id or 0] = Listed(info, page.time_ns)
    return found
