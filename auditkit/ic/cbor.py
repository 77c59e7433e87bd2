"""The CBOR profile of certificates, requests and HTTP answers, scanned before cbor2 decodes anything.

RFC 8949 lets one value be written in many ways, and its extensions (shared references, tags 28 and 29) let a
few hundred bytes describe more objects than memory holds. The profile leaves one way: definite lengths, heads
in their shortest form, unsigned integers, byte strings, text strings, arrays, maps with unique text keys,
null, and one self-describing tag 55799 on top. It forbids tags anywhere else, negative numbers, floats, and
bytes after the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import cbor2

from auditkit.errors import EvidenceError
from auditkit.limits import LIMITS, Limits

SELF_DESCRIBED_TAG: Final = b"\xd9\xd9\xf7"

_UINT, _BYTES, _TEXT, _ARRAY, _MAP, _TAG = 0, 2, 3, 4, 5, 6
_NULL: Final = 0xF6
_MAJOR_NAMES: Final = {1: "a negative integer", _TAG: "a tag", 7: "a simple value or a float"}

CborValue: TypeAlias = "int | bytes | str | list[CborValue] | dict[str, CborValue] | None"


def decode(data: bytes, *, limits: Limits = LIMITS) -> CborValue:
    """Decodes one CBOR document of the profile; a tag 55799 on top is dropped.

    Raises:
        EvidenceError: outside the profile or a limit; ``where`` names the byte offset.
    """
    start = len(SELF_DESCRIBED_TAG) if data.startswith(SELF_DESCRIBED_TAG) else 0
    check_profile(data, start, limits=limits)
    try:
        value: CborValue = cbor2.loads(data[start:])
    except (cbor2.CBORDecodeError, ValueError, RecursionError) as error:
        # The scan has accepted these bytes, so this is a disagreement between two readers: refuse.
        raise EvidenceError(f"the CBOR library refuses the document: {error}") from error
    return value


def encode(value: Mapping[str, object] | Sequence[object], *, tagged: bool) -> bytes:
    """Encodes ``value`` so that `decode` accepts it, with tag 55799 on top when ``tagged``."""
    return (SELF_DESCRIBED_TAG if tagged else b"") + cbor2.dumps(value)


def _refuse(offset: int, what: str) -> EvidenceError:
    return EvidenceError(what, where=f"CBOR byte {offset}")


def check_profile(data: bytes, start: int = 0, *, limits: Limits = LIMITS) -> None:
    """Checks that ``data`` from ``start`` on is exactly one document of the profile.

    Time and memory are linear in the length of ``data``; nothing is decoded but map keys.

    Raises:
        EvidenceError: with the offset of the first offending byte.
    """
    if len(data) > limits.certificate_bytes:
        raise EvidenceError(
            "the document is too large",
            expected=f"at most {limits.certificate_bytes} bytes",
            observed=f"{len(data)} bytes",
        )
    # One open container: items still to come (a map counts keys and values), and the keys seen if it is a
    # map.
    remaining: list[int] = []
    seen_keys: list[set[bytes] | None] = []
    offset = start
    items = 0
    while True:
        items += 1
        if items > limits.cbor_items:
            raise _refuse(offset, f"more than {limits.cbor_items} data items")
        head = offset
        major, argument, offset = _read_head(data, offset)
        keys = seen_keys[-1] if seen_keys else None
        is_key = keys is not None and remaining[-1] % 2 == 0
        if is_key and major != _TEXT:
            raise _refuse(head, "a map key that is not text")
        if major in (_BYTES, _TEXT):
            end = offset + argument
            if end > len(data):
                raise _refuse(head, f"a string of {argument} bytes where {len(data) - offset} are left")
            if major == _TEXT:
                _check_text(data, offset, end)
            if is_key and keys is not None:
                key = data[offset:end]
                if key in keys:
                    raise _refuse(head, f"the map key {key.decode('utf-8')!r} a second time")
                keys.add(key)
            offset = end
        if remaining:
            remaining[-1] -= 1
        if major in (_ARRAY, _MAP):
            if argument > len(data) - offset:
                raise _refuse(
                    head, f"a container of {argument} entries where {len(data) - offset} bytes are left"
                )
            if len(remaining) >= limits.cbor_depth:
                raise _refuse(head, f"nesting deeper than {limits.cbor_depth}")
            remaining.append(argument * (2 if major == _MAP else 1))
            seen_keys.append(set() if major == _MAP else None)
        while remaining and remaining[-1] == 0:
            remaining.pop()
            seen_keys.pop()
        if not remaining:
            break
    if offset != len(data):
        raise _refuse(offset, f"{len(data) - offset} bytes after the end of the document")


def _read_head(data: bytes, offset: int) -> tuple[int, int, int]:
    """Major type, argument and the offset after the head."""
    if offset >= len(data):
        raise _refuse(offset, "the document ends too early")
    first = data[offset]
    major, info = first >> 5, first & 0x1F
    if first == _NULL:
        return 7, 0, offset + 1
    if major in _MAJOR_NAMES:
        raise _refuse(offset, f"{_MAJOR_NAMES[major]}, which has no place here")
    if info < 24:
        return major, info, offset + 1
    if info == 31:
        raise _refuse(offset, "an indefinite length")
    if info > 27:
        raise _refuse(offset, "a reserved length form")
    width = 1 << (info - 24)
    end = offset + 1 + width
    if end > len(data):
        raise _refuse(offset, "the document ends too early")
    argument = int.from_bytes(data[offset + 1 : end], "big")
    if argument < (24 if width == 1 else 1 << (4 * width)):
        raise _refuse(offset, f"the number {argument} in more bytes than it needs")
    return major, argument, end


def _check_text(data: bytes, offset: int, end: int) -> None:
    try:
        data[offset:end].decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refuse(offset + error.start, "text that is not UTF-8") from None
