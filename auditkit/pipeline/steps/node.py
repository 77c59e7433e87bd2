"""Step 6: what does the recovered node say of itself (checks 35 to 42)?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import ClassVar, Literal

from auditkit import audit, checks
from auditkit.audit import Trouble
from auditkit.decision import Decision, Outcome
from auditkit.evidence import Evidence
from auditkit.limits import LIMITS
from auditkit.pipeline.records import ATTESTATION_FORMS, STAND_IN, Unkept, form_refusal, is_chain, reworded
from auditkit.pipeline.steps.evidence_names import CHAIN, REPORT
from auditkit.pipeline.steps.proposal import ProposalStep
from auditkit.pipeline.steps.step import Step
from auditkit.sev import attestation


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NodeStep(Step):
    """What the attestation report of a recovered node says.

    Attributes:
        report: None when none was given, or it is no report.
        chain: None when its certificates do not lead to a trusted root.
    """

    title: ClassVar[str] = "The recovered node"

    report: attestation.AttestationReport | None = None
    chain: attestation.VerifiedChain | None = None


NO_REPORT = NodeStep(
    decisions=tuple(check.skipped("No attestation report was given.") for check in checks.ATTESTATION_CHECKS)
)


def decide_node(
    evidence: Sequence[Evidence],
    proposal: ProposalStep,
    *,
    stage: Literal["vote", "recover"],
    roots: tuple[attestation.RootKey, ...],
    tcb_min: attestation.TcbFloor | None,
    unkept: tuple[Unkept, ...] | None = None,
) -> NodeStep:
    """Decides checks 35 to 42 about files that were read, now or before, as of the moment of the proposal's step.

    Args:
        evidence: the report, and its chain unless the report comes with its own.
        roots: where the chain may lead.
        tcb_min: the lowest firmware versions to accept.
        unkept: of a replay: files that were not kept, in whose place `STAND_IN` stands. None finds out which of
            ``evidence`` do not have their form.
    """
    bless = proposal.bless
    if bless is None:
        return NodeStep.unreached(proposal, checks.ATTESTATION_CHECKS)
    given = {item.name: item for item in (*evidence, *(file.evidence for file in unkept or ()))}
    files: dict[str, Evidence] = {name: given[name] for name in (REPORT, CHAIN) if name in given}
    if REPORT not in files:
        return NodeStep(
            trouble=(Trouble("the attestation report was not kept", REPORT, "run the audit again"),)
        )
    contents = {
        name: STAND_IN if item.content is None else item.read(LIMITS.attestation_bytes)
        for name, item in files.items()
    }
    decide = partial(
        audit.decide_attestation,
        roots=roots,
        moment=proposal.moment or datetime.now(UTC),
        stage=stage,
        tcb_min=tcb_min,
        evidence=tuple(contents),
    )
    found = decide(contents[REPORT], contents.get(CHAIN), bless)
    if unkept is None:
        lacking = _without_form(contents.get(CHAIN), found.decisions)
        unkept = tuple(
            Unkept(
                replace(files[name], content=None),
                form_refusal(found.decisions, ATTESTATION_FORMS[name]),
            )
            for name in lacking
        )
        files |= {file.evidence.name: file.evidence for file in unkept}
        contents |= dict.fromkeys(lacking, STAND_IN)
        found = decide(contents[REPORT], contents.get(CHAIN), bless)
    return NodeStep(
        decisions=reworded(found.decisions, ATTESTATION_FORMS, unkept),
        evidence=tuple(files.values()),
        unkept=unkept,
        report=found.report,
        chain=found.chain,
    )


def _without_form(chain: bytes | None, decisions: Iterable[Decision]) -> tuple[str, ...]:
    """The files that do not have their form."""
    failed = {made.id for made in decisions if made.outcome is Outcome.FAIL}
    return (
        *((REPORT,) if checks.ATTESTATION_REPORT.id in failed else ()),
        *((CHAIN,) if chain is not None and not is_chain(chain) else ()),
    )
