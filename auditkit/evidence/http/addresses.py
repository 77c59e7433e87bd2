"""Addresses that may be asked, and foreign words that may be printed."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from socket import inet_aton
from urllib.parse import urlsplit

from auditkit.errors import ParameterError


def check_url(url: str) -> str:
    """Returns ``url`` if it is an http(s) address with a host and without a password.

    Raises:
        ParameterError: otherwise; a password would end up in reports.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ParameterError(f"this is not a web address: {error}", where=printable(url)) from None
    if parts.scheme not in ("http", "https") or not host:
        raise ParameterError("this is not an http or https address", where=printable(url))
    if parts.username is not None or parts.password is not None:
        raise ParameterError(
            "an address must not carry a user name or password, because addresses are written into reports",
            where=f"{parts.scheme}://{host}",
        )
    if any(character.isspace() or not character.isprintable() for character in url):
        raise ParameterError("a web address has no spaces or control characters", where=printable(url))
    return url


def is_loopback(url: str) -> bool:
    """Whether ``url`` leads to this machine: 127.0.0.0/8 in any notation of inet_aton(3), ::1, or localhost.

    The host is what the HTTP library takes for it (RFC 6761, section 6.3, for names that end in ``.localhost``).
    """
    from urllib3.exceptions import LocationParseError  # noqa: PLC0415  (loaded when a server is asked)
    from urllib3.util import parse_url  # noqa: PLC0415

    try:
        host = (parse_url(url).host or "").lower().strip("[]").partition("%")[0].removesuffix(".")
    except LocationParseError:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        try:
            return inet_aton(host)[0] == 127
        except (OSError, ValueError):
            return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def printable(text: str | bytes, longest: int = 160) -> str:
    """Foreign ``text`` on one line, safe for a terminal, at most ``longest`` characters."""
    if isinstance(text, bytes):
        text = text[: 4 * longest].decode("utf-8", "replace")
    clean = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * longest]).split())
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"
