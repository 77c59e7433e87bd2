"""What an election proposal itself must look like, whatever its image is (checks 55 to 58)."""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise
from typing import Final
from urllib.parse import urlsplit

from auditkit import checks
from auditkit.decision import Decision
from auditkit.digests import is_commit, is_sha256
from auditkit.display import visible
from auditkit.ic import ElectionPayload
from auditkit.sev import KnownRelease, releases_for

MEASUREMENT_BYTES: Final = 48
_COMMIT_DIGITS: Final = 40


def decide_election_content(
    election: ElectionPayload,
    evidence: tuple[str, ...],
    *,
    wanted: str = "auto",
    more_releases: Collection[KnownRelease] = (),
    own_hosts: Collection[str] = (),
) -> tuple[Decision, ...]:
    """Checks 55 to 58 over the payload of the proposal.

    Source: dfinity/ic rs/registry/canister/src/mutations/do_revise_elected_replica_versions.rs, which demands a digest
    of 64 hex digits and an address, and since release 2026-08-20 measurements of 48 bytes. Nothing demands that they
    are right.

    Args:
        wanted: the version that the auditor asks about, 40 hex digits, or ``auto``.
        more_releases: what is known beside the built-in list.
        own_hosts: hosts whose plain http is no warning, since nobody is on the way: those of the practice network.
    """
    return (
        _version(election, wanted, evidence),
        _digest(election, evidence),
        _urls(election, evidence, own_hosts),
        _measurements(election, evidence, more_releases),
    )


def _version(election: ElectionPayload, wanted: str, evidence: tuple[str, ...]) -> Decision:
    check = checks.ELECTION_VERSION
    version = election.version_to_elect or ""
    if not is_commit(version):
        return check.failed(
            _shown(version), "No node can be told to run a version with this name.", evidence=evidence
        )
    if wanted not in ("auto", version):
        return check.failed(
            version,
            "The proposal elects another version than the one that was asked about.",
            expected=wanted,
            evidence=evidence,
        )
    gone = election.versions_to_unelect
    if version in gone:
        return check.failed(version, "The proposal elects and un-elects the same version.", evidence=evidence)
    told = f"; un-elects {', '.join(_shown(name) for name in gone[:8])}" if gone else ""
    more = f" and {len(gone) - 8} more" if len(gone) > 8 else ""
    return check.passed(f"{version}{told}{more}", "It names the commit that was built.", evidence=evidence)


def _digest(election: ElectionPayload, evidence: tuple[str, ...]) -> Decision:
    check = checks.ELECTION_DIGEST_GIVEN
    digest = election.sha256_hex or ""
    if is_sha256(digest, any_case=True):
        return check.passed(digest, "No other image can have this digest.", evidence=evidence)
    return check.failed(
        f"{_shown(digest)} ({len(digest)} characters)",
        "No image can have this digest, so no node could be upgraded to the version.",
        evidence=evidence,
    )


def _urls(election: ElectionPayload, evidence: tuple[str, ...], own_hosts: Collection[str]) -> Decision:
    check = checks.ELECTION_URLS
    urls = election.urls
    if not urls:
        return check.failed(
            "no address", "Nodes would not know where to get the image from.", evidence=evidence
        )
    for url in urls:
        if _scheme(url) not in ("http", "https") or not _host(url):
            return check.failed(
                _shown(url),
                "An address names no server by https or http, so nodes cannot get the image from it.",
                evidence=evidence,
            )
    odd = []
    if twice := [url for url, following in pairwise(sorted(urls)) if url == following]:
        odd.append(f"{_shown(twice[0])} stands there twice")
    odd += [
        f"{_shown(url)} is plain http"
        for url in urls
        if _scheme(url) == "http" and _host(url) not in own_hosts
    ]
    version = election.version_to_elect or ""
    odd += [f"{_shown(url)} does not name the version" for url in urls if version not in url]
    if odd:
        return check.warned(
            "; ".join(odd)[:500],
            "Nodes check the digest of what they get, so this is unusual and not unsafe.",
            evidence=evidence,
        )
    return check.passed(
        f"{len(urls)} address{'es' if len(urls) > 1 else ''}", "Each names the version.", evidence=evidence
    )


def _measurements(
    election: ElectionPayload, evidence: tuple[str, ...], more_releases: Collection[KnownRelease]
) -> Decision:
    check = checks.ELECTION_MEASUREMENTS_GIVEN
    entries = election.measurements
    if not entries:
        return check.failed(
            "no measurement",
            "Nodes that run inside AMD SEV-SNP virtual machines could not start this version: a subnet of them would "
            "stop.",
            evidence=evidence,
        )
    wrong = [entry for entry in entries if len(entry.measurement) != MEASUREMENT_BYTES]
    if wrong:
        return check.failed(
            f"{len(wrong)} of {len(entries)} have another length, the first has {len(wrong[0].measurement)} bytes",
            "A SEV-SNP launch measurement is a SHA-384 digest of 48 bytes; nothing else can ever match.",
            evidence=evidence,
        )
    given = {entry.measurement for entry in entries}
    for release, count in releases_for(given, more=more_releases):
        ours = (election.version_to_elect or "").startswith(release.version)
        if not ours or release.build == "development":
            return check.warned(
                f"{count} of {len(entries)} belong to {release.text}",
                "A measurement of this proposal is that of a build that lets its developers in."
                if ours
                else "A measurement of this proposal is that of another release, which no two releases share.",
                evidence=evidence,
            )
    if len(given) != len(entries):
        return check.warned(
            f"{len(entries)} measurements, {len(given)} different",
            "A measurement is listed more than once; that changes nothing.",
            evidence=evidence,
        )
    return check.passed(f"{len(entries)} measurements", "Each is a SHA-384 digest.", evidence=evidence)


def _scheme(url: str) -> str:
    try:
        return urlsplit(url).scheme
    except ValueError:
        return ""


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _shown(text: str) -> str:
    return visible(text[:120]) or "an empty text"
