"""The HTTP library: a session that tells nothing about the auditor, and what it raises.

Loaded when a server is asked; most commands ask none.
"""

from __future__ import annotations

from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final

import requests
import urllib3

from auditkit.evidence.http.addresses import is_loopback
from auditkit.version import __version__

HTTP_ERRORS: Final = (urllib3.exceptions.HTTPError, requests.RequestException, OSError)
"""What an exchange raises when the network fails."""


class AnonymousSession(requests.Session):
    """Uses the system's proxies, and neither netrc nor cookies.

    It asks the machine itself, as the practice network needs, without the proxy that the environment names.
    """

    def __init__(self) -> None:
        super().__init__()
        self.auth = _no_credentials
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.headers["User-Agent"] = f"auditkit/{__version__}"
        # A body that arrives compressed would no longer have the digest that was published for it.
        self.headers["Accept-Encoding"] = "identity"

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        settings = super().merge_environment_settings(url, proxies, stream, verify, cert)
        if is_loopback(str(url)):
            settings["proxies"] = {}
        return settings


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
