"""What a GuestOS measures to, under a matrix of settings, and what an unexpected measurement is.

>>> from pathlib import Path
>>> from auditkit.sev import find_release, measure, measured_boot, parse_launch_measurements
>>> evidence = Path("reports/sample/evidence")
>>> files = [(evidence / name).read_bytes() for name in ("OVMF_SEV.fd", "vmlinuz", "initrd.img")]
>>> listed = parse_launch_measurements((evidence / "launch-measurements.json").read_bytes())
>>> line = listed[0].kernel_cmdline
>>> computed = measure(measured_boot(*files), {"BOOT_ARGS_TEE_A": line}, vcpu_types=["EPYC-v4"])
>>> computed[0].measurement == listed[0].measurement
True
>>> find_release(computed[0].measurement) is None
True
"""

from auditkit.sev.cpu import CPU_SIGNATURES, RELEASE_CPU_TYPES, cpu_signature, cpu_types_with
from auditkit.sev.explanation import Explanation, explain
from auditkit.sev.known_releases import (
    KnownRelease,
    all_releases,
    find_release,
    release_with_root,
    releases_for,
)
from auditkit.sev.launch_measurements import (
    PublishedMeasurement,
    parse_launch_measurements,
    render_launch_measurements,
)
from auditkit.sev.launch_pages import LaunchPage, LaunchPages, launch_pages
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
