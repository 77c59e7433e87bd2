"""Whether a recovery image starts as the base release does (check 32)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from auditkit import checks
from auditkit.decision import Decision
from auditkit.errors import EvidenceError
from auditkit.guestos import GuestImage, parse_boot_args
from auditkit.ic import BlessAlternativeGuestOsVersion
from auditkit.sev import LaunchMeasurement, measure, measured_boot


def decide_recovery_measurements(
    image: GuestImage,
    base: tuple[LaunchMeasurement, ...],
    bless: BlessAlternativeGuestOsVersion | None,
    evidence: tuple[str, ...],
) -> tuple[Decision, tuple[LaunchMeasurement, ...]]:
    """Whether the image starts as the base does (check 32), and what it measures to."""
    check = checks.RECOVERY_MEASUREMENTS
    try:
        computed = _measure_like(image, base)
    except EvidenceError as error:
        return check.failed(
            str(error), "The recovery image cannot be measured as the base release is.", evidence=evidence
        ), ()
    ours, theirs = Counter(one.measurement for one in base), Counter(one.measurement for one in computed)
    if ours != theirs:
        wrong = [one for one in computed if one.measurement not in ours] or list(computed)
        return check.failed(
            f"{len(wrong)} of {len(computed)} differ, the first for {wrong[0].vcpu_type} on {wrong[0].boot_args}",
            "The recovery image does not start as the base release does, so no node would accept it.",
            evidence=evidence,
        ), computed
    if bless is None:
        return check.warned(
            f"all {len(computed)} equal",
            "They are those of the base release; there is no proposal that could bless them.",
            evidence=evidence,
        ), computed
    blessed = {entry.measurement for entry in bless.base_guest_launch_measurements}
    shared = sum(one.measurement in blessed for one in computed)
    if not shared:
        return check.failed(
            f"all {len(computed)} equal, none blessed",
            "No node that starts this image runs a blessed guest.",
            evidence=evidence,
        ), computed
    return check.passed(
        f"all {len(computed)} equal, {shared} blessed",
        "The recovery image starts as the base release does.",
        evidence=evidence,
    ), computed


def _measure_like(image: GuestImage, base: tuple[LaunchMeasurement, ...]) -> tuple[LaunchMeasurement, ...]:
    """The measurements of the image under the settings of ``base``."""
    boot_args = parse_boot_args(image.boot.boot_args)
    names = tuple(dict.fromkeys(one.boot_args for one in base))
    missing = [name for name in names if name not in boot_args.lines]
    if missing or boot_args.differences:
        raise EvidenceError(
            f"boot_args has no line {missing[0]}" if missing else boot_args.differences[0], where="boot_args"
        )
    lines: Mapping[str, str] = {name: boot_args.lines[name].text for name in names}
    return measure(
        measured_boot(image.boot.firmware, image.boot.kernel, image.boot.initrd),
        lines,
        vcpu_types=tuple(dict.fromkeys(one.vcpu_type for one in base)),
        vcpus=tuple(dict.fromkeys(one.vcpus for one in base)),
        guest_features=base[0].guest_features,
    )
