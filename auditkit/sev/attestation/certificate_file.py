"""The forms in which certificate chains are kept: PEM, DER, and the certificate table beside a report.

Source: RFC 7468 (PEM); AMD publication 56421, "SEV-ES Guest-Hypervisor Communication Block Standardization",
section "SNP Extended Guest Request" (the table).
"""

from __future__ import annotations

import base64
import struct
from typing import Final
from uuid import UUID

from auditkit.errors import EvidenceError
from auditkit.sev.attestation.certificate import Certificate, parse_certificate
from auditkit.sev.attestation.text_forms import without_mark

CHAIN_CERTIFICATES_MAX: Final = 8
_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
_COMMENT: Final = b"#"
_BOUNDARY: Final = b"-----"
_DER_START: Final = b"\x30\x82"  # every certificate is longer than 255 bytes
_TABLE_ENTRY: Final = struct.Struct("<16sII")
_TABLE_ENTRIES_MAX: Final = 64
_TABLE_NAMES: Final = {
    "63da758d-e664-4564-adc5-f4b93be8accd": "VCEK",
    "a8074bc2-a25a-483e-aae6-39c045a0b8a1": "VLEK",
    "4ab7b379-bbac-4fe4-a02f-05aef327c782": "ASK",
    "c0b406a4-a803-4952-9743-3fb6014cd0ae": "ARK",
}
# Both byte orders of a GUID are in use, and no GUID of the table reads as another in the other order.
_NAME_OF_GUID: Final = {
    order: name for text, name in _TABLE_NAMES.items() for order in (UUID(text).bytes, UUID(text).bytes_le)
}


def parse_chain(data: bytes) -> tuple[Certificate, ...]:
    """The certificates of a chain file, in its order.

    Args:
        data: PEM blocks with or without text around them (RFC 7468, section 2: what `openssl x509 -text` writes,
            comments, a byte order mark), DER certificates one behind the other, or a certificate table.

    Raises:
        EvidenceError: it is none of these, holds no certificate or too many, or a PEM block is damaged, is not a
            certificate, or is not the one way to write its certificate.
    """
    data = without_mark(data)
    if data[:2] == _DER_START:
        found = _parse_der(data)
    elif b"\0" in data:
        found = parse_table(data)
    else:
        found = _parse_pem(data)
    if not 1 <= len(found) <= CHAIN_CERTIFICATES_MAX:
        raise EvidenceError(f"the chain holds {len(found)} certificates", expected="a leaf and its issuers")
    return tuple(parse_certificate(item) for item in found)


def _parse_pem(data: bytes) -> list[bytes]:
    found: list[bytes] = []
    block: list[bytes] | None = None
    for line in data.replace(b"\r", b"\n").split(b"\n"):
        text = line.strip(b" \t")
        if text == _BEGIN and block is None:
            block = []
        elif text == _END and block is not None:
            found.append(_decoded(b"".join(block)))
            block = None
        elif block is not None:
            block.append(text)
        elif _BOUNDARY in text and not text.startswith(_COMMENT):
            raise EvidenceError(
                "a line of the chain is neither text nor the beginning or end of a PEM certificate",
                expected=_BEGIN.decode(),
                observed=text[:64].decode("ascii", "replace"),
            )
        if len(found) > CHAIN_CERTIFICATES_MAX:
            break
    if block is not None:
        raise EvidenceError("the last PEM certificate of the chain has no end")
    if not found:
        raise EvidenceError(
            "the chain is neither PEM nor DER nor a certificate table",
            expected=_BEGIN.decode(),
            observed=data.lstrip()[:40].decode("ascii", "replace") or "an empty file",
        )
    return found


def _decoded(text: bytes) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except ValueError:
        content = b""
    if not content or base64.b64encode(content) != text:
        raise EvidenceError("a PEM certificate of the chain is not in base 64")
    return content


def _parse_der(data: bytes) -> list[bytes]:
    found: list[bytes] = []
    at = 0
    while at < len(data) and len(found) <= CHAIN_CERTIFICATES_MAX:
        if data[at : at + 2] != _DER_START:
            raise EvidenceError("the chain is not a sequence of DER certificates")
        end = at + 4 + int.from_bytes(data[at + 2 : at + 4], "big")
        if end > len(data):
            raise EvidenceError("the last certificate of the chain is cut short")
        found.append(data[at:end])
        at = end
    return found


def parse_table(data: bytes) -> list[bytes]:
    """The certificates of a certificate table in DER, in its order; entries that auditkit does not know are left out.

    Raises:
        EvidenceError: it is no certificate table, an entry does not lie behind the list and within the table, or
            something lies in no entry.
    """
    found: list[bytes] = []
    rest = bytearray(data)
    lowest = len(data)
    for at in range(0, min(len(data), _TABLE_ENTRIES_MAX * _TABLE_ENTRY.size), _TABLE_ENTRY.size):
        if at + _TABLE_ENTRY.size > len(data):
            break
        guid, offset, length = _TABLE_ENTRY.unpack_from(data, at)
        end = at + _TABLE_ENTRY.size
        if not any(guid):
            if lowest < end or any(rest[at:]):
                raise EvidenceError("the certificate table is damaged: its entries are not all that it holds")
            return found
        if offset + length > len(data):
            raise EvidenceError("this is not a certificate table, or it points past its end")
        lowest = min(lowest, offset)
        rest[offset : offset + length] = bytes(length)
        if guid in _NAME_OF_GUID:
            found.append(data[offset : offset + length])
    raise EvidenceError("this is not a certificate table")
