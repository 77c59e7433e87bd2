"""Which report takes the place of which: the newest of those about the same that asked and claim as much."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from auditkit.audit import CHOSEN, Verdict
from auditkit.batch.reports import FinishedReport
from auditkit.decision import Outcome, Qualification

BADNESS = {Verdict.PASS: 0, Verdict.TROUBLE: 1, Verdict.FAIL: 2}


@dataclass(slots=True)
class Claimed:
    """The most that some reports claimed, in what they left open. Each further report can only shrink that.

    A report that is no PASS may have ended before anything could be left open, so it tells of the checks that it
    decided and of no others.

    Attributes:
        passes: what every PASS among them left open; None where there is none.
        decided: the same of the others, by the number of each check that one of them decided.
    """

    passes: frozenset[Qualification] | None = None
    decided: dict[int, frozenset[Qualification]] = field(default_factory=dict)

    def add(self, report: FinishedReport) -> None:
        """Counts ``report`` among them."""
        left_open = report.left_open
        if report.verdict is Verdict.PASS:
            self.passes = left_open if self.passes is None else self.passes & left_open
            return
        for number, outcome in report.outcomes:
            if outcome is Outcome.SKIP:
                continue
            self.decided[number] = self.decided.get(number, left_open) & left_open

    def join(self, other: Claimed) -> None:
        """Counts all of ``other`` among them."""
        if other.passes is not None:
            self.passes = other.passes if self.passes is None else self.passes & other.passes
        for number, left_open in other.decided.items():
            self.decided[number] = self.decided.get(number, left_open) & left_open

    def beyond(self, report: FinishedReport) -> frozenset[Qualification]:
        """What ``report`` leaves open and they did not."""
        found = frozenset[Qualification]() if self.passes is None else report.left_open - self.passes
        for number, carried in report.carried:
            if number in self.decided:
                found |= (frozenset(carried) - CHOSEN) - self.decided[number]
        if self.decided:
            # Of an older policy's report some follow from the whole, and no decision carries them.
            followed = report.left_open.difference(*(carried for _, carried in report.carried))
            found |= followed.difference(frozenset.intersection(*self.decided.values()))
        return found


@dataclass(slots=True)
class StandingReport:
    """A report whose place no other has taken.

    Attributes:
        older: how many others there are whose place it took, or that could not take its place.
        claimed: what a newer PASS has to claim to take its place.
        refused: the newest PASS that claims less, if there is one, and what it leaves open.
    """

    report: FinishedReport
    older: int
    claimed: Claimed
    refused: tuple[FinishedReport, frozenset[Qualification]] | None = None


def standing_reports(reports: Iterable[FinishedReport]) -> list[StandingReport]:
    """Those of ``reports`` that count.

    A newer report takes the place of an older one if it was about the same and asked at least as much. A PASS must
    also claim as much as all before it. Among reports of the same second the worst one counts.
    """
    kept: defaultdict[Hashable, list[StandingReport]] = defaultdict(list)
    for report in sorted(reports, key=lambda item: (item.finished, BADNESS[item.verdict])):
        new = StandingReport(report, 0, Claimed())
        replaced, refused = 0, 0
        for identity in report.subject.replaceable():
            if identity not in kept:
                continue
            stay: list[StandingReport] = []
            for older in kept[identity]:
                less = older.claimed.beyond(report) if report.verdict is Verdict.PASS else frozenset()
                if less:
                    older.refused, older.older = (report, less), older.older + 1
                    refused += 1
                    stay.append(older)
                    continue
                replaced += 1
                new.older += older.older + 1
                if report.verdict is not Verdict.PASS:
                    new.claimed.join(older.claimed)
            kept[identity] = stay
        new.claimed.add(report)
        if replaced or not refused:
            kept[report.subject.identity].append(new)
    return _without_replaced_files([one for those in kept.values() for one in those])


def _without_replaced_files(standing: list[StandingReport]) -> list[StandingReport]:
    """``standing`` without each PASS about a file in whose place a newer report found another one.

    Whoever audits a node every day has another attestation report each time. A PASS of before hides nothing when it
    goes, and would be stale for ever if it stayed; a FAIL may be another node's, whose file has the same name.
    """
    places: defaultdict[Hashable, list[StandingReport]] = defaultdict(list)
    for one in standing:
        if one.report.verdict is Verdict.PASS and one.report.subject.looks_at_files:
            places[one.report.subject.by_place.identity].append(one)
    gone: set[int] = set()
    for newer in sorted(standing, key=lambda item: item.report.finished, reverse=True):
        if id(newer) in gone or not newer.report.subject.looks_at_files:
            continue
        for identity in newer.report.subject.by_place.replaceable():
            stay: list[StandingReport] = []
            for older in places.get(identity, ()):
                less = newer.report.verdict is Verdict.PASS and older.claimed.beyond(newer.report)
                if older.report.finished >= newer.report.finished or less:
                    stay.append(older)
                    continue
                gone.add(id(older))
                newer.older += older.older + 1
            if identity in places:
                places[identity] = stay
    return [one for one in standing if id(one) not in gone]
