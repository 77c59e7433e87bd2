"""Step 4: do blessed and computed measurements agree (checks 25 to 28)?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from auditkit import checks
from auditkit.audit import (
    compare,
    decide_overlap,
)
from auditkit.errors import EvidenceError
from auditkit.ic import BlessedMeasurement
from auditkit.pipeline.parameters import Parameters
from auditkit.pipeline.steps import (
    COMPUTED,
    PROPOSAL,
    BaseImageStep,
    MeasurementStep,
    OverlapStep,
    ProposalStep,
    trouble_of,
    unreached,
)
from auditkit.progress import Progress, progress_here
from auditkit.sev import (
    explain,
    find_release,
)
from auditkit.trust import trust_named


def compare_measurements(
    parameters: Parameters,
    proposal: ProposalStep,
    image: BaseImageStep,
    measurements: MeasurementStep,
    progress: Progress | None = None,
) -> OverlapStep:
    """Compares every blessed with every computed measurement and decides checks 25 to 28."""
    if proposal.bless is None:
        return OverlapStep(decisions=unreached(proposal, checks.OVERLAP_CHECKS))
    if not measurements.computed:
        before = image if image.boot is None else measurements
        return OverlapStep(decisions=unreached(before, checks.OVERLAP_CHECKS))
    (progress or progress_here()).step("explaining")
    blessed = proposal.bless.base_guest_launch_measurements
    try:
        return _compared(parameters, blessed, image, measurements)
    except EvidenceError as error:
        return OverlapStep(trouble=(trouble_of(error, parameters),))


def _compared(
    parameters: Parameters,
    blessed: Sequence[BlessedMeasurement],
    image: BaseImageStep,
    measurements: MeasurementStep,
) -> OverlapStep:
    known = {setting.measurement for setting in measurements.computed}
    unknown = {entry.measurement for entry in blessed} - known
    rows = compare(blessed, measurements.computed, _explanations(parameters, unknown, image, measurements))
    return OverlapStep(decisions=decide_overlap(rows, (PROPOSAL, COMPUTED)), rows=rows)


def _explanations(
    parameters: Parameters, unknown: set[bytes], image: BaseImageStep, measurements: MeasurementStep
) -> Mapping[bytes, str]:
    found: dict[bytes, str] = {}
    if unknown and measurements.boot and image.boot_args and parameters.sweep_vcpus_max:
        lines = {name: line.text for name, line in image.boot_args.lines.items()}
        swept = explain(unknown, measurements.boot, lines, vcpus_max=parameters.sweep_vcpus_max)
        found = {measurement: sentence(explanation.text) for measurement, explanation in swept.items()}
    for measurement in unknown - found.keys():
        if release := find_release(measurement, more=trust_named(parameters.root_key).more_releases):
            found[measurement] = (
                f"This is a measurement of another release, {release.version} ({release.build})."
            )
    return found


def sentence(text: str) -> str:
    """``text`` with a capital and a full stop."""
    return f"{text[:1].upper()}{text[1:]}."
