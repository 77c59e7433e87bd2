"""The SEV firmware (``OVMF_SEV.fd``): what it tells the VMM to measure, and where.

Source: edk2 ``OvmfPkg/ResetVector/Ia16/ResetVectorVtf0.asm`` (table of GUIDs before the last 32 bytes) and
``X64/OvmfSevMetadata.asm`` (SEV metadata); QEMU 10 ``hw/i386/pc_sysfw_ovmf.c`` and ``target/i386/sev.c`` for
how the VMM reads both. Where readers of this format differ (a GUID listed twice, an entry longer than the
table, sections that overlap), the firmware is refused: nobody can say what such a firmware measures to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from struct import Struct, unpack_from
from typing import Final
from uuid import UUID

from auditkit.errors import EvidenceError
from auditkit.limits import LIMITS, Limits
from auditkit.sev.kernel_hashes import TABLE_BYTES

PAGE_BYTES: Final = 4096
FOUR_GIB: Final = 1 << 32

_TABLE_FOOTER: Final = UUID("96b582de-1fb2-45f7-baea-a366c55a082d")
_SEV_METADATA: Final = UUID("dc886566-984a-4798-a75e-5585a7bf67cc")
_SEV_HASH_TABLE: Final = UUID("7255371f-3a3b-4b04-927b-1da6efa8d454")
_SEV_ES_RESET_BLOCK: Final = UUID("00f771de-1a7e-4fcb-890e-68c77e2fb44e")

_BYTES_AFTER_TABLE: Final = 32
_ENTRY: Final = Struct("<H16s")  # length of data and this trailer; GUID. The data stands before it.
_METADATA_HEADER: Final = Struct("<4sIII")  # signature, length, version, number of sections
_SECTION: Final = Struct("<III")  # guest physical address, length, type


class SectionType(IntEnum):
    """What the VMM does with a section of the SEV metadata (QEMU 10, ``ovmf_sev_metadata_desc_type``)."""

    SEC_MEMORY = 1
    SECRETS = 2
    CPUID = 3
    SVSM_CALLING_AREA = 4
    KERNEL_HASHES = 0x10

    @property
    def single_page(self) -> bool:
        """Whether a firmware has at most one such section, of one page."""
        return self in (SectionType.SECRETS, SectionType.CPUID, SectionType.KERNEL_HASHES)


@dataclass(frozen=True, slots=True)
class MetadataSection:
    """One section of guest memory: ``size`` bytes (whole pages) at guest physical address ``gpa``."""

    gpa: int
    size: int
    type: SectionType

    @property
    def end(self) -> int:
        """The guest physical address behind the section."""
        return self.gpa + self.size


@dataclass(frozen=True, slots=True)
class Firmware:
    """A firmware image that can be measured.

    Attributes:
        data: the whole image, a multiple of 4096 bytes, mapped so that it ends at 4 GiB.
        sections: the SEV metadata, in the order in which the VMM adds them.
        reset_eip: where the vCPUs after the first one start.
        hash_table_gpa: guest physical address of the table of kernel hashes, inside the kernel-hashes
            section.
    """

    data: bytes = field(repr=False)
    sections: tuple[MetadataSection, ...]
    reset_eip: int
    hash_table_gpa: int

    @property
    def gpa(self) -> int:
        """The guest physical address of the first byte of the image."""
        return FOUR_GIB - len(self.data)


def parse_firmware(data: bytes, *, limits: Limits = LIMITS) -> Firmware:
    """Reads what a firmware image has measured.

    Args:
        data: the whole image (``OVMF_SEV.fd``).

    Raises:
        EvidenceError: the image is not a whole number of pages or over the limit; its table or metadata is
            missing, damaged or ambiguous; it has a section of unknown type, none for kernel hashes, or a
            table of kernel hashes outside that section; or it does not say where further vCPUs start.
    """
    if not data or len(data) % PAGE_BYTES:
        raise _bad(
            "its size is not a whole number of pages", "a multiple of 4096 bytes", f"{len(data)} bytes"
        )
    if len(data) > limits.firmware_bytes:
        raise _bad("it is too large", f"at most {limits.firmware_bytes} bytes", f"{len(data)} bytes")
    table = _footer_table(data)
    sections = _metadata(data, _entry(table, _SEV_METADATA, "SEV metadata", 4), limits)
    (reset_eip,) = unpack_from("<I", _entry(table, _SEV_ES_RESET_BLOCK, "SEV-ES reset block", 4))
    if reset_eip == 0:
        raise _bad("its SEV-ES reset block names no address")
    base, size = unpack_from("<II", _entry(table, _SEV_HASH_TABLE, "table of kernel hashes", 8))
    _check_hash_table(base, size, sections)
    return Firmware(data=data, sections=sections, reset_eip=reset_eip, hash_table_gpa=base)


def _footer_table(data: bytes) -> dict[bytes, bytes]:
    footer = len(data) - _BYTES_AFTER_TABLE - _ENTRY.size
    total, guid = _ENTRY.unpack_from(data, footer)
    if guid != _TABLE_FOOTER.bytes_le:
        raise _bad("it has no table of GUIDs before its last 32 bytes")
    start = footer - (total - _ENTRY.size)
    if total < _ENTRY.size or start < 0:
        raise _bad("its table of GUIDs has an impossible length", observed=f"{total} bytes")
    return dict(_entries(data, start, footer))


def _entries(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    seen: set[bytes] = set()
    while end > start:
        if end - start < _ENTRY.size:
            raise _bad("its table of GUIDs ends in the middle of an entry")
        length, guid = _ENTRY.unpack_from(data, end - _ENTRY.size)
        if not _ENTRY.size <= length <= end - start:
            raise _bad("an entry in its table of GUIDs has an impossible length", observed=f"{length} bytes")
        if guid in seen:
            raise _bad("its table of GUIDs lists one GUID twice", observed=str(UUID(bytes_le=guid)))
        seen.add(guid)
        yield guid, data[end - length : end - _ENTRY.size]
        end -= length


def _entry(table: dict[bytes, bytes], guid: UUID, name: str, size: int) -> bytes:
    entry = table.get(guid.bytes_le)
    if entry is None:
        raise _bad(
            f"it has no {name}",
            hint="SEV-SNP guests with measured kernels need a firmware built as AmdSevX64",
        )
    if len(entry) != size:
        raise _bad(f"the entry for its {name} has the wrong size", f"{size} bytes", f"{len(entry)} bytes")
    return entry


def _metadata(data: bytes, entry: bytes, limits: Limits) -> tuple[MetadataSection, ...]:
    (from_end,) = unpack_from("<I", entry)
    start = len(data) - from_end
    if start < 0 or from_end < _METADATA_HEADER.size:
        raise _bad("its SEV metadata would lie outside the image")
    signature, length, version, count = _METADATA_HEADER.unpack_from(data, start)
    if signature != b"ASEV":
        raise _bad("its SEV metadata has the wrong signature", "ASEV", signature.hex())
    if version != 1:
        raise _bad("its SEV metadata has an unknown version", "1", str(version))
    if length != _METADATA_HEADER.size + count * _SECTION.size or length > from_end:
        raise _bad("the length of its SEV metadata does not fit the number of sections")
    first = start + _METADATA_HEADER.size
    sections = tuple(
        _section(*_SECTION.unpack_from(data, offset))
        for offset in range(first, first + count * _SECTION.size, _SECTION.size)
    )
    _check_layout(sections, FOUR_GIB - len(data), limits)
    return sections


def _section(gpa: int, size: int, number: int) -> MetadataSection:
    try:
        kind = SectionType(number)
    except ValueError:
        raise _bad("its SEV metadata has a section of unknown type", observed=f"type {number:#x}") from None
    if gpa % PAGE_BYTES or size % PAGE_BYTES or size == 0:
        raise _bad(
            "a section of its SEV metadata is not made of whole pages", observed=f"{size:#x} at {gpa:#x}"
        )
    if kind.single_page and size != PAGE_BYTES:
        raise _bad(f"its {kind.name} section is not one page", "4096 bytes", f"{size} bytes")
    return MetadataSection(gpa=gpa, size=size, type=kind)


def _check_layout(sections: tuple[MetadataSection, ...], firmware_gpa: int, limits: Limits) -> None:
    singles = [section.type for section in sections if section.type.single_page]
    if len(singles) != len(set(singles)):
        raise _bad("its SEV metadata has two sections of a kind that may come once")
    if sum(section.size for section in sections) > limits.firmware_section_bytes:
        raise _bad(
            "its SEV metadata covers too much memory", f"at most {limits.firmware_section_bytes} bytes"
        )
    end = 0
    for section in sorted(sections, key=lambda section: section.gpa):
        if section.gpa < end:
            raise _bad("sections of its SEV metadata overlap", observed=f"at {section.gpa:#x}")
        end = section.end
    if end > firmware_gpa:
        raise _bad("a section of its SEV metadata reaches into the firmware itself")


def _check_hash_table(base: int, size: int, sections: tuple[MetadataSection, ...]) -> None:
    homes = [section for section in sections if section.type is SectionType.KERNEL_HASHES]
    if not homes:
        raise _bad(
            "its SEV metadata has no section for kernel hashes: it would start any kernel, measured or not"
        )
    home = homes[0]
    if not home.gpa <= base <= base + size <= home.end:
        raise _bad(
            "its table of kernel hashes lies outside the section for kernel hashes",
            f"inside {home.gpa:#x}-{home.end:#x}",
            f"{base:#x}-{base + size:#x}",
        )
    if size < TABLE_BYTES:
        raise _bad(
            "its table of kernel hashes is too small", f"at least {TABLE_BYTES} bytes", f"{size} bytes"
        )


def _bad(what: str, expected: str = "", observed: str = "", *, hint: str = "") -> EvidenceError:
    return EvidenceError(
        f"the firmware cannot be measured: {what}", expected=expected, observed=observed, hint=hint
    )
