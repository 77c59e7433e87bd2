"""The image of an election: it comes from the proposal's own addresses, or from where the parameters say (check 59)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from auditkit.audit import ServedImage, decide_served
from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.evidence import check_url
from auditkit.ic import ElectionPayload
from auditkit.limits import LIMITS, Limits
from auditkit.pipeline.redaction import redacted_place
from auditkit.pipeline.steps.base import BaseImageStep
from auditkit.pipeline.steps.evidence_names import PROPOSAL
from auditkit.progress import Progress

_SHOWN: Final = 300  # characters of an address, and of what was wrong with it


def read_proposed_image(
    election: ElectionPayload,
    read: Callable[[str], BaseImageStep],
    digest_at: Callable[[str], str],
    *,
    all_urls: bool,
    redact: Callable[[str], str],
    progress: Progress,
    limits: Limits = LIMITS,
) -> BaseImageStep:
    """Reads the image from the first address that gives anything, and asks the others for its digest.

    The addresses are the proposer's text: one that is none is told as one that gives nothing.

    Args:
        read: reads the image at an address and decides about it; an earlier download may serve it.
        digest_at: downloads what is at an address, and gives its SHA-256.
        all_urls: ask every address and not only one.
        redact: takes places of this machine out of a sentence.
        progress: is told which address is asked.
        limits: how many addresses are asked.

    Raises:
        SourceError: no address gave anything.
        EvidenceError: what came cannot be read.
    """
    served: list[ServedImage] = []
    step: BaseImageStep | None = None
    asked = election.urls[: limits.proposal_addresses]
    for number, url in enumerate(asked, 1):
        if step is not None and not all_urls:
            break
        progress.step(f"asking address {number} of {len(asked)}")
        try:
            check_url(url)
            if step is None:
                step = read(url)
                if not step.fetched and not all_urls:
                    break
                digest = _digest_of(step, election) if step.fetched else digest_at(url)
            else:
                digest = digest_at(url)
        except (SourceError, ParameterError) as error:
            served.append(ServedImage(redacted_place(url)[:_SHOWN], None, redact(error.what)[:_SHOWN]))
        else:
            served.append(ServedImage(redacted_place(url)[:_SHOWN], digest))
    if step is None:
        why = f": {served[0].trouble}" if served else ""
        raise SourceError(
            f"none of the proposal's {len(election.urls)} addresses gave the image{why}",
            where=served[0].url if served else "",
            hint="try again later, or name a file or another address as base_image",
        )
    return with_served(step, election, tuple(served))


def with_served(
    step: BaseImageStep, election: ElectionPayload, served: tuple[ServedImage, ...]
) -> BaseImageStep:
    """The step with check 59 decided, and with what a replay needs for it."""
    decision = decide_served(served, election.sha256_hex or "", len(election.urls), (PROPOSAL,))
    record = None if step.record is None else step.record.model_copy(update={"served": served})
    return replace(step, decisions=(*step.decisions, decision), record=record)


def require_own_addresses(election: ElectionPayload, served: tuple[ServedImage, ...]) -> None:
    """Makes sure that what a record tells of addresses is about addresses of the proposal.

    Raises:
        EvidenceError: one is another's.
    """
    own = {redacted_place(url)[:_SHOWN] for url in election.urls}
    for one in served:
        if one.url not in own:
            raise EvidenceError(
                "the record tells of an address that the proposal does not name",
                expected="addresses of the proposal",
                observed=one.url[:_SHOWN],
            )


def _digest_of(step: BaseImageStep, election: ElectionPayload) -> str:
    """The digest of what was downloaded; what was not read for another reason had the one that was demanded."""
    if step.image is not None:
        return step.image.sha256
    wrong = step.record.wrong_digest if step.record else ""
    return wrong or (election.sha256_hex or "").lower()
