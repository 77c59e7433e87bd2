"""DSSE envelopes: what is signed, and how it is written on one line.

Source: secure-systems-lab/dsse, protocol.md and envelope.md, version 1.0.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from auditkit.errors import EvidenceError
from auditkit.report import first_fault, read_json

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
SIGNATURE_BYTES: Final = 64


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """The bytes that a DSSE signature is over (PAE of the protocol)."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


@dataclass(frozen=True, slots=True)
class Envelope:
    """One payload with one signature.

    Attributes:
        payload: the signed bytes.
        keyid: which key signed, ``SHA256:...`` as ``ssh-keygen -lf`` prints it; a hint that nothing rests on.
        signature: 64 bytes of Ed25519.
    """

    payload: bytes
    keyid: str
    signature: bytes

    @property
    def signed_bytes(self) -> bytes:
        """What ``signature`` is over."""
        return pre_authentication_encoding(PAYLOAD_TYPE, self.payload)

    def to_line(self) -> bytes:
        """The envelope as one line of JSON, without a line feed. Equal envelopes give equal bytes."""
        value = {
            "payload": base64.b64encode(self.payload).decode(),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"keyid": self.keyid, "sig": base64.b64encode(self.signature).decode()}],
        }
        return json.dumps(value, separators=(",", ":")).encode()


class _Wire(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Signature(_Wire):
    keyid: str
    sig: str


class _Envelope(_Wire):
    payload: str
    payload_type: str = Field(alias="payloadType")
    signatures: tuple[_Signature, ...] = Field(min_length=1, max_length=1)


def parse_envelope(line: bytes) -> Envelope:
    """The envelope on a line, in the one form that `Envelope.to_line` writes.

    Raises:
        EvidenceError: another form, another payload type, or not exactly one signature.
    """
    try:
        read_json(line)
        wire = _Envelope.model_validate_json(line)
        envelope = Envelope(
            _decoded(wire.payload), wire.signatures[0].keyid, _decoded(wire.signatures[0].sig)
        )
    except ValidationError as error:
        _, fault = first_fault(error)
        raise EvidenceError(f"not a DSSE envelope: {fault}") from None
    except (ValueError, RecursionError) as error:
        raise EvidenceError(f"not a DSSE envelope: {error}") from None
    if wire.payload_type != PAYLOAD_TYPE:
        raise EvidenceError(
            "the envelope holds another kind of payload",
            expected=PAYLOAD_TYPE,
            observed=wire.payload_type[:100],
        )
    if len(envelope.signature) != SIGNATURE_BYTES:
        raise EvidenceError(
            "the signature is not one of Ed25519",
            expected=f"{SIGNATURE_BYTES} bytes",
            observed=f"{len(envelope.signature)} bytes",
        )
    if envelope.to_line() != line:
        raise EvidenceError("the envelope is not written in the one way that auditkit writes envelopes")
    return envelope


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.encode(), validate=True)
    except binascii.Error as error:
        raise ValueError(f"a field is not base64: {error}") from None
