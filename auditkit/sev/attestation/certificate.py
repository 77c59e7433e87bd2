"""The certificates of AMD's key hierarchy: what they say, and whether one signed another.

Source: RFC 5280 (the form), RFC 4055 (RSA-PSS), AMD publication 57230, "VCEK Certificate and KDS Interface
Specification" (names, extensions).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import load_der_public_key

from auditkit.errors import EvidenceError
from auditkit.sev.attestation import der
from auditkit.sev.attestation.der import Element, parse_der

RSA_BITS: Final = 4096
_PSS: Final = "1.2.840.113549.1.1.10"
_MGF1: Final = "1.2.840.113549.1.1.8"
_SHA384: Final = "2.16.840.1.101.3.4.2.2"
_SALT_BYTES: Final = 48
_COMMON_NAME: Final = "2.5.4.3"
_KEY_USAGE, _BASIC_CONSTRAINTS = "2.5.29.15", "2.5.29.19"
# Whatever else is marked critical has to be understood, and is not.
_KNOWN_CRITICAL: Final = frozenset({_KEY_USAGE, _BASIC_CONSTRAINTS})
_KEY_CERT_SIGN: Final = 0x04  # bit 5 of the first byte, counted from the highest
_VERSION, _EXTENSIONS = 0xA0, 0xA3
_UTC_TIME_PIVOT: Final = 50
_CERTIFICATE_BYTES: Final = 16_384


@dataclass(frozen=True)
class Certificate:
    """An X.509 certificate as AMD makes them; made by `parse_certificate`.

    Attributes:
        raw: its DER.
        signed: the part that the issuer signed.
        signature: the issuer's RSA-PSS signature.
        serial: its serial number; 0 for every VCEK.
        issuer, subject: the names as DER.
        common_name: the subject's common name, such as ``SEV-VCEK``.
        issuer_common_name: the issuer's.
        not_before, not_after: when it is valid, in UTC.
        public_key: RSA of 4096 bits, or ECDSA over P-384.
        extensions: values by dotted object identifier, without their OCTET STRING.
        authority: whether it may issue certificates, by its basic constraints (RFC 5280, 4.2.1.9).
        signs_certificates: whether its key usage (4.2.1.3) allows that; None when it says no usage.
    """

    raw: bytes
    signed: bytes
    signature: bytes
    serial: int
    issuer: bytes
    subject: bytes
    common_name: str
    issuer_common_name: str
    not_before: datetime
    not_after: datetime
    public_key: RSAPublicKey | EllipticCurvePublicKey
    extensions: Mapping[str, bytes]
    authority: bool
    signs_certificates: bool | None

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the DER, 64 hex digits."""
        return sha256(self.raw).hexdigest()

    def check_issued_by(self, issuer: Certificate) -> None:
        """Makes sure that ``issuer`` issued and signed this certificate.

        Raises:
            EvidenceError: it did not.
        """
        if self.issuer != issuer.subject:
            raise EvidenceError(
                f"the certificate of {self.common_name} names another issuer",
                expected=issuer.common_name,
                observed=self.issuer_common_name,
            )
        key = issuer.public_key
        if not isinstance(key, RSAPublicKey) or not issuer.authority or issuer.signs_certificates is False:
            raise EvidenceError(f"{issuer.common_name} cannot issue certificates")
        try:
            key.verify(self.signature, self.signed, PSS(MGF1(SHA384()), _SALT_BYTES), SHA384())
        except InvalidSignature:
            raise EvidenceError(
                f"the certificate of {self.common_name} is not signed by {issuer.common_name}"
            ) from None

    def check_valid_at(self, moment: datetime) -> None:
        """Makes sure that the certificate is valid at a moment.

        Raises:
            EvidenceError: it is not.
        """
        if not self.not_before <= moment <= self.not_after:
            state = "has expired" if moment > self.not_after else "is not valid yet"
            raise EvidenceError(
                f"the certificate of {self.common_name} {state}",
                expected="a certificate that is valid now",
                observed=f"valid from {self.not_before:%Y-%m-%d} to {self.not_after:%Y-%m-%d}",
            )


def parse_certificate(data: bytes) -> Certificate:
    """Reads one certificate.

    Args:
        data: its DER, at most 16 KiB.

    Raises:
        EvidenceError: it is no certificate of the form that AMD makes: version 3, RSA-PSS with SHA-384, an
            RSA key of 4096 bits or a P-384 key.
    """
    if len(data) > _CERTIFICATE_BYTES:
        raise EvidenceError("a certificate is larger than any of AMD's", observed=f"{len(data)} bytes")
    try:
        return _parse(data)
    except EvidenceError as error:
        raise EvidenceError(f"a certificate cannot be read: {error.what}") from error


