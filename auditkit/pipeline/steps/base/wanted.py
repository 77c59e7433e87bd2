"""What the base image has to be, and what the release server says about it."""

from __future__ import annotations

from dataclasses import dataclass

from auditkit import checks
from auditkit.audit import (
    AttestedDigest,
    CertifiedDigest,
    ElectedRelease,
    decide_certified_digest,
    decide_digest,
)
from auditkit.decision import Decision
from auditkit.evidence import Evidence, PublishedDigest, published_digest
from auditkit.limits import LIMITS


@dataclass(frozen=True, slots=True)
class WantedImage:
    """What the base image has to be.

    Attributes:
        version: 40 hex digits.
        sha256: the digest that somebody pinned, 64 hex digits; None takes the certified one, or else the one published
            beside the image.
        boot_args: names of the command lines that are measured.
        certified: the digest that the NNS signed, if it is known.
        pinned_by: who pinned ``sha256``.
        election: check 51 has an answer: what the NNS elected.
        blessed_root: the root hash that a proposal blesses for the recovery; None for an election.
        unelected: why it has none, for a skip of it; None when it is not asked or has an answer, or when trouble stood
            in its way.
    """

    version: str
    sha256: str | None
    boot_args: tuple[str, ...]
    certified: CertifiedDigest | None = None
    pinned_by: str = "pinned in the parameters"
    election: ElectedRelease | None = None
    unelected: str | None = None
    blessed_root: str | None = None

    def demanded(self, published: str | None) -> str | None:
        """The digest that a download has to have; None where two that nobody pinned contradict each other.

        Then the image is read whatever it is, so that a report can say what the server holds instead.

        Args:
            published: the digest in the SHA256SUMS beside the image, if there is one.
        """
        certified = self.certified.sha256 if self.certified else None
        if self.sha256 is not None or certified is None:
            return self.sha256 or published
        return certified if published in (None, certified) else None

    def agreement(self, observed: str, evidence: tuple[str, ...]) -> tuple[Decision, ...]:
        """Check 51, where it is asked.

        Args:
            observed: SHA-256 of the image, 64 hex digits.
        """
        if self.election is not None:
            return (decide_certified_digest(observed, self.election, evidence),)
        if self.unelected is not None:
            return (checks.ELECTION_DIGEST.skipped(self.unelected),)
        return ()


@dataclass(frozen=True, slots=True)
class PublishedBeside:
    """What the release server holds beside the image.

    Attributes:
        sums: SHA256SUMS; None with the reason in ``sums_missing``.
        listing: launch-measurements.json, which can be read; None with the reason in ``listing_missing``.
    """

    sums: Evidence | None
    sums_missing: str
    listing: Evidence | None
    listing_missing: str


def decide_digest_of_image(
    observed: str,
    wanted: WantedImage,
    listed: PublishedDigest,
    evidence: tuple[str, ...],
    attested: AttestedDigest | None = None,
) -> Decision:
    """Check 18.

    Args:
        observed: SHA-256 of the image, 64 hex digits.
        listed: what the SHA256SUMS beside it says about it.
    """
    return decide_digest(
        observed,
        wanted.sha256,
        listed.sha256,
        evidence,
        certified=wanted.certified,
        attested=attested,
        pinned_by=wanted.pinned_by,
        missing=listed.missing,
    )


def listed_in(sums: Evidence | None, file_name: str, missing: str) -> PublishedDigest:
    """What the SHA256SUMS beside the image says about it.

    Args:
        missing: why there is none.
    """
    if sums is None:
        return PublishedDigest(None, missing)
    return published_digest(sums.read(LIMITS.answer_bytes), file_name)


def names_of(sums: Evidence | None) -> tuple[str, ...]:
    """What a decision rests on that goes by the SHA256SUMS beside the image."""
    return (sums.name,) if sums else ()
