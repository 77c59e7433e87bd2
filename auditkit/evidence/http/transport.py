"""One HTTP exchange: bounded in bytes and in time, without redirects, cookies or credentials.

Everything that `auditkit.evidence` reads from the network passes through here. Guaranteed: TLS certificates
are verified; the system's proxy settings are used, but never for this machine itself; nothing identifies the
auditor (no netrc, no cookies); the time limit holds however slowly the other side sends, because the caller stops
waiting.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditkit.errors import EvidenceError, SourceError
from auditkit.evidence.http.bodies import announces_end, body_pieces, media_type
from auditkit.evidence.http.deadline import within
from auditkit.evidence.http.troubles import (
    RETRY_STATUS,
    RETRY_STATUS_OF_FILES,
    TransientError,
    refuse_status,
    refuse_web_page,
    source_error,
)
from auditkit.limits import LIMITS, Limits

if TYPE_CHECKING:
    import requests

_REFUSAL_BYTES: Final = 1 << 12  # as much of a refusal as is worth reading


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP answer.

    Attributes:
        status: HTTP status.
        content_type: media type in lower case without parameters; empty when not given.
        body: the content, not decoded.
        link: the header Link, as it came; empty when not given.
    """

    status: int
    content_type: str
    body: bytes
    link: str = ""


def exchange(
    session: requests.Session,
    method: str,
    url: str,
    *,
    seconds: float,
    max_bytes: int,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    limits: Limits = LIMITS,
) -> Answer:
    """Sends one request and reads the whole answer.

    Args:
        session: from `open_session`.
        method: HTTP method.
        url: http(s) address.
        seconds: time limit for everything: name lookup, connection, headers and body.
        max_bytes: largest accepted body of an answer with status 200; of others only the beginning is read.
        body: content to send.
        headers: further request headers.
        limits: bounds on the time for a connection and for each read.

    Raises:
        RateLimitedError: the server says that it was asked too often, and until when.
        TransientError: no connection, a broken or late answer, or a status in `RETRY_STATUS` (of a GET, in
            `RETRY_STATUS_OF_FILES`).
        SourceError: an answer that another attempt would not better (redirect, web page, untrusted TLS
            certificate).
        EvidenceError: a body over ``max_bytes``.
    """

    def work(abandoned: threading.Event) -> Answer:
        response = _send(session, method, url, seconds, body=body, headers=headers, limits=limits)
        with response:
            wanted = response.status_code == 200
            if wanted:
                refuse_web_page(media_type(response), url)
            pieces = bytearray()
            for piece in body_pieces(response, url):
                pieces += piece
                if len(pieces) > max_bytes and wanted:
                    raise EvidenceError(
                        "the answer is larger than any real one",
                        where=url,
                        expected=f"at most {max_bytes} bytes",
                        observed="more",
                    )
                if abandoned.is_set() or (len(pieces) > _REFUSAL_BYTES and not wanted):
                    break
            if wanted and not announces_end(response):
                raise TransientError(
                    "the server does not say how long its answer is, so a truncated file would not be noticed",
                    where=url,
                )
            link = response.headers.get("Link", "")
            return Answer(response.status_code, media_type(response), bytes(pieces), link)

    return within(seconds, url, work)


def open_stream(
    session: requests.Session,
    url: str,
    *,
    seconds: float,
    headers: Mapping[str, str],
    limits: Limits = LIMITS,
) -> requests.Response:
    """Sends a GET and returns the response once its headers are there; the caller reads and closes it.

    Raises:
        TransientError, SourceError: as `exchange`.
    """

    def work(abandoned: threading.Event) -> requests.Response:
        response = _send(session, "GET", url, seconds, body=None, headers=headers, limits=limits)
        if abandoned.is_set():
            response.close()
        return response

    return within(seconds, url, work)


def _send(
    session: requests.Session,
    method: str,
    url: str,
    seconds: float,
    *,
    body: bytes | None,
    headers: Mapping[str, str] | None,
    limits: Limits,
) -> requests.Response:
    from auditkit.evidence.http.library import HTTP_ERRORS  # noqa: PLC0415  (loaded when a server is asked)

    try:
        response = session.request(
            method,
            url,
            data=body,
            headers=dict(headers or {}),
            stream=True,
            allow_redirects=False,
            timeout=(min(seconds, limits.http_connect_seconds), min(seconds, limits.http_read_seconds)),
        )
    except (*HTTP_ERRORS, ValueError) as error:
        raise source_error(error, url) from error
    try:
        refuse_status(response, url, RETRY_STATUS_OF_FILES if method == "GET" else RETRY_STATUS)
    except SourceError:
        response.close()
        raise
    return response
