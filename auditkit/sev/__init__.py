"""What a GuestOS measures to, under a matrix of settings, and what an unexpected measurement is."""

from auditkit.sev.cpu import CPU_SIGNATURES, RELEASE_CPU_TYPES, cpu_signature, cpu_types_with
from auditkit.sev.explanation import Explanation, explain
from auditkit.sev.known_releases import KnownRelease, all_releases, find_release, releases_for
from auditkit.sev.launch_measurements import (
    PublishedMeasurement,
    parse_launch_measurements,
    render_launch_measurements,
)
from auditkit.sev.measurement import (
    RELEASE_GUEST_FEATURES,
    RELEASE_VCPUS,
    LaunchMeasurement,
    MeasuredBoot,
    MeasurementInputs,
    measure,
    measured_boot,
)
from auditkit.sev.ovmf import Firmware, parse_firmware
from auditkit.sev.second_opinion import Disagreement, SecondOpinion, second_opinion

__all__ = [
    "CPU_SIGNATURES",
    "RELEASE_CPU_TYPES",
    "RELEASE_GUEST_FEATURES",
    "RELEASE_VCPUS",
    "Disagreement",
    "Explanation",
    "Firmware",
    "KnownRelease",
    "LaunchMeasurement",
    "MeasuredBoot",
    "MeasurementInputs",
    "PublishedMeasurement",
    "SecondOpinion",
    "all_releases",
    "cpu_signature",
    "cpu_types_with",
    "explain",
    "find_release",
    "measure",
    "measured_boot",
    "parse_firmware",
    "parse_launch_measurements",
    "releases_for",
    "render_launch_measurements",
    "second_opinion",
]
