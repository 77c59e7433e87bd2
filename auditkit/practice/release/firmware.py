"""Measured files of the practice network: a firmware, a kernel and an initrd that nobody can boot.

No package ships a firmware with a section for kernel hashes, so the practice network makes one: filler, and
behind it the same table of GUIDs and SEV metadata as in an AmdSev build of OVMF (edk2 ``OvmfPkg/AmdSev``),
which ``sev-snp-measure`` accepts. All bytes follow from a seed.
"""

from __future__ import annotations

from hashlib import shake_256
from struct import pack
from typing import Final
from uuid import UUID

from auditkit.errors import ParameterError
from auditkit.limits import KIB, MIB

DEFAULT_FIRMWARE_BYTES: Final = 128 * KIB
_PAGE: Final = 4 * KIB
_LARGEST_FIRMWARE: Final = 4 * MIB
_CODE_BYTES: Final = 64 * KIB  # filler beyond this is zeros, so that large firmware still packs small

_AP_RESET_EIP: Final = 0x0080B004
_HASH_TABLE: Final = (0x00810C00, 0x400)  # address and size, in the section for kernel hashes
_SECTIONS: Final = (  # address, pages, type of section
    (0x00800000, 9, 0x1),
    (0x0080A000, 3, 0x1),
    (0x0080D000, 1, 0x2),
    (0x0080E000, 1, 0x3),
    (0x0080F000, 1, 0x4),
    (0x00810000, 1, 0x10),
    (0x00811000, 15, 0x1),
)
_FOOTER_GUID: Final = UUID("96b582de-1fb2-45f7-baea-a366c55a082d")
_RESET_BLOCK_GUID: Final = UUID("00f771de-1a7e-4fcb-890e-68c77e2fb44e")
_SECRET_GUID: Final = UUID("4c2eb361-7d9b-4cc3-8081-127c90d3d294")
_HASH_TABLE_GUID: Final = UUID("7255371f-3a3b-4b04-927b-1da6efa8d454")
_METADATA_GUID: Final = UUID("dc886566-984a-4798-a75e-5585a7bf67cc")
_RESET_VECTOR: Final = b"\x90\x90\xe9\x2c\xff" + bytes(27)
_METADATA_FROM_END: Final = 0x400


def practice_firmware(seed: str, size: int = DEFAULT_FIRMWARE_BYTES) -> bytes:
    """A firmware image that can be measured.

    Args:
        seed: equal seeds give equal bytes.
        size: bytes, a multiple of 4096 up to 4 MiB.

    Raises:
        ParameterError: the size is none that a firmware can have.
    """
    if size < _PAGE or size % _PAGE or size > _LARGEST_FIRMWARE:
        raise ParameterError(
            "a practice firmware cannot have this size",
            expected="pages of 4096 bytes, up to 4 MiB",
            observed=str(size),
        )
    metadata, table = _metadata(), _guid_table() + _RESET_VECTOR
    end = metadata + bytes(_METADATA_FROM_END - len(metadata) - len(table)) + table
    code = min(size - len(end), _CODE_BYTES)
    return bytes(size - len(end) - code) + _noise(f"firmware {seed}", code) + end


def practice_kernel(seed: str, size: int) -> bytes:
    """A file of ``size`` bytes (at least 1024) that starts like a Linux ``bzImage``."""
    head = bytearray(1024)
    head[0:2] = b"MZ"
    head[0x1FE:0x206] = b"\x55\xaa\xeb\x66HdrS"
    return _file("kernel", seed, bytes(head), size)


def practice_initrd(seed: str, size: int) -> bytes:
    """A file of ``size`` bytes (at least 8) that starts like a Zstandard-packed initrd."""
    return _file("initrd", seed, b"\x28\xb5\x2f\xfd\x04\x58\x00\x00", size)


def _file(name: str, seed: str, head: bytes, size: int) -> bytes:
    if size < len(head):
        raise ParameterError(
            f"a practice {name} cannot be that small",
            expected=f"at least {len(head)} bytes",
            observed=str(size),
        )
    return head + _noise(f"{name} {seed}", size - len(head))


def _noise(seed: str, size: int) -> bytes:
    return shake_256(b"auditkit practice " + seed.encode()).digest(size)


def _metadata() -> bytes:
    sections = b"".join(pack("<III", gpa, pages * _PAGE, kind) for gpa, pages, kind in _SECTIONS)
    return pack("<4sIII", b"ASEV", 16 + len(sections), 1, len(_SECTIONS)) + sections


def _guid_table() -> bytes:
    entries = (
        _entry(_METADATA_GUID, pack("<I", _METADATA_FROM_END))
        + _entry(_HASH_TABLE_GUID, pack("<II", *_HASH_TABLE))
        + _entry(_SECRET_GUID, pack("<II", 0x0080D000, 0x1000))
        + _entry(_RESET_BLOCK_GUID, pack("<I", _AP_RESET_EIP))
    )
    return entries + pack("<H16s", len(entries) + 18, _FOOTER_GUID.bytes_le)


def _entry(guid: UUID, data: bytes) -> bytes:
    return data + pack("<H16s", len(data) + 18, guid.bytes_le)
