"""An authority, a log of certificates and a log of signatures like sigstore's, to make practice attestations with.

All keys follow from a text, and signatures are deterministic, so that the same claims give the same bytes. Nobody
outside the practice network trusts them.

Source: RFC 6962 (logs of certificates, Merkle trees), sigstore's protobuf-specs (bundle v0.3, trusted root),
transparency-dev's checkpoints, rekor's ``dsse`` entries, Fulcio's certificate profile.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import sha256
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    derive_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_ARC: Final = "1.3.6.1.4.1.57264.1."
_STAMPS: Final = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_BORN, _AFTER = datetime(2020, 1, 1, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC)
_MINUTES: Final = timedelta(minutes=10)
_PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
_PRECERT: Final = 1
_BEFORE: Final = tuple(b"practice entry %d" % number for number in range(4))
"""What the log holds before an attestation, so that the proof of its place has several steps."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What the certificate of an attestation says, by the numbers of Fulcio's extensions.

    Attributes:
        name: whom it is made out to.
        said: the texts of the extensions.
    """

    name: str
    said: Mapping[int, str]


@dataclass(frozen=True)
class PracticeAuthority:
    """Signs certificates, and keeps both logs.

    Attributes:
        seed: the text that its keys follow from.
    """

    seed: str

    @cached_property
    def certificate(self) -> x509.Certificate:
        """The authority's own certificate."""
        key = self._key("authority")
        name = _name("auditkit practice authority")
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        builder = (
            x509.CertificateBuilder(name, name, key.public_key(), 1)
            .not_valid_before(_BORN)
            .not_valid_after(_AFTER)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(identifier, critical=False)
        )
        return builder.sign(key, SHA256(), ecdsa_deterministic=True)

    @property
    def trusted_root(self) -> bytes:
        """The keys and certificates, as a ``trusted_root.json``."""
        return _json(
            {
                "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                "tlogs": [self._log_instance("log of signatures")],
                "certificateAuthorities": [
                    {
                        "subject": {
                            "organization": "auditkit practice network",
                            "commonName": "auditkit practice authority",
                        },
                        "uri": "https://authority.invalid",
                        "certChain": {"certificates": [{"rawBytes": _b64(_der(self.certificate))}]},
                        "validFor": {"start": _time(_BORN)},
                    }
                ],
                "ctlogs": [self._log_instance("log of certificates")],
                "timestampAuthorities": [],
            }
        )

    def attest(self, claims: Claims, statement: Mapping[str, Any], at: datetime) -> bytes:
        """The bundle of an attestation.

        Args:
            claims: what its certificate says.
            statement: what it signs.
            at: when.
        """
        payload = _json(statement)
        key = self._key(f"run {sha256(payload + repr(claims).encode()).hexdigest()}")
        leaf = self._leaf(key, claims, at)
        signed = b"DSSEv1 %d %s %d " % (len(_PAYLOAD_TYPE), _PAYLOAD_TYPE.encode(), len(payload)) + payload
        signature = _sign(key, signed)
        entry = self._entry(payload, signature, leaf)
        return _json(
            {
                "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
                "verificationMaterial": {
                    "certificate": {"rawBytes": _b64(_der(leaf))},
                    "tlogEntries": [self._logged(entry, at)],
                },
                "dsseEnvelope": {
                    "payload": _b64(payload),
                    "payloadType": _PAYLOAD_TYPE,
                    "signatures": [{"sig": _b64(signature)}],
                },
            }
        )

    def _leaf(self, key: EllipticCurvePrivateKey, claims: Claims, at: datetime) -> x509.Certificate:
        """A certificate with the promise of the log that lists it, which is made over all the rest of it."""
        issuer = self._key("authority")
        builder = (
            x509.CertificateBuilder(
                self.certificate.subject, x509.Name([]), key.public_key(), _serial(claims)
            )
            .not_valid_before(at - timedelta(seconds=1))
            .not_valid_after(at + _MINUTES)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False
            )
            .add_extension(
                x509.SubjectAlternativeName([x509.UniformResourceIdentifier(claims.name)]), critical=True
            )
        )
        for number, text in claims.said.items():
            oid = x509.ObjectIdentifier(f"{_ARC}{number}")
            builder = builder.add_extension(x509.UnrecognizedExtension(oid, _utf8(text)), critical=False)
        bare = builder.sign(issuer, SHA256(), ecdsa_deterministic=True)
        promise = x509.UnrecognizedExtension(_STAMPS, self._promise(bare, at))
        return builder.add_extension(promise, critical=False).sign(issuer, SHA256(), ecdsa_deterministic=True)

    def _promise(self, bare: x509.Certificate, at: datetime) -> bytes:
        log = self._key("log of certificates")
        moment = int(at.timestamp() * 1000)
        body = bare.tbs_certificate_bytes
        issuer = _key_id(self._key("authority"))
        signed = (
            struct.pack("!BBQH", 0, 0, moment, _PRECERT)
            + issuer
            + len(body).to_bytes(3, "big")
            + body
            + b"\0\0"
        )
        signature = _sign(log, signed)
        stamp = (
            struct.pack("!B32sQH", 0, _key_id(log), moment, 0)
            + b"\x04\x03"
            + struct.pack("!H", len(signature))
            + signature
        )
        listed = struct.pack("!HH", len(stamp) + 2, len(stamp)) + stamp
        return b"\x04" + _der_length(len(listed)) + listed

    def _entry(self, payload: bytes, signature: bytes, leaf: x509.Certificate) -> bytes:
        verifier = _b64(leaf.public_bytes(Encoding.PEM))
        return _json(
            {
                "apiVersion": "0.0.1",
                "kind": "dsse",
                "spec": {
                    "envelopeHash": {"algorithm": "sha256", "value": sha256(payload + signature).hexdigest()},
                    "payloadHash": {"algorithm": "sha256", "value": sha256(payload).hexdigest()},
                    "signatures": [{"signature": _b64(signature), "verifier": verifier}],
                },
            }
        )

    def _logged(self, entry: bytes, at: datetime) -> dict[str, Any]:
        log, index, seconds = self._key("log of signatures"), len(_BEFORE), int(at.timestamp())
        leaves = [*_BEFORE, entry]
        root, size = merkle_root(leaves), len(leaves)
        text = f"practice log\n{size}\n{_b64(root)}\n"
        note = _key_id(log)[:4] + _sign(log, text.encode())
        promise = {
            "body": _b64(entry),
            "integratedTime": seconds,
            "logID": _key_id(log).hex(),
            "logIndex": index,
        }
        return {
            "logIndex": str(index),
            "logId": {"keyId": _b64(_key_id(log))},
            "kindVersion": {"kind": "dsse", "version": "0.0.1"},
            "integratedTime": str(seconds),
            "inclusionPromise": {"signedEntryTimestamp": _b64(_sign(log, _json(promise)))},
            "inclusionProof": {
                "logIndex": str(index),
                "rootHash": _b64(root),
                "treeSize": str(size),
                "hashes": [_b64(digest) for digest in merkle_path(leaves, index)],
                "checkpoint": {"envelope": f"{text}\n— practice.log {_b64(note)}\n"},
            },
            "canonicalizedBody": _b64(entry),
        }

    def _log_instance(self, name: str) -> dict[str, Any]:
        key = self._key(name)
        return {
            "baseUrl": "https://log.invalid",
            "hashAlgorithm": "SHA2_256",
            "publicKey": {
                "rawBytes": _b64(_public(key)),
                "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                "validFor": {"start": _time(_BORN)},
            },
            "logId": {"keyId": _b64(_key_id(key))},
        }

    def _key(self, role: str) -> EllipticCurvePrivateKey:
        secret = sha256(f"auditkit practice {role}: {self.seed}".encode()).digest()
        return derive_private_key(int.from_bytes(secret, "big"), SECP256R1())


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root of a log's tree over its entries (RFC 6962, section 2.1)."""
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    middle = _middle(len(leaves))
    return sha256(b"\1" + merkle_root(leaves[:middle]) + merkle_root(leaves[middle:])).digest()


