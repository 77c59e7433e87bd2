"""Launch measurements of one GuestOS under a whole matrix of settings, from one pass over its files.

Source of the matrix: dfinity/ic ``ic-os/defs.bzl`` (CPU types outside, vCPU counts and command lines inside).
The firmware chain and the hashes of kernel and initrd are computed once, the metadata pages once a command
line, two VMSA pages a CPU type, and all vCPU counts are prefixes of one chain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from threading import Thread
from typing import Final

from auditkit.errors import EvidenceError, ParameterError
from auditkit.limits import LIMITS, Limits
from auditkit.sev.cpu import RELEASE_CPU_TYPES, cpu_signature
from auditkit.sev.kernel_hashes import kernel_hashes_page
from auditkit.sev.launch_digest import firmware_chain, sections_chain, vcpu_chain
from auditkit.sev.ovmf import PAGE_BYTES, Firmware, parse_firmware
from auditkit.sev.vmsa import BOOT_EIP, vmsa_page

RELEASE_VCPUS: Final = (64,)
"""vCPU counts of a production release; development releases are measured with 16 and 64."""
RELEASE_GUEST_FEATURES: Final = 0x1
"""SEV_FEATURES of a GuestOS: SEV-SNP alone."""


@dataclass(frozen=True, slots=True)
class MeasurementInputs:
    """The inputs of a digest that are not settings of the matrix, so that anybody can compute it again.

    Attributes:
        firmware_sha256, kernel_sha256, initrd_sha256: SHA-256 of the measured files, 64 hex digits each.
        cpu_signature: CPUID signature of the CPU type.
        vmm: the VMM whose initial registers were assumed.
    """

    firmware_sha256: str
    kernel_sha256: str
    initrd_sha256: str
    cpu_signature: int
    vmm: str = "QEMU"


@dataclass(frozen=True, slots=True)
class LaunchMeasurement:
    """The launch measurement of one setting, with everything that determines it.

    Attributes:
        measurement: the SEV-SNP launch digest, 48 bytes.
        kernel_cmdline: the command line without its trailing NUL.
        boot_args: name of that line in ``boot_args``, such as ``BOOT_ARGS_TEE_A``.
        vcpu_type: QEMU's CPU model, such as ``EPYC-Genoa``.
        vcpus: number of vCPUs.
        guest_features: SEV_FEATURES of the guest.
        kernel_hashes: whether kernel, initrd and command line are part of the measurement.
        inputs: digests of the measured files, and what else was assumed.
    """

    measurement: bytes
    kernel_cmdline: str
    boot_args: str
    vcpu_type: str
    vcpus: int
    guest_features: int
    kernel_hashes: bool
    inputs: MeasurementInputs


@dataclass(frozen=True, slots=True)
class MeasuredBoot:
    """The measured files of one GuestOS, read and hashed once. Made by `measured_boot`.

    Attributes:
        firmware: the parsed firmware.
        firmware_digest: launch digest after the firmware's pages, 48 bytes.
        firmware_sha256, kernel_sha256, initrd_sha256: SHA-256 of the files, 32 bytes each.
    """

    firmware: Firmware
    firmware_digest: bytes
    firmware_sha256: bytes
    kernel_sha256: bytes
    initrd_sha256: bytes

    def inputs(self, signature: int) -> MeasurementInputs:
        """What a measurement with this CPU signature records of the files."""
        return MeasurementInputs(
            firmware_sha256=self.firmware_sha256.hex(),
            kernel_sha256=self.kernel_sha256.hex(),
            initrd_sha256=self.initrd_sha256.hex(),
            cpu_signature=signature,
        )

    def before_vcpus(self, kernel_cmdline: str | None) -> bytes:
        """The launch digest before the first VMSA page, 48 bytes; for None, of a guest without kernel hashes.

        Raises:
            EvidenceError: the command line cannot be measured.
        """
        page = None
        if kernel_cmdline is not None:
            page = kernel_hashes_page(
                kernel_sha256=self.kernel_sha256,
                initrd_sha256=self.initrd_sha256,
                kernel_cmdline=kernel_cmdline,
                offset=self.firmware.hash_table_gpa % PAGE_BYTES,
            )
        return sections_chain(self.firmware_digest, self.firmware, page)

    def vcpu_digests(self, digest: bytes, signature: int, guest_features: int) -> Iterator[bytes]:
        """The measurements with 1, 2, 3, ... vCPUs that follow on a digest of `before_vcpus`, without end."""
        first, further = (
            vmsa_page(eip=eip, cpu_signature=signature, guest_features=guest_features)
            for eip in (BOOT_EIP, self.firmware.reset_eip)
        )
        return vcpu_chain(digest, first, further)


def measured_boot(firmware: bytes, kernel: bytes, initrd: bytes) -> MeasuredBoot:
    """Parses the firmware and hashes all three files, side by side.

    Args:
        firmware: ``OVMF_SEV.fd``.
        kernel: ``vmlinuz``.
        initrd: ``initrd.img``; empty when the guest has none.

    Raises:
        EvidenceError: the firmware cannot be measured (`parse_firmware` says why), or the kernel is empty.
    """
    parsed = parse_firmware(firmware)
    if not kernel:
        raise EvidenceError("the kernel is an empty file")
    initrd_hash = sha256()
    beside = Thread(target=initrd_hash.update, args=(initrd,))
    beside.start()
    chain = firmware_chain(parsed)
    firmware_hash, kernel_hash = sha256(firmware), sha256(kernel)
    beside.join()
    return MeasuredBoot(
        firmware=parsed,
        firmware_digest=chain,
        firmware_sha256=firmware_hash.digest(),
        kernel_sha256=kernel_hash.digest(),
        initrd_sha256=initrd_hash.digest(),
    )


def measure(
    boot: MeasuredBoot,
    command_lines: Mapping[str, str],
    *,
    vcpu_types: Sequence[str] = RELEASE_CPU_TYPES,
    vcpus: Sequence[int] = RELEASE_VCPUS,
    guest_features: int = RELEASE_GUEST_FEATURES,
    kernel_hashes: bool = True,
    limits: Limits = LIMITS,
) -> tuple[LaunchMeasurement, ...]:
    """All launch measurements of a matrix, in the order of ``launch-measurements.json``.

    Args:
        boot: the measured files.
        command_lines: kernel command lines by their name in ``boot_args``, in the order wanted.
        vcpu_types: CPU types, the outermost of the loops.
        vcpus: vCPU counts, each from 1 to ``LIMITS.vcpus``; the loop between CPU types and command lines.
        guest_features: SEV_FEATURES, a 64-bit number.
        kernel_hashes: whether the VM is started with kernel hashes, as every GuestOS is.

    Raises:
        ParameterError: the matrix is empty, lists a setting twice or one that cannot be.
        EvidenceError: a command line holds a NUL or a line break, which changes a measurement without showing
            in a printed command line, or is not text.
    """
    _check_matrix(command_lines, vcpu_types, vcpus, guest_features, limits)
    for name, line in command_lines.items():
        if "\n" in line or "\r" in line:
            raise EvidenceError(
                "the kernel command line holds a line break", where=name, observed=ascii(line[-40:])
            )
    signatures = {name: cpu_signature(name) for name in vcpu_types}
    before = {
        name: boot.before_vcpus(line if kernel_hashes else None) for name, line in command_lines.items()
    }
    digests = {
        (name, signature): tuple(islice(boot.vcpu_digests(digest, signature, guest_features), max(vcpus)))
        for name, digest in before.items()
        for signature in set(signatures.values())
    }
    return tuple(
        LaunchMeasurement(
            measurement=digests[name, signature][count - 1],
            kernel_cmdline=line,
            boot_args=name,
            vcpu_type=vcpu_type,
            vcpus=count,
            guest_features=guest_features,
            kernel_hashes=kernel_hashes,
            inputs=boot.inputs(signature),
        )
        for vcpu_type, signature in signatures.items()
        for count in vcpus
        for name, line in command_lines.items()
    )


def check_vcpus(count: int, where: str = "vcpus", *, limits: Limits = LIMITS) -> None:
    """Refuses a vCPU count that no guest can have.

    Raises:
        ParameterError: the count is not from 1 to ``LIMITS.vcpus``.
    """
    if isinstance(count, bool) or not 1 <= count <= limits.vcpus:
        raise ParameterError(
            "no guest can have this number of vCPUs",
            where=where,
            expected=f"1 to {limits.vcpus}",
            observed=str(count),
        )


def check_guest_features(features: int) -> None:
    """Refuses SEV_FEATURES that are not a 64-bit number.

    Raises:
        ParameterError: they are not.
    """
    if isinstance(features, bool) or not 0 <= features < 1 << 64:
        raise ParameterError(
            "guest features are not a 64-bit number", where="guest_features", observed=str(features)
        )


def _check_matrix(
    command_lines: Mapping[str, str],
    vcpu_types: Sequence[str],
    vcpus: Sequence[int],
    guest_features: int,
    limits: Limits,
) -> None:
    for where, values in (("boot_args", tuple(command_lines)), ("vcpu_types", vcpu_types), ("vcpus", vcpus)):
        if not values:
            raise ParameterError("there is nothing to measure: the list is empty", where=where)
        if len(set(values)) != len(values):
            raise ParameterError(
                "the list names a value twice", where=where, observed=str(list(values))[:200]
            )
    for count in vcpus:
        check_vcpus(count, limits=limits)
    check_guest_features(guest_features)
    variants = len(command_lines) * len(vcpu_types) * len(vcpus)
    if variants > limits.sweep_variants:
        raise ParameterError(
            "the matrix is too large",
            expected=f"at most {limits.sweep_variants} measurements",
            observed=str(variants),
        )
