"""Certificates and attestation reports of made-up chips, with any part of them replaced.

Certificates are written in DER field by field, because no library writes the damaged ones that refusals need.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from auditkit.sev.attestation import Certificate, parse_certificate

CHIP = bytes(range(64))
NOW = datetime(2026, 11, 22, tzinfo=UTC)
BORN, ENDS = datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
TCB = {"1": 3, "2": 0, "3": 8, "8": 115}
TCB_BYTES = bytes([3, 0, 0, 0, 0, 0, 8, 115])

PSS_OID, PKCS1_SHA384 = "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.12"
MGF1_OID = "1.2.840.113549.1.1.8"
SHA384_OID, SHA256_OID = "2.16.840.1.101.3.4.2.2", "2.16.840.1.101.3.4.2.1"
KEY_USAGE, BASIC_CONSTRAINTS = "2.5.29.15", "2.5.29.19"
AMD = "1.3.6.1.4.1.3704.1."


# DER (ITU-T X.690), written


def tlv(tag: int, content: bytes) -> bytes:
    """One element."""
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    digits = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(digits)]) + digits + content


def sequence(*parts: bytes) -> bytes:
    return tlv(0x30, b"".join(parts))


def integer(number: int) -> bytes:
    return tlv(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def oid(dotted: str) -> bytes:
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    content = b""
    for arc in (first * 40 + second, *rest):
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.append(arc & 0x7F | 0x80)
        content += bytes(reversed(digits))
    return tlv(6, content)


NULL = tlv(5, b"")
TRUE = tlv(1, b"\xff")


def hash_name(dotted: str = SHA384_OID, *parameters: bytes) -> bytes:
    return sequence(oid(dotted), *(parameters or (NULL,)))


def pss(
    *, hashed: bytes | None = None, mask: bytes | None = None, salt: bytes | None = None, trailer: bytes = b""
) -> bytes:
    """An AlgorithmIdentifier of RSA-PSS as AMD writes it, with parts of its parameters replaced."""
    mask_name = sequence(oid(MGF1_OID), hash_name()) if mask is None else mask
    parts = (
        tlv(0xA0, hash_name()) if hashed is None else hashed,
        tlv(0xA1, mask_name) if mask_name else b"",
        tlv(0xA2, integer(48)) if salt is None else salt,
        trailer,
    )
    return sequence(oid(PSS_OID), sequence(*parts))


def name(common_name: str, tag: int = 0x0C) -> bytes:
    """A Name with one common name, beside an organization."""
    return sequence(
        tlv(0x31, sequence(oid("2.5.4.10"), tlv(0x13, b"auditkit"))),
        tlv(0x31, sequence(oid("2.5.4.3"), tlv(tag, common_name.encode("utf-8")))),
    )


def time(moment: datetime) -> bytes:
    return tlv(0x18, f"{moment:%Y%m%d%H%M%SZ}".encode())


def extension(dotted: str, value: bytes, *middle: bytes) -> bytes:
    return sequence(oid(dotted), *middle, tlv(4, value))


AUTHORITY = extension(BASIC_CONSTRAINTS, sequence(TRUE), TRUE)


def amd_extensions(
    numbers: Mapping[str, int] = TCB, hardware_id: bytes | None = CHIP, *more: bytes
) -> tuple[bytes, ...]:
    """The extensions of a VCEK: a version of each part of the firmware, and the chip."""
    found = [extension(f"{AMD}3.{place}", integer(number)) for place, number in numbers.items()]
    if hardware_id is not None:
        found.append(extension(f"{AMD}4", hardware_id))
    return (*found, *more)


def key_bytes(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def certificate(
    key: PublicKeyTypes | bytes,
    subject: str | bytes = "SEV-VCEK",
    issuer: str | bytes = "SEV-Practice",
    *,
    signer: RSAPrivateKey | None = None,
    extensions: tuple[bytes, ...] | bytes | None = None,
    version: bytes | None = None,
    serial: bytes | None = None,
    inner: bytes | None = None,
    outer: bytes | None = None,
    validity: bytes | None = None,
    begins: datetime = BORN,
    ends: datetime = ENDS,
    more: bytes = b"",
    signature: bytes | None = None,
    salt: int = 48,
    mask: HashAlgorithm | None = None,
    hashed: HashAlgorithm | None = None,
) -> bytes:
    """The DER of a certificate; each part can be replaced to make a bad one. Without ``signer`` nobody signed it."""
    listed = amd_extensions() if extensions is None else extensions
    inner = pss() if inner is None else inner
    body = sequence(
        tlv(0xA0, integer(2)) if version is None else version,
        integer(0) if serial is None else serial,
        inner,
        name(issuer) if isinstance(issuer, str) else issuer,
        sequence(time(begins), time(ends)) if validity is None else validity,
        name(subject) if isinstance(subject, str) else subject,
        key if isinstance(key, bytes) else key_bytes(key),
        listed if isinstance(listed, bytes) else tlv(0xA3, sequence(*listed)),
        more,
    )
    if signature is None:
        signed = bytes(512)
        if signer is not None:
            signed = signer.sign(body, PSS(MGF1(mask or SHA384()), salt), hashed or SHA384())
        signature = tlv(3, b"\0" + signed)
    return sequence(body, inner if outer is None else outer, signature)


# Chains


@dataclass(frozen=True)
class Authority:
    """Somebody who signs certificates."""

    name: str
    key: RSAPrivateKey
    certificate: Certificate


def authority(
    own: str,
    key: RSAPrivateKey,
    issuer: Authority | None = None,
    *,
    extensions: tuple[bytes, ...] = (AUTHORITY,),
    begins: datetime = BORN,
    ends: datetime = ENDS,
) -> Authority:
    """An authority below ``issuer``; without one it signs itself."""
    raw = certificate(
        key.public_key(),
        own,
        issuer.name if issuer else own,
        signer=issuer.key if issuer else key,
        extensions=extensions,
        begins=begins,
        ends=ends,
    )
    return Authority(own, key, parse_certificate(raw))


def leaf(
    key: EllipticCurvePrivateKey,
    issuer: Authority,
    own: str = "SEV-VCEK",
    *,
    hardware_id: bytes | None = CHIP,
    numbers: Mapping[str, int] | None = None,
    more: tuple[bytes, ...] = (),
    begins: datetime = BORN,
    ends: datetime = ENDS,
) -> Certificate:
    """The certificate of a chip's key."""
    raw = certificate(
        key.public_key(),
        own,
        issuer.name,
        signer=issuer.key,
        extensions=amd_extensions(numbers or TCB, hardware_id, *more),
        begins=begins,
        ends=ends,
    )
    return parse_certificate(raw)


# Reports


def report_bytes(
    key: EllipticCurvePrivateKey | None = None,
    *,
    version: int = 2,
    flags: int = 0,
    chip: bytes = CHIP,
    tcb: bytes = TCB_BYTES,
    policy: int = 0x30000,
    vmpl: int = 0,
    algorithm: int = 1,
    also: tuple[tuple[int, bytes], ...] = (),
) -> bytes:
    """The 1184 bytes of a report, with bytes at any offset replaced; without ``key`` its signature is zeros."""
    body = bytearray(0x2A0)
    struct.pack_into("<IIQ", body, 0, version, 0, policy)
    struct.pack_into("<II", body, 0x30, vmpl, algorithm)
    struct.pack_into("<I", body, 0x48, flags)
    body[0x180:0x188] = tcb
    body[0x1A0:0x1E0] = chip
    for at, value in also:
        body[at : at + len(value)] = value
    if key is None:
        return bytes(body) + bytes(512)
    r, s = decode_dss_signature(key.sign(bytes(body), ECDSA(SHA384())))
    signature = r.to_bytes(72, "little") + s.to_bytes(72, "little")
    return bytes(body) + signature.ljust(512, b"\0")
