"""The SEV-SNP launch digest: a SHA-384 chain over the pages a guest is started with.

Source: AMD SEV-SNP Firmware ABI Specification 56860, section 8.17 (``SNP_LAUNCH_UPDATE``): for each page the
digest becomes SHA-384 of ``PAGE_INFO``, 112 bytes: digest so far, SHA-384 of the page (zeros for types
without content), length, page type, flags, guest physical address. Page contents only enter through their own
hash, so a chain can be cut anywhere and continued in several ways; that is what makes a whole matrix as cheap
as one measurement.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from hashlib import sha384
from struct import Struct
from typing import Final

from auditkit.sev.ovmf import PAGE_BYTES, Firmware, SectionType

DIGEST_BYTES: Final = 48
START: Final = bytes(DIGEST_BYTES)
_NO_CONTENT: Final = bytes(DIGEST_BYTES)
VMSA_GPA: Final = 0xFFFFFFFFF000  # the RMP keeps VMSA pages under -1, cut to a page and 48 bits

_PAGE_INFO_BYTES: Final = 0x70
_PAGE_INFO_TAIL: Final = Struct(
    "<HBBIQ"
)  # length, page type, IMI flag, three VMPL permissions and a reserved byte, GPA


class PageType(IntEnum):
    """Types of pages (specification 56860, table 67 and page types of ``SNP_LAUNCH_UPDATE``)."""

    NORMAL = 1
    VMSA = 2
    ZERO = 3
    SECRETS = 5
    CPUID = 6


PAGE_TYPE_OF_SECTION: Final = {
    SectionType.SEC_MEMORY: PageType.ZERO,
    SectionType.SVSM_CALLING_AREA: PageType.ZERO,
    SectionType.SECRETS: PageType.SECRETS,
    SectionType.CPUID: PageType.CPUID,
    SectionType.KERNEL_HASHES: PageType.ZERO,
}


def page_information(page_type: PageType, gpa: int) -> bytes:
    """The end of ``PAGE_INFO``, 16 bytes: what is measured of a page besides its content."""
    return _PAGE_INFO_TAIL.pack(_PAGE_INFO_BYTES, page_type, 0, 0, gpa)


def _extend(digest: bytes, page_type: PageType, page_digest: bytes, gpa: int) -> bytes:
    return sha384(digest + page_digest + page_information(page_type, gpa)).digest()


def firmware_chain(firmware: Firmware) -> bytes:
    """The digest after the firmware's own pages, 48 bytes: the start of every chain with this firmware."""
    digest, gpa = START, firmware.gpa
    view = memoryview(firmware.data)
    for offset in range(0, len(view), PAGE_BYTES):
        page_digest = sha384(view[offset : offset + PAGE_BYTES]).digest()
        digest = _extend(digest, PageType.NORMAL, page_digest, gpa + offset)
    return digest


def sections_chain(digest: bytes, firmware: Firmware, kernel_hashes: bytes | None) -> bytes:
    """Continues ``digest`` over the firmware's SEV metadata sections.

    Args:
        digest: what `firmware_chain` gave for ``firmware``.
        firmware: the parsed firmware.
        kernel_hashes: the page of kernel hashes, 4096 bytes; None when the guest starts without kernel
            hashes, where the VMM adds a page of zeros.
    """
    for section in firmware.sections:
        if section.type is SectionType.KERNEL_HASHES and kernel_hashes is not None:
            digest = _extend(digest, PageType.NORMAL, sha384(kernel_hashes).digest(), section.gpa)
            continue
        page_type = PAGE_TYPE_OF_SECTION[section.type]
        for gpa in range(section.gpa, section.end, PAGE_BYTES):
            digest = _extend(digest, page_type, _NO_CONTENT, gpa)
    return digest


def vcpu_chain(digest: bytes, first_vmsa: bytes, further_vmsa: bytes) -> Iterator[bytes]:
    """The finished digests of guests with 1, 2, 3, ... vCPUs, each 48 bytes, without end.

    Args:
        digest: what `sections_chain` gave.
        first_vmsa: VMSA page of the first vCPU, 4096 bytes.
        further_vmsa: VMSA page of every further vCPU, 4096 bytes.
    """
    page_digest, further = sha384(first_vmsa).digest(), sha384(further_vmsa).digest()
    while True:
        digest = _extend(digest, PageType.VMSA, page_digest, VMSA_GPA)
        yield digest
        page_digest = further
