"""What the recovered node says of itself (checks 35 to 42), and whose chips are trusted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from auditkit import checks, practice
from auditkit.audit import Trouble, decide_attestation
from auditkit.decision import Decision
from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.evidence import Evidence, Source, parse_source, read_bytes
from auditkit.ic import parse_root_key
from auditkit.limits import LIMITS
from auditkit.pipeline.parameters import Parameters
from auditkit.pipeline.sources import PRACTICE
from auditkit.pipeline.steps import ProposalStep, told, unreached
from auditkit.practice.attestation import attestation_files, practice_root
from auditkit.progress import Progress, progress_here
from auditkit.sev.attestation import AttestationReport, RootKey, VerifiedChain, amd_roots, parse_tcb_floor

REPORT = "attestation-report"
CHAIN = "attestation-chain"


@dataclass(frozen=True, slots=True)
class AttestationStep:
    """What the attestation report says.

    Attributes:
        report: None when none was given, or it is no report.
        chain: None when its certificates do not lead to a trusted root.
    """

    decisions: tuple[Decision, ...] = ()
    trouble: tuple[Trouble, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    report: AttestationReport | None = None
    chain: VerifiedChain | None = None


def trusted_roots(root_key: bytes) -> tuple[RootKey, ...]:
    """The roots that an attestation may lead to: AMD's, and under the root key of the practice NNS its own.

    Args:
        root_key: the key that the proposal has to be signed under, 133 bytes of DER.
    """
    return amd_roots() if root_key != practice.ROOT_KEY else (*amd_roots(), practice_root())


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
        return AttestationStep(trouble=(told(error),))
    return decide_report(parameters, proposal, tuple(evidence))


def decide_report(
    parameters: Parameters, proposal: ProposalStep, evidence: tuple[Evidence, ...]
) -> AttestationStep:
    """Decides checks 35 to 42 about files that were read, now or before, as of the moment of the proposal's step.

    Args:
        evidence: the report, and its chain unless the report comes with its own.
    """
    if parameters.attestation_report is None:
        return _not_given()
    if proposal.bless is None:
        return AttestationStep(unreached(proposal, checks.ATTESTATION_CHECKS))
    files = {item.name: item for item in evidence}
    if REPORT not in files:
        trouble = Trouble("the attestation report was not kept", REPORT, "run the audit again")
        return AttestationStep(trouble=(trouble,))
    attestation = decide_attestation(
        files[REPORT].read(LIMITS.attestation_bytes),
        files[CHAIN].read(LIMITS.attestation_bytes) if CHAIN in files else None,
        proposal.bless,
        roots=trusted_roots(parse_root_key(parameters.root_key)),
        moment=proposal.moment or datetime.now(UTC),
        stage=parameters.stage,
        tcb_min=parse_tcb_floor(parameters.tcb_min) if parameters.tcb_min is not None else None,
        evidence=tuple(files),
    )
    return AttestationStep(
        attestation.decisions, evidence=evidence, report=attestation.report, chain=attestation.chain
    )


def _not_given() -> AttestationStep:
    return AttestationStep(
        tuple(check.skipped("No attestation report was given.") for check in checks.ATTESTATION_CHECKS)
    )


def _read(place: str, name: str) -> Evidence:
    source = parse_source(place) if not place.startswith(PRACTICE) else _practice_file(place, name)
    return Evidence.of_bytes(name, read_bytes(source, LIMITS.attestation_bytes), place)


def _practice_file(place: str, name: str) -> Source:
    scenario = practice.scenario(place.removeprefix(PRACTICE))
    if scenario.attested is None:
        raise ParameterError("the scenario has no attestation report", where=place)
    report, chain = attestation_files(scenario.attested)
    return Source(path=report if name == REPORT else chain)
