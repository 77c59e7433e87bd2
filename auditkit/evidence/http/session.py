"""How auditkit shows itself to servers: the system's proxies, and neither cookies nor credentials."""

from __future__ import annotations

from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests

from auditkit.evidence.http.addresses import is_loopback
from auditkit.version import __version__


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
