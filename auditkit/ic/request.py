"""Requests: the question a certificate answers, and the id that binds the two.

Without a delegation nothing in a certificate names the canister, the method or the argument that was called;
the request id, a hash of all of them, does. Source: IC interface specification, "Request id" and
"Authentication".
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

from auditkit.errors import EvidenceError, ParameterError
from auditkit.ic import cbor, leb128
from auditkit.ic.principal import ANONYMOUS, Principal
from auditkit.limits import LIMITS, Limits

ContentValue: TypeAlias = "int | bytes | str | Sequence[ContentValue] | Mapping[str, ContentValue]"
Content: TypeAlias = "Mapping[str, ContentValue]"

_CALL_FIELDS: Final = frozenset(
    ("request_type", "canister_id", "method_name", "arg", "sender", "ingress_expiry")
)
_MAX_NONCE_BYTES: Final = 32

_Kind = TypeVar("_Kind", int, bytes, str)


@dataclass(frozen=True, slots=True)
class CallRequest:
    """One update call as it was sent.

    Attributes:
        canister: whom it was sent to.
        method: name of the method.
        argument: Candid bytes.
        sender: who asked; `ANONYMOUS` for ours.
        ingress_expiry_ns: nanoseconds since 1970 after which the IC forgets it.
        nonce: at most 32 bytes that make the request unique, or None.
    """

    canister: Principal
    method: str
    argument: bytes
    sender: Principal
    ingress_expiry_ns: int
    nonce: bytes | None

    @property
    def request_id(self) -> bytes:
        """The 32-byte request id."""
        return request_id(self.content)

    @property
    def content(self) -> dict[str, ContentValue]:
        """The content map of the envelope."""
        return call_content(
            self.canister,
            self.method,
            self.argument,
            ingress_expiry_ns=self.ingress_expiry_ns,
            nonce=self.nonce,
            sender=self.sender,
        )


def call_content(
    canister: Principal,
    method: str,
    argument: bytes,
    *,
    ingress_expiry_ns: int,
    nonce: bytes | None = None,
    sender: Principal = ANONYMOUS,
) -> dict[str, ContentValue]:
    """The content map of an update call."""
    content: dict[str, ContentValue] = {
        "request_type": "call",
        "canister_id": canister.raw,
        "method_name": method,
        "arg": argument,
        "sender": sender.raw,
        "ingress_expiry": ingress_expiry_ns,
    }
    if nonce is not None:
        content["nonce"] = nonce
    return content


def read_state_content(
    paths: Sequence[Sequence[bytes]], *, ingress_expiry_ns: int, sender: Principal = ANONYMOUS
) -> dict[str, ContentValue]:
    """The content map of a read_state request for ``paths``, each a sequence of labels."""
    return {
        "request_type": "read_state",
        "sender": sender.raw,
        "ingress_expiry": ingress_expiry_ns,
        "paths": [list(path) for path in paths],
    }


def query_content(
    canister: Principal,
    method: str,
    argument: bytes,
    *,
    ingress_expiry_ns: int,
    sender: Principal = ANONYMOUS,
) -> dict[str, ContentValue]:
    """The content map of a query."""
    content = call_content(canister, method, argument, ingress_expiry_ns=ingress_expiry_ns, sender=sender)
    return {**content, "request_type": "query"}


def encode_envelope(content: Content) -> bytes:
    """The anonymous envelope ``{content: ...}`` with tag 55799, as it is sent and as it is kept in a file."""
    return cbor.encode({"content": content}, tagged=True)


def request_id(content: Content) -> bytes:
    """The representation-independent hash of a content map: 32 bytes.

    Raises:
        ParameterError: a value that is no unsigned integer, byte string, text, list or map of these.
    """
    pairs = sorted(_hash(key) + _hash(value) for key, value in content.items())
    return hashlib.sha256(b"".join(pairs)).digest()


def _hash(value: ContentValue) -> bytes:
    if isinstance(value, str):
        return hashlib.sha256(value.encode("utf-8")).digest()
    if isinstance(value, bytes):
        return hashlib.sha256(value).digest()
    if isinstance(value, int) and value >= 0 and not isinstance(value, bool):
        return hashlib.sha256(leb128.unsigned(value)).digest()
    if isinstance(value, Mapping):
        return request_id(value)
    if isinstance(value, Sequence):
        return hashlib.sha256(b"".join(_hash(item) for item in value)).digest()
    raise ParameterError(f"a {type(value).__name__} has no place in a request")


def parse_request(data: bytes, *, limits: Limits = LIMITS) -> CallRequest:
    """Reads the envelope of an update call as `encode_envelope` writes it.

    A signed envelope is refused: nothing here would check its signature.

    Raises:
        EvidenceError: not CBOR of the profile; a missing, unknown or ill-typed field; not an update call.
    """
    envelope = cbor.decode(data, limits=limits)
    if not isinstance(envelope, dict) or envelope.keys() != {"content"}:
        raise EvidenceError(
            "the stored request is not an anonymous envelope", expected="a map with content alone"
        )
    content = envelope["content"]
    if not isinstance(content, dict):
        raise EvidenceError("the content of the stored request is not a map")
    if not _CALL_FIELDS <= content.keys() <= _CALL_FIELDS | {"nonce"}:
        raise EvidenceError(
            "the stored request has the wrong fields",
            expected=", ".join(sorted(_CALL_FIELDS)) + " and perhaps nonce",
            observed=", ".join(content),
        )
    if content["request_type"] != "call":
        raise EvidenceError("the stored request is not an update call", observed=str(content["request_type"]))
    if len(_field(content, "nonce", bytes) if "nonce" in content else b"") > _MAX_NONCE_BYTES:
        raise EvidenceError("the nonce of the stored request is too long")
    return CallRequest(
        canister=Principal(_field(content, "canister_id", bytes)),
        method=_field(content, "method_name", str),
        argument=_field(content, "arg", bytes),
        sender=Principal(_field(content, "sender", bytes)),
        ingress_expiry_ns=_field(content, "ingress_expiry", int),
        nonce=_field(content, "nonce", bytes) if "nonce" in content else None,
    )


def _field(content: dict[str, cbor.CborValue], name: str, kind: type[_Kind]) -> _Kind:
    value = content[name]
    if not isinstance(value, kind):
        raise EvidenceError(f"the field {name} of the stored request has the wrong type")
    return value
