"""What the practice registry canister replies to each of its methods.

Source: dfinity/ic, rs/registry/canister/canister/canister.rs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from auditkit.errors import EvidenceError
from auditkit.ic import candid
from auditkit.practice.nns.candid_writer import BLOB, OptType, VariantType, encode, record
from auditkit.practice.nns.certify import CANISTER_ERROR, Rejection
from auditkit.practice.nns.protobuf_reader import bytes_in, number_in
from auditkit.practice.nns.protobuf_writer import bytes_field, message_field, number_field, text_field
from auditkit.practice.nns.registry.delta import (
    MOST_VERSIONS,
    certified_data,
    changes_since,
    encode_mixed_tree,
)
from auditkit.practice.nns.registry.history import History

_KEY_NOT_PRESENT: Final = 1

Certify = Callable[[bytes], bytes]
"""Gives the certificate for a canister's certified data (32 bytes)."""


def update_reply(method: str, argument: bytes, history: History) -> bytes | Rejection:
    """What is replied to an update call, which the subnet certifies as a whole.

    The certified answers are to be had by query alone: during an update a canister has no certificate.
    """
    if method in _CERTIFIED:
        return Rejection(
            CANISTER_ERROR, f"Canister trapped: there is no certificate for '{method}' in an update"
        )
    return _answer(method, argument, history)


def query_reply(
    method: str, argument: bytes, history: History, certify: Certify, *, most: int = MOST_VERSIONS
) -> bytes | Rejection:
    """What is replied to a query, which nobody signs.

    Args:
        method: its name.
        argument: as the method has it: Protocol Buffers, or Candid.
        history: what the registry holds.
        certify: makes the certificate that the certified answers carry.
        most: how many versions there may be in one answer.
    """
    if method not in _CERTIFIED:
        return _answer(method, argument, history)
    since = history.latest
    if method == "get_certified_changes_since":
        try:
            since = number_in(argument, 1)
        except EvidenceError as error:
            return Rejection(CANISTER_ERROR, f"Canister trapped: the request cannot be read: {error}")
    tree = changes_since(history, since, most=most)
    certificate = certify(certified_data(history))
    return message_field(1, encode_mixed_tree(tree)) + bytes_field(2, certificate)


def _answer(method: str, argument: bytes, history: History) -> bytes | Rejection:
    answer = _METHODS.get(method)
    if answer is None:
        return Rejection(CANISTER_ERROR, f"Canister has no method '{method}'")
    try:
        return answer(argument, history)
    except EvidenceError as error:
        return Rejection(CANISTER_ERROR, f"Canister trapped: the request cannot be read: {error}")


def _get_value(argument: bytes, history: History) -> bytes:
    """The last value of a key, with the version in which it was set; or the certified word that there is none."""
    try:
        wrapped = bytes_in(argument, 1)
        key = bytes_in(argument, 2) or b""
        at = history.latest if wrapped is None else number_in(wrapped, 1)
    except EvidenceError as error:
        return message_field(1, text_field(2, str(error)))  # the code of a malformed message is 0
    found = history.last_change(key, at)
    if found is None:
        return message_field(1, number_field(1, _KEY_NOT_PRESENT) + bytes_field(3, key)) + number_field(2, at)
    version, mutation = found
    return number_field(2, version.number) + mutation.content() + number_field(5, version.timestamp_ns)


def _get_latest_version(_: bytes, history: History) -> bytes:
    return number_field(1, history.latest)


def _get_chunk(argument: bytes, history: History) -> bytes:
    values = candid.decode(argument)
    digest = values[0].field("content_sha256").optional() if values else None
    chunk = record(content=OptType(BLOB))
    reply = VariantType((("Ok", chunk), ("Err", candid.Primitive.TEXT)))
    if digest is None:
        return encode(reply, ("Err", "Request does not specify content_sha256."))
    piece = history.piece(digest.blob())
    if piece is None:
        return encode(reply, ("Err", f"No chunk with SHA256 = {digest.blob().hex()}"))
    return encode(reply, ("Ok", {"content": piece}))


_METHODS: Final[Mapping[str, Callable[[bytes, History], bytes]]] = {
    "get_value": _get_value,
    "get_latest_version": _get_latest_version,
    "get_chunk": _get_chunk,
}
_CERTIFIED: Final = ("get_certified_changes_since", "get_certified_latest_version")
