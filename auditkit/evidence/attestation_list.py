"""The attestations of a file that GitHub lists for one repository, which anybody may ask for.

Source: GitHub's REST API, "List attestations" (pages, rate limits).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.evidence.http import (
    Answer,
    Backoff,
    Clock,
    NotFoundError,
    RateLimitedError,
    TransientError,
    check_url,
    exchange,
    open_session,
    refuse_missing,
)
from auditkit.limits import LIMITS, Limits

_PER_PAGE: Final = 100
_ATTEMPTS: Final = 4
_SECONDS: Final = 60.0
_HEADERS: Final = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
_NEXT: Final = re.compile(r"<([^<>]{1,2000})>\s*;[^,]*\brel=\"?next\"?")


def fetch_attestations(
    address: str,
    sha256: str,
    *,
    clock: Clock | None = None,
    backoff: Backoff | None = None,
    limits: Limits = LIMITS,
) -> tuple[bytes, ...]:
    """Asks for the attestations of the file with a digest.

    Args:
        address: of the list of a repository, such as `ATTESTATIONS_URL`.
        sha256: 64 hex digits.
        clock: for tests.
        backoff: waiting times between attempts.

    Returns:
        The pages of GitHub's answer, as they came; none where it has no attestation of the file.

    Raises:
        SourceError: they could not be had, or GitHub was asked too often; the hint says when it answers again.
        EvidenceError: the list is longer than of any real release, or leads elsewhere.
    """
    clock, backoff = clock or Clock(), backoff or Backoff()
    base = f"{check_url(address)}/sha256:{sha256}"
    url: str | None = f"{base}?per_page={_PER_PAGE}"
    pages: list[bytes] = []
    while url is not None:
        if len(pages) == limits.attestation_pages:
            raise EvidenceError(
                "GitHub lists more attestations than of any real release",
                where=base,
                expected=f"at most {limits.attestation_pages} pages",
            )
        try:
            answer = _page(url, clock, backoff, limits)
        except NotFoundError:
            return ()
        pages.append(answer.body)
        url = _next(answer.link, base)
    return tuple(pages)


def _page(url: str, clock: Clock, backoff: Backoff, limits: Limits) -> Answer:
    until = clock.monotonic() + _SECONDS
    failures = 0
    with open_session() as session:
        while True:
            try:
                answer = exchange(
                    session,
                    "GET",
                    url,
                    seconds=until - clock.monotonic(),
                    max_bytes=limits.attestations_bytes,
                    headers=_HEADERS,
                )
                refuse_missing(answer.status, url)
                return answer
            except RateLimitedError as error:
                raise SourceError(
                    "GitHub was asked too often from here, and answers nobody without a login for a while",
                    where=url,
                    hint=f"{_again(error.until)}, or download the attestations elsewhere and name the file",
                ) from None
            except TransientError as error:
                failures += 1
                wait = backoff.seconds(failures, error.retry_after, clock.chance)
                if failures == _ATTEMPTS or clock.monotonic() + wait >= until:
                    raise
                clock.sleep(wait)


def _again(until: int | None) -> str:
    if until is None:
        return "try again in an hour"
    return f"try again after {datetime.fromtimestamp(until, UTC):%H:%M} UTC"


def _next(link: str, base: str) -> str | None:
    """The address of the next page, by whose path GitHub may call the repository by another name, but on its own host.

    Raises:
        EvidenceError: it is on another host, or what is called the next page has no address.
    """
    found = _NEXT.search(link)
    if found is None:
        return None
    try:
        asked, told = urlsplit(base), urlsplit(check_url(found[1]))
    except ParameterError:
        raise EvidenceError(
            "the list of attestations goes on at what is no web address", where=base
        ) from None
    if (told.scheme, told.netloc) != (asked.scheme, asked.netloc):
        raise EvidenceError("the list of attestations goes on at another host", where=base)
    return found[1]
