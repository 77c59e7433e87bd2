"""Step 4: what does the release measure to (checks 23 and 24, and of a recovery 52)?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

from auditkit import checks
from auditkit.audit import (
    Matrix,
    contradiction,
    decide_certified_measurements,
    decide_published,
    decide_second_opinion,
)
from auditkit.decision import Decision
from auditkit.errors import EvidenceError
from auditkit.evidence import Evidence
from auditkit.guestos import BootArgs
from auditkit.pipeline.steps.base import BaseImageStep
from auditkit.pipeline.steps.election import ElectionStep
from auditkit.pipeline.steps.evidence_names import BOOT_ARGS, COMPUTED, FIRMWARE, INITRD, KERNEL, PUBLISHED
from auditkit.pipeline.steps.step import Step
from auditkit.progress import Progress
from auditkit.sev import (
    KnownRelease,
    LaunchMeasurement,
    MeasuredBoot,
    measure,
    measured_boot,
    render_launch_measurements,
    second_opinion,
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MeasurementStep(Step):
    """What the base release measures to.

    Attributes:
        computed: one measurement per setting of the matrix.
        boot: what they were computed from, for further settings.
        command_lines: name and text of each measured line of ``boot_args``.
    """

    title: ClassVar[str] = "The measurements"

    computed: tuple[LaunchMeasurement, ...] = ()
    boot: MeasuredBoot | None = None
    command_lines: tuple[tuple[str, str], ...] = ()


def measure_base(
    base: BaseImageStep,
    matrix: Matrix,
    more_releases: Collection[KnownRelease],
    progress: Progress,
    *,
    election: ElectionStep | None,
) -> MeasurementStep:
    """Computes the launch measurements of a release in every setting of a matrix and decides checks 23 and 24.

    Args:
        election: what the NNS elected, to decide check 52; None when the release is what an election is about.
        more_releases: what is known beside the built-in list.

    Raises:
        ParameterError: the matrix makes no sense.
        EvidenceError: the release has no such command line, or cannot be measured.
    """
    if base.boot is None or base.boot_args is None:
        asked = (*checks.MEASUREMENT_CHECKS, *((checks.ELECTION_MEASUREMENTS,) if election else ()))
        return MeasurementStep.unreached(base, asked)
    progress.step("measuring")
    boot = base.boot
    lines = _command_lines(matrix.boot_args, base.boot_args)
    measured = measured_boot(boot.firmware, boot.kernel, boot.initrd)
    computed = measure(
        measured,
        lines,
        vcpu_types=matrix.vcpu_types,
        vcpus=matrix.vcpus,
        guest_features=matrix.guest_features,
    )
    opinion = second_opinion(computed, boot.firmware, boot.kernel, boot.initrd)
    listing = (PUBLISHED,) if base.published is not None else ()
    measurements = {setting.measurement for setting in computed}
    return MeasurementStep(
        decisions=(
            decide_second_opinion(opinion, (FIRMWARE, KERNEL, INITRD, BOOT_ARGS)),
            decide_published(
                base.published,
                computed,
                base.published_missing,
                (COMPUTED, *listing),
                contradiction=contradiction(base.version or "", measurements, more=more_releases),
            ),
            *(_certified(election, computed, matrix) if election is not None else ()),
        ),
        evidence=(Evidence.of_bytes(COMPUTED, render_launch_measurements(computed), "computed by auditkit"),),
        computed=computed,
        boot=measured,
        command_lines=tuple(lines.items()),
    )


def _certified(
    election: ElectionStep, computed: Sequence[LaunchMeasurement], matrix: Matrix
) -> tuple[Decision, ...]:
    """Check 52."""
    if election.release is None:
        return ElectionStep.unreached(election, (checks.ELECTION_MEASUREMENTS,)).decisions
    evidence = (COMPUTED, *(file.name for file in election.evidence))
    return (
        decide_certified_measurements(
            computed, election.release, evidence, release_matrix=not matrix.changes
        ),
    )


def _command_lines(names: Collection[str], boot_args: BootArgs) -> dict[str, str]:
    missing = [name for name in names if name not in boot_args.lines]
    if missing:
        raise EvidenceError(
            f"the base release has no command line {missing[0]}",
            where="boot_args",
            hint=f"it has {', '.join(boot_args.lines) or 'none'}; name those that were measured in boot_args",
        )
    return {name: boot_args.lines[name].text for name in names}
