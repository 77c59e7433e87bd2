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


@dataclass(slots=True)
class Patience:
    """How long a host may take, by the clock that does not jump: until its first answer, and then for everything.

    Attributes:
        silence: for how many seconds it may say nothing at all.
        began: when it was asked first.
        last: when its time is over.
        heard: whether it ever answered.
    """

    silence: float
    began: float
    last: float
    heard: bool = False

    @property
    def until(self) -> float:
        """When it is given up."""
        return self.last if self.heard else min(self.began + self.silence, self.last)


@dataclass(frozen=True, slots=True)
class Conversation:
    """One host, and how long it may take.

    Attributes:
        host: its address, without a slash at the end.
        tell: is told in one sentence what happens.
    """

    session: requests.Session
    host: str
    patience: Patience
    clock: Clock
    backoff: Backoff
    tell: Event
    limits: Limits

    @property
    def until(self) -> float:
        """When its time is over, by the clock that does not jump."""
        return self.patience.until

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
                answer = exchange(
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
                self.patience.heard |= error.answered
                failures += 1
                wait = self.backoff.seconds(failures, error.retry_after, self.clock.chance)
                if failures >= _ATTEMPTS or self.clock.monotonic() + wait >= self.until:
                    if error.late and not self.patience.heard and failures < _ATTEMPTS:
                        had = self.patience.until - self.patience.began
                        error.what = f"no complete answer within {had:.2g} seconds"
                    raise
                self.tell(f"{error}; trying again")
                self.clock.sleep(wait)
            else:
                self.patience.heard = True
                return answer


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

    Hosts that never answer get less of it: without a network all of them are given up after `Limits.silent_seconds`.

    Raises:
        SourceError: no host gave it.
        EvidenceError: the first host answered with malformed or too many bytes, or another request's answer.
        ParameterError: no host, or a malformed address.
    """
    hosts = [check_url(url).rstrip("/") for url in urls]
    if not hosts:
        raise ParameterError("there is no host to ask")
    until = clock.monotonic() + limits.call_deadline_seconds
    troubles: list[tuple[str, AuditkitError]] = []
    with open_session() as session:
        for number, host in enumerate(hosts):
            now = clock.monotonic()
            share = now + max(until - now, 0.0) / (len(hosts) - number)
            patience = Patience(limits.silent_seconds / len(hosts), now, share)
            try:
                return ask(Conversation(session, host, patience, clock, backoff, tell, limits))
            except (SourceError, EvidenceError) as error:
                tell(str(error))
                troubles.append((host, error))
    try:
        raise _sum_up(troubles)
    finally:
        troubles.clear()  # with the error that is raised it is a circle, which holds all that a host answered


def _sum_up(troubles: Sequence[tuple[str, AuditkitError]]) -> AuditkitError:
    """The one error of a call that no host answered; its kind is that of the first host's.

    The hint lists who was asked, and what came of it: ``tried HOST (WHAT), HOST (WHAT)``.
    """
    _, first = troubles[0]
    if len(troubles) == 1:
        return first
    kind = type(first) if isinstance(first, EvidenceError) else SourceError
    tried = ", ".join(f"{host} ({error.what_was_found})" for host, error in troubles)
    hints = [error.hint for _, error in troubles if error.hint]
    advice = ", and ".join([*hints[:1], "run this again"])
    return kind(f"none of {len(troubles)} hosts gave a certified answer", hint=f"{advice}; tried {tried}")
