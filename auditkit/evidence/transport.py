"""One HTTP exchange: bounded in bytes and in time, without redirects, cookies or credentials.

Everything that `auditkit.evidence` reads from the network passes through here. Guaranteed: TLS certificates
are verified; the system's proxy settings are used, but never for this machine itself; nothing identifies the
auditor (no netrc, no cookies); the time limit holds however slowly the other side sends, because the caller stops
waiting.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final, TypeVar

import requests
import urllib3

from auditkit.errors import EvidenceError, SourceError
from auditkit.evidence.addresses import is_loopback, printable
from auditkit.limits import LIMITS
from auditkit.version import __version__

Result = TypeVar("Result")

RETRY_STATUS: Final = frozenset({429, 502, 503, 504})
# Files are asked for once more after these too: 520 to 526 are a content delivery network's words for an origin that
# it could not reach or understand. What a host of the Internet Computer says with a 500 is its answer to the call.
RETRY_STATUS_OF_FILES: Final = RETRY_STATUS | {500, *range(520, 527)}
_MISSING_STATUS: Final = frozenset({404, 410})
_PIECE: Final = 1 << 20
_PROXY_HINT: Final = "check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY"
_REFUSAL_BYTES: Final = 1 << 12  # as much of a refusal as is worth reading


class NotFoundError(SourceError):
    """The server says that there is nothing at this address."""


class TransientError(SourceError):
    """A trouble that may be gone at the next attempt.

    Attributes:
        retry_after: seconds that the server asked to wait, if it did.
    """

    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP answer.

    Attributes:
        status: HTTP status.
        content_type: media type in lower case without parameters; empty when not given.
        body: the content, not decoded.
    """

    status: int
    content_type: str
    body: bytes


class _Session(requests.Session):
    """Asks the machine itself, as the practice network needs, without the proxy that the environment names."""

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        settings = super().merge_environment_settings(url, proxies, stream, verify, cert)
        if is_loopback(str(url)):
            settings["proxies"] = {}
        return settings


