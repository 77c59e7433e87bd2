"""What an unexpected measurement is: the base release under a setting that is not one of the release's.

Everything that can differ without different files is swept: number of vCPUs, CPU signature, guest features,
command line, whether the VM was started with kernel hashes, and a line break behind the command line, which
no printed command line shows. A hit is proof, for nobody can find other inputs with the same digest; no hit
means that the measurement belongs to other files or to a setting that is not swept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

from auditkit.errors import EvidenceError
from auditkit.sev.cpu import CPU_SIGNATURES, RELEASE_CPU_TYPES, cpu_types_with
from auditkit.sev.measurement import (
    RELEASE_GUEST_FEATURES,
    RELEASE_VCPUS,
    LaunchMeasurement,
    MeasuredBoot,
    check_vcpus,
)

SWEPT_GUEST_FEATURES: Final = (RELEASE_GUEST_FEATURES, 0x21)
"""SEV-SNP alone; SEV-SNP with debug-register swap, which some VMM versions switched on unasked."""
SWEPT_SIGNATURES: Final = tuple(
    dict.fromkeys(CPU_SIGNATURES[name] for name in (*RELEASE_CPU_TYPES, *CPU_SIGNATURES))
)


@dataclass(frozen=True, slots=True)
class Explanation:
    """The setting under which the swept release has a measurement.

    Attributes:
        setting: the measurement with its setting; without kernel hashes its command line and name are empty.
        vcpu_types: every CPU type that measures the same, types of a release first.
        line_break: whether a line break stood behind the command line.
        text: the setting in one sentence, without capital and full stop.
    """

    setting: LaunchMeasurement
    vcpu_types: tuple[str, ...]
    line_break: bool
    text: str


def explain(
    wanted: Collection[bytes],
    boot: MeasuredBoot,
    command_lines: Mapping[str, str],
    *,
    vcpus_max: int,
    release: str = "the base release",
) -> dict[bytes, Explanation]:
    """Finds the settings under which this release has the wanted measurements.

    Args:
        wanted: measurements to explain, 48 bytes each.
        boot: the measured files of the release.
        command_lines: every line of its ``boot_args`` by name. Lines that no VM can be started with are left
            out.
        vcpus_max: highest vCPU count to try, from 1 to ``LIMITS.vcpus``.
        release: what the sentences call the release.

    Returns:
        An explanation for each wanted measurement that was found; the rest belongs to other files or
        settings.

    Raises:
        ParameterError: ``vcpus_max`` is out of range.
    """
    check_vcpus(vcpus_max, "sweep_vcpus_max")
    missing = set(wanted)
    found: dict[bytes, Explanation] = {}
    for start in _starts(boot, command_lines):
        for features in SWEPT_GUEST_FEATURES:
            for signature in SWEPT_SIGNATURES:
                if not missing:
                    return found
                chain = boot.vcpu_digests(start.digest, signature, features)
                for vcpus, digest in enumerate(islice(chain, vcpus_max), 1):
                    if digest in missing:
                        missing.remove(digest)
                        setting = LaunchMeasurement(
                            measurement=digest,
                            kernel_cmdline=start.kernel_cmdline,
                            boot_args=start.boot_args,
                            vcpu_type=cpu_types_with(signature)[0],
                            vcpus=vcpus,
                            guest_features=features,
                            kernel_hashes=bool(start.boot_args),
                            inputs=boot.inputs(signature),
                        )
                        found[digest] = _explanation(setting, start.line_break, release)
    return found


@dataclass(frozen=True, slots=True)
class _Start:
    """A guest before its vCPUs: ``boot_args`` is empty for one without kernel hashes."""

    digest: bytes
    boot_args: str
    kernel_cmdline: str
    line_break: bool = False


def _starts(boot: MeasuredBoot, command_lines: Mapping[str, str]) -> Iterator[_Start]:
    """Every way to start the files, those of a release first."""
    startable: dict[str, str] = {}
    for name, line in sorted(command_lines.items(), key=lambda item: "_TEE" not in item[0]):
        try:
            yield _Start(boot.before_vcpus(line), name, line)
        except EvidenceError:
            continue
        startable[name] = line
    yield _Start(boot.before_vcpus(None), "", "")
    for name, line in startable.items():
        yield _Start(boot.before_vcpus(line + "\n"), name, line + "\n", line_break=True)


def _explanation(setting: LaunchMeasurement, line_break: bool, release: str) -> Explanation:
    types = cpu_types_with(setting.inputs.cpu_signature)
    return Explanation(setting, types, line_break, _sentence(setting, types, line_break, release))


def _sentence(setting: LaunchMeasurement, types: tuple[str, ...], line_break: bool, release: str) -> str:
    vcpus = "1 vCPU" if setting.vcpus == 1 else f"{setting.vcpus} vCPUs"
    cpu = f"of type {types[0]}"
    if types[0] not in RELEASE_CPU_TYPES:
        cpu += f", a CPU type that no release is measured for (signature {setting.inputs.cpu_signature:#x}),"
    if setting.guest_features != RELEASE_GUEST_FEATURES:
        cpu += f" and guest features {setting.guest_features:#x} instead of {RELEASE_GUEST_FEATURES:#x}"
    if not setting.kernel_hashes:
        return (
            f"this is the firmware of {release} started with {vcpus} {cpu} without kernel hashes, so that it "
            "vouches for no kernel, initrd or command line at all"
        )
    text = f"this is {release} started with {vcpus} {cpu} on line {setting.boot_args}"
    if line_break:
        text += " with a line break after the command line"
    if setting.vcpus not in RELEASE_VCPUS:
        text += (
            f"; releases are measured with {RELEASE_VCPUS[0]} vCPUs, and a host that is split into several virtual "
            "machines gives each another number"
        )
    return text
