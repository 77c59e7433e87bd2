"""Firmware that cannot be measured is refused, each with its reason."""

from __future__ import annotations

from dataclasses import replace
from struct import pack
from uuid import UUID

import pytest

from auditkit.errors import EvidenceError
from auditkit.limits import LIMITS, Limits
from auditkit.sev.ovmf import SectionType, parse_firmware

METADATA = UUID("dc886566-984a-4798-a75e-5585a7bf67cc")
HASH_TABLE = UUID("7255371f-3a3b-4b04-927b-1da6efa8d454")
RESET_BLOCK = UUID("00f771de-1a7e-4fcb-890e-68c77e2fb44e")
UNKNOWN = UUID("e47a6535-984a-4798-865e-4685a7bf8ec2")
GOOD = ((0x800000, 0x9000, 1), (0x810000, 0x1000, 0x10))
SECTIONS = (
    (0x800000, 0x9000, 1),
    (0x80D000, 0x1000, 2),
    (0x80E000, 0x1000, 3),
    (0x80F000, 0x1000, 4),
    (0x810000, 0x1000, 0x10),
)
HASH_TABLE_ENTRY, RESET_ENTRY = pack("<II", 0x810C00, 0x400), pack("<I", 0x80B004)
BEGIN = "the firmware cannot be measured: "
LENGTH = ("the length of its SEV metadata does not fit the number of sections", "", "")
OUTSIDE = "its table of kernel hashes lies outside the section for kernel hashes"


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