def merkle_path(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The digests that lead from an entry to the root (RFC 6962, section 2.1.1)."""
    if len(leaves) == 1:
        return ()
    middle = _middle(len(leaves))
    if index < middle:
        return (*merkle_path(leaves[:middle], index), merkle_root(leaves[middle:]))
    return (*merkle_path(leaves[middle:], index - middle), merkle_root(leaves[:middle]))


def _middle(size: int) -> int:
    """The largest power of two below ``size``."""
    return 1 << (size - 1).bit_length() - 1


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "auditkit practice network"),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name),
        ]
    )


def _serial(claims: Claims) -> int:
    return int.from_bytes(sha256(repr(claims).encode()).digest()[:15], "big") + 1


def _sign(key: EllipticCurvePrivateKey, data: bytes) -> bytes:
    return key.sign(data, ECDSA(SHA256(), deterministic_signing=True))


def _public(key: EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _key_id(key: EllipticCurvePrivateKey) -> bytes:
    return sha256(_public(key)).digest()


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def _utf8(text: str) -> bytes:
    data = text.encode()
    return b"\x0c" + _der_length(len(data)) + data


def _der_length(length: int) -> bytes:
    if length < 0x80:
        return bytes([length])
    digits = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(digits)]) + digits


def _json(value: object) -> bytes:
    """Canonical JSON (RFC 8785), as far as ASCII names and whole numbers go."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
