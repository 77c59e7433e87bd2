"""The page that binds kernel, initrd and command line to a launch measurement.

Source: QEMU 10 ``target/i386/sev.c`` (``SevHashTable``, ``PaddedSevHashTable``): a GUID table with the
SHA-256 of the command line with its trailing NUL, of the initrd and of the kernel, in this order, padded to
16 bytes.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final
from uuid import UUID

from auditkit.errors import EvidenceError

_TABLE: Final = UUID("9438d606-4f22-4cc9-b479-a793d411fd21")
_COMMAND_LINE: Final = UUID("97d02dd8-bd20-4c94-aa78-e7714d36ab2a")
_INITRD: Final = UUID("44baf731-3a2f-4bd7-9af1-41e29169781d")
_KERNEL: Final = UUID("4de79437-abd2-427f-b835-d5b172d2045b")

_GUID_AND_LENGTH: Final = 16 + 2
_SHA256_BYTES: Final = 32
_ENTRY_BYTES: Final = _GUID_AND_LENGTH + _SHA256_BYTES
_UNPADDED_BYTES: Final = _GUID_AND_LENGTH + 3 * _ENTRY_BYTES
TABLE_BYTES: Final = -(-_UNPADDED_BYTES // 16) * 16
"""Size of the table with its padding: 176 bytes."""


def command_line_bytes(kernel_cmdline: str) -> bytes:
    """The command line as it is measured: UTF-8 with one trailing NUL; an absent one is the NUL alone.

    Raises:
        EvidenceError: the line holds a NUL or is not text, so that no VM can be started with it.
    """
    if "\0" in kernel_cmdline:
        raise EvidenceError("the kernel command line holds a NUL", observed=ascii(kernel_cmdline[:80]))
    try:
        return kernel_cmdline.encode() + b"\0"
    except UnicodeEncodeError:
        raise EvidenceError(
            "the kernel command line is not text", observed=ascii(kernel_cmdline[:80])
        ) from None


def kernel_hashes_page(
    *, kernel_sha256: bytes, initrd_sha256: bytes, kernel_cmdline: str, offset: int, size: int = 4096
) -> bytes:
    """The page of kernel hashes: zeros but for the table at ``offset``.

    Args:
        kernel_sha256: SHA-256 of the kernel file, 32 bytes.
        initrd_sha256: SHA-256 of the initrd file, 32 bytes; of no bytes when there is none.
        kernel_cmdline: the command line without trailing NUL.
        offset: where in the page the table starts; ``offset + TABLE_BYTES`` must not exceed ``size``.
        size: size of the page in bytes.

    Raises:
        EvidenceError: the command line cannot be measured, or the table does not fit.
    """
    if not 0 <= offset <= size - TABLE_BYTES:
        raise EvidenceError(
            "the table of kernel hashes does not fit into its page", observed=f"offset {offset:#x}"
        )
    table = (
        _TABLE.bytes_le
        + _UNPADDED_BYTES.to_bytes(2, "little")
        + _entry(_COMMAND_LINE, sha256(command_line_bytes(kernel_cmdline)).digest())
        + _entry(_INITRD, initrd_sha256)
        + _entry(_KERNEL, kernel_sha256)
    )
    return (bytes(offset) + table).ljust(size, b"\0")


def _entry(guid: UUID, digest: bytes) -> bytes:
    return guid.bytes_le + _ENTRY_BYTES.to_bytes(2, "little") + digest
