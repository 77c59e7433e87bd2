"""The certified call: asking a canister through the Internet Computer's HTTP interface.

Source: IC interface specification, "HTTPS interface". A method that is declared as a query is called as an
update, so that the subnet signs the reply. The request is anonymous, and it is kept: without it nothing in a
certificate says which canister, method and argument the reply belongs to.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from auditkit.errors import SourceError
from auditkit.evidence.answers import certificate_of_call, certificate_of_read_state, reply_of_query
from auditkit.evidence.conversation import Conversation, Event, first_answer
from auditkit.evidence.files import write_together
from auditkit.evidence.http import Backoff, Clock
from auditkit.ic import (
    ANONYMOUS,
    CallRequest,
    Principal,
    encode_envelope,
    query_content,
    read_state_content,
)
from auditkit.limits import LIMITS, Limits

_CALL_VERSIONS: Final = ("v4", "v3", "v2")
_READ_STATE_VERSIONS: Final = ("v3", "v2")
_QUERY_VERSIONS: Final = ("v3", "v2")
_FIRST_POLL_SECONDS: Final = 0.5
_LONGEST_POLL_SECONDS: Final = 1.0
_POLL_GROWTH: Final = 1.4

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class CertifiedCall:
    """A call and its certified reply, not verified yet.

    Attributes:
        certificate: the CBOR map of tree, signature and delegation, without a tag on top, as dfinity's tool
            writes it.
        request: the envelope that was sent; `auditkit.ic` reads it to bind the reply to the question.
        url: the host that gave the certificate.
    """

    certificate: bytes
    request: bytes
    url: str


def request_path(path: Path) -> Path:
    """Where the request of the certificate at ``path`` is kept: beside it, with suffix ``.request.cbor``."""
    return path.with_suffix(".request.cbor")


def save_proposal(path: Path, call: CertifiedCall) -> None:
    """Stores the certificate at ``path`` and its request at ``request_path(path)``, both or neither.

    The caller verifies first: what is not verified is not kept.

    Raises:
        ParameterError: ``path`` is a folder.
        SourceError: they cannot be written; the folder is as it was before.
    """
    write_together({request_path(path): call.request, path: call.certificate})


def fetch_certified_call(
    urls: Sequence[str],
    canister: Principal,
    method: str,
    arg: bytes,
    *,
    on_event: Event | None = None,
    clock: Clock | None = None,
    backoff: Backoff | None = None,
    limits: Limits = LIMITS,
) -> CertifiedCall:
    """Calls ``method`` and returns the certificate that holds the reply, from the first host that gives it.

    A host is asked by the newest interface it knows (v4, v3, v2) and polled when it answers later. Busy hosts
    and broken connections are tried again; any other failure moves on to the next host. The certificate is
    known to be about this very request, but its signature is not checked.

    Args:
        urls: hosts such as `MAINNET_URLS`, tried in order; the time is shared out among them.
        canister: whom to call.
        method: name of the method; it should change nothing, since it may be called more than once.
        arg: its argument.
        on_event: told in one sentence what happens.
        clock: for tests.
        backoff: waiting times between attempts.
        limits: bounds on the time for everything, on each read and on an answer.

    Raises:
        SourceError: no host answered with a reply: unreachable, busy, slow, cut short, redirected, a web
            page, rejected by the node or the canister, expired.
        EvidenceError: the first host answered with malformed or too many bytes, or another request's answer.
        ParameterError: no host, or a malformed address.
    """

    def ask(conversation: Conversation) -> CertifiedCall:
        request = CallRequest(
            canister=canister,
            method=method,
            argument=arg,
            sender=ANONYMOUS,
            ingress_expiry_ns=conversation.expiry_ns(),
            nonce=secrets.token_bytes(16),
        )
        certificate = _certificate(conversation, request)
        return CertifiedCall(certificate, encode_envelope(request.content), conversation.host)

    return first_answer(
        urls,
        ask,
        tell=on_event or (lambda _: None),
        clock=clock or Clock(),
        backoff=backoff or Backoff(),
        limits=limits,
    )


def fetch_query(
    urls: Sequence[str],
    canister: Principal,
    method: str,
    arg: bytes,
    read: Callable[[bytes], _Result],
    *,
    on_taken: Event | None = None,
    on_event: Event | None = None,
    clock: Clock | None = None,
    backoff: Backoff | None = None,
    limits: Limits = LIMITS,
) -> _Result:
    """What ``read`` makes of the reply to a query, from the first host whose reply it takes.

    Nobody vouches for a query: its reply is that host's word.

    Args:
        read: refuses with `EvidenceError`, which moves on to the next host.
        on_taken: told the address of the host whose reply was taken.

    The other args and the errors are those of `fetch_certified_call`.
    """

    def ask(conversation: Conversation) -> _Result:
        content = query_content(canister, method, arg, ingress_expiry_ns=conversation.expiry_ns())
        answer = conversation.post_newest(_QUERY_VERSIONS, canister, "query", encode_envelope(content))
        result = read(reply_of_query(answer, conversation.host))
        if on_taken is not None:
            on_taken(conversation.host)
        return result

    return first_answer(
        urls,
        ask,
        tell=on_event or (lambda _: None),
        clock=clock or Clock(),
        backoff=backoff or Backoff(),
        limits=limits,
    )


def _certificate(conversation: Conversation, request: CallRequest) -> bytes:
    """The certificate that answers one call."""
    conversation.tell(f"asking {conversation.host}")
    envelope = encode_envelope(request.content)
    answer = conversation.post_newest(_CALL_VERSIONS, request.canister, "call", envelope)
    certificate = certificate_of_call(answer, request.request_id, conversation.host)
    return certificate if certificate is not None else _poll(conversation, request)


def _poll(conversation: Conversation, request: CallRequest) -> bytes:
    """Asks for the request's status until it is replied."""
    host, clock = conversation.host, conversation.clock
    conversation.tell(f"{host} accepted the request; waiting for the reply")
    wait = _FIRST_POLL_SECONDS
    while True:
        if clock.monotonic() + wait > conversation.until:
            raise SourceError(
                "the call was accepted but not answered in time", where=host, hint="run this again"
            )
        clock.sleep(wait)
        wait = min(wait * _POLL_GROWTH, _LONGEST_POLL_SECONDS)
        expired = clock.now() * 1e9 > request.ingress_expiry_ns
        question = read_state_content(
            [(b"request_status", request.request_id)], ingress_expiry_ns=conversation.expiry_ns()
        )
        envelope = encode_envelope(question)
        answer = conversation.post_newest(_READ_STATE_VERSIONS, request.canister, "read_state", envelope)
        certificate = certificate_of_read_state(answer, request.request_id, host)
        if certificate is not None:
            return certificate
        if expired:
            raise SourceError("the request expired before it was answered", where=host, hint="run this again")
