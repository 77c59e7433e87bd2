"""What an answer, or the lack of one, means: gone for good, or worth another attempt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditkit.errors import SourceError
from auditkit.evidence.http.addresses import printable

if TYPE_CHECKING:
    import requests

RETRY_STATUS: Final = frozenset({429, 502, 503, 504})
# Files are asked for once more after these too: 520 to 526 are a content delivery network's words for an origin that
# it could not reach or understand. What a host of the Internet Computer says with a 500 is its answer to the call.
RETRY_STATUS_OF_FILES: Final = RETRY_STATUS | {500, *range(520, 527)}
# GitHub's API and others say so with these, and with headers that tell until when.
_RATE_LIMITED: Final = frozenset({403, 429})
_MISSING_STATUS: Final = frozenset({404, 410})
_PROXY_HINT: Final = "check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY"


class NotFoundError(SourceError):
    """The server says that there is nothing at this address."""


class TransientError(SourceError):
    """A trouble that may be gone at the next attempt.

    Attributes:
        retry_after: seconds that the server asked to wait, if it did.
        answered: whether it is the server's own answer, and not the lack of one.
        late: whether it is only that nothing came in time.
    """

    retry_after: float | None = None
    answered: bool = False
    late: bool = False


class RateLimitedError(TransientError):
    """The server answers nobody from this address before a certain time.

    Attributes:
        until: when it does again, seconds since 1970; None where it does not say.
    """

    until: int | None = None


def refuse_status(response: requests.Response, url: str, passing: frozenset[int]) -> None:
    status = response.status_code
    if 300 <= status < 400:
        target = printable(response.headers.get("Location", "")) or "nowhere"
        raise SourceError(
            f"the server redirects to {target}, which is not followed",
            where=url,
            hint="give that address if you trust it",
        )
    if status in _RATE_LIMITED and response.headers.get("X-RateLimit-Remaining", "").strip() == "0":
        limited = RateLimitedError(
            f"the server was asked too often from here (HTTP status {status})", where=url
        )
        limited.answered = True
        reset = response.headers.get("X-RateLimit-Reset", "").strip()
        if reset.isascii() and reset.isdigit() and len(reset) < 12:
            limited.until = int(reset)
        raise limited
    if status in passing:
        busy = "is being asked too often" if status == 429 else "is not available right now"
        error = TransientError(f"the server {busy} (HTTP status {status})", where=url)
        error.answered = True
        asked = response.headers.get("Retry-After", "").strip()
        if asked.isascii() and asked.isdigit() and len(asked) < 6:
            error.retry_after = float(asked)
        raise error


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


def source_error(error: Exception, url: str) -> SourceError:
    """The sentence for a network failure; TransientError when another attempt may help."""
    import requests  # noqa: PLC0415  (loaded when a server is asked)
    import urllib3  # noqa: PLC0415

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
        late = TransientError("the server did not answer in time", where=url)
        late.late = True
        return late
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
        return TransientError(
            "the server refused the connection",
            where=url,
            hint="see whether the address is right and the server runs",
        )
    return TransientError("the connection broke off", where=url)
