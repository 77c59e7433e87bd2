"""What a parameter points at: a file, an address, or a template that names the base version."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from auditkit.digests import is_commit
from auditkit.errors import ParameterError, SourceError
from auditkit.evidence.hosts import RELEASE_HOSTS
from auditkit.evidence.http import (
    Backoff,
    Clock,
    NotFoundError,
    TransientError,
    check_url,
    exchange,
    open_session,
    printable,
    refuse_missing,
)
from auditkit.limits import LIMITS
from auditkit.opening import NoFileError, read_file

_PLACEHOLDER: Final = re.compile(r"\{(\w*)\}")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_SMALL_SECONDS: Final = 60.0
_SMALL_ATTEMPTS: Final = 4


@dataclass(frozen=True, slots=True)
class Source:
    """A file or an http(s) address; exactly one of the two is set.

    Attributes:
        path: the file.
        url: the address.
    """

    path: Path | None = None
    url: str | None = None

    def __str__(self) -> str:
        return self.url or str(self.path)

    @property
    def name(self) -> str:
        """The file name: the last part of the path or address."""
        return self.path.name if self.path else urlsplit(self.url or "").path.rpartition("/")[2]

    def sibling(self, name: str) -> Source:
        """The source called ``name`` in the same folder, such as the SHA256SUMS beside an image."""
        if self.path:
            return Source(path=self.path.with_name(name))
        return Source(url=sibling_url(self.url or "", name))

    def urls(self) -> tuple[str, ...]:
        """All addresses of the same content: the given one, then known mirrors. Empty for a file."""
        return mirrors(self.url) if self.url else ()


def parse_source(text: str, *, base_version: str | None = None, folder: Path | None = None) -> Source:
    """What the parameter ``text`` points at.

    Args:
        text: a file path, an http(s) address, or either with ``{base_version}`` in it.
        base_version: 40 hex digits that replace ``{base_version}``.
        folder: where relative paths start; the current folder by default.

    Raises:
        ParameterError: an empty text, another kind of address, an unknown placeholder, no version to fill in.
    """
    if not text or "\0" in text:
        raise ParameterError("this names neither a file nor an address", where=repr(text))
    filled = _fill(text, base_version)
    scheme = _SCHEME.match(filled)
    if scheme is None:
        try:
            path = Path(filled).expanduser()
        except RuntimeError:
            raise ParameterError("there is no home folder to replace ~ with", where=printable(text)) from None
        return Source(path=folder / path if folder else path)
    if scheme[1].lower() in ("http", "https"):
        return Source(url=check_url(filled))
    if Path(filled).exists():
        return Source(path=Path(filled))
    raise ParameterError(
        f"{scheme[1]}: is not a kind of source",
        where=printable(text),
        hint="give a file or an http(s) address",
    )


def _fill(text: str, base_version: str | None) -> str:
    names = set(_PLACEHOLDER.findall(text)) if "{base_version}" in text or "://" in text else set()
    if unknown := names - {"base_version"}:
        raise ParameterError(
            f"the template has an unknown placeholder {{{min(unknown)}}}",
            where=printable(text),
            hint="the only one is {base_version}",
        )
    if not names:
        return text
    if base_version is None or not is_commit(base_version):
        raise ParameterError(
            "the template needs a base version of 40 lower-case hex digits",
            where=printable(text),
            observed=printable(str(base_version)),
        )
    return text.replace("{base_version}", base_version)


def sibling_url(url: str, name: str) -> str:
    """``url`` with its last path segment replaced by ``name``, without query and fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rpartition("/")[0] + "/" + name, "", ""))


def mirrors(url: str) -> tuple[str, ...]:
    """``url`` first, then the same path on dfinity's other download host when ``url`` is on one of them."""
    parts = urlsplit(url)
    if parts.netloc not in RELEASE_HOSTS:
        return (url,)
    others = (host for host in RELEASE_HOSTS if host != parts.netloc)
    return (url, *(urlunsplit(parts._replace(netloc=host)) for host in others))


def read_bytes(source: Source, limit: int) -> bytes:
    """The content of a small source.

    Args:
        source: from `parse_source`.
        limit: most bytes accepted.

    Raises:
        NotFoundError: there is no such file or nothing at the address.
        SourceError: it could not be had for another reason.
        EvidenceError: it is larger than ``limit``.
    """
    if source.path is None:
        return fetch_small(source.urls(), limit)
    try:
        return read_file(source.path, limit)
    except NoFileError as error:
        raise NotFoundError(error.what, where=error.where) from None


def fetch_small(
    urls: str | Sequence[str],
    max_bytes: int = LIMITS.answer_bytes,
    *,
    seconds: float = _SMALL_SECONDS,
    clock: Clock | None = None,
    backoff: Backoff | None = None,
) -> bytes:
    """A small file from the first address that gives it, complete and unchanged.

    Args:
        urls: one address or several of the same content.
        max_bytes: largest accepted size.
        seconds: time limit for everything.
        clock: for tests.
        backoff: waiting times between attempts.

    Raises:
        NotFoundError: an address says that there is nothing, and no other gives it.
        SourceError: no address gives it.
        EvidenceError: it is larger than ``max_bytes``.
    """
    clock, backoff = clock or Clock(), backoff or Backoff()
    addresses = [check_url(url) for url in ([urls] if isinstance(urls, str) else urls)]
    until = clock.monotonic() + seconds
    missing: NotFoundError | None = None
    last: SourceError = SourceError("there is no address to read from")
    with open_session() as session:
        for failures in range(1, _SMALL_ATTEMPTS + 1):
            asked: float | None = None
            for url in list(addresses):
                try:
                    answer = exchange(
                        session, "GET", url, seconds=until - clock.monotonic(), max_bytes=max_bytes
                    )
                    refuse_missing(answer.status, url)
                    return answer.body
                except NotFoundError as error:
                    missing = error
                    addresses.remove(url)
                except TransientError as error:
                    last, asked = error, error.retry_after
                except SourceError as error:
                    last = error
                    addresses.remove(url)
            if not addresses or failures == _SMALL_ATTEMPTS:
                break
            wait = backoff.seconds(failures, asked, clock.chance)
            if clock.monotonic() + wait >= until:
                break
            clock.sleep(wait)
    # "Nothing there" is only true when no address is left that might know better.
    raise missing if missing and not addresses else last