def _parse(data: bytes) -> Certificate:
    signed, algorithm, signature = _members(parse_der(data), 3)
    fields = signed.expect(der.SEQUENCE).children()
    if len(fields) != 8:
        raise EvidenceError("it does not have the eight fields of AMD's certificates")
    version, serial, inner, issuer, validity, subject, key, extensions = fields
    if [part.integer() for part in version.expect(_VERSION).children()] != [2]:
        raise EvidenceError("it is not of version 3")
    if inner.raw != algorithm.raw:
        raise EvidenceError("it names two signature algorithms")
    _check_pss(algorithm)
    begin, end = _members(validity, 2)
    said = _extensions(extensions)
    return Certificate(
        raw=data,
        signed=signed.raw,
        signature=signature.bits(),
        serial=serial.integer(),
        issuer=issuer.raw,
        subject=subject.raw,
        common_name=_common_name(subject),
        issuer_common_name=_common_name(issuer),
        not_before=_time(begin),
        not_after=_time(end),
        public_key=_public_key(key.raw),
        extensions=said,
        authority=_BASIC_CONSTRAINTS in said and _authority(said[_BASIC_CONSTRAINTS]),
        signs_certificates=_signs_certificates(said[_KEY_USAGE]) if _KEY_USAGE in said else None,
    )


def _members(element: Element, count: int) -> tuple[Element, ...]:
    members = element.expect(der.SEQUENCE).children()
    if len(members) != count:
        raise EvidenceError(f"a sequence has {len(members)} members where {count} are required")
    return members


def _check_pss(algorithm: Element) -> None:
    """Makes sure that an AlgorithmIdentifier is RSA-PSS, SHA-384 throughout, with a salt of 48 bytes."""
    name, parameters = _members(algorithm, 2)
    if name.oid() != _PSS:
        raise EvidenceError("it is not signed with RSA-PSS")
    listed = parameters.expect(der.SEQUENCE).children()
    fields = {field.tag: _only(field) for field in listed}
    once = len(fields) == len(listed)
    trailer = fields.pop(0xA3, None)  # some of AMD's certificates write the default out
    if not once or set(fields) != {0xA0, 0xA1, 0xA2} or (trailer is not None and trailer.integer() != 1):
        raise EvidenceError("the parameters of its signature are not AMD's")
    mask, mask_hash = _members(fields[0xA1], 2)
    if (
        not _is_sha384(fields[0xA0])
        or mask.oid() != _MGF1
        or not _is_sha384(mask_hash)
        or fields[0xA2].integer() != _SALT_BYTES
    ):
        raise EvidenceError("its signature does not use SHA-384 with a salt of 48 bytes")


def _only(element: Element) -> Element:
    (member,) = element.children() if len(element.children()) == 1 else (None,)
    if member is None:
        raise EvidenceError("a field does not hold one value")
    return member


def _is_sha384(element: Element) -> bool:
    name, *parameters = element.expect(der.SEQUENCE).children() or (element,)
    return name.oid() == _SHA384 and [part.raw for part in parameters] in ([], [b"\x05\x00"])


def _common_name(name: Element) -> str:
    found = []
    for part in name.expect(der.SEQUENCE).children():
        for pair in part.expect(der.SET).children():
            kind, value = _members(pair, 2)
            if kind.oid() == _COMMON_NAME:
                if value.tag not in (der.UTF8_STRING, der.PRINTABLE_STRING):
                    raise EvidenceError("a common name is not text")
                found.append(_text(value.content))
    if len(found) != 1:
        raise EvidenceError("a name does not have one common name")
    return found[0]


def _text(data: bytes) -> str:
    if not data.isascii() or not data.decode("ascii").isprintable() or len(data) > 64:
        raise EvidenceError("a name is not a line of plain text")
    return data.decode("ascii")


def _time(element: Element) -> datetime:
    text = element.content.decode("latin-1")
    if element.tag == der.UTC_TIME and re.fullmatch(r"[0-9]{12}Z", text):
        text = ("19" if int(text[:2]) >= _UTC_TIME_PIVOT else "20") + text
    elif element.tag != der.GENERALIZED_TIME or not re.fullmatch(r"[0-9]{14}Z", text):
        raise EvidenceError("a time is not in UTC to the second")
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise EvidenceError("a time does not exist in the calendar") from None


def _public_key(data: bytes) -> RSAPublicKey | EllipticCurvePublicKey:
    try:
        key = load_der_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        raise EvidenceError("its public key cannot be read") from None
    if isinstance(key, RSAPublicKey) and key.key_size == RSA_BITS:
        return key
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP384R1):
        return key
    raise EvidenceError("its public key is neither RSA of 4096 bits nor on P-384")


def _extensions(element: Element) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for extension in _only(element.expect(_EXTENSIONS)).expect(der.SEQUENCE).children():
        members = extension.expect(der.SEQUENCE).children()
        if len(members) not in (2, 3):
            raise EvidenceError("an extension does not have two or three members")
        name = members[0].oid()
        if len(members) == 3 and (members[1].raw != b"\x01\x01\xff" or name not in _KNOWN_CRITICAL):
            raise EvidenceError(f"the extension {name} is critical, and auditkit does not know it")
        if name in found:
            raise EvidenceError(f"the extension {name} is there twice")
        found[name] = members[-1].expect(der.OCTET_STRING).content
    return found


def _authority(constraints: bytes) -> bool:
    members = parse_der(constraints).expect(der.SEQUENCE).children()
    return bool(members) and members[0].tag == der.BOOLEAN and any(members[0].content)


def _signs_certificates(usage: bytes) -> bool:
    bits = parse_der(usage).expect(der.BIT_STRING).content
    return len(bits) > 1 and bool(bits[1] & _KEY_CERT_SIGN)
