"""Step 1: what did the NNS sign (checks 1 to 17)?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import ClassVar, Literal

from auditkit import checks
from auditkit.audit import decide_content
from auditkit.decision import Check, Decision
from auditkit.errors import EvidenceError
from auditkit.evidence import Evidence, UnboundAnswerError
from auditkit.ic import BlessAlternativeGuestOsVersion, ProposalVerification, verify_proposal
from auditkit.pipeline.records import (
    PROPOSAL_FORMS,
    STAND_IN,
    Unkept,
    form_refusal,
    is_certificate,
    is_request,
    reworded,
)
from auditkit.pipeline.sources import CertifiedProposal
from auditkit.pipeline.steps.evidence_names import PROPOSAL, REQUEST
from auditkit.pipeline.steps.step import Step, first_failure, not_reached


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ProposalStep(Step):
    """What the NNS signed.

    Attributes:
        verification: the outcome of checks 1 to 14; None when the proposal could not be had.
        refused: the check that the answer failed before there was a certificate; None otherwise.
        moment: as of when it was judged what is over and what has expired, a whole second in UTC; None when there was
            nothing to judge. The document keeps it as the start of the run, for a replay.
    """

    title: ClassVar[str] = "The proposal"

    verification: ProposalVerification | None = None
    refused: Decision | None = None
    moment: datetime | None = None

    @property
    def bless(self) -> BlessAlternativeGuestOsVersion | None:
        """What the authentic proposal blesses; None when it is not authentic or does something else."""
        return self.verification.bless if self.verification else None


def refusal(error: EvidenceError, unbound: Check) -> Decision:
    """The check that an answer failed before there was a certificate to verify.

    Args:
        unbound: the check that the certificate of another call fails; what is none fails check 1.
    """
    check = unbound if isinstance(error, UnboundAnswerError) else checks.CERTIFICATE_FORM
    reason = f"{error.where}: {error.what}" if error.where else error.what
    return check.failed(
        error.observed or "an answer without a certificate that can be read",
        f"{reason}.",
        expected=error.expected or "a certificate that answers this call",
    )


def refused_proposal(failed: Decision) -> ProposalStep:
    """The step when the answer was refused before there was a certificate.

    Args:
        failed: what `refusal` decided.
    """
    asked = (*checks.PROPOSAL_CHECKS, *checks.CONTENT_CHECKS)
    return ProposalStep(decisions=(failed, *not_reached(asked, failed)), refused=failed)


def decide_proposal(
    certified: CertifiedProposal,
    *,
    proposal_id: int,
    stage: Literal["vote", "recover"],
    root_key: bytes,
    unkept: tuple[Unkept, ...] = (),
    moment: datetime | None = None,
) -> ProposalStep:
    """Decides checks 1 to 17 about a certificate that is here.

    Args:
        proposal_id: the proposal that it has to be about.
        root_key: whose signature it has to lead to, 133 bytes of DER.
        unkept: of a replay: files that were not kept. `STAND_IN` stands in their place.
        moment: as of when: that of the first audit for a replay; now by default.
    """
    moment = (moment or datetime.now(UTC)).replace(microsecond=0)
    evidence = {PROPOSAL: Evidence.of_bytes(PROPOSAL, certified.certificate, certified.origin)}
    if certified.request is not None:
        evidence[REQUEST] = Evidence.of_bytes(REQUEST, certified.request, certified.origin)
    verify = partial(
        verify_proposal,
        root_key=root_key,
        proposal_id=proposal_id,
        stage=stage,
        now_ns=int(moment.timestamp()) * 10**9,
    )
    verification = verify(certified.certificate, request=certified.request)
    if not certified.answered and (lacking := _without_form(certified)):
        unkept = tuple(
            Unkept(
                replace(evidence[name], content=None),
                form_refusal(verification.decisions, PROPOSAL_FORMS[name]),
            )
            for name in lacking
        )
        verification = verify(
            STAND_IN if PROPOSAL in lacking else certified.certificate,
            request=STAND_IN if REQUEST in lacking else certified.request,
        )
    evidence |= {file.evidence.name: file.evidence for file in unkept}
    names = tuple(evidence)
    decisions = tuple(
        replace(decision, evidence=names)
        for decision in reworded(verification.decisions, PROPOSAL_FORMS, unkept)
    )
    if verification.bless is not None:
        decisions += decide_content(verification.bless, (PROPOSAL,))
    else:
        decisions += not_reached(checks.CONTENT_CHECKS, first_failure(decisions))
    return ProposalStep(
        decisions=decisions,
        evidence=tuple(evidence.values()),
        unkept=unkept,
        verification=verification,
        moment=moment,
    )


def _without_form(certified: CertifiedProposal) -> tuple[str, ...]:
    """The files that do not have their form."""
    proposal = () if is_certificate(certified.certificate) else (PROPOSAL,)
    request = () if certified.request is None or is_request(certified.request) else (REQUEST,)
    return (*proposal, *request)