# (sentence, expected, observed) by what is changed; every sentence begins alike
BAD = {
    "half a page more": (
        {"size": 0x3001},
        ("its size is not a whole number of pages", "a multiple of 4096 bytes", "12289 bytes"),
    ),
    "another footer": (
        {"footer_guid": UNKNOWN},
        ("it has no table of GUIDs before its last 32 bytes", "", ""),
    ),
    "a table longer than the image": (
        {"footer_length": 0xFFFF},
        ("its table of GUIDs has an impossible length", "", "65535 bytes"),
    ),
    "a table one byte longer than the image": (
        {"footer_length": 0x3000 - 32 + 1},
        ("its table of GUIDs has an impossible length", "", "12257 bytes"),
    ),
    "a table shorter than its own footer": (
        {"footer_length": 17},
        ("its table of GUIDs has an impossible length", "", "17 bytes"),
    ),
    "bytes before the first entry": (
        {"extra": bytes(7)},
        ("its table of GUIDs ends in the middle of an entry", "", ""),
    ),
    "an entry less than a trailer before the first": (
        {"extra": bytes(17)},
        ("its table of GUIDs ends in the middle of an entry", "", ""),
    ),
    "an entry shorter than its trailer": (
        {"extra": entry(UNKNOWN, b"", 17)},
        ("an entry in its table of GUIDs has an impossible length", "", "17 bytes"),
    ),
    "an entry without length": (
        {"extra": entry(UNKNOWN, b"", 0)},
        ("an entry in its table of GUIDs has an impossible length", "", "0 bytes"),
    ),
    "an entry one byte longer than the table": (
        {"extra": entry(UNKNOWN, bytes(4), 23)},
        ("an entry in its table of GUIDs has an impossible length", "", "23 bytes"),
    ),
    "an entry twice": (
        {"extra": entry(RESET_BLOCK, bytes(4))},
        ("its table of GUIDs lists one GUID twice", "", str(RESET_BLOCK)),
    ),
    "an unknown entry twice": (
        {"extra": entry(UNKNOWN, b"") * 2},
        ("its table of GUIDs lists one GUID twice", "", str(UNKNOWN)),
    ),
    "an empty table": ({"footer_length": 18}, ("it has no SEV metadata", "", "")),
    "no metadata": ({"leave_out": (METADATA,)}, ("it has no SEV metadata", "", "")),
    "no hash table": ({"leave_out": (HASH_TABLE,)}, ("it has no table of kernel hashes", "", "")),
    "no reset block": ({"leave_out": (RESET_BLOCK,)}, ("it has no SEV-ES reset block", "", "")),
    "a long metadata entry": (
        {"metadata_entry": entry(METADATA, bytes(8))},
        ("the entry for its SEV metadata has the wrong size", "4 bytes", "8 bytes"),
    ),
    "a short metadata entry": (
        {"metadata_entry": entry(METADATA, bytes(3))},
        ("the entry for its SEV metadata has the wrong size", "4 bytes", "3 bytes"),
    ),
    "a long reset block": (
        {"reset": bytes(5)},
        ("the entry for its SEV-ES reset block has the wrong size", "4 bytes", "5 bytes"),
    ),
    "a short hash table entry": (
        {"hash_table": bytes(7)},
        ("the entry for its table of kernel hashes has the wrong size", "8 bytes", "7 bytes"),
    ),
    "a reset block of zeros": ({"reset": bytes(4)}, ("its SEV-ES reset block names no address", "", "")),
    "metadata before the image": (
        {"metadata_from_end": 0x3001},
        ("its SEV metadata would lie outside the image", "", ""),
    ),
    "metadata far before the image": (
        {"metadata_from_end": 0xFFFFFFFF},
        ("its SEV metadata would lie outside the image", "", ""),
    ),
    "metadata behind the image": (
        {"metadata_from_end": 0},
        ("its SEV metadata would lie outside the image", "", ""),
    ),
    "metadata whose header reaches behind the image": (
        {"metadata_from_end": 15},
        ("its SEV metadata would lie outside the image", "", ""),
    ),
    "metadata that is somewhere else": (
        {"metadata_from_end": 16},
        ("its SEV metadata has the wrong signature", "ASEV", "90909090"),
    ),
    "metadata of TDX": (
        {"signature": b"TDVF"},
        ("its SEV metadata has the wrong signature", "ASEV", b"TDVF".hex()),
    ),
    "metadata of version 2": ({"version": 2}, ("its SEV metadata has an unknown version", "1", "2")),
    "metadata of version 0": ({"version": 0}, ("its SEV metadata has an unknown version", "1", "0")),
    "one section less than the length says": ({"count": 4}, LENGTH),
    "one section more than the length says": ({"count": 6}, LENGTH),
    "far more sections": ({"count": 0xFFFFFFFF}, LENGTH),
    "a length of one byte more": ({"metadata_size": 16 + 5 * 12 + 1}, LENGTH),
    "a length up to the end of all numbers": ({"metadata_size": 0xFFFFFFFF}, LENGTH),
    "a length behind the image": (
        {"metadata_at_end": True, "sections": GOOD[1:], "count": 2, "metadata_size": 40},
        LENGTH,
    ),
    "a section of type 5": (
        {"sections": (*GOOD, (0x820000, 0x1000, 5))},
        ("its SEV metadata has a section of unknown type", "", "type 0x5"),
    ),
    "a section of type 0": (
        {"sections": (*GOOD, (0x820000, 0x1000, 0))},
        ("its SEV metadata has a section of unknown type", "", "type 0x0"),
    ),
    "a section and a half page": (
        {"sections": (*GOOD, (0x820000, 0x1800, 1))},
        ("a section of its SEV metadata is not made of whole pages", "", "0x1800 at 0x820000"),
    ),
    "a section at half a page": (
        {"sections": (*GOOD, (0x820800, 0x1000, 1))},
        ("a section of its SEV metadata is not made of whole pages", "", "0x1000 at 0x820800"),
    ),
    "a section of nothing": (
        {"sections": (*GOOD, (0x820000, 0, 1))},
        ("a section of its SEV metadata is not made of whole pages", "", "0x0 at 0x820000"),
    ),
    "secrets of two pages": (
        {"sections": (*GOOD, (0x820000, 0x2000, 2))},
        ("its SECRETS section is not one page", "4096 bytes", "8192 bytes"),
    ),
    "CPUID of two pages": (
        {"sections": (*GOOD, (0x820000, 0x2000, 3))},
        ("its CPUID section is not one page", "4096 bytes", "8192 bytes"),
    ),
    "kernel hashes of two pages": (
        {"sections": (GOOD[0], (0x810000, 0x2000, 0x10))},
        ("its KERNEL_HASHES section is not one page", "4096 bytes", "8192 bytes"),
    ),
    **{
        f"two sections of type {kind:#x}": (
            {"sections": (*GOOD, (0x820000, 0x1000, kind), (0x821000, 0x1000, kind))},
            ("its SEV metadata has two sections of a kind that may come once", "", ""),
        )
        for kind in (2, 3, 0x10)
    },
    "64 MiB and a page": (
        {"sections": (*GOOD[1:], (0x8000000, 0x4000000, 1))},
        ("its SEV metadata covers too much memory", "at most 67108864 bytes", ""),
    ),
    "a section inside another": (
        {"sections": (*GOOD, (0x808000, 0x1000, 1))},
        ("sections of its SEV metadata overlap", "", "at 0x808000"),
    ),
    "a section that ends in another": (
        {"sections": (*GOOD, (0x7FF000, 0x2000, 1))},
        ("sections of its SEV metadata overlap", "", "at 0x800000"),
    ),
    "the same section twice": (
        {"sections": (*GOOD, GOOD[0])},
        ("sections of its SEV metadata overlap", "", "at 0x800000"),
    ),
    "a section at the firmware": (
        {"sections": (*GOOD, (0xFFFFD000, 0x1000, 1))},
        ("a section of its SEV metadata reaches into the firmware itself", "", ""),
    ),
    "a section that ends in the firmware": (
        {"sections": (*GOOD, (0xFFFFC000, 0x2000, 1))},
        ("a section of its SEV metadata reaches into the firmware itself", "", ""),
    ),
    "no kernel hashes": (
        {"sections": GOOD[:1]},
        (
            "its SEV metadata has no section for kernel hashes: it would start any kernel, measured or not",
            "",
            "",
        ),
    ),
    "hashes behind their section": (
        {"hash_table": pack("<II", 0x820C00, 0x400)},
        (OUTSIDE, "inside 0x810000-0x811000", "0x820c00-0x821000"),
    ),
    "hashes that end one byte behind it": (
        {"hash_table": pack("<II", 0x810C00, 0x401)},
        (OUTSIDE, "inside 0x810000-0x811000", "0x810c00-0x811001"),
    ),
    "hashes that begin one byte before it": (
        {"hash_table": pack("<II", 0x80FFFF, 0x400)},
        (OUTSIDE, "inside 0x810000-0x811000", "0x80ffff-0x8103ff"),
    ),
    "hashes at zero": (
        {"hash_table": pack("<II", 0, 0)},
        (OUTSIDE, "inside 0x810000-0x811000", "0x0-0x0"),
    ),
    "hashes in too little room": (
        {"hash_table": pack("<II", 0x810C00, 0xAF)},
        ("its table of kernel hashes is too small", "at least 176 bytes", "175 bytes"),
    ),
}


