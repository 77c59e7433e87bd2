"""Step 1: what did the NNS sign (checks 1 to 17, of an election 1 to 13, 48 and 55 to 58)?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import ClassVar, Final, Literal, Protocol

from auditkit import checks
from auditkit.audit import Subject, decide_content, decide_election_content
from auditkit.decision import Check, Decision
from auditkit.errors import EvidenceError
from auditkit.evidence import Evidence, UnboundAnswerError
from auditkit.ic import (
    BlessAlternativeGuestOsVersion,
    BlessedMeasurement,
    Certificate,
    ElectionPayload,
    ElectionVerification,
    ProposalStatus,
    ProposalVerification,
    Stage,
    read_certificate,
    verify_election,
    verify_proposal,
)
from auditkit.limits import LIMITS
from auditkit.pipeline.records import (
    PROPOSAL_FORMS,
    STAND_IN,
    Unkept,
    form_refusal,
    is_certificate,
    is_request,
    reworded,
)
from auditkit.pipeline.sources.places import CertifiedAnswer
from auditkit.pipeline.steps.evidence_names import PROPOSAL, REQUEST
from auditkit.pipeline.steps.step import Step, first_failure, not_reached
from auditkit.sev import KnownRelease


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ProposalStep(Step):
    """What the NNS signed.

    Attributes:
        verification: the outcome of checks 1 to 14, of an election 1 to 13 and 48; None when the proposal could not be
            had.
        stage: what the proposal was judged for, also where the parameters say ``auto``; None when it could not be had.
        refused: the check that the answer failed before there was a certificate; None otherwise.
        moment: as of when it was judged what is over and what has expired, a whole second in UTC; None when there was
            nothing to judge. The document keeps it as the start of the run, for a replay.
    """

    title: ClassVar[str] = "The proposal"

    verification: ProposalVerification | ElectionVerification | None = None
    stage: Stage | None = None
    refused: Decision | None = None
    moment: datetime | None = None

    @property
    def bless(self) -> BlessAlternativeGuestOsVersion | None:
        """What the authentic proposal blesses; None when it is not authentic or does something else."""
        return self.verification.bless if isinstance(self.verification, ProposalVerification) else None

    @property
    def election(self) -> ElectionPayload | None:
        """What the authentic proposal elects; None when it is not authentic or does something else."""
        return self.verification.election if isinstance(self.verification, ElectionVerification) else None

    @property
    def measurements(self) -> tuple[BlessedMeasurement, ...] | None:
        """The measurements in the authentic proposal; None when it is not authentic or does something else."""
        if self.bless is not None:
            return self.bless.base_guest_launch_measurements
        return None if self.election is None else self.election.measurements or ()

    @property
    def certificate(self) -> Certificate | None:
        """The certificate as it came, to look at, whether or not it was believed; None when none can be read."""
        for item in self.evidence:
            if item.name == PROPOSAL and item.content is not None:
                try:
                    return read_certificate(item.read(LIMITS.certificate_bytes))
                except EvidenceError:
                    return None
        return None

    @property
    def is_executed(self) -> bool:
        """Whether the authentic proposal was executed, whatever it is judged for."""
        info = self.verification.proposal if self.verification else None
        return info is not None and info.status is ProposalStatus.EXECUTED

    @property
    def executed_ns(self) -> int:
        """When the authentic proposal was executed, nanoseconds since 1970; 0 when it was not."""
        info = self.verification.proposal if self.verification else None
        return info.executed_timestamp_seconds * 10**9 if info is not None else 0

    @property
    def now_ns(self) -> int:
        """As of when it was judged, nanoseconds since 1970; now when there was nothing to judge."""
        return int((self.moment or datetime.now(UTC)).timestamp()) * 10**9


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


def refused_proposal(failed: Decision, *, subject: Subject = "recovery") -> ProposalStep:
    """The step when the answer was refused before there was a certificate.

    Args:
        failed: what `refusal` decided.
    """
    return ProposalStep(decisions=(failed, *not_reached(_ASKED[subject], failed)), refused=failed)


@dataclass(frozen=True, slots=True)
class Question:
    """What the proposal has to be.

    Attributes:
        subject: which kind of proposal.
        proposal_id: its number.
        stage: what it is judged for; ``auto`` takes ``recover`` once it is executed, and else ``vote``.
        root_key: whose signature it has to lead to, 133 bytes of DER.
        base_version: of an election: the version that it has to elect, 40 hex digits, or ``auto``.
        more_releases: what is known beside the built-in list.
        own_hosts: of an election: hosts whose plain http addresses are no warning.
    """

    subject: Subject
    proposal_id: int
    stage: Literal["vote", "recover", "auto"]
    root_key: bytes
    base_version: str = "auto"
    more_releases: tuple[KnownRelease, ...] = ()
    own_hosts: tuple[str, ...] = ()


def decide_proposal(
    certified: CertifiedAnswer,
    question: Question,
    *,
    unkept: tuple[Unkept, ...] = (),
    moment: datetime | None = None,
) -> ProposalStep:
    """Decides checks 1 to 17 about a certificate that is here; of an election 1 to 13, 48 and 55 to 58.

    Args:
        unkept: of a replay: files that were not kept. `STAND_IN` stands in their place.
        moment: as of when: that of the first audit for a replay; now by default.
    """
    moment = (moment or datetime.now(UTC)).replace(microsecond=0)
    evidence = {PROPOSAL: Evidence.of_bytes(PROPOSAL, certified.certificate, certified.origin)}
    if certified.request is not None:
        evidence[REQUEST] = Evidence.of_bytes(REQUEST, certified.request, certified.origin)
    now_ns = int(moment.timestamp()) * 10**9
    stage = _stage(certified, question, now_ns)
    verify: _Verify = partial(
        verify_proposal if question.subject == "recovery" else verify_election,
        root_key=question.root_key,
        proposal_id=question.proposal_id,
        stage=stage,
        now_ns=now_ns,
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
    return ProposalStep(
        decisions=(*decisions, *_content(verification, decisions, question)),
        evidence=tuple(evidence.values()),
        unkept=unkept,
        verification=verification,
        stage=stage,
        moment=moment,
    )


class _Verify(Protocol):
    def __call__(
        self, data: bytes, *, request: bytes | None
    ) -> ProposalVerification | ElectionVerification: ...


_CONTENT: Final = {"recovery": checks.CONTENT_CHECKS, "election": checks.ELECTION_CONTENT_CHECKS}
_ASKED: Final = {
    "recovery": (*checks.PROPOSAL_CHECKS, *checks.CONTENT_CHECKS),
    "election": (*checks.ELECTION_CHECKS, *checks.ELECTION_CONTENT_CHECKS),
}


def _content(
    verification: ProposalVerification | ElectionVerification,
    decisions: tuple[Decision, ...],
    question: Question,
) -> tuple[Decision, ...]:
    if isinstance(verification, ProposalVerification) and verification.bless is not None:
        return decide_content(verification.bless, (PROPOSAL,), more_releases=question.more_releases)
    if isinstance(verification, ElectionVerification) and verification.election is not None:
        return decide_election_content(
            verification.election,
            (PROPOSAL,),
            wanted=question.base_version,
            more_releases=question.more_releases,
            own_hosts=question.own_hosts,
        )
    return not_reached(_CONTENT[question.subject], first_failure(decisions))


def _stage(certified: CertifiedAnswer, question: Question, now_ns: int) -> Stage:
    """The stage itself where the question says ``auto``: an executed proposal is there to be acted on."""
    if question.stage != "auto":
        return question.stage
    seen = verify_proposal(
        certified.certificate,
        root_key=question.root_key,
        proposal_id=question.proposal_id,
        stage="vote",
        request=certified.request,
        now_ns=now_ns,
    )
    executed = seen.proposal is not None and seen.proposal.status is ProposalStatus.EXECUTED
    return "recover" if executed else "vote"


def _without_form(certified: CertifiedAnswer) -> tuple[str, ...]:
    """The files that do not have their form."""
    proposal = () if is_certificate(certified.certificate) else (PROPOSAL,)
    request = () if certified.request is None or is_request(certified.request) else (REQUEST,)
    return (*proposal, *request)
