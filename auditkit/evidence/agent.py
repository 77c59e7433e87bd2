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
from typing import TYPE_CHECKING, Final

from auditkit.errors import AuditkitError, EvidenceError, ParameterError, SourceError
from auditkit.evidence.answers import certificate_of_call, certificate_of_read_state, refuse_call_status
from auditkit.evidence.files import write_together
from auditkit.evidence.http import Answer, Backoff, Clock, TransientError, check_url, exchange, open_session
from auditkit.ic import ANONYMOUS, CallRequest, Principal, encode_envelope, read_state_content
from auditkit.limits import LIMITS, Limits

if TYPE_CHECKING:
    import requests

EXPIRY_SECONDS: Final = 180  # nodes refuse requests that expire more than about five minutes ahead
_CALL_VERSIONS: Final = ("v4", "v3", "v2")
_READ_STATE_VERSIONS: Final = ("v3", "v2")
_FIRST_POLL_SECONDS: Final = 0.5
_LONGEST_POLL_SECONDS: Final = 1.0
_POLL_GROWTH: Final = 1.4
_ATTEMPTS: Final = 4
_HEADERS: Final = {"Content-Type": "application/cbor", "Accept": "application/cbor"}

Event = Callable[[str], None]


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
        arg: Candid argument.
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
    clock, backoff = clock or Clock(), backoff or Backoff()
    tell = on_event or (lambda _: None)
    hosts = [check_url(url).rstrip("/") for url in urls]
    if not hosts:
        raise ParameterError("there is no host to ask")
    until = clock.monotonic() + limits.call_deadline_seconds
    troubles: list[AuditkitError] = []
    with open_session() as session:
        for number, host in enumerate(hosts):
            now = clock.monotonic()
            share = now + max(until - now, 0.0) / (len(hosts) - number)
            request = CallRequest(
                canister=canister,
                method=method,
                argument=arg,
                sender=ANONYMOUS,
                ingress_expiry_ns=_expiry(clock),
                nonce=secrets.token_bytes(16),
            )
            try:
                conversation = _Conversation(session, host, request, share, clock, backoff, tell, limits)
                certificate = conversation.certificate()
                return CertifiedCall(certificate, encode_envelope(request.content), host)
            except (SourceError, EvidenceError) as error:
                tell(str(error))
                troubles.append(error)
    raise _sum_up(troubles)


@dataclass(slots=True)
class _Conversation:
    """One request with one host."""

    session: requests.Session
    host: str
    request: CallRequest
    until: float
    clock: Clock
    backoff: Backoff
    tell: Event
    limits: Limits

    def certificate(self) -> bytes:
        self.tell(f"asking {self.host}")
        answer = self._post_newest(_CALL_VERSIONS, "call", encode_envelope(self.request.content))
        certificate = certificate_of_call(answer, self.request.request_id, self.host)
        return certificate if certificate is not None else self._poll()

    def _poll(self) -> bytes:
        """Asks for the request's status until it is replied."""
        self.tell(f"{self.host} accepted the request; waiting for the reply")
        wait = _FIRST_POLL_SECONDS
        while True:
            if self.clock.monotonic() + wait > self.until:
                raise SourceError(
                    "the call was accepted but not answered in time", where=self.host, hint="run this again"
                )
            self.clock.sleep(wait)
            wait = min(wait * _POLL_GROWTH, _LONGEST_POLL_SECONDS)
            expired = self.clock.now() * 1e9 > self.request.ingress_expiry_ns
            question = read_state_content(
                [(b"request_status", self.request.request_id)], ingress_expiry_ns=_expiry(self.clock)
            )
            answer = self._post_newest(_READ_STATE_VERSIONS, "read_state", encode_envelope(question))
            certificate = certificate_of_read_state(answer, self.request.request_id, self.host)
            if certificate is not None:
                return certificate
            if expired:
                raise SourceError(
                    "the request expired before it was answered", where=self.host, hint="run this again"
                )

    def _post_newest(self, versions: Sequence[str], what: str, body: bytes) -> Answer:
        """The answer of the newest interface version that the host knows."""
        for version in versions:
            answer = self._post(f"{self.host}/api/{version}/canister/{self.request.canister}/{what}", body)
            if answer.status != 404:
                break
            if version != versions[-1]:
                self.tell(f"{self.host} does not know {what} {version}")
        refuse_call_status(answer, self.host)
        return answer

    def _post(self, url: str, body: bytes) -> Answer:
        """One answer, after as many attempts as passing troubles need."""
        failures = 0
        while True:
            left = self.until - self.clock.monotonic()
            try:
                return exchange(
                    self.session,
                    "POST",
                    url,
                    seconds=min(left, self.limits.http_read_seconds),
                    max_bytes=self.limits.answer_bytes,
                    body=body,
                    headers=_HEADERS,
                    limits=self.limits,
                )
            except TransientError as error:
                failures += 1
                wait = self.backoff.seconds(failures, error.retry_after, self.clock.chance)
                if failures >= _ATTEMPTS or self.clock.monotonic() + wait >= self.until:
                    raise
                self.tell(f"{error}; trying again")
                self.clock.sleep(wait)


def _expiry(clock: Clock) -> int:
    """Nanoseconds since 1970 at which a request sent now expires."""
    return (int(clock.now()) + EXPIRY_SECONDS) * 10**9


def _sum_up(troubles: Sequence[AuditkitError]) -> AuditkitError:
    """The one error of a call that no host answered; its kind is that of the first host's."""
    if len(troubles) == 1:
        return troubles[0]
    kind = type(troubles[0]) if isinstance(troubles[0], EvidenceError) else SourceError
    return kind(f"none of {len(troubles)} hosts gave a certified answer: " + "; ".join(map(str, troubles)))
