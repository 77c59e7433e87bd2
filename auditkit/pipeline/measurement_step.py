"""Step 3: what does the base release measure to (checks 23 and 24)?"""

from __future__ import annotations

from auditkit import checks
from auditkit.audit import (
    contradiction,
    decide_published,
    decide_second_opinion,
)
from auditkit.errors import EvidenceError
from auditkit.evidence import Evidence
from auditkit.guestos import BootArgs
from auditkit.pipeline.parameters import Parameters
from auditkit.pipeline.steps import (
    BOOT_ARGS,
    COMPUTED,
    FIRMWARE,
    INITRD,
    KERNEL,
    PUBLISHED,
    BaseImageStep,
    MeasurementStep,
    trouble_of,
    unreached,
)
from auditkit.progress import Progress, progress_here
from auditkit.sev import (
    measure,
    measured_boot,
    render_launch_measurements,
    second_opinion,
)
from auditkit.trust import trust_named


def measure_base(
    parameters: Parameters, image: BaseImageStep, progress: Progress | None = None
) -> MeasurementStep:
    """Computes the launch measurements of the release matrix and decides checks 23 and 24.

    Raises:
        ParameterError: the matrix makes no sense.
    """
    if image.boot is None or image.boot_args is None:
        return MeasurementStep(decisions=unreached(image, checks.MEASUREMENT_CHECKS))
    (progress or progress_here()).step("measuring")
    boot = image.boot
    try:
        lines = _command_lines(parameters, image.boot_args)
        measured = measured_boot(boot.firmware, boot.kernel, boot.initrd)
        computed = measure(
            measured,
            lines,
            vcpu_types=parameters.vcpu_types,
            vcpus=parameters.vcpus,
            guest_features=parameters.guest_features,
        )
    except EvidenceError as error:
        return MeasurementStep(trouble=(trouble_of(error, parameters),))
    opinion = second_opinion(computed, boot.firmware, boot.kernel, boot.initrd)
    files = (FIRMWARE, KERNEL, INITRD, BOOT_ARGS)
    listing = (PUBLISHED,) if image.published is not None else ()
    against = contradiction(
        image.version or "",
        {setting.measurement for setting in computed},
        more=trust_named(parameters.root_key).more_releases,
    )
    return MeasurementStep(
        decisions=(
            decide_second_opinion(opinion, files),
            decide_published(
                image.published,
                computed,
                image.published_missing,
                (COMPUTED, *listing),
                contradiction=against,
            ),
        ),
        evidence=(Evidence.of_bytes(COMPUTED, render_launch_measurements(computed), "computed by auditkit"),),
        computed=computed,
        boot=measured,
        command_lines=tuple(lines.items()),
    )


def _command_lines(parameters: Parameters, boot_args: BootArgs) -> dict[str, str]:
    missing = [name for name in parameters.boot_args if name not in boot_args.lines]
    if missing:
        raise EvidenceError(
            f"the base release has no command line {missing[0]}",
            where="boot_args",
            hint=f"it has {', '.join(boot_args.lines) or 'none'}; name those that were measured in boot_args",
        )
    return {name: boot_args.lines[name].text for name in parameters.boot_args}
