"""Large files: resumed where they broke off, checked, and renamed into place only when they are right."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from auditkit.atomic import take_name
from auditkit.digests import is_sha256
from auditkit.errors import ParameterError, SourceError, in_words
from auditkit.evidence.download_run import DownloadRun, Progress
from auditkit.evidence.http import Backoff, Clock, check_url, open_session, printable
from auditkit.evidence.part import locked_part
from auditkit.limits import LIMITS, Limits
from auditkit.opening import digest_of_file


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
    attempts: int = 6,
    clock: Clock | None = None,
    backoff: Backoff | None = None,
    lock_seconds: float = 900.0,
    limits: Limits = LIMITS,
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
        attempts: failures in a row after which to give up.
        clock: for tests.
        backoff: waiting times between attempts.
        lock_seconds: how long to wait while another process downloads to the same ``out``.
        limits: bounds on the size, and on the time for all attempts, the waiting for a lock left out.

    Raises:
        WrongDigestError: complete, but not the wanted digest (the bad part is removed).
        EvidenceError: over the limit.
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
            if part.size > limits.image_bytes:
                part.clear()
        else:
            part.clear()
        resumed_from = part.size
        with open_session() as session:
            run = DownloadRun(
                session, part, wanted, limits, progress, clock, clock.monotonic() + limits.download_seconds
            )
            url = run.complete(mirrors, attempts, backoff or Backoff())
        take_name(part.file, part.path, out)
        return Downloaded(
            out, part.digest.hexdigest(), part.size, url, resumed_from if not run.started_over else 0
        )


def _checked_digest(sha256: str | None) -> str | None:
    if sha256 is None:
        return None
    if not is_sha256(sha256, any_case=True):
        raise ParameterError("a SHA-256 has 64 hex digits", observed=printable(sha256, 80))
    return sha256.lower()


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