def refusal(data: bytes, limits: Limits = LIMITS) -> EvidenceError:
    with pytest.raises(EvidenceError) as raised:
        parse_firmware(data, limits=limits)
    assert raised.value.what.startswith(BEGIN)
    return raised.value


@pytest.mark.parametrize("broken", BAD)
def test_a_bad_firmware_is_refused_with_the_reason(build_firmware, broken):
    changes, told = BAD[broken]
    error = refusal(build_firmware(**changes))
    assert (error.what.removeprefix(BEGIN), error.expected, error.observed) == told


def test_who_lacks_an_entry_is_told_which_build_has_it(build_firmware):
    error = refusal(build_firmware(leave_out=(HASH_TABLE,)))
    assert error.hint == "SEV-SNP guests with measured kernels need a firmware built as AmdSevX64"


@pytest.mark.parametrize("size", [0, 1, 4095, 4097])
def test_a_size_of_no_whole_pages(size):
    error = refusal(bytes(size))
    assert (error.what.removeprefix(BEGIN), error.observed) == (
        "its size is not a whole number of pages",
        f"{size} bytes",
    )


@pytest.mark.parametrize("data", [bytes(4096), b"\xff" * 4096])
def test_a_file_without_a_table(data):
    assert refusal(data).what.removeprefix(BEGIN) == "it has no table of GUIDs before its last 32 bytes"


def test_the_largest_firmware(build_firmware):
    limits = replace(LIMITS, firmware_bytes=0x3000)
    assert len(parse_firmware(build_firmware(size=0x3000), limits=limits).data) == 0x3000
    error = refusal(build_firmware(size=0x4000), limits)
    assert (error.what.removeprefix(BEGIN), error.expected, error.observed) == (
        "it is too large",
        "at most 12288 bytes",
        "16384 bytes",
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"sections": (GOOD[1], (0x10000000, 0x4000000 - 0x1000, 1))},
        {"sections": (*GOOD, (0xFFFFC000, 0x1000, 1))},
        {"sections": (*GOOD, (0x809000, 0x1000, 1), (0x80A000, 0x1000, 4))},
        {"sections": ((0, 0x1000, 1), *GOOD)},
        {"sections": (*GOOD, (0x830000, 0x3000, 4), (0x820000, 0x3000, 4))},
        {"hash_table": pack("<II", 0x810000, 0x1000)},
        {"hash_table": pack("<II", 0x811000 - 0xB0, 0xB0)},
        {"reset": pack("<I", 1)},
        {"reset": pack("<I", 0xFFFFFFFF)},
        {"size": 0x1000, "metadata_from_end": 0x800},
        {"metadata_at_end": True, "sections": GOOD[1:]},
        {"fill_table": True},
    ],
    ids=[
        "64 MiB of sections", "a section up to the firmware", "sections side by side", "a section at zero",
        "sections in another order and of another kind", "a table of the whole page", "the smallest table",
        "the lowest reset address", "the highest reset address", "one page", "metadata that ends with the image",
        "a table from the first byte on",
    ],
)  # fmt: skip
def test_what_is_just_right_is_read(build_firmware, changes):
    firmware = parse_firmware(build_firmware(**changes))
    sections = changes.get("sections", SECTIONS)
    assert [(part.gpa, part.size, int(part.type)) for part in firmware.sections] == list(sections)
    assert firmware.hash_table_gpa == int.from_bytes(
        changes.get("hash_table", HASH_TABLE_ENTRY)[:4], "little"
    )
    assert firmware.reset_eip == int.from_bytes(changes.get("reset", RESET_ENTRY), "little")
    assert firmware.gpa == (1 << 32) - changes.get("size", 0x3000)
