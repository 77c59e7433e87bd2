"""The body of an answer, as it arrives and never decoded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from auditkit.errors import SourceError
from auditkit.evidence.http.addresses import printable
from auditkit.evidence.http.troubles import TransientError, source_error

if TYPE_CHECKING:
    import requests

_PIECE: Final = 1 << 20


def body_pieces(response: requests.Response, url: str, *, any_encoding: bool = False) -> Iterator[bytes]:
    """The raw body as it arrives, never decoded. Ends only at the announced end.

    Args:
        any_encoding: takes a body that is said to be encoded too; for callers that know the digest of what they want.

    Raises:
        TransientError: the connection broke, stalled, or ended before the announced length.
        SourceError: the body is compressed although we asked for plain bytes.
    """
    from auditkit.evidence.http.library import HTTP_ERRORS  # noqa: PLC0415  (loaded when a server is asked)

    encoding = content_encoding(response)
    if encoding and not any_encoding:
        raise refused_encoding(encoding, url)
    announced = content_length(response)
    received = 0
    while True:
        try:
            piece = response.raw.read1(_PIECE, decode_content=False)
        except HTTP_ERRORS as error:
            raise source_error(error, url) from error
        if not piece:
            break
        received += len(piece)
        yield piece
    if announced is not None and received != announced:
        raise TransientError(
            "the answer was cut short", where=url, expected=f"{announced} bytes", observed=f"{received} bytes"
        )


def content_encoding(response: requests.Response) -> str:
    """How the server says that it encoded the body; empty for a plain one, which is what we ask for."""
    encoding = printable(response.headers.get("Content-Encoding", "")).lower()
    return "" if encoding == "identity" else encoding


def refused_encoding(encoding: str, url: str) -> SourceError:
    """What to raise about a body that is encoded although we asked for plain bytes."""
    return SourceError(
        f"the server sent the content encoded as {encoding}, although no encoding was asked for",
        where=url,
    )


def content_length(response: requests.Response) -> int | None:
    """The announced length of the body in bytes, or None when none that makes sense is announced."""
    text = response.headers.get("Content-Length", "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def media_type(response: requests.Response) -> str:
    """The Content-Type in lower case without parameters; empty when not given."""
    return printable(response.headers.get("Content-Type", "").partition(";")[0]).lower()


def announces_end(response: requests.Response) -> bool:
    """Whether a body that is cut would be noticed: it has a length or comes in chunks."""
    chunked = response.headers.get("Transfer-Encoding", "").strip().lower() == "chunked"
    return chunked or content_length(response) is not None
