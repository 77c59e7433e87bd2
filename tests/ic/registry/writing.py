"""Writes protocol buffers field by field, well or badly, and answers of a practice registry that are made of them."""

from __future__ import annotations

from ic.world import NOW, World

from auditkit.ic import REGISTRY, call_content, encode_envelope, request_id
from auditkit.ic.registry import verify_registry_answer
from auditkit.practice.nns import certify

COMMIT = "0123456789abcdef0123456789abcdef01234567"
KEY = f"replica_version_{COMMIT}"
# {2: key}, typed out: field 2, 56 bytes.
ARGUMENT = bytes.fromhex("1238") + KEY.encode()
IMAGE = "ab" * 32
HASH = b"h" * 32
URL = "https://download.example.org/update-img.tar.zst"


def varint(number: int) -> bytes:
    rest, last = divmod(number, 128)
    return bytes([last]) if not rest else bytes([last | 128]) + varint(rest)


def number(place: int, value: int) -> bytes:
    return varint(place * 8) + varint(value)


def blob(place: int, value: bytes | str) -> bytes:
    content = value.encode() if isinstance(value, str) else value
    return varint(place * 8 + 2) + varint(len(content)) + content


def measurement(
    raw: bytes = b"m" * 48, metadata: bytes | None = blob(1, "root=") + blob(2, "EPYC-Milan")
) -> bytes:
    return blob(1, raw) + (b"" if metadata is None else blob(2, metadata))


def record(*measurements: bytes, listed: bool = True, more: bytes = blob(10, COMMIT)) -> bytes:
    """A record of a GuestOS version; without ``listed`` the field of the measurements is absent."""
    inside = b"".join(blob(1, one) for one in measurements)
    return blob(6, IMAGE) + blob(7, URL) + (blob(9, inside) if listed else b"") + more


def reply(content: bytes, version: int = 62_948, time: int = 1_786_014_092_906_939_149) -> bytes:
    return number(2, version) + content + (number(5, time) if time else b"")


def value(content: bytes = record(measurement()), **more) -> bytes:
    return reply(blob(3, content), **more)


def error(code: int, reason: str = "", key: bytes | str = KEY) -> bytes:
    inside = (
        (number(1, code) if code else b"")
        + (blob(2, reason) if reason else b"")
        + (blob(3, key) if key else b"")
    )
    return blob(1, inside) + number(2, 62_948)


def empty() -> bytes:
    return blob(1, b"")


def fork(left: bytes, right: bytes) -> bytes:
    return blob(2, blob(1, left) + blob(2, right))


def labeled(label: str, subtree: bytes) -> bytes:
    return blob(3, blob(1, label) + blob(2, subtree))


def leaf(content: str | bytes) -> bytes:
    return blob(4, content)


def pruned(digest: bytes = HASH) -> bytes:
    return blob(5, digest)


W = World()


def call(argument: bytes = ARGUMENT, **changes):
    arguments = {
        "canister": REGISTRY,
        "method": "get_value",
        "argument": argument,
        "ingress_expiry_ns": NOW + 180 * 10**9,
        "nonce": b"n" * 16,
        **changes,
    }
    return call_content(**arguments)


def certified(answer: bytes, **changes) -> bytes:
    """A certificate in which the practice NNS answers a call of `call` with ``answer``."""
    return W.certificate(certify.reply_state(request_id(call(**changes)), answer, time_ns=NOW))


def decided(
    answer: bytes | None = None,
    *,
    certificate: bytes | None = None,
    key=KEY,
    chunks=(),
    request=True,
    **changes,
):
    """What is decided about an answer to the call with these changes."""
    stored = (
        encode_envelope(call(**changes)) if request is True else request or None
    )  # False: none was stored
    return verify_registry_answer(
        certified(value() if answer is None else answer, **changes) if certificate is None else certificate,
        root_key=W.root.public_key_der,
        key=key,
        request=stored,
        chunks=chunks,
        now_ns=NOW,
    )


def outcome(verification, check_id: str) -> str:
    (decision,) = [one for one in verification.decisions if one.id == check_id]
    return decision.outcome
