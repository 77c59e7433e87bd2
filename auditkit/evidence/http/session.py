"""How auditkit shows itself to servers: the system's proxies, and neither cookies nor credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import requests


def open_session() -> requests.Session:
    """A session that uses the system's proxies (not for loopback addresses), and neither netrc nor cookies."""
    from auditkit.evidence.http.library import AnonymousSession  # noqa: PLC0415  (loaded when a server is asked)

    return AnonymousSession()
