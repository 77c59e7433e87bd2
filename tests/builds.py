"""Attestations of a made-up release, by the practice authority: an honest one, and one with a change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from auditkit.practice.builds.authority import Claims, PracticeAuthority
from auditkit.provenance import Authority, BundleVerifier

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SUMS_SHA256 = "5a" * 32
SUBJECT = f"ic/{COMMIT}/guest-os/update-img/SHA256SUMS"
REF = "refs/heads/rc--2026-09-10_03-12"
SIGNER = f"https://github.com/dfinity/ic/.github/workflows/ci-main.yml@{REF}"
BUILT = datetime(2026, 9, 10, 4, 0, tzinfo=UTC)
PRACTICE = PracticeAuthority("tests")
AUTHORITY = Authority("the practice authority", PRACTICE.trusted_root)
SAID: Mapping[int, str] = {
    8: "https://token.actions.githubusercontent.com",
    9: SIGNER,
    10: COMMIT,
    11: "self-hosted",
    12: "https://github.com/dfinity/ic",
    13: COMMIT,
    14: REF,
    18: f"https://github.com/dfinity/ic/.github/workflows/release-testing.yml@{REF}",
    21: "https://github.com/dfinity/ic/actions/runs/1/attempts/1",
}


def statement(**changes: object) -> dict[str, Any]:
    """The statement about the release, with other fields where ``changes`` has them; None leaves one out."""
    whole = {
        "_type": "https://in-toto.io/Statement/v1",
        "predicateType": "https://slsa.dev/provenance/v1",
        "subject": [
            {"name": f"ic/{COMMIT}/guest-os/update-img-dev/SHA256SUMS", "digest": {"sha256": "11" * 32}},
            {"name": SUBJECT, "digest": {"sha256": SUMS_SHA256}},
        ],
        "predicate": {"buildDefinition": {}},
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def attested(
    said: Mapping[int, str | None] | None = None,
    *,
    name: str = SIGNER,
    at: datetime = BUILT,
    authority: PracticeAuthority = PRACTICE,
    **changes: object,
) -> bytes:
    """A bundle: the honest one but for what is given.

    Args:
        said: other texts of the certificate, by their numbers; None leaves one out.
        name: whom the certificate is made out to.
        changes: other fields of the statement.
    """
    texts = {number: text for number, text in {**SAID, **(said or {})}.items() if text is not None}
    return authority.attest(Claims(name, texts), statement(**changes), at)


@cache
def verifier() -> BundleVerifier:
    """Believes the practice authority."""
    return BundleVerifier(AUTHORITY)
