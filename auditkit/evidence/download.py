"""Large files: resumed where they broke off, checked, and renamed into place only when they are right."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import requests

from auditkit.atomic import take_name
from auditkit.errors import AuditkitError, EvidenceError, ParameterError, SourceError, in_words
from auditkit.evidence.addresses import check_url, printable
from auditkit.evidence.backoff import Backoff, Clock
from auditkit.evidence.part import Part, locked_part
from auditkit.evidence.transport import (
    NotFoundError,
    TransientError,
    body_pieces,
    content_encoding,
    content_length,
    media_type,
    open_session,
    open_stream,
    refuse_missing,
    refuse_web_page,
    refused_encoding,
)
from auditkit.limits import KIB, LIMITS, MIB
from auditkit.opening import digest_of_file

Progress = Callable[[int, int | None], None]

_RANGE: Final = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")
_UNSATISFIED: Final = re.compile(r"bytes \*/(\d{1,18})")
_PROGRESS_BYTES: Final = MIB  # an attempt that brings this much is not a failed one
_MOST_REQUESTS: Final = 1000
_SLOWEST_BYTES: Final = 64 * KIB  # in every window of this many seconds, else the server is given up
_SLOWEST_SECONDS: Final = 60.0


class WrongDigestError(EvidenceError):
    """A download is complete and has another SHA-256 than the wanted one: ``observed``, 64 hex digits."""


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A file that was downloaded completely.

    Attributes:
        path: where it is.
        sha256: digest of the whole content, 64 hex digits.
        size: length in bytes.
        url: the address that gave the last byte; empty if the file was already there.
        resumed_from: bytes that an earlier attempt had left and that were not asked for again.
    """

    path: Path
    sha256: str
    size: int
    url: str
    resumed_from: int


def download(
    urls: Sequence[str],
    out: Path,
    *,
    sha256: str | None,
    progress: Progress | None = None,
    max_bytes: int = LIMITS.image_bytes,
    attempts: int = 6,
    clock: Clock | None = None,
    backoff: Backoff | None = None,
    lock_seconds: float = 900.0,
    seconds: float = LIMITS.download_seconds,
) -> Downloaded:
    """Downloads one file from the first of several mirrors that gives it.

    The bytes go to ``out`` + ``.part``, which is locked. They get the name ``out`` when they are complete,
    on the disk, and have the digest; nothing half-written ever stands under ``out``. A download that breaks
    off is resumed, in this run and, when ``sha256`` is given, in a later one too. When ``out`` already has
    the digest, nothing is asked of the network. When every address fails, the error is that of the first.

    Args:
        urls: addresses of the same content, tried in turn.
        out: where the file shall be; its folder has to exist.
        sha256: wanted digest (64 hex digits), or None. Without it the server has to announce the length, so
            that a cut is visible, and an old ``.part`` is not continued: it might be of another version.
        progress: called with the bytes that are there and the announced total (or None).
        max_bytes: largest accepted file.
        attempts: failures in a row after which to give up.
        clock: for tests.
        backoff: waiting times between attempts.
        lock_seconds: how long to wait while another process downloads to the same ``out``.
        seconds: time limit for all attempts, the waiting for a lock left out.

    Raises:
        WrongDigestError: complete, but not the wanted digest (the bad part is removed).
        EvidenceError: over ``max_bytes``.
        SourceError: no mirror gave it completely; running again resumes.
        ParameterError: no address, a malformed one, a malformed digest, or ``out`` is a folder.
    """
    wanted = _checked_digest(sha256)
    mirrors = [check_url(url) for url in urls]
    if not mirrors:
        raise ParameterError("there is no address to download from", where=str(out))
    if out.is_dir() or not out.name:
        raise ParameterError("this is a folder, not the name of a file", where=str(out))
    clock = clock or Clock()
    with _disk_errors(out), locked_part(out, clock, lock_seconds) as part:
        if wanted and out.is_file():
            digest, size = digest_of_file(out)
            if digest == wanted:
                part.path.unlink()
                return Downloaded(out, digest, size, "", 0)
        if wanted:
            part.adopt()
            if part.size > max_bytes:
                part.clear()
        else:
            part.clear()
        resumed_from = part.size
        with open_session() as session:
            run = _Run(session, part, wanted, max_bytes, progress, clock, clock.monotonic() + seconds)
            url = run.complete(mirrors, attempts, backoff or Backoff())
        take_name(part.file, part.path, out)
        return Downloaded(
            out, part.digest.hexdigest(), part.size, url, resumed_from if not run.started_over else 0
        )


