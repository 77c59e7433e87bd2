"""What the parameters point at: a file, the Internet Computer, or the practice network on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from auditkit import practice
from auditkit.errors import ParameterError, SourceError
from auditkit.evidence import (
    MAINNET_URLS,
    CertifiedCall,
    NotFoundError,
    Source,
    fetch_certified_call,
    parse_source,
    read_bytes,
    request_path,
)
from auditkit.ic import GOVERNANCE, named_root_key
from auditkit.ic.candid import encode_nat64_argument
from auditkit.limits import LIMITS
from auditkit.opening import open_regular
from auditkit.pipeline.parameters import MAINNET_PROPOSAL_SOURCE, Parameters
from auditkit.pipeline.redaction import PLACES, redacted_place
from auditkit.sev import KnownRelease

PRACTICE: Final = "practice:"


@dataclass(frozen=True, slots=True)
class CertifiedProposal:
    """A certificate that claims to hold the proposal; nothing in it is verified.

    Attributes:
        certificate: the bare certificate.
        request: the content map that was sent, as CBOR; None when nobody kept it.
        origin: where they came from.
        answered: whether they are an answer to our own question, which is evidence whatever it is, and not files that
            a parameter names.
    """

    certificate: bytes
    request: bytes | None
    origin: str
    answered: bool = True


def certified_proposal(parameters: Parameters) -> CertifiedProposal:
    """Reads or fetches what ``proposal_source`` and ``request_source`` point at.

    Raises:
        ParameterError: they make no sense.
        SourceError: they could not be had.
        EvidenceError: what came is too large or answers another question.
    """
    place = parameters.proposal_source
    if place.startswith(PRACTICE):
        scenario = practice.scenario(place.removeprefix(PRACTICE))
        with practice.serving(scenario.name) as network:
            call = fetch_proposal((network.url,), parameters.proposal_id)
        return CertifiedProposal(call.certificate, call.request, place)
    source = parse_source(place)
    if source.url is not None:
        urls = MAINNET_URLS if place == MAINNET_PROPOSAL_SOURCE else (source.url,)
        call = fetch_proposal(urls, parameters.proposal_id)
        return CertifiedProposal(call.certificate, call.request, redacted_place(call.url))
    return read_proposal_file(source, parameters.request_source)


def fetch_proposal(urls: tuple[str, ...], proposal_id: int) -> CertifiedCall:
    """Asks the governance canister for a proposal, by a certified call to the first of ``urls`` that answers."""
    return fetch_certified_call(urls, GOVERNANCE, "get_proposal_info", encode_nat64_argument(proposal_id))


def read_proposal_file(source: Source, request_source: str | None) -> CertifiedProposal:
    """A certificate from a file, with the request from ``request_source`` or from the file kept beside it."""
    certificate = read_bytes(source, LIMITS.certificate_bytes)
    request: bytes | None = None
    if request_source is not None:
        request = read_bytes(parse_source(request_source), LIMITS.certificate_bytes)
    elif source.path is not None:
        with suppress(NotFoundError):
            request = read_bytes(Source(path=request_path(source.path)), LIMITS.certificate_bytes)
    return CertifiedProposal(certificate, request, redacted_place(str(source)), answered=False)


@contextmanager
def image_source(parameters: Parameters, version: str) -> Iterator[tuple[Source, str]]:
    """Where the base image of ``version`` is while the block runs, and what to call its origin.

    Raises:
        ParameterError: ``base_image`` makes no sense.
    """
    place = parameters.base_image
    if place.startswith(PRACTICE):
        scenario = practice.scenario(place.removeprefix(PRACTICE))
        with practice.serving(scenario.name) as network:
            yield parse_source(network.release_url_template, base_version=version), place
    else:
        source = parse_source(place, base_version=version)
        yield source, redacted_place(str(source))


def other_known_releases(parameters: Parameters) -> tuple[KnownRelease, ...]:
    """The releases that are known beside those of the mainnet: the practice ones, where the practice NNS is believed.

    The root key tells the worlds apart, so a replay and an audit of files know the same releases.
    """
    return practice.known_releases() if named_root_key(parameters.root_key) == practice.ROOT_KEY else ()


def preflight(parameters: Parameters) -> None:
    """Makes sure before anything runs or is written that every source can be what it should be.

    Raises:
        ParameterError: a source or a scenario makes no sense.
        SourceError: a file is not there, or is not a regular one.
    """
    version = parameters.base_version if parameters.base_version != "auto" else "0" * 40
    for name in PLACES:
        place = getattr(parameters, name)
        if place is None:
            continue
        if place.startswith(PRACTICE):
            _require_in_scenario(name, place)
            continue
        source = parse_source(place, base_version=version)
        found_out_later = parameters.base_version == "auto" and "{base_version}" in place
        if source.path is not None and not found_out_later:
            try:
                os.close(open_regular(source.path))
            except SourceError as error:
                raise SourceError(error.what, where=f"{name}: {source.path}", hint="check the path") from None


def _require_in_scenario(name: str, place: str) -> None:
    scenario = practice.scenario(place.removeprefix(PRACTICE))
    absent = (name == "recovery_image" and scenario.recovered is None) or (
        name.startswith("attestation") and scenario.attested is None
    )
    if absent:
        raise ParameterError(
            f"the practice scenario {scenario.name} has no such file",
            where=name,
            hint="`auditkit practice list` names the scenarios",
        )
