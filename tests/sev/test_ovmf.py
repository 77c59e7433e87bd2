"""Firmware that cannot be measured is refused, each with its reason."""

from __future__ import annotations

from struct import pack
from uuid import UUID

import pytest

from auditkit.errors import EvidenceError
from auditkit.sev.ovmf import SectionType, parse_firmware

METADATA = UUID("dc886566-984a-4798-a75e-5585a7bf67cc")
HASH_TABLE = UUID("7255371f-3a3b-4b04-927b-1da6efa8d454")
RESET_BLOCK = UUID("00f771de-1a7e-4fcb-890e-68c77e2fb44e")
UNKNOWN = UUID("e47a6535-984a-4798-865e-4685a7bf8ec2")
GOOD = ((0x800000, 0x9000, 1), (0x810000, 0x1000, 0x10))


def entry(guid: UUID, data: bytes, length: int | None = None) -> bytes:
    return data + pack("<H", len(data) + 18 if length is None else length) + guid.bytes_le


def test_a_good_firmware_is_read(build_firmware):
    firmware = parse_firmware(build_firmware())
    assert firmware.gpa == 0x1_0000_0000 - 0x3000
    assert firmware.reset_eip == 0x80B004
    assert firmware.hash_table_gpa == 0x810C00
    assert [section.type for section in firmware.sections] == [
        SectionType.SEC_MEMORY,
        SectionType.SECRETS,
        SectionType.CPUID,
        SectionType.SVSM_CALLING_AREA,
        SectionType.KERNEL_HASHES,
    ]


def test_the_tail_of_a_real_amdsev_build_is_read(vectors):
    firmware = parse_firmware((vectors / "ovmf" / "ovmf_AmdSev_suffix.bin").read_bytes())
    assert [(section.gpa, section.size // 4096, int(section.type)) for section in firmware.sections] == [
        (0x800000, 9, 1),
        (0x80A000, 3, 1),
        (0x80D000, 1, 2),
        (0x80E000, 1, 3),
        (0x80F000, 1, 4),
        (0x810000, 1, 16),
        (0x811000, 15, 1),
    ]
    assert firmware.reset_eip == 0x80B004


def test_unknown_entries_of_the_table_do_not_matter(build_firmware):
    extra = entry(UNKNOWN, bytes(4))
    assert parse_firmware(build_firmware(extra=extra)).reset_eip == 0x80B004


BAD = {
    "its size is not a whole number of pages": {"size": 0x3001},
    "it has no table of GUIDs": {"footer_guid": UNKNOWN},
    "its table of GUIDs has an impossible length": {"footer_length": 0xFFFF},
    "its table of GUIDs ends in the middle of an entry": {"extra": bytes(7)},
    "an entry in its table of GUIDs has an impossible length": {"extra": entry(UNKNOWN, b"", 17)},
    "lists one GUID twice": {"extra": entry(RESET_BLOCK, bytes(4))},
    "it has no SEV metadata": {"leave_out": (METADATA,)},
    "it has no table of kernel hashes": {"leave_out": (HASH_TABLE,)},
    "it has no SEV-ES reset block": {"leave_out": (RESET_BLOCK,)},
    "the entry for its SEV metadata has the wrong size": {"metadata_entry": entry(METADATA, bytes(8))},
    "its SEV-ES reset block names no address": {"reset": bytes(4)},
    "would lie outside the image": {"metadata_from_end": 0x3001},
    "has the wrong signature": {"signature": b"TDVF"},
    "has an unknown version": {"version": 2},
    "does not fit the number of sections": {"count": 4},
    "section of unknown type": {"sections": (*GOOD, (0x820000, 0x1000, 5))},
    "not made of whole pages": {"sections": (*GOOD, (0x820000, 0x1800, 1))},
    "its SECRETS section is not one page": {"sections": (*GOOD, (0x820000, 0x2000, 2))},
    "two sections of a kind that may come once": {
        "sections": (*GOOD, (0x820000, 0x1000, 3), (0x821000, 0x1000, 3))
    },
    "covers too much memory": {"sections": (*GOOD, (0x8000000, 0x4001000, 1))},
    "overlap": {"sections": (*GOOD, (0x808000, 0x2000, 1))},
    "reaches into the firmware itself": {"sections": (*GOOD, (0xFFFFD000, 0x1000, 1))},
    "no section for kernel hashes": {"sections": GOOD[:1]},
    "lies outside the section for kernel hashes": {"hash_table": pack("<II", 0x820C00, 0x400)},
    "its table of kernel hashes is too small": {"hash_table": pack("<II", 0x810C00, 0xA0)},
}


@pytest.mark.parametrize("reason", BAD)
def test_a_bad_firmware_is_refused_with_the_reason(build_firmware, reason):
    with pytest.raises(EvidenceError, match=f"the firmware cannot be measured: .*{reason}"):
        parse_firmware(build_firmware(**BAD[reason]))


@pytest.mark.parametrize(
    "change",
    [
        {"footer_length": 17},
        {"extra": entry(UNKNOWN, b"", 0)},
        {"extra": entry(UNKNOWN, bytes(4), 400)},
        {"metadata_from_end": 0},
        {"metadata_from_end": 15},
        {"metadata_from_end": 0xFFFFFFFF},
        {"count": 0xFFFFFFFF},
        {"metadata_size": 0xFFFFFFFF},
        {"sections": (*GOOD, (0x820800, 0x1000, 1))},
        {"sections": (*GOOD, (0x820000, 0, 1))},
        {"sections": (*GOOD, (0x820000, 0x1000, 0))},
        {"sections": (*GOOD, (0xFFFFF000, 0x1000, 1))},
        {"hash_table": pack("<II", 0x810F80, 0xB0)},
        {"hash_table": pack("<II", 0x80FFFF, 0xB1)},
        {"hash_table": pack("<II", 0, 0)},
    ],
)
def test_other_bad_firmware_is_refused(build_firmware, change):
    with pytest.raises(EvidenceError, match="the firmware cannot be measured"):
        parse_firmware(build_firmware(**change))


@pytest.mark.parametrize("data", [b"", b"\0", bytes(4095), bytes(4096), b"\xff" * 4096])
def test_other_files_are_refused(data):
    with pytest.raises(EvidenceError, match="the firmware cannot be measured"):
        parse_firmware(data)


def test_a_file_over_the_limit_is_refused():
    with pytest.raises(EvidenceError, match="too large"):
        parse_firmware(bytes((64 << 20) + 4096))
