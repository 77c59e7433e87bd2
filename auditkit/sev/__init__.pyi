from .cpu import CPU_SIGNATURES, RELEASE_CPU_TYPES, cpu_signature, cpu_types_with
from .explanation import Explanation, explain
from .known_releases import KnownRelease, all_releases, find_release, release_with_root, releases_for
from .launch_measurements import PublishedMeasurement, parse_launch_measurements, render_launch_measurements
from .measurement import (
    RELEASE_GUEST_FEATURES,
    RELEASE_VCPUS,
    LaunchMeasurement,
    MeasuredBoot,
    MeasurementInputs,
    measure,
    measured_boot,
)
from .ovmf import Firmware, parse_firmware
from .pages import LaunchPage, LaunchPages, launch_pages
from .second_opinions import Disagreement, SecondOpinion, second_opinion

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
    "LaunchPage",
    "LaunchPages",
    "MeasuredBoot",
    "MeasurementInputs",
    "PublishedMeasurement",
    "SecondOpinion",
    "all_releases",
    "cpu_signature",
    "cpu_types_with",
    "explain",
    "find_release",
    "launch_pages",
    "measure",
    "measured_boot",
    "parse_firmware",
    "parse_launch_measurements",
    "release_with_root",
    "releases_for",
    "render_launch_measurements",
    "second_opinion",
]
