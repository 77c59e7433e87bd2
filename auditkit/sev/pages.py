"""The pages behind one launch measurement, one by one, for whoever wants to compute it himself.

`measure` never makes this list: it continues chains where they part. Source: as of `auditkit.sev.launch_digest`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha384
from typing import Final

from auditkit.limits import LIMITS, Limits
from auditkit.sev.kernel_hashes import kernel_hashes_page
from auditkit.sev.launch_digest import (
    DIGEST_BYTES,
    PAGE_TYPE_OF_SECTION,
    VMSA_GPA,
    PageType,
    page_information,
)
from auditkit.sev.measurement import LaunchMeasurement, MeasuredBoot, check_vcpus
from auditkit.sev.ovmf import PAGE_BYTES, SectionType
from auditkit.sev.vmsa import BOOT_EIP, vmsa_page


@dataclass(frozen=True, slots=True)
class LaunchPage:
    """One page that the processor measures before a guest starts.

    Attributes:
        what: what it is, in a few words of ours.
        type: number of its type in AMD's specification: 1 normal, 2 VMSA, 3 zero, 5 secrets, 6 CPUID.
        address: its guest physical address.
        content: its 4096 bytes; None for a type whose content is not measured.
    """

    what: str
    type: PageType
    address: int
    content: bytes | None = field(repr=False)

    @property
    def content_digest(self) -> bytes:
        """SHA-384 of the content, 48 bytes; zeros where that is not measured."""
        return bytes(DIGEST_BYTES) if self.content is None else sha384(self.content).digest()

    @property
    def information(self) -> bytes:
        """What is hashed behind the digest so far and `content_digest`, 16 bytes."""
        return page_information(self.type, self.address)

    def extend(self, digest: bytes) -> bytes:
        """The digest with this page, 48 bytes, after ``digest``."""
        return sha384(digest + self.content_digest + self.information).digest()


@dataclass(frozen=True, slots=True)
class LaunchPages:
    """All pages of a launch measurement, in the order in which they are measured.

    Attributes:
        firmware: the image of the firmware, page by page.
        metadata: the pages that the firmware asks for; one names kernel, initial RAM disk and command line.
        vcpus: the registers that each virtual CPU starts with.
        measurement: what they add up to, 48 bytes.
    """

    firmware: tuple[LaunchPage, ...]
    metadata: tuple[LaunchPage, ...]
    vcpus: tuple[LaunchPage, ...]
    measurement: bytes


_NAMES: Final = {
    SectionType.SEC_MEMORY: "memory of zeros",
    SectionType.SVSM_CALLING_AREA: "calling area of an SVSM",
    SectionType.SECRETS: "secrets of the guest",
    SectionType.CPUID: "features of the processor",
    SectionType.KERNEL_HASHES: "hashes of kernel, initrd and command line",
}


def launch_pages(boot: MeasuredBoot, measured: LaunchMeasurement, *, limits: Limits = LIMITS) -> LaunchPages:
    """The pages that ``measured`` was computed from.

    Args:
        boot: the measured files that it was computed from.

    Raises:
        ParameterError: it has more vCPUs than a guest can have.
    """
    check_vcpus(measured.vcpus, limits=limits)
    firmware = boot.firmware
    image = tuple(
        LaunchPage("the firmware", PageType.NORMAL, firmware.gpa + at, firmware.data[at : at + PAGE_BYTES])
        for at in range(0, len(firmware.data), PAGE_BYTES)
    )
    metadata: list[LaunchPage] = []
    for section in firmware.sections:
        name, page_type = _NAMES[section.type], PAGE_TYPE_OF_SECTION[section.type]
        content = None
        if section.type is SectionType.KERNEL_HASHES and measured.kernel_hashes:
            page_type = PageType.NORMAL
            content = kernel_hashes_page(
                kernel_sha256=boot.kernel_sha256,
                initrd_sha256=boot.initrd_sha256,
                kernel_cmdline=measured.kernel_cmdline,
                offset=firmware.hash_table_gpa % PAGE_BYTES,
            )
        metadata += [
            LaunchPage(name, page_type, address, content)
            for address in range(section.gpa, section.end, PAGE_BYTES)
        ]
    first, further = (
        vmsa_page(
            eip=eip,
            cpu_signature=measured.inputs.cpu_signature,
            guest_features=measured.guest_features,
        )
        for eip in (BOOT_EIP, firmware.reset_eip)
    )
    vcpus = tuple(
        LaunchPage(
            "registers of the first vCPU" if number == 0 else "registers of a further vCPU",
            PageType.VMSA,
            VMSA_GPA,
            further if number else first,
        )
        for number in range(measured.vcpus)
    )
    return LaunchPages(image, tuple(metadata), vcpus, measured.measurement)
