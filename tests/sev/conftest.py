"""Firmware to order, and the outside program that judges our measurements."""

from __future__ import annotations

from pathlib import Path
from struct import pack
from uuid import UUID

import pytest

METADATA = UUID("dc886566-984a-4798-a75e-5585a7bf67cc")
HASH_TABLE = UUID("7255371f-3a3b-4b04-927b-1da6efa8d454")
RESET_BLOCK = UUID("00f771de-1a7e-4fcb-890e-68c77e2fb44e")
FOOTER = UUID("96b582de-1fb2-45f7-baea-a366c55a082d")
HASH_TABLE_ENTRY = pack("<II", 0x810C00, 0x400)
RESET_ENTRY = pack("<I", 0x80B004)
SECTIONS = (
    (0x800000, 0x9000, 1),
    (0x80D000, 0x1000, 2),
    (0x80E000, 0x1000, 3),
    (0x80F000, 0x1000, 4),
    (0x810000, 0x1000, 0x10),
)


def entry(guid: UUID, data: bytes, length: int | None = None) -> bytes:
    return data + pack("<H", len(data) + 18 if length is None else length) + guid.bytes_le


@pytest.fixture(scope="session")
def build_firmware():
    """A function that lays out a firmware from its parts; each part can be replaced to make a bad one."""

    def build(
        *,
        sections=SECTIONS,
        signature=b"ASEV",
        version=1,
        count=None,
        metadata_size=None,
        metadata_from_end=0x800,
        metadata_at_end=False,
        fill_table=False,
        hash_table=HASH_TABLE_ENTRY,
        reset=RESET_ENTRY,
        metadata_entry=None,
        extra=b"",
        leave_out=(),
        footer_length=None,
        footer_guid=FOOTER,
        size=0x3000,
    ) -> bytes:
        body = b"".join(pack("<III", *section) for section in sections)
        count = len(sections) if count is None else count
        metadata_size = 16 + len(body) if metadata_size is None else metadata_size
        metadata = pack("<4sIII", signature, metadata_size, version, count) + body
        at = size - 0x800
        if metadata_at_end:  # behind the table of GUIDs, up to the last byte
            at, metadata_from_end = size - len(metadata), len(metadata)
        if metadata_entry is None:
            metadata_entry = entry(METADATA, pack("<I", metadata_from_end))
        entries = {
            METADATA: metadata_entry,
            HASH_TABLE: entry(HASH_TABLE, hash_table),
            RESET_BLOCK: entry(RESET_BLOCK, reset),
        }
        table = extra + b"".join(data for guid, data in entries.items() if guid not in leave_out)
        if fill_table:
            table = entry(UUID(int=1), bytes(size - 32 - 18 - 18 - len(table))) + table
        table += (
            pack("<H", len(table) + 18 if footer_length is None else footer_length) + footer_guid.bytes_le
        )
        image = bytearray(b"\x90" * size)
        image[size - 32 - len(table) : size - 32] = table
        image[at : at + len(metadata)] = metadata
        return bytes(image)

    return build


@pytest.fixture
def judge(tmp_path: Path):
    """The digest by the sev-snp-measure library, which shares no code with ours."""
    from sevsnpmeasure.guest import snp_calc_launch_digest
    from sevsnpmeasure.vcpu_types import CPU_SIGS

    def digest(
        firmware: bytes,
        kernel: bytes,
        initrd: bytes,
        line: str,
        vcpu_type: str,
        vcpus: int,
        *,
        features: int = 1,
        kernel_hashes: bool = True,
    ) -> bytes:
        for name, data in (("firmware", firmware), ("kernel", kernel), ("initrd", initrd)):
            (tmp_path / name).write_bytes(data)
        return snp_calc_launch_digest(
            vcpus,
            CPU_SIGS[vcpu_type],
            str(tmp_path / "firmware"),
            str(tmp_path / "kernel") if kernel_hashes else "",
            str(tmp_path / "initrd") if kernel_hashes else "",
            line,
            features,
            "",
        )

    return digest
