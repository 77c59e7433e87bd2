"""The attestation report of SEV-SNP, versions 2, 3 and 5.

Source: AMD publication 56860, "SEV Secure Nested Paging Firmware ABI Specification", tables "ATTESTATION_REPORT",
"Guest Policy" and "MSG_REPORT_RSP".
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Final

from auditkit.errors import EvidenceError

REPORT_BYTES: Final = 1184
SIGNED_BYTES: Final = 0x2A0
VERSIONS: Final = (2, 3, 5)
_RESPONSE_HEADER: Final = struct.Struct("<II24x")
_NUMBER_BYTES: Final = 72
_P384_BYTES: Final = 48
_ECDSA_P384_SHA384: Final = 1


class SigningKey(IntEnum):
    """Whose key signed a report."""

    VCEK = 0
    VLEK = 1


@dataclass(frozen=True, slots=True)
class GuestPolicy:
    """What the host may do with the guest; fixed at its launch and part of every report.

    Attributes:
        value: the 64-bit number.
    """

    value: int

    @property
    def debug(self) -> bool:
        """Whether the host may read and write the guest's memory."""
        return bool(self.value >> 19 & 1)

    @property
    def migration(self) -> bool:
        """Whether a migration agent may move the guest, and so see all of it."""
        return bool(self.value >> 18 & 1)

    @property
    def smt(self) -> bool:
        """Whether simultaneous multi-threading is allowed."""
        return bool(self.value >> 16 & 1)

    @property
    def single_socket(self) -> bool:
        """Whether the guest may only run on one socket."""
        return bool(self.value >> 20 & 1)

    @property
    def well_formed(self) -> bool:
        """Whether the bit that has to be one is one."""
        return bool(self.value >> 17 & 1)

    def __str__(self) -> str:
        said = (
            f"debug {'on' if self.debug else 'off'}",
            f"migration {'on' if self.migration else 'off'}",
            f"SMT {'allowed' if self.smt else 'not allowed'}",
            f"single socket {'demanded' if self.single_socket else 'not demanded'}",
        )
        return f"{self.value:#x}: {', '.join(said)}"


@dataclass(frozen=True)
class AttestationReport:
    """A report of the form that AMD's firmware makes; its signature is not checked. Made by `parse_report`.

    Attributes:
        raw: the 1184 bytes.
        version: 2, 3 or 5.
        guest_svn: the guest's own security version.
        policy: the guest policy.
        vmpl: privilege level of who asked; 0xffffffff when the host asked.
        signing_key: whose key signed it.
        reported_tcb: TCB_VERSION that the signing key was derived for, 8 bytes.
        report_data: 64 bytes that the guest chose.
        measurement: launch measurement of the guest, 48 bytes.
        host_data: 32 bytes that the host chose at launch.
        chip_id: 64 bytes; zeros when the host masks it.
        signature: r and s.
    """

    raw: bytes
    version: int
    guest_svn: int
    policy: GuestPolicy
    vmpl: int
    signing_key: SigningKey
    reported_tcb: bytes
    report_data: bytes
    measurement: bytes
    host_data: bytes
    chip_id: bytes
    signature: tuple[int, int]

    @cached_property
    def signed(self) -> bytes:
        """The part that the chip signed."""
        return self.raw[:SIGNED_BYTES]


def parse_report(raw: bytes) -> AttestationReport:
    """Reads a report.

    Args:
        raw: exactly 1184 bytes.

    Raises:
        EvidenceError: another length or version, another signature algorithm, no signing key, or bytes that have
            to be zero are not.
    """
    if len(raw) != REPORT_BYTES:
        raise EvidenceError(
            "an attestation report has another length",
            expected=f"{REPORT_BYTES} bytes",
            observed=f"{len(raw)} bytes",
        )
    version, guest_svn, policy = struct.unpack_from("<IIQ", raw, 0)
    vmpl, algorithm = struct.unpack_from("<II", raw, 0x30)
    (flags,) = struct.unpack_from("<I", raw, 0x48)
    if version not in VERSIONS:
        raise EvidenceError(
            "the attestation report is of a version that auditkit does not know",
            expected="2, 3 or 5",
            observed=str(version),
        )
    if algorithm != _ECDSA_P384_SHA384:
        raise EvidenceError(
            "the attestation report is not signed with ECDSA P-384",
            expected=str(_ECDSA_P384_SHA384),
            observed=str(algorithm),
        )
    key = flags >> 2 & 7
    if key not in tuple(SigningKey):
        raise EvidenceError(
            "the attestation report is signed by neither VCEK nor VLEK",
            expected="0 or 1",
            observed=str(key),
        )
    r, r_rest = _number(raw, SIGNED_BYTES)
    s, s_rest = _number(raw, SIGNED_BYTES + _NUMBER_BYTES)
    if any(r_rest) or any(s_rest) or any(raw[SIGNED_BYTES + 2 * _NUMBER_BYTES :]):
        raise EvidenceError("bytes behind the signature of the attestation report are not zero")
    return AttestationReport(
        raw=raw,
        version=version,
        guest_svn=guest_svn,
        policy=GuestPolicy(policy),
        vmpl=vmpl,
        signing_key=SigningKey(key),
        reported_tcb=raw[0x180:0x188],
        report_data=raw[0x50:0x90],
        measurement=raw[0x90:0xC0],
        host_data=raw[0xC0:0xE0],
        chip_id=raw[0x1A0:0x1E0],
        signature=(r, s),
    )


def _number(raw: bytes, at: int) -> tuple[int, bytes]:
    end = at + _P384_BYTES
    return int.from_bytes(raw[at:end], "little"), raw[end : at + _NUMBER_BYTES]


def split_report(data: bytes) -> tuple[bytes, bytes]:
    """The 1184 bytes of a report and what follows it, from any form in which reports are kept.

    Args:
        data: the report as raw bytes or as hex digits; with or without the 32-byte header of a firmware response
            before it, with or without a certificate table behind it.

    Returns:
        The report, and the certificate table; empty when there is none.

    Raises:
        EvidenceError: it is none of these.
    """
    if re.fullmatch(rb"[0-9A-Fa-f\s]*", data) and data.strip():
        digits = b"".join(data.split())
        if len(digits) % 2:
            raise EvidenceError("the hex digits of the attestation report are cut short")
        data = bytes.fromhex(digits.decode("ascii"))
    header = _RESPONSE_HEADER.size
    if len(data) >= header + REPORT_BYTES and not any(data[8:header]):
        status, size = _RESPONSE_HEADER.unpack_from(data)
        if size == REPORT_BYTES:
            if status:
                raise EvidenceError("the firmware refused to make a report", observed=f"status {status:#x}")
            data = data[header:]
    if len(data) < REPORT_BYTES:
        raise EvidenceError(
            "this is no attestation report: it is too short",
            expected=f"{REPORT_BYTES} bytes or more",
            observed=f"{len(data)} bytes",
        )
    rest = data[REPORT_BYTES:]
    return data[:REPORT_BYTES], rest if any(rest) else b""
