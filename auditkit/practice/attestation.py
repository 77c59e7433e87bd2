"""How the files of the practice chips were made: an AMD-like chain of keys and reports signed under it.

`auditkit.practice.chips` reads them; an audit does not make any. The private keys of the authorities were thrown
away, and nobody outside the practice network trusts their root.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256, shake_256
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP384R1,
    EllipticCurvePrivateKey,
    derive_private_key,
)
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding

from auditkit.practice.attested import ATTESTED, Attested
from auditkit.practice.chips import FAMILY, FOLDER, ROOT_FILE, attestation_files, practice_chip
from auditkit.practice.nns.proposals import blessed_measurements
from auditkit.practice.scenarios import Blessing

_AMD: Final = "1.3.6.1.4.1.3704.1."
_TCB: Final = {"3.1": 3, "3.2": 0, "3.3": 8, "3.4": 0, "3.5": 0, "3.6": 0, "3.7": 0, "3.8": 115}
_BORN, _BYGONE, _AFTER = (datetime(year, 1, 1, tzinfo=UTC) for year in (2020, 2021, 2045))
_POLICY: Final = 0x30000
_VERSION: Final = 3  # with a CPUID of zeros: practice chips are no processors of AMD's
_DEBUG: Final = 1 << 19


@dataclass(frozen=True, slots=True)
class _Authority:
    """A key that issues certificates."""

    name: str
    key: RSAPrivateKey
    certificate: x509.Certificate


def build_attestations(out: Path = FOLDER) -> None:
    """Makes the files anew, under new authorities."""
    ark = _authority(f"ARK-{FAMILY}", None)
    ask = _authority(f"SEV-{FAMILY}", ark)
    foreign_ark = _authority(f"ARK-{FAMILY}", None)
    foreign_ask = _authority(f"SEV-{FAMILY}", foreign_ark)
    measurement = blessed_measurements(Blessing.BASE)[0].measurement
    out.mkdir(parents=True, exist_ok=True)
    (out / ROOT_FILE.name).write_bytes(_pem(ark))
    for attested in ATTESTED:
        report, chain = (out / path.relative_to(FOLDER) for path in attestation_files(attested))
        report.parent.mkdir(exist_ok=True)
        number = 3 if attested is Attested.CHIP_NOT_LISTED else 1
        chip = practice_chip(number)
        issuers = (foreign_ask, foreign_ark) if attested is Attested.FOREIGN_CHAIN else (ask, ark)
        end = _BYGONE if attested is Attested.EXPIRED_CHAIN else _AFTER
        vcek = _vcek(_chip_key(number), chip, issuers[0], end)
        signer = _chip_key(2 if attested is Attested.OTHER_SIGNER else number)
        other = sha256(b"another guest").digest() + bytes(16)
        guest = other if attested is Attested.OTHER_GUEST else measurement
        policy = _POLICY | _DEBUG if attested is Attested.DEBUG_POLICY else _POLICY
        report.write_bytes(_report(signer, chip, guest, policy))
        chain.write_bytes(vcek.public_bytes(Encoding.PEM) + b"".join(_pem(one) for one in issuers))


def _chip_key(number: int) -> EllipticCurvePrivateKey:
    secret = int.from_bytes(sha256(b"auditkit practice chip key %d" % number).digest(), "big")
    return derive_private_key(secret, SECP384R1())


def _pem(authority: _Authority) -> bytes:
    return authority.certificate.public_bytes(Encoding.PEM)


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "auditkit practice network"),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name),
        ]
    )


def _authority(name: str, issuer: _Authority | None) -> _Authority:
    key = generate_private_key(65537, 4096)
    builder = (
        x509.CertificateBuilder(_name(issuer.name if issuer else name), _name(name), key.public_key(), 1)
        .not_valid_before(_BORN)
        .not_valid_after(_AFTER)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    return _Authority(name, key, _signed(builder, issuer.key if issuer else key))


def _vcek(key: EllipticCurvePrivateKey, chip: bytes, issuer: _Authority, end: datetime) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder(_name(issuer.name), _name("SEV-VCEK"), key.public_key(), 1)
        .not_valid_before(_BORN)
        .not_valid_after(end)
    )
    values = {name: _der_integer(number) for name, number in _TCB.items()}
    for name, value in {**values, "4": chip}.items():
        extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(_AMD + name), value)
        builder = builder.add_extension(extension, critical=False)
    return _signed(builder, issuer.key)


def _signed(builder: x509.CertificateBuilder, key: RSAPrivateKey) -> x509.Certificate:
    return builder.sign(key, SHA384(), rsa_padding=PSS(MGF1(SHA384()), 48))


def _der_integer(number: int) -> bytes:
    return b"\x02\x01" + bytes([number])


def _report(key: EllipticCurvePrivateKey, chip: bytes, measurement: bytes, policy: int) -> bytes:
    tcb = bytes([_TCB["3.1"], _TCB["3.2"], 0, 0, 0, 0, _TCB["3.3"], _TCB["3.8"]])
    body = bytearray(0x2A0)
    struct.pack_into("<IIQ", body, 0, _VERSION, 0, policy)
    struct.pack_into("<II", body, 0x30, 0, 1)
    for at, value in (
        (0x38, tcb),
        (0x90, measurement),
        (0x180, tcb),
        (0x1A0, chip),
        (0x1E0, tcb),
        (0x1F0, tcb),
    ):
        body[at : at + len(value)] = value
    body[0x50:0x90] = shake_256(b"auditkit practice nonce").digest(64)
    r, s = decode_dss_signature(key.sign(bytes(body), ECDSA(SHA384())))
    signature = r.to_bytes(72, "little") + s.to_bytes(72, "little")
    return bytes(body) + signature.ljust(512, b"\0")
