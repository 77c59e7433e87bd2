"""Step 4: do blessed and computed measurements agree, and if not, why (checks 25 to 28)?"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import ClassVar

from auditkit import checks
from auditkit.audit import Overlap, compare, decide_overlap
from auditkit.pipeline.steps.base_image import BaseImageStep
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
    sweep_vcpus_max: int,
    more_releases: Collection[KnownRelease],
    progress: Progress,
) -> OverlapStep:
    """Compares every blessed with every computed measurement and decides checks 25 to 28.

    Args:
        sweep_vcpus_max: a blessed measurement that was not computed is looked for under all vCPU counts up to this
            one; 0 looks for nothing.
        more_releases: what is known beside the built-in list.

    Raises:
        EvidenceError: there are more measurements than a report can hold.
    """
    if proposal.bless is None:
        return OverlapStep.unreached(proposal, checks.OVERLAP_CHECKS)
    if not measurements.computed:
        return OverlapStep.unreached(base if base.boot is None else measurements, checks.OVERLAP_CHECKS)
    progress.step("explaining")
    blessed = proposal.bless.base_guest_launch_measurements
    known = {setting.measurement for setting in measurements.computed}
    unknown = {entry.measurement for entry in blessed} - known
    found = _explanations(unknown, base, measurements, sweep_vcpus_max, more_releases)
    rows = compare(blessed, measurements.computed, found)
    return OverlapStep(decisions=decide_overlap(rows, (PROPOSAL, COMPUTED)), rows=rows)


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
