"""The registry canister's answer to ``get_value``, as it was certified.

Source: dfinity/ic, rs/registry/transport (``HighCapacityRegistryGetValueResponse``) and
rs/registry/canister/canister/canister.rs (``get_value``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from auditkit.errors import EvidenceError
from auditkit.ic.registry.wire import LayoutError, Message, read_message
from auditkit.limits import LIMITS, Limits

KEY_NOT_PRESENT: Final = 1
"""The error code that says that there is no such record."""

_ERROR, _VERSION, _VALUE, _CHUNKS, _TIME = 1, 2, 3, 4, 5
_CODE, _REASON, _KEY = 1, 2, 3
_DIGESTS = 1


@dataclass(frozen=True, slots=True)
class RegistryReply:
    """What the registry canister answered; exactly one of value, digests and error code is there.

    Attributes:
        version: of a record, the version of the registry that wrote it; of an absence, the version that was asked
            about, or the newest.
        timestamp_ns: when the record was written, nanoseconds since 1970; None where the answer does not say.
        value: the record; None when it comes in chunks, or when there is none.
        chunk_digests: SHA-256 of each part of a large record, in order; None for others.
        error_code: why there is no record, such as `KEY_NOT_PRESENT`; None when there is one.
        error_reason: in the canister's words; may be empty.
        error_key: the key that the error is about, if it says so.
        unknown: the fields that this version does not know, such as ``6`` or ``1.4``.
    """

    version: int
    timestamp_ns: int | None
    value: bytes | None
    chunk_digests: tuple[bytes, ...] | None
    error_code: int | None
    error_reason: str | None
    error_key: bytes | None
    unknown: tuple[str, ...]


def decode_reply(reply: bytes, *, limits: Limits = LIMITS) -> RegistryReply:
    """Reads the reply of ``get_value``.

    Raises:
        LayoutError: a layout that this version does not know.
        EvidenceError: malformed, beyond a limit, or in contradiction with itself.
    """
    message = read_message(reply, "the registry's reply", limits=limits)
    content = message.one_of((_VALUE, _CHUNKS))
    error = message.message(_ERROR, "the registry's error", limits=limits)
    if error is not None and content is not None:
        raise EvidenceError("the registry's reply holds both a record and an error")
    if error is None and content is None:
        raise LayoutError(
            "the registry's reply holds neither a record nor an error", expected="field 1, 3 or 4"
        )
    unknown = [str(number) for number in message.unknown((_ERROR, _VERSION, _VALUE, _CHUNKS, _TIME))]
    chunks = message.message(_CHUNKS, "the list of a record's parts", limits=limits)
    if chunks is not None:
        unknown += [f"{_CHUNKS}.{number}" for number in chunks.unknown((_DIGESTS,))]
    if error is not None:
        unknown += [f"{_ERROR}.{number}" for number in error.unknown((_CODE, _REASON, _KEY))]
    return RegistryReply(
        version=message.number(_VERSION) or 0,
        timestamp_ns=message.number(_TIME) or None,
        value=message.blob(_VALUE),
        chunk_digests=None if chunks is None else read_chunk_digests(chunks, limits=limits),
        error_code=None if error is None else error.number(_CODE) or 0,
        error_reason=None if error is None else error.text(_REASON) or "",
        error_key=None if error is None else error.blob(_KEY),
        unknown=tuple(unknown),
    )


def read_chunk_digests(chunks: Message, *, limits: Limits = LIMITS) -> tuple[bytes, ...]:
    """The digests of the parts of a large record.

    Raises:
        LayoutError: none is named, or one by something else than its SHA-256.
        EvidenceError: more than `Limits.registry_chunks`.
    """
    count = chunks.count(_DIGESTS)
    if count > limits.registry_chunks:
        raise EvidenceError(
            "the record comes in more parts than any real one",
            expected=f"at most {limits.registry_chunks}",
            observed=str(count),
        )
    digests = chunks.blobs(_DIGESTS)
    if not digests:
        raise LayoutError("the record is said to come in parts, and none is named")
    if any(len(digest) != 32 for digest in digests):
        raise LayoutError("a part of the record is not named by its SHA-256", expected="32 bytes")
    return digests
