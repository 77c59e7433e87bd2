"""Step 1: what did the NNS sign (checks 1 to 17)?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from auditkit import checks
from auditkit.audit import (
    decide_content,
)
from auditkit.decision import Decision
from auditkit.errors import EvidenceError, SourceError
from auditkit.evidence import Evidence, UnboundAnswerError
from auditkit.ic import parse_root_key, verify_proposal
from auditkit.pipeline.parameters import Parameters
from auditkit.pipeline.sources import CertifiedProposal, certified_proposal
from auditkit.pipeline.steps import (
    PROPOSAL,
    REQUEST,
    ProposalStep,
    first_failure,
    not_reached,
    told,
)
from auditkit.progress import Progress, progress_here


def read_proposal(parameters: Parameters, progress: Progress | None = None) -> ProposalStep:
    """Gets the certified proposal and decides checks 1 to 17.

    Raises:
        ParameterError: a source or the root key makes no sense.
    """
    parse_root_key(parameters.root_key)
    (progress or progress_here()).step("asking for the proposal")
    try:
        certified = certified_proposal(parameters)
    except SourceError as error:
        return ProposalStep(trouble=(told(error),))
    except EvidenceError as error:
        return refused_proposal(refusal(error))
    return decide_proposal(parameters, certified)


def refusal(error: EvidenceError) -> Decision:
    """The check that an answer failed before there was a certificate to verify: 1, or 12 for another's certificate."""
    check = checks.REPLY_REQUEST if isinstance(error, UnboundAnswerError) else checks.CERTIFICATE_FORM
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
    parameters: Parameters, certified: CertifiedProposal, *, moment: datetime | None = None
) -> ProposalStep:
    """Decides checks 1 to 17 about a certificate that is here.

    Args:
        moment: as of when: that of the first audit for a replay; now by default.
    """
    moment = (moment or datetime.now(UTC)).replace(microsecond=0)
    verification = verify_proposal(
        certified.certificate,
        root_key=parse_root_key(parameters.root_key),
        proposal_id=parameters.proposal_id,
        stage=parameters.stage,
        request=certified.request,
        now_ns=int(moment.timestamp()) * 10**9,
    )
    evidence = [Evidence.of_bytes(PROPOSAL, certified.certificate, certified.origin)]
    if certified.request is not None:
        evidence.append(Evidence.of_bytes(REQUEST, certified.request, certified.origin))
    names = tuple(item.name for item in evidence)
    decisions = tuple(replace(decision, evidence=names) for decision in verification.decisions)
    if verification.bless is not None:
        decisions += decide_content(verification.bless, (PROPOSAL,))
    else:
        decisions += not_reached(checks.CONTENT_CHECKS, first_failure(decisions))
    return ProposalStep(decisions, (), tuple(evidence), verification, moment=moment)