@dataclass(slots=True)
class _Run:
    """One call of `download`: mirrors in turn until the part is complete and right."""

    session: requests.Session
    part: Part
    wanted: str | None
    max_bytes: int
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
        response = open_stream(self.session, url, seconds=LIMITS.http_read_seconds * 2, headers=headers)
        with response:
            if response.status_code == 416 and part.size:
                total = _UNSATISFIED.fullmatch(response.headers.get("Content-Range", "").strip())
                self._accept(url, int(total[1]) if total else None)
                return
            refuse_missing(response.status_code, url)
            refuse_web_page(media_type(response), url)
            total_bytes = self._position(response, url)
            if total_bytes is not None and total_bytes > self.max_bytes:
                raise self._too_large(url)
            if not self.wanted and total_bytes is None:
                raise SourceError(
                    "the server does not say how long the file is, so that a cut would not be noticed",
                    where=url,
                    hint="give the SHA-256 that was published for it",
                )
            if not part.size and not self.wanted:
                part.validator = _validator(response)
            encoding = content_encoding(response)
            pieces = body_pieces(response, url, any_encoding=self.wanted is not None)
            for piece in self._lively(pieces, url):
                part.append(piece)
                if part.size > self.max_bytes:
                    raise self._too_large(url)
                if self.progress:
                    self.progress(part.size, total_bytes)
        try:
            self._accept(url, total_bytes)
        except (WrongDigestError, _MixedError) as error:
            if not encoding:
                raise
            refused = refused_encoding(
                encoding, url
            )  # encoded, it proves nothing about what it would be, decoded
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
                "the server sent another range than the one asked for",
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
                "the file is not the wanted one, or was cut: the server does not say how long it is",
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
        """The same pieces, given up when fewer than `_SLOWEST_BYTES` come in `_SLOWEST_SECONDS`."""
        start, received = self.clock.monotonic(), 0
        for piece in pieces:
            yield piece
            self._in_time(url)
            received += len(piece)
            if received >= _SLOWEST_BYTES:
                start, received = self.clock.monotonic(), 0
            elif self.clock.monotonic() - start > _SLOWEST_SECONDS:
                raise TransientError("the server sends too slowly", where=url)

    def _in_time(self, url: str) -> None:
        if self.clock.monotonic() > self.until:
            raise _TooLateError("the download takes longer than any real one", where=url)

    def _too_large(self, url: str) -> EvidenceError:
        self._start_over()
        return EvidenceError(
            "the file is larger than any real one",
            where=url,
            expected=f"at most {self.max_bytes} bytes",
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
            trouble.hint = trouble.hint or f"run it again to go on from byte {self.part.size}"
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


def _checked_digest(sha256: str | None) -> str | None:
    if sha256 is None:
        return None
    if not re.fullmatch(r"[0-9A-Fa-f]{64}", sha256):
        raise ParameterError("a SHA-256 has 64 hex digits", observed=printable(sha256, 80))
    return sha256.lower()


def _validator(response: requests.Response) -> str:
    """What names the version of the content, usable in If-Range (so no weak ETag); empty if nothing does."""
    etag = response.headers.get("ETag", "").strip()
    return etag if etag.startswith('"') else response.headers.get("Last-Modified", "").strip()


@contextlib.contextmanager
def _disk_errors(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SourceError(
            f"the download cannot be stored: {in_words(error)}",
            where=str(out),
            hint="check the disk and the folder",
        ) from error
