"""The forms in which certificate chains are kept: PEM, DER, and the certificate table beside a report.

Source: RFC 7468 (PEM); AMD publication 56421, "SEV-ES Guest-Hypervisor Communication Block Standardization",
section "SNP Extended Guest Request" (the table).
"""

from __future__ import annotations

import base64
import re
import struct
from typing import Final
from uuid import UUID

from auditkit.errors import EvidenceError
from auditkit.sev.attestation.certificate import Certificate, parse_certificate

CHAIN_CERTIFICATES_MAX: Final = 8
_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
_BLOCK: Final = re.compile(rb"%s\r?\n([A-Za-z0-9+/=\r\n]+)\r?\n%s[ \r\n]*" % (_BEGIN, _END))
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
        data: PEM blocks, DER certificates one behind the other, or a certificate table.

    Raises:
        EvidenceError: it is none of these, holds no certificate or too many, or a PEM block is not the one way to
            write its certificate.
    """
    if data.lstrip().startswith(b"-----"):
        found = _parse_pem(data.lstrip())
    elif data[:1] == b"\x30":
        found = _parse_der(data)
    else:
        found = _parse_table(data)
    if not 1 <= len(found) <= CHAIN_CERTIFICATES_MAX:
        raise EvidenceError(f"the chain holds {len(found)} certificates", expected="a leaf and its issuers")
    return tuple(parse_certificate(item) for item in found)


def _parse_pem(data: bytes) -> list[bytes]:
    found: list[bytes] = []
    at = 0
    while at < len(data) and len(found) <= CHAIN_CERTIFICATES_MAX:
        block = _BLOCK.match(data, at)
        if block is None:
            raise EvidenceError("the chain is not a row of PEM certificates")
        text = b"".join(block[1].split())
        try:
            content = base64.b64decode(text, validate=True)
        except ValueError:
            content = b""
        if base64.b64encode(content) != text:
            raise EvidenceError("a PEM certificate of the chain is not in base 64")
        found.append(content)
        at = block.end()
    return found


def _parse_der(data: bytes) -> list[bytes]:
    found: list[bytes] = []
    at = 0
    while at < len(data) and len(found) <= CHAIN_CERTIFICATES_MAX:
        if data[at : at + 2] != b"\x30\x82":  # every certificate is longer than 255 bytes
            raise EvidenceError("the chain is not a row of DER certificates")
        end = at + 4 + int.from_bytes(data[at + 2 : at + 4], "big")
        if end > len(data):
            raise EvidenceError("the last certificate of the chain is cut short")
        found.append(data[at:end])
        at = end
    return found


def _parse_table(data: bytes) -> list[bytes]:
    found: list[bytes] = []
    for number in range(_TABLE_ENTRIES_MAX):
        at = number * _TABLE_ENTRY.size
        if at + _TABLE_ENTRY.size > len(data):
            break
        guid, offset, length = _TABLE_ENTRY.unpack_from(data, at)
        if not any(guid):
            return found
        if offset + length > len(data):
            raise EvidenceError("the certificate table points behind its end")
        if guid in _NAME_OF_GUID:
            found.append(data[offset : offset + length])
    raise EvidenceError("the chain is neither PEM nor DER nor a certificate table")