def open_session() -> requests.Session:
    """A session that uses the system's proxies (not for loopback addresses), and neither netrc nor cookies."""
    session = _Session()
    session.auth = _no_credentials
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["User-Agent"] = f"auditkit/{__version__}"
    # A body that arrives compressed would no longer have the digest that was published for it.
    session.headers["Accept-Encoding"] = "identity"
    return session


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def exchange(
    session: requests.Session,
    method: str,
    url: str,
    *,
    seconds: float,
    max_bytes: int,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
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

    Raises:
        TransientError: no connection, a broken or late answer, or a status in `RETRY_STATUS` (of a GET, in
            `RETRY_STATUS_OF_FILES`).
        SourceError: an answer that another attempt would not better (redirect, web page, untrusted TLS
            certificate).
        EvidenceError: a body over ``max_bytes``.
    """

    def work(abandoned: threading.Event) -> Answer:
        response = _send(session, method, url, seconds, body=body, headers=headers)
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
            if wanted and not _announces_end(response):
                raise TransientError(
                    "the server does not say how long its answer is, so that a cut would not be noticed",
                    where=url,
                )
            return Answer(response.status_code, media_type(response), bytes(pieces))

    return within(seconds, url, work)


def open_stream(
    session: requests.Session, url: str, *, seconds: float, headers: Mapping[str, str]
) -> requests.Response:
    """Sends a GET and returns the response once its headers are there; the caller reads and closes it.

    Raises:
        TransientError, SourceError: as `exchange`.
    """

    def work(abandoned: threading.Event) -> requests.Response:
        response = _send(session, "GET", url, seconds, body=None, headers=headers)
        if abandoned.is_set():
            response.close()
        return response

    return within(seconds, url, work)


def within(seconds: float, url: str, work: Callable[[threading.Event], Result]) -> Result:
    """Runs ``work`` beside the caller and waits for it at most ``seconds``.

    A socket's own timeout starts anew with every byte, so that a server that drips could hold us for days.
    ``work`` gets an event that is set when nobody waits for it any more.

    Raises:
        TransientError: not finished in time.
    """
    abandoned = threading.Event()
    outcome: queue.SimpleQueue[tuple[Result | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            outcome.put((work(abandoned), None))
        except BaseException as error:  # noqa: BLE001  (handed over to the waiting thread)
            outcome.put((None, error))

    threading.Thread(target=run, name="auditkit-http", daemon=True).start()
    try:
        result, error = outcome.get(timeout=max(seconds, 0.0))
    except queue.Empty:
        raise TransientError(f"no complete answer within {seconds:.0f} seconds", where=url) from None
    finally:
        abandoned.set()
    if error is not None:
        raise error
    return result  # type: ignore[return-value]  # set whenever there is no error


def content_encoding(response: requests.Response) -> str:
    """How the server says that it encoded the body; empty for a plain one, which is what we ask for."""
    encoding = printable(response.headers.get("Content-Encoding", "")).lower()
    return "" if encoding == "identity" else encoding


def refused_encoding(encoding: str, url: str) -> SourceError:
    """What to raise about a body that is encoded although we asked for plain bytes."""
    return SourceError(
        f"the server sent the content encoded as {encoding} although plain was asked",
        where=url,
    )


def body_pieces(response: requests.Response, url: str, *, any_encoding: bool = False) -> Iterator[bytes]:
    """The raw body as it arrives, never decoded. Ends only at the announced end.

    Args:
        any_encoding: takes a body that is said to be encoded too; for callers that know the digest of what they want.

    Raises:
        TransientError: the connection broke, stalled, or ended before the announced length.
        SourceError: the body is compressed although we asked for plain bytes.
    """
    encoding = content_encoding(response)
    if encoding and not any_encoding:
        raise refused_encoding(encoding, url)
    announced = content_length(response)
    received = 0
    while True:
        try:
            piece = response.raw.read1(_PIECE, decode_content=False)
        except (urllib3.exceptions.HTTPError, requests.RequestException, OSError) as error:
            raise _source_error(error, url) from error
        if not piece:
            break
        received += len(piece)
        yield piece
    if announced is not None and received != announced:
        raise TransientError(
            "the answer was cut short", where=url, expected=f"{announced} bytes", observed=f"{received} bytes"
        )


def content_length(response: requests.Response) -> int | None:
    """The announced length of the body in bytes, or None when none that makes sense is announced."""
    text = response.headers.get("Content-Length", "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def _announces_end(response: requests.Response) -> bool:
    """Whether a body that is cut would be noticed: it has a length or comes in chunks."""
    chunked = response.headers.get("Transfer-Encoding", "").strip().lower() == "chunked"
    return chunked or content_length(response) is not None


def _send(
    session: requests.Session,
    method: str,
    url: str,
    seconds: float,
    *,
    body: bytes | None,
    headers: Mapping[str, str] | None,
) -> requests.Response:
    try:
        response = session.request(
            method,
            url,
            data=body,
            headers=dict(headers or {}),
            stream=True,
            allow_redirects=False,
            timeout=(min(seconds, LIMITS.http_connect_seconds), min(seconds, LIMITS.http_read_seconds)),
        )
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise _source_error(error, url) from error
    try:
        _refuse_status(response, url, RETRY_STATUS_OF_FILES if method == "GET" else RETRY_STATUS)
    except SourceError:
        response.close()
        raise
    return response


def _refuse_status(response: requests.Response, url: str, passing: frozenset[int]) -> None:
    status = response.status_code
    if 300 <= status < 400:
        target = printable(response.headers.get("Location", "")) or "nowhere"
        raise SourceError(
            f"the server redirects to {target}, which is not followed",
            where=url,
            hint="give that address if you trust it",
        )
    if status in passing:
        busy = "is being asked too often" if status == 429 else "is not available right now"
        error = TransientError(f"the server {busy} (HTTP status {status})", where=url)
        asked = response.headers.get("Retry-After", "").strip()
        if asked.isascii() and asked.isdigit() and len(asked) < 6:
            error.retry_after = float(asked)
        raise error


def media_type(response: requests.Response) -> str:
    """The Content-Type in lower case without parameters; empty when not given."""
    return printable(response.headers.get("Content-Type", "").partition(";")[0]).lower()


def refuse_missing(status: int, url: str) -> None:
    """Raises what an answer to a GET with ``status`` means when it is not 200 or 206.

    Raises:
        NotFoundError: 404 and 410.
        SourceError: any other status.
    """
    if status in _MISSING_STATUS:
        raise NotFoundError("there is nothing at this address", where=url)
    if status not in (200, 206):
        raise SourceError(f"the server refused with HTTP status {status}", where=url)


def refuse_web_page(kind: str, url: str) -> None:
    """Raises SourceError when ``kind`` (a media type) is a web page, as proxies and sign-in pages send."""
    if kind in ("text/html", "application/xhtml+xml"):
        raise SourceError(
            "the server answered with a web page instead of data",
            where=url,
            hint="check the address and any proxy or sign-in page",
        )


def _source_error(error: Exception, url: str) -> SourceError:
    """The sentence for a network failure; TransientError when another attempt may help."""
    text = str(error)
    if isinstance(error, requests.exceptions.SSLError | urllib3.exceptions.SSLError):
        return SourceError(
            "the server's TLS certificate is not trusted",
            where=url,
            hint="nothing was sent; check the address, any proxy, and REQUESTS_CA_BUNDLE if you set it",
        )
    if isinstance(error, requests.exceptions.ProxyError):
        return TransientError("the proxy could not be used", where=url, hint=_PROXY_HINT)
    if "SOCKS" in text:
        return SourceError(
            "a SOCKS proxy is set, and auditkit only speaks to HTTP proxies", where=url, hint=_PROXY_HINT
        )
    if "TLS CA certificate bundle" in text:
        return SourceError(
            "the file of trusted TLS certificates is not there",
            where=url,
            hint="check REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE",
        )
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError):
        return TransientError("the server did not answer in time", where=url)
    if isinstance(error, requests.exceptions.InvalidSchema | requests.exceptions.InvalidURL | ValueError):
        if requests.utils.get_environ_proxies(url):  # our own address was looked at by `check_url`
            return SourceError("the address of the proxy makes no sense", where=url, hint=_PROXY_HINT)
        return SourceError("this address cannot be used", where=url)
    if "IncompleteRead" in text:
        return TransientError("the answer was cut short", where=url)
    if "NameResolutionError" in text or "getaddrinfo" in text:
        return TransientError(
            "the server's name could not be found", where=url, hint="check the address and the network"
        )
    if "refused" in text:
        return TransientError("the server refused the connection", where=url)
    return TransientError("the connection broke off", where=url)
