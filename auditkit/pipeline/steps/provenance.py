"""Step 8: who built the release (checks 67 to 76, and 18 where that vouches for the image)?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Final

from auditkit.audit import (
    AttestedDigest,
    BuildQuestion,
    Examined,
    Provenance,
    Trouble,
    decide_provenance,
    examine,
    unasked_provenance,
)
from auditkit.errors import EvidenceError
from auditkit.evidence import IMAGE_NAME, Evidence, published_digest
from auditkit.limits import LIMITS
from auditkit.pipeline.records import ProvenanceRecord
from auditkit.pipeline.sources.builds import BuildAnswers, refuse_answers
from auditkit.pipeline.steps.base import BaseImageStep
from auditkit.pipeline.steps.election import ElectionStep
from auditkit.pipeline.steps.evidence_names import BUNDLE, IMAGE_SUMS, RELEASE_SUMS
from auditkit.pipeline.steps.proposal import ProposalStep
from auditkit.pipeline.steps.step import Step
from auditkit.provenance import Attestation, BundleVerifier
from auditkit.trust import Trust

_SECOND_NS: Final = 10**9


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ProvenanceStep(Step):
    """Who built the release.

    Attributes:
        attestation: what the genuine attestation says that the decisions are about; None when there is none.
        vouched: the digest of the image that it vouches for; None unless it keeps all rules and its file lists one.
        record: what a replay has to know besides the evidence; None when nobody was asked or the step was not reached.
    """

    title: ClassVar[str] = "Who built the release"

    attestation: Attestation | None = None
    vouched: AttestedDigest | None = None
    record: ProvenanceRecord | None = None


NOBODY_ASKED_WHO_BUILT: Final = ProvenanceStep(
    decisions=unasked_provenance("Nobody was asked who built the release (provenance_source is null).")
)


def troubled_provenance(trouble: tuple[Trouble, ...]) -> ProvenanceStep:
    """The step when it could not be had, or not be told here, who built the release."""
    return ProvenanceStep(trouble=trouble, record=ProvenanceRecord(trouble=trouble))


def without_sums(missing: str) -> ProvenanceStep:
    """The step where there is no SHA256SUMS that could be asked about.

    Args:
        missing: why, in one sentence.
    """
    return ProvenanceStep(
        decisions=unasked_provenance(f"Attestations are about SHA256SUMS. {missing}"),
        record=ProvenanceRecord(sums_missing=missing),
    )


def sums_beside(base: BaseImageStep) -> Evidence | None:
    """The SHA256SUMS that came with the base image."""
    return next((item for item in base.evidence if item.name == IMAGE_SUMS), None)


def build_question(
    proposal: ProposalStep,
    election: ElectionStep,
    base: BaseImageStep,
    sums: Evidence,
    *,
    whole: bool,
    named: bool,
) -> BuildQuestion:
    """What is asked about the release that a SHA256SUMS belongs to.

    Args:
        whole: whether all attestations are there that exist.
        named: whether the parameters name the proposal that elected the release. A catalogue gives the newest.
    """
    wrong = base.record.wrong_digest if base.record else ""
    return BuildQuestion(
        commit=base.version or "",
        sums_sha256=sums.sha256,
        listed=published_digest(sums.read(LIMITS.answer_bytes), IMAGE_NAME).sha256,
        image_sha256=base.image.sha256 if base.image else wrong or None,
        elected=_known_since(proposal, election),
        whole=whole,
        first=proposal.election is not None or (named and _is_by_proposal(election)),
    )


def decide_build(
    question: BuildQuestion,
    answers: BuildAnswers,
    sums: Evidence,
    trust: Trust,
) -> ProvenanceStep:
    """Decides checks 67 to 76 about attestations that are here.

    Args:
        sums: the file that has to be attested.
        trust: whose keys and rules.

    Raises:
        SourceError: they cannot be told here: a list or a file that holds no attestations, a form or an authority
            that is not known yet.
        MissingPackageError: the library that verifies is not installed.
    """
    own = (sums,) if sums.name == RELEASE_SUMS else ()
    try:
        bundles = answers.bundles()
    except EvidenceError as error:
        raise refuse_answers(error, answers) from None
    chosen: Examined | None = None
    if bundles:
        chosen = examine(bundles, BundleVerifier(trust.authority), trust.build_rules, question)
    count = len(bundles) if answers.count is None else answers.count
    bundle = () if chosen is None else (Evidence.of_bytes(BUNDLE, chosen.bundle.data, answers.origin),)
    names = (sums.name, *(item.name for item in bundle))
    found = decide_provenance(chosen, count, question, trust.build_rules, names)
    return ProvenanceStep(
        decisions=found.decisions,
        evidence=(*own, *bundle),
        attestation=found.chosen.attestation if found.chosen else None,
        vouched=_vouched(found, question),
        record=ProvenanceRecord(attestations=count, whole=answers.whole),
    )


def _vouched(found: Provenance, question: BuildQuestion) -> AttestedDigest | None:
    attestation = found.chosen.attestation if found.chosen and found.attested else None
    if attestation is None or question.listed is None:
        return None
    return AttestedDigest(question.listed.lower(), f"the run {attestation.run_url or attestation.workflow}")


def _is_by_proposal(election: ElectionStep) -> bool:
    return election.release is not None and election.release.by_proposal


def _known_since(proposal: ProposalStep, election: ElectionStep) -> datetime | None:
    """When the NNS certainly knew of the release: by its election, or by the proposal to elect it."""
    if proposal.election is not None:
        info = proposal.verification.proposal if proposal.verification else None
        seconds = info.proposal_timestamp_seconds if info else 0
    else:
        seconds = ((election.release.known_ns if election.release else None) or 0) // _SECOND_NS
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (OverflowError, OSError, ValueError):
        return None
