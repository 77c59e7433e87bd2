"""Checks 46 and 47: answers of a practice registry about a record."""

from __future__ import annotations

import hashlib

from audit.outcomes.case import fails, passes, skips
from ic.registry.writing import (
    COMMIT,
    KEY,
    NOW,
    W,
    blob,
    call,
    certified,
    decided,
    error,
    measurement,
    number,
    record,
    reply,
    value,
)

from auditkit import checks
from auditkit.errors import EvidenceError
from auditkit.evidence import UnboundAnswerError
from auditkit.ic import GOVERNANCE, REGISTRY, encode_envelope, request_id
from auditkit.pipeline import refusal
from auditkit.practice.nns.certify import pending_state, reply_state

REQUEST, REPLY = checks.REGISTRY_REQUEST, checks.REGISTRY_REPLY
ID = request_id(call()).hex()
WRITTEN = "written in version 62948 at 2026-08-06 11:01:32 UTC"
SIZE = len(record(measurement()))
PART = hashlib.sha256(b"x").digest()
PARTS = reply(blob(4, blob(1, PART) + blob(1, PART)))
UNSOUND = "The answer is not sound, whatever it says."
UNKNOWN = "This version of auditkit does not know the layout of the answer: "


def answered(*arguments, **changes):
    return lambda: decided(*arguments, **changes).decisions


REQUESTS = (
    passes(
        REQUEST,
        "the stored one",
        answered(),
        f"request {ID}",
        f"It answers the stored call get_value({KEY}) to the registry.",
    ),
    passes(
        REQUEST,
        "the stored one, about an earlier version",
        answered(argument=blob(1, number(1, 63_000)) + blob(2, KEY)),
        f"request {request_id(call(argument=blob(1, number(1, 63_000)) + blob(2, KEY))).hex()}",
        f"It answers the stored call get_value({KEY}, as of version 63000) to the registry.",
    ),
    skips(
        REQUEST,
        "none was stored",
        answered(request=False),
        "The request was not kept, and nothing else says which record the answer is about.",
    ),
    skips(
        REPLY,
        "no request was stored",
        answered(request=False),
        "The request was not kept, and nothing else says which record the answer is about.",
    ),
    fails(
        REQUEST,
        "no call",
        answered(certificate=W.certificate({"time": W.state()["time"]})),
        "0",
        "The certificate does not answer exactly one call.",
        expected="1 request",
    ),
    fails(
        REQUEST,
        "it is not answered yet",
        answered(certificate=W.certificate(pending_state(request_id(call()), "processing", time_ns=NOW))),
        "status processing",
        "The call was not answered with a reply.",
        expected="status replied",
    ),
    fails(
        REQUEST,
        "another call",
        answered(request=encode_envelope(call(nonce=b"x"))),
        f"request {ID}",
        "The certificate answers another call than the stored one.",
        expected=f"request {request_id(call(nonce=b'x')).hex()}",
    ),
    fails(
        REQUEST,
        "another canister",
        answered(canister=GOVERNANCE),
        str(GOVERNANCE),
        "The call went to another canister than the registry.",
        expected=str(REGISTRY),
    ),
    fails(
        REQUEST,
        "another method",
        answered(method="get_latest_version"),
        "'get_latest_version'",
        "Another method was called.",
        expected="get_value",
    ),
    fails(
        REQUEST,
        "another record",
        answered(argument=blob(2, "replica_version_\n")),
        r"'replica_version_\n'",
        "The call asked for another record.",
        expected=KEY,
    ),
    skips(
        REQUEST, "the certificate is none", answered(certificate=b""), "Not reached: certificate.form failed."
    ),
    skips(REPLY, "another call", answered(request=b"\xa0"), "Not reached: registry.request failed."),
    fails(
        REQUEST,
        "a host gave the certificate of another call",
        lambda: refusal(
            UnboundAnswerError("the answer is another's", expected="one", observed="two"), REQUEST
        ),
        "two",
        "the answer is another's.",
        expected="one",
    ),
    fails(
        checks.CERTIFICATE_FORM,
        "a host gave no certificate, asked for a record",
        lambda: refusal(EvidenceError("the answer is none"), REQUEST),
        "an answer without a certificate that can be read",
        "the answer is none.",
        expected="a certificate that answers this call",
    ),
)

REPLIES = (
    passes(
        REPLY,
        "a record",
        answered(),
        f"{SIZE} bytes, {WRITTEN}",
        "The registry holds the record.",
        expected=f"the record {KEY}",
    ),
    passes(
        REPLY,
        "a record with fields that are not known, written nobody knows when",
        answered(reply(blob(3, number(11, 1) + number(12, 1)) + number(6, 0), time=0)),
        "4 bytes, written in version 62948; fields that are not known: 6, record 11, record 12",
        "The registry holds the record.",
        expected=f"the record {KEY}",
    ),
    fails(
        REPLY,
        "a certified absence",
        answered(error(1)),
        "no record in version 62948",
        "The registry says that there is no such record.",
        expected=f"the record {KEY}",
    ),
    fails(
        REPLY,
        "an absence of another record",
        answered(error(1, key=b"other\xff")),
        r"'other\ufffd'",
        "The registry says that there is no record, and means another one.",
        expected=f"the record {KEY}",
    ),
    skips(
        REPLY,
        "another error",
        answered(error(4, "too\nnew")),
        r"The registry answered with error 4: 'too\nnew'.",
    ),
    skips(REPLY, "another error without a reason", answered(error(2)), "The registry answered with error 2."),
    skips(
        REPLY,
        "one of two parts is there",
        answered(PARTS, chunks=(b"x",)),
        "The record comes in 2 parts, and 1 of them are there.",
    ),
    fails(
        REPLY,
        "a part that was not certified",
        answered(PARTS, chunks=(b"x", b"y")),
        f"part 2 of the record is not the one that was certified (expected SHA-256 {PART.hex()}, "
        f"found {hashlib.sha256(b'y').hexdigest()})",
        UNSOUND,
        expected=f"the record {KEY}",
    ),
    skips(
        REPLY,
        "neither record nor error",
        answered(number(2, 1)),
        f"{UNKNOWN}the registry's reply holds neither a record nor an error (expected field 1, 3 or 4, found "
        "nothing).",
    ),
    skips(
        REPLY,
        "a measurement of another size",
        answered(value(record(measurement(b"m" * 47)))),
        f"{UNKNOWN}a measurement of the record is not a launch measurement (expected 48 bytes, found 47 bytes).",
    ),
    fails(
        REPLY,
        "a record of another version",
        answered(value(record(more=blob(10, "f" * 40)))),
        f"the record is about another version than its key (expected {COMMIT}, found {'f' * 40})",
        UNSOUND,
        expected=f"the record {KEY}",
    ),
    fails(
        REPLY,
        "later than the question",
        answered(argument=blob(1, number(1, 5)) + blob(2, KEY)),
        "the answer is about a later version of the registry than the one asked about (expected at most 5, found "
        "62948)",
        UNSOUND,
        expected=f"the record {KEY}",
    ),
    fails(
        REPLY,
        "no message",
        answered(certificate=W.certificate(reply_state(request_id(call()), b"\x0b", time_ns=NOW))),
        "byte 0 of the registry's reply: a field of a wire type that has no place here (expected something else, "
        "found 3)",
        UNSOUND,
        expected=f"the record {KEY}",
    ),
    skips(
        REPLY,
        "the certificate is another's",
        answered(certificate=certified(value())[:-1] + b"\0"),
        "Not reached: certificate.signature failed.",
    ),
)

CASES = (*REQUESTS, *REPLIES)
