from .addresses import check_url, is_loopback, printable
from .backoff import Backoff, Clock
from .bodies import body_pieces, content_encoding, content_length, media_type, refused_encoding
from .session import open_session
from .transport import Answer, exchange, open_stream
from .troubles import NotFoundError, RateLimitedError, TransientError, refuse_missing, refuse_web_page

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
