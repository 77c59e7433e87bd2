"""The attempts of one download: mirrors in turn, each going on where the last one broke off."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditkit.errors import AuditkitError, EvidenceError, SourceError
from auditkit.evidence.http import (
    Backoff,
    Clock,
    NotFoundError,
    TransientError,
    body_pieces,
    content_encoding,
    content_length,
    media_type,
    open_stream,
    printable,
    refuse_missing,
    refuse_web_page,
    refused_encoding,
)
from auditkit.evidence.part import Part
from auditkit.limits import MIB, Limits

if TYPE_CHECKING:
    import requests

Progress = Callable[[int, int | None], None]

_RANGE: Final = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")
_UNSATISFIED: Final = re.compile(r"bytes \*/(\d{1,18})")
_PROGRESS_BYTES: Final = MIB  # an attempt that brings this much is not a failed one
_MOST_REQUESTS: Final = 1000


class WrongDigestError(EvidenceError):
    """A download is complete and has another SHA-256 than the wanted one: ``observed``, 64 hex digits."""


@dataclass(slots=True)
class DownloadRun:
    """One call of `download`: mirrors in turn until the part is complete and right."""

    session: requests.Session
    part: Part
    wanted: str | None
    limits: Limits
    progress: Progress | None
    clock: Clock
    until: float
    started_over: bool = False

    def complete(self, mirrors: Sequence[str], attempts: int, backoff: Backoff) -> str:
        """The address that gave the last byte, once the part is complete."""
        left = list(mirrors)
        troubles: dict[str, AuditkitError] = {}
        last_url, turn, failures, restarts = "", 0, 0, 0
        for _ in range(_MOST_REQUESTS):
            url = left[turn % len(left)]
            before = self.part.size
            asked: float | None = None
            if not self.wanted and before and (url != last_url or not self.part.validator):
                self._start_over()  # without a digest, two versions could be mixed and nobody would notice
            last_url = url
            try:
                self._fetch(url)
                return url
            except _MixedError as error:
                troubles[url] = error.told
                self._start_over()
                restarts += 1
                if restarts > len(mirrors):
                    break
                continue
            except _TooLateError as error:
                raise self._last_word(error) from None
            except TransientError as error:
                troubles[url] = error
                asked = error.retry_after
            except (SourceError, EvidenceError) as error:
                troubles[url] = error  # another attempt would not better this mirror
                left.remove(url)
                if left:
                    continue
                break
            failures = 1 if self.part.size - before >= _PROGRESS_BYTES else failures + 1
            if failures >= attempts:
                break
            turn += 1
            if turn % len(left) == 0 or asked:
                self.clock.sleep(backoff.seconds(failures, asked, self.clock.chance))
        raise self._last_word(troubles[mirrors[0]])

    def _fetch(self, url: str) -> None:
        """One request: appends what comes and returns when the part is complete and has the digest."""
        self._in_time(url)
        part = self.part
        headers = {"Accept-Encoding": "identity"}
        if part.size:
            headers["Range"] = f"bytes={part.size}-"
            if not self.wanted:
                headers["If-Range"] = part.validator
        response = open_stream(
            self.session, url, seconds=self.limits.http_read_seconds * 2, headers=headers, limits=self.limits
        )
        with response:
            if response.status_code == 416 and part.size:
                total = _UNSATISFIED.fullmatch(response.headers.get("Content-Range", "").strip())
                self._accept(url, int(total[1]) if total else None)
                return
            refuse_missing(response.status_code, url)
            refuse_web_page(media_type(response), url)
            total_bytes = self._position(response, url)
            if total_bytes is not None and total_bytes > self.limits.image_bytes:
                raise self._too_large(url)
            if not self.wanted and total_bytes is None:
                raise SourceError(
                    "the server does not say how long the file is, so a truncated file would not be noticed",
                    where=url,
                    hint="give the SHA-256 that was published for it",
                )
            if not part.size and not self.wanted:
                part.validator = _validator(response)
            encoding = content_encoding(response)
            pieces = body_pieces(response, url, any_encoding=self.wanted is not None)
            for piece in self._lively(pieces, url):
                part.append(piece)
                if part.size > self.limits.image_bytes:
                    raise self._too_large(url)
                if self.progress:
                    self.progress(part.size, total_bytes)
            if total_bytes is None and response.headers.get("Transfer-Encoding", "").lower() == "chunked":
                total_bytes = part.size  # a body in chunks says itself where it ends, and it came to that
        try:
            self._accept(url, total_bytes)
        except (WrongDigestError, _MixedError) as error:
            if not encoding:
                raise
            # Encoded, it proves nothing about what it would be, decoded.
            refused = refused_encoding(encoding, url)
            raise (_MixedError(refused) if isinstance(error, _MixedError) else refused) from None

    def _position(self, response: requests.Response, url: str) -> int | None:
        """Makes the part end where the body of ``response`` begins; the total length if it is announced."""
        part = self.part
        if response.status_code == 200:
            if part.size:
                self._start_over()
            return content_length(response)
        text = response.headers.get("Content-Range", "").strip()
        match = _RANGE.fullmatch(text)
        if not match or not part.size or int(match[1]) != part.size:
            raise SourceError(
                "the server sent a different range from the one asked for",
                where=url,
                expected=f"bytes {part.size}-",
                observed=printable(text),
            )
        part.single_answer = False
        last, total = int(match[2]), None if match[3] == "*" else int(match[3])
        length = content_length(response)
        if (total is not None and last + 1 > total) or (
            length is not None and length != last + 1 - part.size
        ):
            raise SourceError(
                "the server contradicts itself about the length", where=url, observed=printable(text)
            )
        return total

    def _accept(self, url: str, total: int | None) -> None:
        """Returns when the part is complete and right; ``total`` is the announced length in bytes."""
        part = self.part
        size, observed = part.size, part.digest.hexdigest()
        if total is not None and size < total:
            raise TransientError(
                "the download broke off", where=url, expected=f"{total} bytes", observed=f"{size} bytes"
            )
        if observed == self.wanted or (self.wanted is None and size == total):
            return
        if not part.single_answer:
            said = "the file, fetched in pieces, does not have the wanted"
            raise _MixedError(
                WrongDigestError(f"{said} SHA-256", where=url, expected=self.wanted, observed=observed)
                if self.wanted
                else EvidenceError(
                    f"{said} length", where=url, expected=f"{total} bytes", observed=f"{size} bytes"
                )
            )
        self._start_over()
        if self.wanted is None or total is None:
            raise SourceError(
                "the file is not the wanted one, or was cut short: the server does not say how long it is",
                where=url,
                expected=str(self.wanted or f"{total} bytes"),
                observed=observed,
            )
        raise WrongDigestError(
            f"the file ({size} bytes) does not have the wanted SHA-256",
            where=url,
            expected=self.wanted,
            observed=observed,
        )

    def _lively(self, pieces: Iterator[bytes], url: str) -> Iterator[bytes]:
        """The same pieces, given up when they come more slowly than any real server sends."""
        start, received = self.clock.monotonic(), 0
        for piece in pieces:
            yield piece
            self._in_time(url)
            received += len(piece)
            if received >= self.limits.slow_download_bytes:
                start, received = self.clock.monotonic(), 0
            elif self.clock.monotonic() - start > self.limits.slow_download_seconds:
                raise TransientError("the server sends too slowly", where=url)

    def _in_time(self, url: str) -> None:
        if self.clock.monotonic() > self.until:
            raise _TooLateError("the download takes longer than any real one", where=url)

    def _too_large(self, url: str) -> EvidenceError:
        self._start_over()
        return EvidenceError(
            "the file is larger than any real one",
            where=url,
            expected=f"at most {self.limits.image_bytes} bytes",
            observed="more",
        )

    def _start_over(self) -> None:
        self.part.clear()
        self.started_over = True

    def _last_word(self, trouble: AuditkitError) -> AuditkitError:
        """``trouble``, with what running again would do; removes a part that nothing can be done with."""
        if not self.part.size or not self.wanted:
            self.part.path.unlink(missing_ok=True)
        elif isinstance(trouble, SourceError) and not isinstance(trouble, NotFoundError):
            again = f"run it again to resume at byte {self.part.size}"
            trouble.hint = f"{trouble.hint}, and {again}" if trouble.hint else again
        return trouble


class _TooLateError(SourceError):
    """The time for the whole download is over."""


class _MixedError(Exception):
    """A part made of several answers is wrong: one of them may be from another version.

    Attributes:
        told: the error to end with when starting over does not help.
    """

    def __init__(self, told: AuditkitError) -> None:
        super().__init__(str(told))
        self.told = told


def _validator(response: requests.Response) -> str:
    """What names the version of the content, usable in If-Range (so no weak ETag); empty if nothing does."""
    etag = response.headers.get("ETag", "").strip()
    return etag if etag.startswith('"') else response.headers.get("Last-Modified", "").strip()
