"""Who is asked whether a version is elected: what the parameter ``election_source`` points at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from auditkit.audit import CatalogueWord
from auditkit.errors import AuditkitError, EvidenceError, ParameterError, SourceError
from auditkit.evidence import (
    NotFoundError,
    Source,
    fetch_registry_value,
    read_registry_value,
)
from auditkit.ic import GET_PROPOSAL_INFO, parse_request
from auditkit.ic.registry import replica_version_key
from auditkit.pipeline.parameters import CATALOGUE_SOURCE, REGISTRY_SOURCE, Parameters, witness_number
from auditkit.pipeline.records import UNHEARD
from auditkit.pipeline.redaction import redacted_place
from auditkit.pipeline.sources.places import (
    CertifiedAnswer,
    fetch_proposal,
    hosts_from,
    located,
)
from auditkit.trust import Trust

if TYPE_CHECKING:
    from auditkit.evidence.catalogue import Catalogue

ANSWER_NAME: Final = "election.cbor"
"""Where the answer about the election lies beside a proposal that is a file."""


@dataclass(frozen=True, slots=True)
class ElectionAnswers:
    """What was said about the election of a version; nothing in it is verified.

    Attributes:
        record: the registry's answer about the version's record.
        witness: a proposal that is said to have elected the version.
        catalogue: what a catalogue knows that holds no election of the version.
        unheard: why the registry's answer could not be had, where another answer stands beside it; else empty.
    """

    record: CertifiedAnswer | None = None
    witness: CertifiedAnswer | None = None
    catalogue: CatalogueWord | None = None
    unheard: str = ""


def election_answers(parameters: Parameters, trust: Trust, version: str) -> ElectionAnswers:
    """Asks whoever ``election_source`` names about the election of ``version`` (40 hex digits).

    Raises:
        ParameterError: it makes no sense.
        SourceError: nothing could be had.
        EvidenceError: what came is too large or answers another question.
    """
    chosen = parameters.election_source
    if chosen is None:
        return ElectionAnswers()
    number = witness_number(chosen)
    if number is None and chosen not in (REGISTRY_SOURCE, CATALOGUE_SOURCE):
        return _from_place(chosen, trust, version)
    witness: CertifiedAnswer | None = None
    word: CatalogueWord | None = None
    with _network(parameters, trust) as network:
        if number is not None:
            witness = network.proposal(number)
        elif parameters.catalogue is not None:
            with located(parameters.catalogue, "catalogue") as (folder, origin):
                witness, word = _from_catalogue(folder, origin, trust, version)
        try:
            return ElectionAnswers(network.record(version), witness, word)
        except (SourceError, EvidenceError) as error:
            if witness is None:
                raise
            return ElectionAnswers(None, witness, word, f"{UNHEARD}{error.what}.")


def names_election(parameters: Parameters) -> bool:
    """Whether ``election_source`` names one election, by its number or in a file, and nobody has to look for it."""
    chosen = parameters.election_source
    return chosen is not None and chosen not in (REGISTRY_SOURCE, CATALOGUE_SOURCE)


@dataclass(frozen=True, slots=True)
class _Network:
    """Where questions go: to hosts, or to the files beside a proposal that is a file itself.

    Attributes:
        hosts: tried in their order; empty where there are none.
        origin: what reports call the place; None names the host that answered.
        beside: the file that the proposal is, None when it is asked for.
    """

    hosts: tuple[str, ...]
    origin: str | None
    beside: Path | None

    def record(self, version: str) -> CertifiedAnswer:
        if self.beside is not None:
            return _record_beside(self.beside, version)
        return _asked(self.hosts, version, self.origin)

    def proposal(self, number: int) -> CertifiedAnswer:
        if not self.hosts:
            raise SourceError(
                f"there is no host to ask for proposal {number}",
                where="election_source",
                hint="fetch it with `auditkit fetch-proposal`, and name the file as election_source",
            )
        call = fetch_proposal(self.hosts, number)
        return CertifiedAnswer(call.certificate, call.request, self.origin or redacted_place(call.url))


@contextmanager
def asked_hosts(parameters: Parameters, trust: Trust) -> Iterator[tuple[tuple[str, ...], str | None]]:
    """Whom to ask about the registry while the block runs, and what reports call them; None names who answered.

    They are those of ``proposal_source``, or where that is a file, those of the network; there may be none.
    """
    with _network(parameters, trust) as network:
        yield network.hosts, network.origin


@contextmanager
def _network(parameters: Parameters, trust: Trust) -> Iterator[_Network]:
    with located(parameters.proposal_source, "proposal_source") as (source, origin):
        if source.url is None:
            yield _Network(trust.hosts, None, source.path)
        else:
            own = None if source.url == parameters.proposal_source else origin
            yield _Network(hosts_from(source.url, trust), own, None)


def _from_place(place: str, trust: Trust, version: str) -> ElectionAnswers:
    with located(place, "election_source") as (source, origin):
        if source.url is not None:
            own = None if source.url == place else origin
            return ElectionAnswers(_asked(hosts_from(source.url, trust), version, own))
        return answers_in_file(source)


def _asked(hosts: tuple[str, ...], version: str, origin: str | None) -> CertifiedAnswer:
    answer = fetch_registry_value(hosts, replica_version_key(version))
    return CertifiedAnswer(
        answer.certificate, answer.request, origin or redacted_place(answer.origin), chunks=answer.chunks
    )


def _record_beside(proposal: Path, version: str) -> CertifiedAnswer:
    path = proposal.with_name(ANSWER_NAME)
    try:
        return _read(Source(path=path))
    except NotFoundError:
        raise SourceError(
            "there is no answer about the election beside the proposal",
            where=ANSWER_NAME,
            hint=f"auditkit fetch-registry {replica_version_key(version)} --out {ANSWER_NAME}, in the folder of the "
            "proposal; or name another election_source",
        ) from None


def answers_in_file(source: Source) -> ElectionAnswers:
    """The certified answer in a file: about a proposal if that is what its request asked for, else of the registry.

    Raises:
        SourceError: it cannot be read.
        EvidenceError: it is too large.
    """
    found = _read(source)
    if found.request is not None and _asks_for_a_proposal(found.request):
        return ElectionAnswers(witness=found)
    return ElectionAnswers(record=found)


def _asks_for_a_proposal(request: bytes) -> bool:
    try:
        return parse_request(request).method == GET_PROPOSAL_INFO
    except AuditkitError:
        return False


def _read(source: Source) -> CertifiedAnswer:
    """The answer in a file, with what lies beside it."""
    if source.path is None:
        raise ParameterError("internal error: not a file", where="election_source")
    found = read_registry_value(source.path)
    return CertifiedAnswer(
        found.certificate,
        found.request,
        redacted_place(str(source)),
        answered=False,
        chunks=found.chunks,
    )


def _from_catalogue(
    folder: Source, origin: str, trust: Trust, version: str
) -> tuple[CertifiedAnswer | None, CatalogueWord | None]:
    catalogue = opened_catalogue(folder, trust)
    found = catalogue.election_of(version)
    if found is not None:
        where = f"{origin}, proposal {found.proposal_id}"
        return CertifiedAnswer(found.certificate, found.request, where), None
    return None, CatalogueWord(catalogue.complete, catalogue.elections, catalogue.as_of, catalogue.since)


def opened_catalogue(folder: Source, trust: Trust) -> Catalogue:
    """The catalogue that the parameter ``catalogue`` names.

    Raises:
        ParameterError: it is an address.
        SourceError: there is none.
    """
    from auditkit.evidence.catalogue import open_catalogue  # noqa: PLC0415  (few audits have one)

    if folder.path is None:
        raise ParameterError(
            "the parameter catalogue names a folder, not an address",
            hint="`auditkit catalogue update FOLDER` makes one",
        )
    return open_catalogue(folder.path, trust.root_key)
