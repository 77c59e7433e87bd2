"""What the parameters point at: a file, an address, or a place in a world such as the practice network."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from auditkit.dependencies import require_extra
from auditkit.errors import EvidenceError, SourceError
from auditkit.evidence import (
    CertifiedCall,
    NotFoundError,
    Source,
    fetch_certified_call,
    parse_source,
    read_bytes,
    request_path,
)
from auditkit.ic import GET_PROPOSAL_INFO, GOVERNANCE
from auditkit.ic.candid import encode_nat64_argument
from auditkit.limits import LIMITS
from auditkit.opening import open_regular
from auditkit.pipeline.parameters import Parameters, meant_source, names_no_place
from auditkit.pipeline.redaction import PLACES, redacted_place
from auditkit.trust import Trust, world_place


@dataclass(frozen=True, slots=True)
class CertifiedAnswer:
    """A certificate that claims to hold an answer of the NNS; nothing in it is verified.

    Attributes:
        certificate: the bare certificate.
        request: the envelope that was sent; None when nobody kept it.
        origin: where they came from.
        answered: whether they are an answer to our own question, which is evidence whatever it is, and not files that
            a parameter names.
        chunks: the parts of a large record of the registry, in order.
    """

    certificate: bytes
    request: bytes | None
    origin: str
    answered: bool = True
    chunks: tuple[bytes, ...] = ()


def certified_proposal(parameters: Parameters, trust: Trust) -> CertifiedAnswer:
    """Reads or fetches what ``proposal_source`` and ``request_source`` point at.

    Raises:
        ParameterError: they make no sense.
        SourceError: they could not be had.
        EvidenceError: what came is too large or answers another question.
    """
    _require_own_proposal(parameters)
    with located(parameters.proposal_source, "proposal_source") as (source, origin):
        if source.url is None:
            return read_proposal_file(source, parameters.request_source)
        call = fetch_proposal(hosts_from(source.url, trust), parameters.proposal_id)
        answered = redacted_place(call.url) if source.url == parameters.proposal_source else origin
        return CertifiedAnswer(call.certificate, call.request, answered)


def hosts_from(url: str, trust: Trust) -> tuple[str, ...]:
    """Whom to ask that may be asked at ``url``: the other hosts of the network too, where it is one of them."""
    others = [host for host in trust.hosts if host != url] if url in trust.hosts else ()
    return (url, *others)


def fetch_proposal(urls: tuple[str, ...], proposal_id: int) -> CertifiedCall:
    """Asks the governance canister for a proposal, by a certified call to the first of ``urls`` that answers."""
    return fetch_certified_call(urls, GOVERNANCE, GET_PROPOSAL_INFO, encode_nat64_argument(proposal_id))


def read_proposal_file(source: Source, request_source: str | None) -> CertifiedAnswer:
    """A certificate from a file, with the request from ``request_source`` or from the file kept beside it."""
    certificate = read_bytes(source, LIMITS.certificate_bytes)
    request: bytes | None = None
    if request_source is not None:
        request = read_bytes(parse_source(request_source), LIMITS.certificate_bytes)
    elif source.path is not None:
        with suppress(NotFoundError):
            request = read_bytes(Source(path=request_path(source.path)), LIMITS.certificate_bytes)
    return CertifiedAnswer(certificate, request, redacted_place(str(source)), answered=False)


@contextmanager
def located(place: str, parameter: str, *, base_version: str = "") -> Iterator[tuple[Source, str]]:
    """Where ``place`` is while the block runs, and what to call its origin.

    Args:
        place: the value of a parameter: a file, an address, a template of either, or a place in a world.
        parameter: its name, which says what a place in a world is asked for.
        base_version: 40 hex digits for a template.

    Raises:
        ParameterError: it makes no sense.
    """
    if (inside := world_place(place)) is not None:
        with inside.sources.open(inside.case, parameter, base_version) as source:
            yield source, place
    else:
        source = parse_source(place, base_version=base_version or None)
        yield source, redacted_place(str(source))


def preflight(parameters: Parameters) -> None:
    """Makes sure before anything runs or is written that every source can be what it should be.

    Raises:
        ParameterError: a source or a scenario makes no sense.
        SourceError: a file is not there, or is not a regular one; a folder that is asked about chips holds no registry.
        MissingPackageError: an extra is needed that is not installed.
    """
    _require_own_proposal(parameters)
    if parameters.provenance_source is not None:
        require_extra("sigstore")
    version = parameters.base_version if parameters.base_version != "auto" else "0" * 40
    for name in PLACES:
        place = getattr(parameters, name)
        if place is None or names_no_place(name, place):
            continue
        if (inside := world_place(place)) is not None:
            inside.sources.require(inside.case, name)
            continue
        if name == "catalogue":
            continue  # a folder, of which whoever opens it says what is missing
        source = parse_source(place, base_version=version)
        found_out_later = parameters.base_version == "auto" and "{base_version}" in place
        if source.path is not None and not found_out_later:
            try:
                if name == "chips_source" and (source.path.is_dir() or not source.path.exists()):
                    _require_registry(source.path)
                else:
                    os.close(open_regular(source.path))
            except (SourceError, EvidenceError) as error:
                hint = meant_source(name, place) or error.hint or "check the path"
                raise SourceError(error.what, where=f"{name}: {source.path}", hint=hint) from None


def _require_registry(folder: Path) -> None:
    from auditkit.evidence.registry_sync import require_store  # noqa: PLC0415  (few have one)

    require_store(folder)


def _require_own_proposal(parameters: Parameters) -> None:
    """Raises ParameterError where ``proposal_source`` is the place of one case, and the number is that of another."""
    if (inside := world_place(parameters.proposal_source)) is not None:
        inside.sources.require_proposal(inside.case, parameters.proposal_id)
