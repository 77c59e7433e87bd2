"""A catalogue of elections: which GuestOS versions the NNS elected, each with its certificate, and whether that is all.

Nothing of the folder is believed. An entry is given out after its certificate was verified with its request; whether
the catalogue is complete follows from certified pages of the list of proposals and from what is kept, each time anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Final

from auditkit.errors import EvidenceError
from auditkit.evidence.catalogue.coverage import Coverage, Listed, coverage_of
from auditkit.evidence.catalogue.entry import CatalogueEntry, KeptProposal, Kind, read_proposal
from auditkit.evidence.catalogue.folder import FolderContent, KeptAnswer, Unverified, read_folder
from auditkit.evidence.catalogue.pace import Pace
from auditkit.ic import ProposalPage, ProposalStatus, verify_proposal_page
from auditkit.limits import LIMITS, Limits
from auditkit.progress import Progress, progress_here
from auditkit.times import rfc3339_of_ns

_QUIET_SECONDS: Final = 2.0


def open_catalogue(
    folder: Path, root_key: bytes, *, progress: Progress | None = None, limits: Limits = LIMITS
) -> Catalogue:
    """The catalogue in a folder as it is now; its certificates are verified when they are needed.

    Args:
        folder: as `update_catalogue` fills it, or as somebody handed it over.
        root_key: DER, 133 bytes; who must have signed.
        progress: told where verifying takes more than two seconds; by default whoever watches this process.

    Raises:
        SourceError: there is no catalogue, or it cannot be read.
        EvidenceError: the folder holds more than any catalogue.
    """
    return Catalogue(read_folder(folder, limits=limits), root_key, progress or progress_here())


class Catalogue:
    """The verified contents of a catalogue.

    Args:
        content: the files, read.
        root_key: DER, 133 bytes; who must have signed.
        progress: told where verifying takes more than two seconds.
    """

    def __init__(self, content: FolderContent, root_key: bytes, progress: Progress) -> None:
        self._content, self._root_key, self._progress = content, root_key, progress
        self._kept: dict[int, KeptProposal | None] = {}
        self._refused: list[Unverified] = []

    @property
    def complete(self) -> bool:
        """Whether every election proposal that governance held when `as_of` was signed is here and verified.

        That is: the pages follow each other without a gap from the newest proposal to the first that governance held,
        and every proposal that they list is kept and verified, in its last state where that is final. What governance
        had forgotten before a page was signed no page lists; `since` says from where on they list everything.
        """
        return self.coverage.is_whole and not self.lacking

    @property
    def since(self) -> int | None:
        """The lowest listed proposal from whose number on nothing is missing; None when there is none."""
        doubtful = max(self.lacking, default=-1)
        return min((number for number in self.coverage.listed if number > doubtful), default=None)

    @property
    def since_seconds(self) -> int | None:
        """When the proposal `since` was made, seconds since 1970; None when there is none."""
        since = self.since
        return None if since is None else self.coverage.listed[since].info.proposal_timestamp_seconds

    @cached_property
    def lacking(self) -> dict[int, str]:
        """The listed proposals that are not kept as they should be, by number, and what is wrong."""
        return dict(self._lacking())

    @property
    def elections(self) -> int:
        """How many verified election proposals there are, whatever became of them."""
        return len(self.entries)

    @property
    def as_of(self) -> str:
        """When the page of the newest proposals was signed (RFC 3339); empty when there is none."""
        return rfc3339_of_ns(self.coverage.signed_ns) or ""

    @cached_property
    def entries(self) -> tuple[CatalogueEntry, ...]:
        """All elections, the newest first."""
        kept = self._all_kept()
        return tuple(one.entry for one in kept if one.entry is not None)

    @property
    def no_elections(self) -> dict[int, str]:
        """The kept proposals that elect no version, by number, and what they do."""
        return {one.info.id or 0: one.what for one in self._all_kept() if one.kind is Kind.NO_ELECTION}

    @property
    def unverified(self) -> tuple[Unverified, ...]:
        """What is in the folder and is not used, and why."""
        self._all_kept()
        _ = self.pages
        return (*self._content.unverified, *self._refused)

    def election_of(self, version: str) -> CatalogueEntry | None:
        """The newest executed election of a version; None when there is none.

        Args:
            version: 40 lower-case hex digits.
        """
        found = (one.entry for one in self._each_kept() if one.entry is not None)
        return next(
            (
                entry
                for entry in found
                if entry.status is ProposalStatus.EXECUTED and entry.election.version_to_elect == version
            ),
            None,
        )

    def with_measurement(self, measurement: bytes) -> tuple[CatalogueEntry, ...]:
        """The elections, of any status, that name a launch measurement (48 bytes), the newest first."""
        return tuple(
            entry
            for entry in self.entries
            if any(one.measurement == measurement for one in entry.election.measurements or ())
        )

    def with_root_hash(self, root_hash: str) -> tuple[CatalogueEntry, ...]:
        """The elections, of any status, one of whose labels has this ``root_hash=``, the newest first.

        Args:
            root_hash: 64 hex digits.
        """
        return tuple(entry for entry in self.entries if root_hash.lower() in entry.root_hashes)

    @cached_property
    def coverage(self) -> Coverage:
        """What the pages prove."""
        return coverage_of(self.pages.values())

    @cached_property
    def pages(self) -> dict[str, ProposalPage]:
        """The verified pages of the list of proposals, by the names of their files."""
        found: dict[str, ProposalPage] = {}
        for answer in self._content.pages:
            try:
                found[answer.name] = verify_proposal_page(
                    answer.certificate, root_key=self._root_key, request=answer.request
                )
            except EvidenceError as error:
                self._refuse(answer, error)
        return found

    def kept(self, number: int) -> KeptProposal | None:
        """What is kept about a proposal, verified: of several answers the one that was signed last."""
        if number not in self._kept:
            verified: list[KeptProposal] = []
            for answer in self.answers(number):
                try:
                    verified.append(read_proposal(answer.certificate, answer.request, number, self._root_key))
                except EvidenceError as error:
                    self._refuse(answer, error)
            self._kept[number] = max(verified, key=lambda one: one.time_ns, default=None)
        return self._kept[number]

    def answers(self, number: int) -> tuple[KeptAnswer, ...]:
        """The files about a proposal, whether they verify or not."""
        return self._content.proposals.get(number, ())

    @property
    def page_answers(self) -> tuple[KeptAnswer, ...]:
        """The files that should be pages, whether they verify or not."""
        return self._content.pages

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of which there are files, the highest first."""
        return tuple(sorted(self._content.proposals, reverse=True))

    def _each_kept(self) -> Iterator[KeptProposal]:
        """The verified proposals, from the highest number down; each is verified when its turn comes."""
        numbers = self.numbers
        new = [number for number in numbers if number not in self._kept]
        pace = Pace(self._progress, "verifying elections", len(new), quiet_seconds=_QUIET_SECONDS)
        done = 0
        for number in numbers:
            done += number not in self._kept
            if (one := self.kept(number)) is not None:
                yield one
            pace.done(done)

    def _all_kept(self) -> tuple[KeptProposal, ...]:
        return tuple(self._each_kept())

    def _lacking(self) -> Iterator[tuple[int, str]]:
        self._all_kept()
        for number, listed in self.coverage.listed.items():
            kept = self.kept(number)
            if kept is None:
                yield number, "it is listed and not kept, or what is kept does not verify"
            elif kept.kind is Kind.UNKNOWN:
                yield number, kept.what
            elif _is_outdated(kept, listed):
                yield number, f"it is kept as {kept.info.status_name} and listed as {listed.info.status_name}"

    def _refuse(self, answer: KeptAnswer, error: EvidenceError) -> None:
        self._refused.append(Unverified(answer.name, str(error)))


def _is_outdated(kept: KeptProposal, listed: Listed) -> bool:
    """Whether a proposal went on since its answer was signed, in a way that matters: to elections, and only once."""
    if kept.is_final or listed.time_ns <= kept.time_ns:
        return False
    return listed.info.status_number != kept.info.status_number
