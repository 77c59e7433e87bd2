"""What the SHA256SUMS beside a file says about it, for everybody who asks: missing or malformed is no trouble."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from auditkit.digests import SUMS_NAME, parse_sha256sums
from auditkit.errors import EvidenceError
from auditkit.evidence.http import NotFoundError, printable
from auditkit.evidence.sources import Source, read_bytes
from auditkit.limits import LIMITS, Limits

SUMS_ABSENT: Final = f"There is no {SUMS_NAME} beside the image."
SUMS_UNUSABLE: Final = f"The {SUMS_NAME} beside the image cannot be used: "
SUMS_WITHOUT_IT: Final = f"The {SUMS_NAME} beside the image does not list "
"""How `PublishedDigest.missing` begins, which records of audits keep: a replay takes no other words for auditkit's."""


@dataclass(frozen=True, slots=True)
class PublishedDigest:
    """The digest that stands beside a file, which nobody but its server vouches for.

    Attributes:
        sha256: 64 hex digits; None when there is none that can be used.
        missing: why there is none, in one sentence; empty when there is one.
        sums: the SHA256SUMS, whole and as it came; None when there is none, or when what is there is none: it could be
            anything, and what is kept is published.
    """

    sha256: str | None
    missing: str = ""
    sums: bytes | None = None


def read_published_digest(source: Source, *, limits: Limits = LIMITS) -> PublishedDigest:
    """Reads the SHA256SUMS beside ``source``.

    Raises:
        SourceError: it could not be had, for another reason than that there is none.
    """
    try:
        sums = read_bytes(source.sibling(SUMS_NAME), limits.answer_bytes)
    except NotFoundError:
        return PublishedDigest(None, SUMS_ABSENT)
    except EvidenceError as error:
        return PublishedDigest(None, f"{SUMS_UNUSABLE}{error.what}.")
    return published_digest(sums, source.name)


def published_digest(sums: bytes, name: str) -> PublishedDigest:
    """What the bytes of a SHA256SUMS say about the file ``name``. One malformed line makes all of it unusable."""
    try:
        found = parse_sha256sums(sums.decode("utf-8", "replace")).get(name)
    except EvidenceError as error:
        return PublishedDigest(None, f"{SUMS_UNUSABLE}{error}.")
    if found is None:
        return PublishedDigest(None, f"{SUMS_WITHOUT_IT}{printable(name)}.", sums)
    return PublishedDigest(found, sums=sums)
