"""Step 5: do the proposal's and the computed measurements agree, and if not, why (checks 25 to 28, or 60 to 62)?"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from auditkit import checks
from auditkit.audit import Overlap, Subject, compare, decide_blessed, decide_overlap, decide_proposed
from auditkit.decision import Decision
from auditkit.pipeline.steps.base import BaseImageStep
from auditkit.pipeline.steps.election import ElectionStep
from auditkit.pipeline.steps.evidence_names import COMPUTED, PROPOSAL
from auditkit.pipeline.steps.measurements import MeasurementStep
from auditkit.pipeline.steps.proposal import ProposalStep
from auditkit.pipeline.steps.step import Step
from auditkit.progress import Progress
from auditkit.sev import KnownRelease, explain, find_release


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OverlapStep(Step):
    """How blessed and computed measurements compare.

    Attributes:
        rows: one per measurement.
    """

    title: ClassVar[str] = "The overlap"

    rows: tuple[Overlap, ...] = ()


def compare_measurements(
    proposal: ProposalStep,
    base: BaseImageStep,
    measurements: MeasurementStep,
    *,
    election: ElectionStep | None,
    sweep_vcpus_max: int,
    more_releases: Collection[KnownRelease],
    progress: Progress,
) -> OverlapStep:
    """Compares every measurement of the proposal with every computed one.

    Args:
        election: what the NNS elected, in the audit of a recovery: decides checks 25 to 28 and 53. None in the audit
            of an election: decides checks 60 to 62.
        sweep_vcpus_max: a measurement of the proposal that was not computed is looked for under all vCPU counts up to
            this one; 0 looks for nothing.
        more_releases: what is known beside the built-in list.

    Raises:
        EvidenceError: there are more measurements than a report can hold.
    """
    asked = checks.ELECTION_OVERLAP_CHECKS if election is None else checks.OVERLAP_CHECKS
    blessed = proposal.measurements
    if blessed is None:
        return OverlapStep.unreached(proposal, (*asked, *((checks.ELECTION_BLESSED,) if election else ())))
    certified = _certified(election, proposal, measurements) if election is not None else ()
    if not measurements.computed:
        step = OverlapStep.unreached(base if base.boot is None else measurements, asked)
        return replace(step, decisions=(*step.decisions, *certified))
    progress.step("explaining")
    known = {setting.measurement for setting in measurements.computed}
    unknown = {entry.measurement for entry in blessed} - known
    found = _explanations(unknown, base, measurements, sweep_vcpus_max, more_releases)
    subject: Subject = "election" if election is None else "recovery"
    rows = compare(blessed, measurements.computed, found, subject=subject)
    decide = decide_proposed if election is None else decide_overlap
    return OverlapStep(decisions=(*decide(rows, (PROPOSAL, COMPUTED)), *certified), rows=rows)


def _certified(
    election: ElectionStep, proposal: ProposalStep, measurements: MeasurementStep
) -> tuple[Decision, ...]:
    """Check 53."""
    if election.release is None:
        return ElectionStep.unreached(election, (checks.ELECTION_BLESSED,)).decisions
    evidence = (PROPOSAL, *(file.name for file in election.evidence))
    return (
        decide_blessed(
            proposal.measurements or (), election.release, measurements.computed or None, evidence
        ),
    )


def _explanations(
    unknown: set[bytes],
    base: BaseImageStep,
    measurements: MeasurementStep,
    sweep_vcpus_max: int,
    more_releases: Collection[KnownRelease],
) -> Mapping[bytes, str]:
    found: dict[bytes, str] = {}
    if unknown and measurements.boot and base.boot_args and sweep_vcpus_max:
        lines = {name: line.text for name, line in base.boot_args.lines.items()}
        swept = explain(unknown, measurements.boot, lines, vcpus_max=sweep_vcpus_max)
        found = {measurement: _sentence(explanation.text) for measurement, explanation in swept.items()}
    for measurement in unknown - found.keys():
        if release := find_release(measurement, more=more_releases):
            found[measurement] = (
                f"This is a measurement of another release, {release.version} ({release.build})."
            )
    return found


def _sentence(text: str) -> str:
    """``text`` with a capital and a full stop."""
    return f"{text[:1].upper()}{text[1:]}."
