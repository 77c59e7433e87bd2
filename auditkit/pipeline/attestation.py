"""What the recovered node says of itself (checks 35 to 42)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from auditkit import checks
from auditkit.audit import Trouble, decide_attestation
from auditkit.audit.attestation import Attestation
from auditkit.decision import Decision, Outcome
from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.evidence import Evidence, read_bytes
from auditkit.limits import LIMITS
from auditkit.pipeline.parameters import Parameters
from auditkit.pipeline.sources import located
from auditkit.pipeline.steps import ProposalStep, trouble_of, unreached
from auditkit.pipeline.unkept import (
    ATTESTATION_FORMS,
    STAND_IN,
    Unkept,
    form_refusal,
    is_chain,
    reworded,
)
from auditkit.progress import Progress, progress_here
from auditkit.sev.attestation import AttestationReport, VerifiedChain, parse_tcb_floor
from auditkit.trust import trust_named

REPORT = "attestation-report"
CHAIN = "attestation-chain"
_PARAMETERS: Final = {REPORT: "attestation_report", CHAIN: "attestation_chain"}


@dataclass(frozen=True, slots=True)
class AttestationStep:
    """What the attestation report says.

    Attributes:
        report: None when none was given, or it is no report.
        chain: None when its certificates do not lead to a trusted root.
        unkept: files that are not kept, since they do not have their form.
    """

    decisions: tuple[Decision, ...] = ()
    trouble: tuple[Trouble, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    report: AttestationReport | None = None
    chain: VerifiedChain | None = None
    unkept: tuple[Unkept, ...] = ()


def check_attestation(
    parameters: Parameters, proposal: ProposalStep, progress: Progress | None = None
) -> AttestationStep:
    """Verifies the attestation report of a recovered node and decides checks 35 to 42.

    Raises:
        ParameterError: a source makes no sense.
    """
    if parameters.attestation_report is None:
        return _not_given()
    if proposal.bless is None:
        return AttestationStep(unreached(proposal, checks.ATTESTATION_CHECKS))
    (progress or progress_here()).step("attestation report")
    try:
        evidence = [_read(parameters.attestation_report, REPORT)]
        if parameters.attestation_chain is not None:
            evidence.append(_read(parameters.attestation_chain, CHAIN))
    except (SourceError, EvidenceError) as error:
        return AttestationStep(trouble=(trouble_of(error, parameters),))
    return decide_report(parameters, proposal, tuple(evidence))


def decide_report(
    parameters: Parameters,
    proposal: ProposalStep,
    evidence: tuple[Evidence, ...],
    *,
    unkept: tuple[Unkept, ...] | None = None,
) -> AttestationStep:
    """Decides checks 35 to 42 about files that were read, now or before, as of the moment of the proposal's step.

    Args:
        evidence: the report, and its chain unless the report comes with its own.
        unkept: of a replay: files that were not kept, in whose place `STAND_IN` stands. None finds out which of
            ``evidence`` do not have their form.
    """
    if parameters.attestation_report is None:
        return _not_given()
    if proposal.bless is None:
        return AttestationStep(unreached(proposal, checks.ATTESTATION_CHECKS))
    given = {item.name: item for item in (*evidence, *(file.evidence for file in unkept or ()))}
    files = {name: given[name] for name in (REPORT, CHAIN) if name in given}
    if REPORT not in files:
        trouble = Trouble("the attestation report was not kept", REPORT, "run the audit again")
        return AttestationStep(trouble=(trouble,))
    contents = {
        name: STAND_IN if item.content is None else item.read(LIMITS.attestation_bytes)
        for name, item in files.items()
    }
    moment = proposal.moment or datetime.now(UTC)
    attestation = _decided(parameters, proposal, contents, moment)
    if unkept is None:
        lacking = _without_form(contents, attestation.decisions)
        unkept = tuple(
            Unkept(
                replace(files[name], content=None),
                form_refusal(attestation.decisions, ATTESTATION_FORMS[name]),
            )
            for name in lacking
        )
        files |= {file.evidence.name: file.evidence for file in unkept}
        contents |= dict.fromkeys(lacking, STAND_IN)
        attestation = _decided(parameters, proposal, contents, moment)
    return AttestationStep(
        reworded(attestation.decisions, ATTESTATION_FORMS, unkept),
        evidence=tuple(files.values()),
        report=attestation.report,
        chain=attestation.chain,
        unkept=unkept,
    )


def _decided(
    parameters: Parameters, proposal: ProposalStep, contents: Mapping[str, bytes], moment: datetime
) -> Attestation:
    if proposal.bless is None:
        raise ParameterError("internal error: there is no proposal to compare the chip with")
    return decide_attestation(
        contents[REPORT],
        contents.get(CHAIN),
        proposal.bless,
        roots=trust_named(parameters.root_key).chip_roots,
        moment=moment,
        stage=parameters.stage,
        tcb_min=parse_tcb_floor(parameters.tcb_min) if parameters.tcb_min is not None else None,
        evidence=tuple(contents),
    )


def _without_form(contents: Mapping[str, bytes], decisions: Iterable[Decision]) -> tuple[str, ...]:
    """The files that do not have their form."""
    failed = {made.id for made in decisions if made.outcome is Outcome.FAIL}
    report = (REPORT,) if checks.ATTESTATION_REPORT.id in failed else ()
    chain = (CHAIN,) if CHAIN in contents and not is_chain(contents[CHAIN]) else ()
    return (*report, *chain)


def _not_given() -> AttestationStep:
    return AttestationStep(
        tuple(check.skipped("No attestation report was given.") for check in checks.ATTESTATION_CHECKS)
    )


def _read(place: str, name: str) -> Evidence:
    with located(place, _PARAMETERS[name]) as (source, origin):
        return Evidence.of_bytes(name, read_bytes(source, LIMITS.attestation_bytes), origin)
