"""What a GuestOS measures to: SEV-SNP launch measurements under a matrix of settings, and their explanation."""

from auditkit.sev.cpu import CPU_SIGNATURES, RELEASE_CPU_TYPES, cpu_signature, cpu_types_with
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

__all__ = [
    "CPU_SIGNATURES",
    "RELEASE_CPU_TYPES",
    "RELEASE_GUEST_FEATURES",
    "RELEASE_VCPUS",
    "Firmware",
    "LaunchMeasurement",
    "MeasuredBoot",
    "MeasurementInputs",
    "cpu_signature",
    "cpu_types_with",
    "measure",
    "measured_boot",
    "parse_firmware",
]
