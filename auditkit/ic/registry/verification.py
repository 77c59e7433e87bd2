"""Checks 1 to 11, 46 and 47: what does the registry canister say about a record, and was it asked?

A certificate holds the reply of the registry and nothing of the question; the reply holds the record and not its key.
Only the stored request says which record it is, so without it nothing can be concluded. The checks are listed in
`auditkit.checks` and explained in docs/certificates.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from auditkit import checks
from auditkit.decision import Decision
from auditkit.errors import EvidenceError
from auditkit.ic.decision_log import DecisionLog
from auditkit.ic.hash_tree import HashTree
from auditkit.ic.principal import REGISTRY
from auditkit.ic.registry.records import (
    REPLICA_VERSION_PREFIX,
    ReplicaVersionRecord,
    read_replica_version,
)
from auditkit.ic.registry.reply import KEY_NOT_PRESENT, RegistryReply, decode_reply
from auditkit.ic.registry.request import GET_VALUE, read_get_value_argument
from auditkit.ic.registry.wire import LayoutError
from auditkit.ic.reply_binding import call_answered, reply_of
from auditkit.ic.verification import time_text, verify_certificate
from auditkit.limits import LIMITS, Limits


@dataclass(frozen=True, slots=True)
class RegistryAnswer:
    """What the registry says about one key.

    Attributes:
        key: the key that was asked about.
        version: of a record, the version of the registry that wrote it; of an absence, the version at which there is
            no such record.
        asked_version: the version that was asked about; None for the newest at the time of the certificate.
        timestamp_ns: when the record was written, nanoseconds since 1970; None where the answer does not say.
        value: the record; None when the registry certifies that there is none.
        record: the record read, when the key is that of a GuestOS version.
        unknown: fields of the answer around the record that this version does not know.
    """

    key: str
    version: int
    asked_version: int | None
    timestamp_ns: int | None
    value: bytes | None
    record: ReplicaVersionRecord | None = None
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RegistryVerification:
    """What checks 1 to 11, 46 and 47 decided.

    Attributes:
        decisions: one a check, in the order of their numbers.
        answer: what the registry says, a certified absence included, which fails check 47; None where nothing can be
            concluded.
        time_ns: when the certificate was signed, nanoseconds since 1970; None when one of checks 1 to 11
            failed.
        signed_by: who signed, in words; empty when one of checks 1 to 11 failed.
        request_id: the 32-byte id of the call that the certificate answers; None when there is not exactly
            one.
    """

    decisions: tuple[Decision, ...]
    answer: RegistryAnswer | None
    time_ns: int | None
    signed_by: str
    request_id: bytes | None


@dataclass(frozen=True, slots=True)
class _Question:
    """What check 46 established: the call and its reply."""

    key: str
    version: int | None
    reply: bytes


def verify_registry_answer(
    data: bytes,
    *,
    root_key: bytes,
    key: str | None,
    request: bytes | None,
    chunks: Sequence[bytes] = (),
    now_ns: int | None = None,
    limits: Limits = LIMITS,
) -> RegistryVerification:
    """Decides checks 1 to 11, 46 and 47 about the bytes of a certificate. Bad bytes never raise: they fail a check.

    Args:
        data: the certificate file, with or without tag 55799.
        root_key: DER, 133 bytes.
        key: the key of the wanted record; None takes the one that the stored request asked for.
        request: the stored envelope of the call; None leaves check 46 without an answer.
        chunks: the parts of a large record, in order; each is checked against the digest that was certified.
        now_ns: the present, nanoseconds since 1970; None asks the clock.

    Raises:
        ParameterError: ``root_key`` is not a key.
        AuditkitError: no BLS library is installed.
    """
    signed = verify_certificate(data, root_key=root_key, canister=REGISTRY, now_ns=now_ns, limits=limits)
    log = DecisionLog()
    log.add(*signed.decisions)
    request_id: bytes | None = None
    answer: RegistryAnswer | None = None
    if signed.certificate is not None:
        request_id, question = _decide_request(log, signed.certificate.tree, request, key, limits)
        if question is not None:
            answer = _decide_reply(log, question, chunks, limits)
    return RegistryVerification(
        decisions=log.in_order(checks.REGISTRY_CHECKS),
        answer=answer,
        time_ns=signed.time_ns,
        signed_by=signed.signed_by,
        request_id=request_id,
    )


def _decide_request(
    log: DecisionLog, tree: HashTree, request: bytes | None, key: str | None, limits: Limits
) -> tuple[bytes | None, _Question | None]:
    """Check 46: the request id, and the question when it is ours."""
    check = checks.REGISTRY_REQUEST
    request_id: bytes | None = None
    try:
        request_id, reply = reply_of(tree)
        if request is None:
            why = "The request was not kept, and nothing else says which record the answer is about."
            log.add(check.skipped(why))
            log.add(checks.REGISTRY_REPLY.skipped(why))
            return request_id, None
        call = call_answered(request, request_id, REGISTRY, "the registry", GET_VALUE, limits=limits)
        asked_for, version = read_get_value_argument(call.argument, limits=limits)
        if key not in (None, asked_for):
            raise EvidenceError(
                "the call asked for another record", expected=key or "", observed=ascii(asked_for[:200])
            )
    except EvidenceError as error:
        reason = f"{error.what[0].upper()}{error.what[1:]}."
        log.add(check.failed(error.observed or str(error), reason, expected=error.expected))
        return request_id, None
    when = "" if version is None else f", as of version {version}"
    log.add(
        check.passed(
            f"request {request_id.hex()}",
            f"It answers the stored call {GET_VALUE}({asked_for[:200]}{when}) to the registry.",
        )
    )
    return request_id, _Question(asked_for, version, reply)


def _decide_reply(
    log: DecisionLog, question: _Question, chunks: Sequence[bytes], limits: Limits
) -> RegistryAnswer | None:
    """Check 47: the answer when it can be told what the registry says."""
    check = checks.REGISTRY_REPLY
    wanted = f"the record {question.key[:200]}"
    try:
        reply = decode_reply(question.reply, limits=limits)
        _check_version(reply, question)
        if reply.error_code is not None:
            return _decide_error(log, question, reply)
        digests = reply.chunk_digests or ()
        if len(chunks) < len(digests):
            log.add(
                check.skipped(
                    f"The record comes in {len(digests)} parts, and {len(chunks)} of them are there."
                )
            )
            return None
        value = reply.value if reply.value is not None else b""
        value += _joined(digests, chunks, limits)
        record = (
            read_replica_version(value, question.key, limits=limits)
            if question.key.startswith(REPLICA_VERSION_PREFIX)
            else None
        )
    except LayoutError as error:
        log.add(check.skipped(f"This version of auditkit does not know the layout of the answer: {error}."))
        return None
    except EvidenceError as error:
        log.add(check.failed(str(error), "The answer is not sound, whatever it says.", expected=wanted))
        return None
    unknown = (*reply.unknown, *(f"record {field}" for field in record.unknown)) if record else reply.unknown
    more = f"; fields that are not known: {', '.join(unknown[:20])}" if unknown else ""
    when = "" if reply.timestamp_ns is None else f" at {time_text(reply.timestamp_ns)}"
    log.add(
        check.passed(
            f"{len(value)} bytes, written in version {reply.version}{when}{more}",
            "The registry holds the record.",
            expected=wanted,
        )
    )
    return RegistryAnswer(
        key=question.key,
        version=reply.version,
        asked_version=question.version,
        timestamp_ns=reply.timestamp_ns,
        value=value,
        record=record,
        unknown=reply.unknown,
    )


def _check_version(reply: RegistryReply, question: _Question) -> None:
    if question.version is not None and reply.version > question.version:
        raise EvidenceError(
            "the answer is about a later version of the registry than the one asked about",
            expected=f"at most {question.version}",
            observed=str(reply.version),
        )


def _decide_error(log: DecisionLog, question: _Question, reply: RegistryReply) -> RegistryAnswer | None:
    """Check 47 about an answer without a record."""
    check = checks.REGISTRY_REPLY
    wanted = f"the record {question.key[:200]}"
    if reply.error_code != KEY_NOT_PRESENT:
        words = f": {reply.error_reason[:200]!a}" if reply.error_reason else ""
        log.add(check.skipped(f"The registry answered with error {reply.error_code}{words}."))
        return None
    if reply.error_key not in (None, question.key.encode("utf-8")):
        log.add(
            check.failed(
                ascii((reply.error_key or b"")[:200].decode("utf-8", "replace")),
                "The registry says that there is no record, and means another one.",
                expected=wanted,
            )
        )
        return None
    log.add(
        check.failed(
            f"no record in version {reply.version}",
            "The registry says that there is no such record.",
            expected=wanted,
        )
    )
    return RegistryAnswer(
        key=question.key,
        version=reply.version,
        asked_version=question.version,
        timestamp_ns=reply.timestamp_ns,
        value=None,
        unknown=reply.unknown,
    )


def _joined(digests: Sequence[bytes], chunks: Sequence[bytes], limits: Limits) -> bytes:
    """The parts of a record put together; nothing when it comes whole.

    Raises:
        EvidenceError: too many parts, one that was not certified, or more bytes than a record can have.
    """
    if len(chunks) > len(digests):
        raise EvidenceError(
            "there are more parts than the answer names",
            expected=str(len(digests)),
            observed=str(len(chunks)),
        )
    if (size := sum(map(len, chunks))) > limits.registry_value_bytes:
        raise EvidenceError(
            "the record is larger than any real one",
            expected=f"at most {limits.registry_value_bytes} bytes",
            observed=f"{size} bytes",
        )
    for place, (digest, chunk) in enumerate(zip(digests, chunks, strict=True), 1):
        if (observed := hashlib.sha256(chunk).digest()) != digest:
            raise EvidenceError(
                f"part {place} of the record is not the one that was certified",
                expected=f"SHA-256 {digest.hex()}",
                observed=observed.hex(),
            )
    return b"".join(chunks)
