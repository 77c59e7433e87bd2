"""The VMSA page: the registers a vCPU starts with, as QEMU and KVM set them for a SEV-SNP guest.

Source: AMD64 Architecture Programmer's Manual volume 2, table B-4 (layout); QEMU 10 ``target/i386/cpu.c``
(``x86_cpu_reset_hold``) and Linux KVM ``sev_es_sync_vmsa`` (values). Every vCPU but the first starts alike,
so a guest has two different pages at most.
"""

from __future__ import annotations

from struct import Struct, pack_into
from typing import Final

VMSA_BYTES: Final = 4096
BOOT_EIP: Final = 0xFFFFFFF0
"""Where the first vCPU starts: the reset vector."""

_SEGMENT: Final = Struct("<HHIQ")  # selector, attributes, limit, base

# Offsets of segment registers, with attributes and limit after reset; code segment apart.
_SEGMENTS: Final = (
    (0x000, 0x93, 0xFFFF),  # ES
    (0x020, 0x93, 0xFFFF),  # SS
    (0x030, 0x93, 0xFFFF),  # DS
    (0x040, 0x93, 0xFFFF),  # FS
    (0x050, 0x93, 0xFFFF),  # GS
    (0x060, 0x00, 0xFFFF),  # GDTR
    (0x070, 0x82, 0xFFFF),  # LDTR
    (0x080, 0x00, 0xFFFF),  # IDTR
    (0x090, 0x8B, 0xFFFF),  # TR
)
_CS_OFFSET: Final = 0x010
_CS_SELECTOR: Final = 0xF000
_CS_ATTRIBUTES: Final = 0x9B

_QUADWORDS: Final = (
    (0x0D0, 0x1000),  # EFER: SVME, set by KVM
    (0x148, 0x40),  # CR4: MCE, set by KVM
    (0x158, 0x10),  # CR0: ET
    (0x160, 0x400),  # DR7
    (0x168, 0xFFFF0FF0),  # DR6
    (0x170, 0x2),  # RFLAGS
    (0x268, 0x0007040600070406),  # G_PAT: manual section A.3
    (0x3E8, 0x1),  # XCR0: x87
)
_RIP_OFFSET: Final = 0x178
_RDX_OFFSET: Final = 0x310
_SEV_FEATURES_OFFSET: Final = 0x3B0
_MXCSR_OFFSET: Final = 0x408
_X87_FCW_OFFSET: Final = 0x410


def vmsa_page(*, eip: int, cpu_signature: int, guest_features: int) -> bytes:
    """The VMSA page of one vCPU.

    Args:
        eip: 32-bit address of its first instruction: `BOOT_EIP`, or the firmware's reset address for further
            vCPUs.
        cpu_signature: CPUID signature, which the CPU holds in RDX after reset.
        guest_features: SEV_FEATURES of the guest: 0x1 for SEV-SNP alone.
    """
    page = bytearray(VMSA_BYTES)
    for offset, attributes, limit in _SEGMENTS:
        _SEGMENT.pack_into(page, offset, 0, attributes, limit, 0)
    _SEGMENT.pack_into(page, _CS_OFFSET, _CS_SELECTOR, _CS_ATTRIBUTES, 0xFFFF, eip & 0xFFFF0000)
    for offset, value in _QUADWORDS:
        pack_into("<Q", page, offset, value)
    pack_into("<Q", page, _RIP_OFFSET, eip & 0xFFFF)
    pack_into("<Q", page, _RDX_OFFSET, cpu_signature)
    pack_into("<Q", page, _SEV_FEATURES_OFFSET, guest_features)
    pack_into("<I", page, _MXCSR_OFFSET, 0x1F80)
    pack_into("<H", page, _X87_FCW_OFFSET, 0x37F)
    return bytes(page)
