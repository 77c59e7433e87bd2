"""The forms in which attestation reports are kept.

Source: AMD publication 56860, table "MSG_REPORT_RSP" (the firmware's answer); 56421, section "SNP Extended Guest
Request" (a certificate table behind the report); `auditkit.sev.attestation.text_forms` for reports as text.
"""

from __future__ import annotations

import json
import struct
from typing import Any, Final

from auditkit.errors import EvidenceError
from auditkit.sev.attestation.report import REPORT_BYTES
from auditkit.sev.attestation.text_forms import read_written_bytes, text_of, without_mark

_RESPONSE_HEADER: Final = struct.Struct("<II24x")
_VERSION_HIGH_BYTES: Final = slice(1, 4)  # zero in every version there is
_FORMS: Final = "a report of 1184 bytes: raw, or as hex digits, hex dump, base 64 or one value in JSON"
_OTHERS: Final = (
    (b"\x30\x82", "a certificate in DER"),
    (b"HCLA", "a report of Azure's paravisor, which holds the processor's report from byte 32 on"),
    (b"\x1f\x8b", "a file packed with gzip"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x28\xb5\x2f\xfd", "a file packed with zstd"),
)


def split_report(data: bytes) -> tuple[bytes, bytes]:
    """The 1184 bytes of a report and what follows it, from any form in which reports are kept.

    Args:
        data: the report as raw bytes or as text (hex digits with or without ``0x`` and colons, the dumps of `xxd`,
            `hexdump -C` and `od -t x1`, a C array, base 64, a string or list of bytes in JSON); with or without the
            32-byte header of a firmware response before it, with or without a certificate table behind it.

    Returns:
        The report, and what follows it, to be read as a certificate table; empty when only zeros follow.

    Raises:
        EvidenceError: it is none of these, and says what it is instead where that is known.
    """
    data = without_mark(data)
    text = text_of(data)
    if text is not None:
        data = _from_text(text)
    for begin, what in _OTHERS:
        if data.startswith(begin):
            raise EvidenceError(f"this is not an attestation report but {what}", expected=_FORMS)
    if _has_header(data):
        data = _unwrapped(data)
    if len(data) < REPORT_BYTES:
        raise EvidenceError(
            "this is not an attestation report: it is too short",
            expected=f"{REPORT_BYTES} bytes or more",
            observed=f"{len(data)} bytes",
        )
    rest = data[REPORT_BYTES:]
    return data[:REPORT_BYTES], rest if any(rest) else b""


def _has_header(data: bytes) -> bool:
    """Whether the firmware's header stands before the report: no report has zeros in the place of its policy."""
    return len(data) >= _RESPONSE_HEADER.size and not any(data[8 : _RESPONSE_HEADER.size]) and any(data)


def _unwrapped(data: bytes) -> bytes:
    status, size = _RESPONSE_HEADER.unpack_from(data)
    if status:
        raise EvidenceError(
            "this is the firmware's answer (MSG_REPORT_RSP) that it made no report",
            observed=f"status {status:#x}",
        )
    if size != REPORT_BYTES:
        raise EvidenceError(
            "this has the form of a firmware's answer (MSG_REPORT_RSP) with something other than a report",
            expected=f"{REPORT_BYTES} bytes",
            observed=f"{size} bytes",
        )
    return data[_RESPONSE_HEADER.size :]


def _may_be_report(data: bytes) -> bool:
    return len(data) >= REPORT_BYTES and (_has_header(data) or not any(data[_VERSION_HIGH_BYTES]))


def _from_text(text: str) -> bytes:
    if text[0] in '{["':
        return _from_json(text)
    if "-----BEGIN " in text:
        raise EvidenceError(
            "this is not an attestation report but PEM, as certificates are kept in", expected=_FORMS
        )
    written = read_written_bytes(text)
    if written is None:
        raise EvidenceError(
            "this is text, but not in a form in which auditkit reads reports",
            expected=_FORMS,
            observed=text[:40],
        )
    form, data = written
    if len(data) >= REPORT_BYTES and not _may_be_report(data):
        turned = "; the bytes of each word are in reverse order" if data[0:3] == bytes(3) else ""
        raise EvidenceError(
            f"this is {form}, and what it writes down does not begin as an attestation report{turned}",
            expected="a version number, such as 03000000",
            observed=data[:4].hex(),
        )
    return data


def _from_json(text: str) -> bytes:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise EvidenceError(
            "this begins like JSON but is not JSON", expected=_FORMS, observed=text[:40]
        ) from None
    found: set[bytes] = set()
    fields = False
    left = [document]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            fields = fields or {"version", "measurement", "signature"} <= value.keys()
            left += value.values()
        elif isinstance(value, list):
            left += [item for item in value if isinstance(item, dict | list | str)]
        data = _json_bytes(value)
        if data is not None and _may_be_report(data):
            found.add(data)
    if len(found) == 1:
        return found.pop()
    if found:
        raise EvidenceError("this is JSON with more than one attestation report", expected="one report")
    if fields:
        raise EvidenceError(
            "this is JSON with the fields of an attestation report, and not the report that the chip signed",
            expected=_FORMS,
        )
    raise EvidenceError("this is JSON without an attestation report in it", expected=_FORMS)


def _json_bytes(value: Any) -> bytes | None:
    """The bytes that one value of JSON writes down: a list of numbers, or a text in one of the forms."""
    if isinstance(value, list) and len(value) >= REPORT_BYTES:
        if all(type(item) is int and 0 <= item <= 255 for item in value):
            return bytes(value)
    elif isinstance(value, str) and len(value) > REPORT_BYTES:
        try:
            written = read_written_bytes(value)
        except EvidenceError:
            return None
        return written[1] if written else None
    return None
