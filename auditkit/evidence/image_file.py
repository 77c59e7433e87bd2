"""An image as a file on this machine: used where it is, or downloaded into the cache."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from auditkit.errors import ParameterError, SourceError
from auditkit.evidence.download_run import Progress
from auditkit.evidence.downloads import download
from auditkit.evidence.sources import Source
from auditkit.opening import open_regular


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image on this machine.

    Attributes:
        path: where it is.
        origin: the path or address that was given or that it was downloaded from.
        sha256: its digest if it was computed on the way (64 hex digits), else None.
        fetched: whether it came from its address now, and not from an earlier download.
    """

    path: Path
    origin: str
    sha256: str | None
    fetched: bool = False


def open_image(
    source: Source,
    *,
    sha256: str | None,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> ImageFile:
    """Makes the image that ``source`` points at a file on this machine.

    A file is used where it is, unread. An address is downloaded (see `download`) into the cache, under its
    digest when that is known: such a file is re-read and used again. Without a digest it is downloaded anew.

    Args:
        source: from `parse_source`.
        sha256: wanted digest (64 hex digits) or None; only checked for downloads.
        cache: folder for downloads, `cache_folder()` by default.
        progress: see `download`.

    Raises:
        SourceError: no such file, or it could not be downloaded.
        EvidenceError: the download does not have the digest.
    """
    if source.path is not None:
        os.close(open_regular(source.path))
        return ImageFile(source.path, str(source.path), None)
    folder = (
        (cache or cache_folder())
        / "images"
        / (sha256.lower() if sha256 else "unpinned-" + hashlib.sha256(str(source).encode()).hexdigest()[:16])
    )
    name = re.sub(r"[^A-Za-z0-9._-]", "_", source.name)[-100:].lstrip(".") or "image"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SourceError(
            "the folder for downloaded images cannot be made", where=str(folder), hint="set AUDITKIT_CACHE"
        ) from error
    done = download(source.urls(), folder / name, sha256=sha256, progress=progress)
    return ImageFile(done.path, done.url or str(source), done.sha256, fetched=bool(done.url))


def cache_folder() -> Path:
    """Where downloaded images are kept: $AUDITKIT_CACHE, else where this system keeps the caches of programs.

    Raises:
        ParameterError: $AUDITKIT_CACHE names the home folder of somebody who has none.
    """
    if chosen := os.environ.get("AUDITKIT_CACHE"):
        try:
            return Path(chosen).expanduser()
        except RuntimeError:
            raise ParameterError(
                "there is no home folder to put in the place of ~", where="AUDITKIT_CACHE"
            ) from None
    return user_cache_path("auditkit", appauthor=False)
