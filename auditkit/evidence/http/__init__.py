"""HTTP as auditkit speaks it: bounded in bytes and in time, without redirects, cookies or credentials."""

from auditkit.evidence.http.addresses import check_url, is_loopback, printable
from auditkit.evidence.http.backoff import Backoff, Clock
from auditkit.evidence.http.bodies import (
    body_pieces,
    content_encoding,
    content_length,
    media_type,
    refused_encoding,
)
from auditkit.evidence.http.session import open_session
from auditkit.evidence.http.transport import Answer, exchange, open_stream
from auditkit.evidence.http.troubles import (
    NotFoundError,
    RateLimitedError,
    TransientError,
    refuse_missing,
    refuse_web_page,
)

__all__ = [
    "Answer",
    "Backoff",
    "Clock",
    "NotFoundError",
    "RateLimitedError",
    "TransientError",
    "body_pieces",
    "check_url",
    "content_encoding",
    "content_length",
    "exchange",
    "is_loopback",
    "media_type",
    "open_session",
    "open_stream",
    "printable",
    "refuse_missing",
    "refuse_web_page",
    "refused_encoding",
]
