"""Bringing a catalogue up to date: what is new is asked for, verified, and kept, one answer at a time.

The page of the newest proposals is asked for each time, then those below it until the pages that are kept go on from
there; so a new page of the newest takes the place of the last one, and old pages stay for what they alone prove. Then
each listed proposal is asked for that is not kept in a state which it never leaves. Each answer is kept as soon as it
verifies: whatever ends an update, the next one goes on from what is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.evidence.agent import CertifiedCall, fetch_certified_call
from auditkit.evidence.catalogue.catalogue import Catalogue
from auditkit.evidence.catalogue.coverage import Coverage, coverage_of
from auditkit.evidence.catalogue.entry import KeptProposal, read_proposal
from auditkit.evidence.catalogue.folder import PAGES, PROPOSALS, Unverified, read_folder
from auditkit.evidence.catalogue.keeping import answer_name, keep_answer, remove_answers, writing_to
from auditkit.evidence.catalogue.pace import Pace
from auditkit.evidence.http import Backoff, Clock, check_url
from auditkit.ic import (
    GET_PROPOSAL_INFO,
    GOVERNANCE,
    LARGEST_PAGE,
    LIST_PROPOSALS,
    OTHER_TOPICS,
    ProposalPage,
    encode_list_proposals_argument,
    encode_nat64_argument,
    verify_proposal_page,
)
from auditkit.limits import LIMITS, Limits
from auditkit.progress import Progress, progress_here

_TROUBLES_IN_A_ROW: Final = 3

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Updated:
    """What an update did.

    Attributes:
        catalogue: as it is now.
        pages: how many pages of the list were fetched.
        proposals: how many proposals were fetched and kept.
        refused: which answers did not verify, and why; nothing of them is kept.
        missed: which answers could not be had, and why.
    """

    catalogue: Catalogue
    pages: int
    proposals: int
    refused: tuple[Unverified, ...]
    missed: tuple[Unverified, ...]


def update_catalogue(
    folder: Path,
    urls: Sequence[str],
    root_key: bytes,
    *,
    since: int | None = None,
    progress: Progress | None = None,
    clock: Clock | None = None,
    backoff: Backoff | None = None,
    limits: Limits = LIMITS,
) -> Updated:
    """Asks for what a catalogue does not hold yet, and keeps what verifies. May be killed at any moment.

    Args:
        folder: made if it is not there.
        urls: hosts such as `MAINNET_URLS`; one after another is asked until an answer verifies.
        root_key: DER, 133 bytes; who must have signed.
        since: go down to this proposal only; the catalogue is then complete from there on.
        progress: told how it goes; by default whoever watches this process.
        clock, backoff: for tests.
        limits: bounds on answers, and on what the folder holds.

    Raises:
        SourceError: no host answers, another process updates the same catalogue, nothing in it is signed under this
            key, or it cannot be written to.
        EvidenceError: a page of the list does not verify.
        ParameterError: there is no host, or no such key.
    """
    hosts = tuple(check_url(url).rstrip("/") for url in urls)
    if not hosts:
        raise ParameterError("there is no host to ask")
    told = progress or progress_here()
    with writing_to(folder):
        known = Catalogue(read_folder(folder, limits=limits), root_key, told)
        _require_same_key(folder, known)
        run = _Run(folder, root_key, known, told, _Asking(hosts, clock, backoff, limits))
        coverage = run.list_down_to(since or 0)
        run.fetch(_wanted(known, coverage, since or 0))
        content = read_folder(folder, limits=limits)
    return Updated(
        Catalogue(content, root_key, told),
        run.pages,
        run.proposals,
        tuple(run.refused),
        tuple(run.missed),
    )


def _require_same_key(folder: Path, known: Catalogue) -> None:
    """A wrong key must not make an update throw away a catalogue of another network."""
    if not (known.page_answers or known.numbers):
        return
    if not known.pages and not any(map(known.kept, known.numbers)):
        raise SourceError(
            "nothing in this catalogue verifies under the root key that was given",
            where=str(folder),
            hint="give its --root-key, or choose another folder",
        )


def _wanted(known: Catalogue, coverage: Coverage, since: int) -> list[int]:
    """The proposals to ask for, the newest first: those that are listed, and those that were not decided yet."""
    kept = {number: known.kept(number) for number in known.numbers}
    final = {number for number, one in kept.items() if one is not None and one.is_final}
    numbers = {number for number in coverage.listed if number >= since}
    undecided = {number for number, one in kept.items() if one is not None and not one.is_final}
    return sorted(undecided | {number for number in numbers if number not in final}, reverse=True)


@dataclass(frozen=True, slots=True)
class _Asking:
    """How hosts are asked."""

    hosts: tuple[str, ...]
    clock: Clock | None
    backoff: Backoff | None
    limits: Limits

    def ask(
        self, method: str, argument: bytes, verify: Callable[[CertifiedCall], Read]
    ) -> tuple[CertifiedCall, Read]:
        """The first answer that verifies, and what it says.

        Raises:
            SourceError: no host answered.
            EvidenceError: what hosts answered did not verify.
        """
        hosts = self.hosts
        while True:
            call = fetch_certified_call(
                hosts,
                GOVERNANCE,
                method,
                argument,
                clock=self.clock,
                backoff=self.backoff,
                limits=self.limits,
            )
            try:
                return call, verify(call)
            except EvidenceError as error:
                hosts = hosts[hosts.index(call.url) + 1 :]
                if not hosts:
                    raise error.at(call.url) from None


class _Run:
    """One update, which counts what it does."""

    def __init__(
        self, folder: Path, root_key: bytes, known: Catalogue, progress: Progress, asking: _Asking
    ) -> None:
        self._folder, self._root_key, self._known = folder, root_key, known
        self._progress, self._asking = progress, asking
        self._listed: dict[str, ProposalPage] = dict(known.pages)
        self.pages = self.proposals = 0
        self.refused: list[Unverified] = []
        self.missed: list[Unverified] = []

    def list_down_to(self, since: int) -> Coverage:
        """Fetches pages until nothing is missing from proposal ``since`` on, and removes those that prove nothing more.

        Raises:
            SourceError: no host answered.
            EvidenceError: an answer does not verify, or does not go on where the last one ended.
        """
        self._progress.step("listing proposals")
        self._fetch_page(None)
        coverage = coverage_of(self._listed.values())
        while not coverage.is_whole and (reach := coverage.reach or 0) > since:
            self._progress.step(f"listing proposals before {reach}")
            self._fetch_page(reach)
            coverage = coverage_of(self._listed.values())
            if not coverage.is_whole and (coverage.reach or 0) >= reach:
                raise EvidenceError(
                    "the list of proposals does not go on",
                    where=", ".join(self._asking.hosts),
                    expected=f"proposals below {reach}",
                    observed=f"proposals from {coverage.reach} on",
                )
        remove_answers(self._folder, self._superseded(coverage))
        return coverage

    def fetch(self, numbers: Sequence[int]) -> None:
        """Fetches proposals; tells in ``refused`` and ``missed`` what went wrong with some of them.

        Raises:
            SourceError: several in a row could not be had.
        """
        remove_answers(self._folder, self._outlived())
        pace = Pace(self._progress, "fetching proposals", len(numbers))
        in_a_row = 0
        for done, number in enumerate(numbers):
            pace.done(done)
            try:
                self._fetch_proposal(number)
                in_a_row = 0
            except EvidenceError as error:
                self.refused.append(Unverified(f"proposal {number}", str(error)))
            except SourceError as error:
                in_a_row += 1
                if in_a_row == _TROUBLES_IN_A_ROW:
                    raise
                self.missed.append(Unverified(f"proposal {number}", str(error)))

    def _fetch_page(self, before: int | None) -> None:
        argument = encode_list_proposals_argument(before, LARGEST_PAGE, OTHER_TOPICS)
        call, page = self._asking.ask(LIST_PROPOSALS, argument, self._verify_page)
        label = "newest" if before is None else f"before-{before}"
        kept = keep_answer(self._folder, PAGES, label, call, page.request_id)
        self._listed[kept.name] = page
        self.pages += 1

    def _fetch_proposal(self, number: int) -> None:
        def verify(call: CertifiedCall) -> KeptProposal:
            return read_proposal(call.certificate, call.request, number, self._root_key)

        call, read = self._asking.ask(GET_PROPOSAL_INFO, encode_nat64_argument(number), verify)
        kept = keep_answer(self._folder, PROPOSALS, str(number), call, read.request_id)
        self.proposals += 1
        names = (answer.name for answer in self._known.answers(number))
        remove_answers(self._folder, (name for name in names if name != kept.name))

    def _verify_page(self, call: CertifiedCall) -> ProposalPage:
        return verify_proposal_page(call.certificate, root_key=self._root_key, request=call.request)

    def _outlived(self) -> Iterator[str]:
        """Files about proposals that are kept in a newer one, as an update leaves them that was killed."""
        for number in self._known.numbers:
            kept, names = self._known.kept(number), [one.name for one in self._known.answers(number)]
            if kept is not None and (own := answer_name(PROPOSALS, str(number), kept.request_id)) in names:
                yield from (name for name in names if name != own)

    def _superseded(self, coverage: Coverage) -> Iterator[str]:
        """Pages that prove nothing which those of ``coverage`` do not prove, and those that do not verify."""
        for name, page in self._listed.items():
            if coverage.makes_needless(page):
                yield name
        yield from (answer.name for answer in self._known.page_answers if answer.name not in self._listed)
