"""Who is asked who built the release: what the parameter ``provenance_source`` points at."""

from __future__ import annotations

from dataclasses import dataclass, replace

from auditkit.digests import SUMS_NAME
from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.evidence import IMAGE_URLS, fetch_attestations, read_bytes
from auditkit.limits import LIMITS
from auditkit.pipeline.parameters import GITHUB_SOURCE, Parameters
from auditkit.pipeline.sources.places import located
from auditkit.provenance import Bundle, read_bundles
from auditkit.trust import Trust, world_place


@dataclass(frozen=True, slots=True)
class BuildAnswers:
    """What was said about who built a release.

    Attributes:
        files: what came, each with any number of attestations; nothing in them is verified.
        origin: where they came from.
        whole: whether they are all that there are, as GitHub lists them, and not a file that a parameter names.
        count: how many attestations there were, where more came than ``files`` still holds.
    """

    files: tuple[bytes, ...]
    origin: str
    whole: bool
    count: int | None = None

    def bundles(self) -> tuple[Bundle, ...]:
        """The bundles in the files.

        Raises:
            EvidenceError: a file holds none, or there are more than of any real release.
        """
        found = tuple(bundle for data in self.files for bundle in read_bundles(data))
        if len(found) > LIMITS.attestations:
            raise EvidenceError(
                "there are more attestations than of any real release",
                expected=f"at most {LIMITS.attestations}",
                observed=f"{len(found):,}",
            )
        return found


def build_answers(parameters: Parameters, trust: Trust, sums_sha256: str) -> BuildAnswers:
    """Asks whoever ``provenance_source`` names for the attestations of a SHA256SUMS.

    Args:
        sums_sha256: its digest, 64 hex digits.

    Raises:
        ParameterError: it makes no sense.
        SourceError: they could not be had.
        EvidenceError: what came is larger than any real answer.
    """
    place = parameters.provenance_source or ""
    if place == GITHUB_SOURCE:
        return github_attestations(trust, sums_sha256)
    with located(place, "provenance_source") as (source, origin):
        if source.url is not None and world_place(place) is not None:
            listed = listed_attestations(source.url, sums_sha256, origin)
            return replace(listed, whole=lists_all(parameters, trust))
        data = read_bytes(source, LIMITS.attestations_bytes)
    return BuildAnswers((data,), origin, whole=False)


def lists_all(parameters: Parameters, trust: Trust) -> bool:
    """Whether ``provenance_source`` names a list of all attestations that there are in the network that is audited.

    The list of another network knows nothing of its releases, so that what it holds is as any file.

    Raises:
        ParameterError: it names a case that there is not.
    """
    place = parameters.provenance_source or ""
    inside = world_place(place)
    if inside is None:
        return place == GITHUB_SOURCE
    return inside.world == trust.name and inside.sources.lists_attestations(inside.case)


def github_attestations(trust: Trust, sums_sha256: str) -> BuildAnswers:
    """All attestations of a SHA256SUMS that GitHub lists.

    Raises:
        ParameterError: GitHub has none for this network.
        SourceError, EvidenceError: they could not be had.
    """
    if not trust.attestations:
        raise ParameterError(
            f"there is no list of attestations on GitHub for the network {trust.name}",
            hint="name a file, or in the parameters of an audit a scenario",
        )
    return listed_attestations(trust.attestations, sums_sha256, trust.attestations)


def listed_attestations(address: str, sums_sha256: str, origin: str) -> BuildAnswers:
    """All attestations of a SHA256SUMS that a list on GitHub, or one like it, holds.

    Args:
        address: of the list.
        origin: what reports call it.

    Raises:
        SourceError, EvidenceError: they could not be had.
    """
    return BuildAnswers(fetch_attestations(address, sums_sha256), origin, whole=True)


def released_sums(parameters: Parameters, version: str) -> tuple[bytes, str]:
    """The SHA256SUMS at the release's own address, which no proposer chose, and what reports call its origin.

    Args:
        version: 40 hex digits.

    Raises:
        SourceError: it could not be had.
        EvidenceError: it is larger than any real one.
    """
    inside = world_place(parameters.proposal_source)
    place = IMAGE_URLS[0] if inside is None else parameters.proposal_source
    with located(place, "base_image", base_version=version) as (source, origin):
        data = read_bytes(source.sibling(SUMS_NAME), LIMITS.answer_bytes)
    return data, f"{SUMS_NAME} beside {origin}"


def require_own_record(parameters: Parameters, trust: Trust, answers: BuildAnswers) -> None:
    """Makes sure that what a record tells of attestations fits its parameters and its evidence.

    Args:
        answers: as the record tells of them, with the attestation that is among the evidence.

    Raises:
        EvidenceError: it does not.
        ParameterError: the parameters name a case that there is not.
    """
    if answers.whole != lists_all(parameters, trust):
        raise EvidenceError("the record says that other attestations were asked for than the parameters name")
    if answers.count and not answers.files:
        raise EvidenceError("the record tells of attestations, and none of them is in the evidence")
    if answers.files and not answers.count:
        raise EvidenceError("the record tells of no attestation, and one is in the evidence")


def refuse_answers(error: EvidenceError, answers: BuildAnswers) -> SourceError:
    """What to raise about a list or a file that holds no attestations: that says nothing against the release."""
    if answers.whole:
        return SourceError(
            f"the list of attestations cannot be read: {error.what_was_found}",
            where=error.where,
            hint="try again later, or download the attestations elsewhere and name the file",
        )
    return SourceError(
        f"this is no file of attestations: {error.what_was_found}",
        where=answers.origin,
        hint="give what `gh attestation download` writes, or `github`",
    )
