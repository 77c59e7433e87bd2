"""What is said with one host of the Internet Computer: requests by the newest interface that it knows.

Busy hosts and broken connections are asked again; any other failure moves on to the next host.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from auditkit.errors import AuditkitError, EvidenceError, ParameterError, SourceError
from auditkit.evidence.answers import refuse_call_status
from auditkit.evidence.http import Answer, Backoff, Clock, TransientError, check_url, exchange, open_session
from auditkit.ic import Principal
from auditkit.limits import Limits

if TYPE_CHECKING:
    import requests

EXPIRY_SECONDS: Final = 180  # nodes refuse requests that expire more than about five minutes ahead
_ATTEMPTS: Final = 4
_HEADERS: Final = {"Content-Type": "application/cbor", "Accept": "application/cbor"}

Event = Callable[[str], None]
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Conversation:
    """One host, and how long it may take.

    Attributes:
        host: its address, without a slash at the end.
        until: when its time is over, by the clock that does not jump.
        tell: is told in one sentence what happens.
    """

    session: requests.Session
    host: str
    until: float
    clock: Clock
    backoff: Backoff
    tell: Event
    limits: Limits

    def expiry_ns(self) -> int:
        """When a request that is sent now expires, nanoseconds since 1970."""
        return (int(self.clock.now()) + EXPIRY_SECONDS) * 10**9

    def post_newest(self, versions: Sequence[str], canister: Principal, what: str, body: bytes) -> Answer:
        """The answer of the newest interface version that the host knows.

        Args:
            versions: the newest first.
            canister: whom the request is about.
            what: ``call``, ``read_state`` or ``query``.
            body: the envelope.

        Raises:
            SourceError: the host did not answer, or refused the request.
            EvidenceError: too many bytes came.
        """
        for version in versions:
            answer = self._post(f"{self.host}/api/{version}/canister/{canister}/{what}", body)
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


def first_answer(
    urls: Sequence[str],
    ask: Callable[[Conversation], _Result],
    *,
    tell: Event,
    clock: Clock,
    backoff: Backoff,
    limits: Limits,
) -> _Result:
    """What ``ask`` gets from the first host that gives it; the time is shared out among them.

    Raises:
        SourceError: no host gave it.
        EvidenceError: the first host answered with malformed or too many bytes, or another request's answer.
        ParameterError: no host, or a malformed address.
    """
    hosts = [check_url(url).rstrip("/") for url in urls]
    if not hosts:
        raise ParameterError("there is no host to ask")
    until = clock.monotonic() + limits.call_deadline_seconds
    troubles: list[AuditkitError] = []
    with open_session() as session:
        for number, host in enumerate(hosts):
            now = clock.monotonic()
            share = now + max(until - now, 0.0) / (len(hosts) - number)
            try:
                return ask(Conversation(session, host, share, clock, backoff, tell, limits))
            except (SourceError, EvidenceError) as error:
                tell(str(error))
                troubles.append(error)
    raise _sum_up(troubles)


def _sum_up(troubles: Sequence[AuditkitError]) -> AuditkitError:
    """The one error of a call that no host answered; its kind is that of the first host's."""
    if len(troubles) == 1:
        return troubles[0]
    kind = type(troubles[0]) if isinstance(troubles[0], EvidenceError) else SourceError
    return kind(f"none of {len(troubles)} hosts gave a certified answer: " + "; ".join(map(str, troubles)))
