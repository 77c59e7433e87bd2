"""The attestation report of SEV-SNP, versions 2 to 5.

Source: AMD publication 56860, "SEV Secure Nested Paging Firmware ABI Specification", table "ATTESTATION_REPORT".
Version 4 (Milan with firmware 1.55.31) is described nowhere in public; it has the layout of version 3.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Final

from auditkit.errors import EvidenceError
from auditkit.sev.attestation.guest_policy import GuestPolicy

REPORT_BYTES: Final = 1184
SIGNED_BYTES: Final = 0x2A0
VERSIONS: Final = (2, 3, 4, 5)
HOST_VMPL: Final = 0xFFFFFFFF
_LEAST_PRIVILEGED: Final = 3
_NUMBER_BYTES: Final = 72
_P384_BYTES: Final = 48
_ECDSA_P384_SHA384: Final = 1
_NO_KEY: Final = 7
# First byte and the byte behind the last, from which version on they mean something; None: they never do.
_RESERVED: Final = (
    (0x4C, 0x50, None),
    (0x188, 0x18B, 3),
    (0x18B, 0x1A0, None),
    (0x1EB, 0x1EC, None),
    (0x1EF, 0x1F0, None),
    (0x1F8, 0x208, 4),
    (0x208, 0x2A0, None),
)


class SigningKey(IntEnum):
    """Whose key signed a report."""

    VCEK = 0
    VLEK = 1


@dataclass(frozen=True, slots=True)
class Processor:
    """A kind of processor, as CPUID numbers it.

    Attributes:
        family, model: extended ones included.
        stepping: its revision.
    """

    family: int
    model: int
    stepping: int

    def __str__(self) -> str:
        return f"family {self.family}, model {self.model}, stepping {self.stepping}"


@dataclass(frozen=True)
class AttestationReport:
    """A report of the form that AMD's firmware makes; its signature is not checked. Made by `parse_report`.

    Attributes:
        raw: the 1184 bytes.
        version: 2 to 5.
        guest_svn: the guest's own security version.
        policy: the guest policy.
        vmpl: privilege level of who asked, 0 to 3; `HOST_VMPL` when the host asked.
        signing_key: whose key signed it.
        author_key: whether the guest was launched with an author key.
        reported_tcb: TCB_VERSION that the signing key was derived for, 8 bytes.
        current_tcb, committed_tcb, launch_tcb: TCB_VERSION that runs, that cannot be undone, and that ran when the
            guest was launched, 8 bytes each.
        report_data: 64 bytes that the guest chose.
        measurement: launch measurement of the guest, 48 bytes.
        host_data: 32 bytes that the host chose at launch.
        id_key_digest, author_key_digest: SHA-384 of the keys that signed the guest's identity; zeros without one.
        processor: what it runs on; None before version 3.
        chip_id: 64 bytes, from Turin on 8 and 56 zeros; all zeros when the host masks it.
        signature: r and s.
    """

    raw: bytes
    version: int
    guest_svn: int
    policy: GuestPolicy
    vmpl: int
    signing_key: SigningKey
    author_key: bool
    reported_tcb: bytes
    current_tcb: bytes
    committed_tcb: bytes
    launch_tcb: bytes
    report_data: bytes
    measurement: bytes
    host_data: bytes
    id_key_digest: bytes
    author_key_digest: bytes
    processor: Processor | None
    chip_id: bytes
    signature: tuple[int, int]

    @cached_property
    def signed(self) -> bytes:
        """The part that the chip signed."""
        return self.raw[:SIGNED_BYTES]

    def facts(self) -> dict[str, str | int]:
        """What it states, by name, for a reader; bytes in hex."""
        return {
            "version": self.version,
            "measurement": self.measurement.hex(),
            "chip_id": self.chip_id.hex(),
            "processor": str(self.processor) if self.processor else "not stated",
            "report_data": self.report_data.hex(),
            "host_data": self.host_data.hex(),
            "id_key_digest": self.id_key_digest.hex(),
            "author_key_digest": self.author_key_digest.hex(),
            "guest_policy": f"{self.policy.value:#x}",
            "vmpl": self.vmpl,
            "signing_key": self.signing_key.name,
        }

    @property
    def masked(self) -> bool:
        """Whether the host hides which chip this is."""
        return not any(self.chip_id)


def parse_report(raw: bytes) -> AttestationReport:
    """Reads a report.

    Zero have to be: 0x4C-0x4F, 0x18B-0x19F, 0x1EB, 0x1EF and 0x208-0x29F; before version 3 the CPUID at 0x188-0x18A;
    before version 4 the mitigation vectors at 0x1F8-0x207; behind r, s and the signature, up to 0x49F. Of the key
    information at 0x48, bits 5 to 31 are zero, bits 2 to 4 name the signing key (0 VCEK, 1 VLEK, 7 none), and a VCEK
    does not sign where bit 1 masks it. The VMPL at 0x30 is 0 to 3, or 0xFFFFFFFF for the host. The reserved bytes of
    a TCB_VERSION depend on the processor and are `parse_tcb`'s; PLATFORM_INFO at 0x40 is not read, for firmware gives
    meaning to more of its bits without a new version.

    Args:
        raw: exactly 1184 bytes.

    Raises:
        EvidenceError: another length or version, another signature algorithm, no signing key, or a field has none of
            the values that it can have.
    """
    if len(raw) != REPORT_BYTES:
        raise EvidenceError(
            "an attestation report has another length",
            expected=f"{REPORT_BYTES} bytes",
            observed=f"{len(raw)} bytes",
        )
    version, guest_svn, policy = struct.unpack_from("<IIQ", raw, 0)
    vmpl, algorithm = struct.unpack_from("<II", raw, 0x30)
    if version not in VERSIONS:
        raise EvidenceError(
            "the attestation report is of a version that auditkit does not know",
            expected="2, 3, 4 or 5",
            observed=str(version),
        )
    if algorithm != _ECDSA_P384_SHA384:
        raise EvidenceError(
            "the attestation report is not signed with ECDSA P-384",
            expected=str(_ECDSA_P384_SHA384),
            observed=str(algorithm),
        )
    signing_key, author_key = _key_information(raw)
    if vmpl > _LEAST_PRIVILEGED and vmpl != HOST_VMPL:
        raise EvidenceError(
            "the attestation report was asked for at a privilege level that does not exist",
            expected=f"0 to 3, or {HOST_VMPL:#x} for the host",
            observed=f"{vmpl:#x}",
        )
    _check_reserved(raw, version)
    return AttestationReport(
        raw=raw,
        version=version,
        guest_svn=guest_svn,
        policy=GuestPolicy(policy),
        vmpl=vmpl,
        signing_key=signing_key,
        author_key=author_key,
        reported_tcb=raw[0x180:0x188],
        current_tcb=raw[0x38:0x40],
        committed_tcb=raw[0x1E0:0x1E8],
        launch_tcb=raw[0x1F0:0x1F8],
        report_data=raw[0x50:0x90],
        measurement=raw[0x90:0xC0],
        host_data=raw[0xC0:0xE0],
        id_key_digest=raw[0xE0:0x110],
        author_key_digest=raw[0x110:0x140],
        processor=Processor(*raw[0x188:0x18B]) if version >= 3 else None,
        chip_id=raw[0x1A0:0x1E0],
        signature=_signature(raw),
    )


def _key_information(raw: bytes) -> tuple[SigningKey, bool]:
    """Who signed, and whether there is an author key."""
    (flags,) = struct.unpack_from("<I", raw, 0x48)
    key, masked = flags >> 2 & 7, flags >> 1 & 1
    if flags >> 5:
        raise EvidenceError(
            "the attestation report sets bits about its key to which AMD gives no meaning",
            expected="zeros in bits 5 to 31 at 0x48",
            observed=f"{flags:#x}",
        )
    if key not in tuple(SigningKey):
        unsigned = ": the host keeps the chip's key masked, and nobody signed it" if key == _NO_KEY else ""
        raise EvidenceError(
            f"the attestation report is signed by neither VCEK nor VLEK{unsigned}",
            expected="0 or 1 in bits 2 to 4 at 0x48",
            observed=str(key),
        )
    if masked and key == SigningKey.VCEK:
        raise EvidenceError(
            "the attestation report says that its host keeps the chip's key masked, and that this key signed it",
            expected="zero in bit 1 at 0x48",
            observed=f"{flags:#x}",
        )
    return SigningKey(key), bool(flags & 1)


def _check_reserved(raw: bytes, version: int) -> None:
    for begin, end, since in _RESERVED:
        if (since is None or version < since) and any(raw[begin:end]):
            raise EvidenceError(
                f"bytes that a report of version {version} leaves zero are not zero",
                expected=f"zeros from {begin:#x} to {end - 1:#x}",
                observed=raw[begin:end].hex()[:64],
            )


def _signature(raw: bytes) -> tuple[int, int]:
    r, r_rest = _number(raw, SIGNED_BYTES)
    s, s_rest = _number(raw, SIGNED_BYTES + _NUMBER_BYTES)
    if any(r_rest) or any(s_rest) or any(raw[SIGNED_BYTES + 2 * _NUMBER_BYTES :]):
        raise EvidenceError("bytes after the signature of the attestation report are not zero")
    return r, s


def _number(raw: bytes, at: int) -> tuple[int, bytes]:
    end = at + _P384_BYTES
    return int.from_bytes(raw[at:end], "little"), raw[end : at + _NUMBER_BYTES]
