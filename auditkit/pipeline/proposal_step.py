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
from auditkit.ic import ProposalVerification, verify_proposal
from auditkit.pipeline.parameters import Parameters
from auditkit.pipeline.redaction import redacted_error
from auditkit.pipeline.sources import CertifiedProposal, certified_proposal
from auditkit.pipeline.steps import (
    PROPOSAL,
    REQUEST,
    ProposalStep,
    first_failure,
    not_reached,
    trouble_of,
)
from auditkit.pipeline.unkept import (
    PROPOSAL_FORMS,
    STAND_IN,
    Unkept,
    form_refusal,
    is_certificate,
    is_request,
    reworded,
)
from auditkit.progress import Progress, progress_here
from auditkit.trust import trust_named


def read_proposal(parameters: Parameters, progress: Progress | None = None) -> ProposalStep:
    """Gets the certified proposal and decides checks 1 to 17.

    Raises:
        ParameterError: a source makes no sense.
    """
    (progress or progress_here()).step("asking for the proposal")
    try:
        certified = certified_proposal(parameters)
    except SourceError as error:
        return ProposalStep(trouble=(trouble_of(error, parameters),))
    except EvidenceError as error:
        return refused_proposal(refusal(redacted_error(error, parameters)))
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
    parameters: Parameters,
    certified: CertifiedProposal,
    *,
    unkept: tuple[Unkept, ...] = (),
    moment: datetime | None = None,
) -> ProposalStep:
    """Decides checks 1 to 17 about a certificate that is here.

    Args:
        unkept: of a replay: files that were not kept. `STAND_IN` stands in their place.
        moment: as of when: that of the first audit for a replay; now by default.
    """
    moment = (moment or datetime.now(UTC)).replace(microsecond=0)
    evidence = {PROPOSAL: Evidence.of_bytes(PROPOSAL, certified.certificate, certified.origin)}
    if certified.request is not None:
        evidence[REQUEST] = Evidence.of_bytes(REQUEST, certified.request, certified.origin)
    verification = _verified(parameters, certified, moment)
    if not certified.answered and (lacking := _without_form(certified)):
        unkept = tuple(
            Unkept(
                replace(evidence[name], content=None),
                form_refusal(verification.decisions, PROPOSAL_FORMS[name]),
            )
            for name in lacking
        )
        certified = replace(
            certified,
            certificate=STAND_IN if PROPOSAL in lacking else certified.certificate,
            request=STAND_IN if REQUEST in lacking else certified.request,
        )
        verification = _verified(parameters, certified, moment)
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
    return ProposalStep(decisions, (), tuple(evidence.values()), verification, unkept=unkept, moment=moment)


def _verified(parameters: Parameters, certified: CertifiedProposal, moment: datetime) -> ProposalVerification:
    return verify_proposal(
        certified.certificate,
        root_key=trust_named(parameters.root_key).root_key,
        proposal_id=parameters.proposal_id,
        stage=parameters.stage,
        request=certified.request,
        now_ns=int(moment.timestamp()) * 10**9,
    )


def _without_form(certified: CertifiedProposal) -> tuple[str, ...]:
    """The files that do not have their form."""
    proposal = () if is_certificate(certified.certificate) else (PROPOSAL,)
    request = () if certified.request is None or is_request(certified.request) else (REQUEST,)
    return (*proposal, *request)
