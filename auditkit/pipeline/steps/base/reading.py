"""How the base image is had and read, and what its server publishes beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from auditkit.errors import EvidenceError, SourceError
from auditkit.evidence import (
    MEASUREMENTS_NAME,
    Evidence,
    NotFoundError,
    PublishedDigest,
    Source,
    WrongDigestError,
    open_image,
    read_bytes,
    read_published_digest,
)
from auditkit.guestos import UnknownMemberError
from auditkit.limits import LIMITS
from auditkit.pipeline.records import NO_LISTING, NOT_ASKED, UNUSABLE_LISTING
from auditkit.pipeline.steps.base.base_image import BaseImageStep
from auditkit.pipeline.steps.base.decided import decide_image
from auditkit.pipeline.steps.base.refused import strange_image, wrong_image
from auditkit.pipeline.steps.base.wanted import PublishedBeside, WantedImage
from auditkit.pipeline.steps.evidence_names import IMAGE_SUMS, PUBLISHED
from auditkit.pipeline.steps.images import read_watched
from auditkit.progress import Progress
from auditkit.sev import parse_launch_measurements


def read_base_image(
    source: Source,
    wanted: WantedImage,
    *,
    origin: str,
    work: Path,
    cached: bool,
    tree: bool,
    beside: bool = True,
    redact: Callable[[str], str],
    progress: Progress,
) -> BaseImageStep:
    """Gets the base image, reads what it boots, and decides checks 18 to 22.

    Args:
        source: where it is; ``origin`` is what reports call that.
        work: a folder for what has to be on disk meanwhile.
        cached: keep a download of the wanted digest for the next audit.
        tree: also read the whole boot tree, to compare it with another.
        beside: also ask for what releases publish beside their images. Not for an address that a proposer chose: what
            lies beside it is nobody's word, and would be kept.
        redact: takes places of this machine out of a sentence.

    Raises:
        SourceError, EvidenceError: it cannot be had or read.
    """
    published = read_published_digest(source) if beside else PublishedDigest(None, NOT_ASKED)
    sums = None
    if published.sums is not None:
        sums = Evidence.of_bytes(IMAGE_SUMS, published.sums, f"SHA256SUMS beside {origin}")
    sha256 = wanted.demanded(published.sha256)
    progress.step("base image")
    try:
        file = open_image(
            source,
            sha256=sha256,
            cache=None if cached and sha256 else work,
            progress=lambda done, total: progress.bytes_done("downloading the base image", done, total),
        )
    except WrongDigestError as error:
        return replace(wrong_image(wanted, error.observed, source.name, sums), fetched=True)
    except EvidenceError as error:
        raise SourceError(error.what, where=error.where) from None
    size = file.path.stat().st_size
    try:
        image = read_watched(
            file.path, "reading the base image", size=size, work=work, tree=tree, progress=progress
        )
    except UnknownMemberError as error:
        return replace(strange_image(wanted, error.observed, source.name, sums), fetched=file.fetched)
    missing, listing = _published_measurements(source, origin, redact) if beside else (NOT_ASKED, None)
    found = PublishedBeside(sums, "" if sums else published.missing, listing, missing)
    step = decide_image(image, wanted, found, origin=origin, file_name=source.name)
    return replace(step, fetched=file.fetched)


def digest_of_image(source: Source, wanted: WantedImage, work: Path, progress: Progress) -> str:
    """The SHA-256 of the image at ``source``, which is read to its end and not kept.

    Raises:
        SourceError: it cannot be had.
    """
    try:
        open_image(
            source,
            sha256=wanted.sha256,
            cache=work,
            progress=lambda done, total: progress.bytes_done("downloading the image once more", done, total),
        )
    except WrongDigestError as error:
        return error.observed
    except EvidenceError as error:
        raise SourceError(error.what, where=error.where) from None
    return wanted.sha256 or ""


def _published_measurements(
    source: Source, origin: str, redact: Callable[[str], str]
) -> tuple[str, Evidence | None]:
    """The release's own list, or why there is none that can be used."""
    try:
        data = read_bytes(source.sibling(MEASUREMENTS_NAME), LIMITS.answer_bytes)
        parse_launch_measurements(data)
    except NotFoundError:
        return NO_LISTING, None
    except (SourceError, EvidenceError) as error:
        return f"{UNUSABLE_LISTING}{redact(error.what)}.", None
    return "", Evidence.of_bytes(PUBLISHED, data, f"{MEASUREMENTS_NAME} beside {origin}")
