"""What the proposal itself must look like, whatever the base release is (checks 15 to 17)."""

from __future__ import annotations

from collections.abc import Collection

from auditkit import checks
from auditkit.decision import Decision
from auditkit.digests import is_sha256
from auditkit.ic import BlessAlternativeGuestOsVersion
from auditkit.sev import KnownRelease, release_with_root

CHIP_ID_BYTES = 64
MEASUREMENT_BYTES = 48
_MASKED_CHIP = bytes(CHIP_ID_BYTES)


def decide_content(
    bless: BlessAlternativeGuestOsVersion,
    evidence: tuple[str, ...],
    *,
    more_releases: Collection[KnownRelease] = (),
) -> tuple[Decision, ...]:
    """Checks 15 to 17 over the action of the proposal.

    Source: dfinity/ic rs/nns/governance/src/proposals/bless_alternative_guest_os_version.rs, which enforces all of
    them but the length of rootfs_hash and the zeros of a masked chip (AMD SEV-SNP ABI, MASK_CHIP_ID). No other chip id
    is impossible: those of the Turin family are 8 bytes and 56 zeros.

    Args:
        more_releases: what is known beside the built-in list, to say whose root file system it is.
    """
    return (
        _chip_ids(bless, evidence),
        _rootfs_hash(bless, evidence, more_releases),
        _measurements(bless, evidence),
    )


def _chip_ids(bless: BlessAlternativeGuestOsVersion, evidence: tuple[str, ...]) -> Decision:
    check = checks.PROPOSAL_CHIP_IDS
    chips = bless.chip_ids
    if not chips:
        return check.failed("no chip id", "A proposal without chips recovers no node.", evidence=evidence)
    wrong = [chip for chip in chips if len(chip) != CHIP_ID_BYTES]
    if wrong:
        return check.failed(
            f"{len(wrong)} of {len(chips)} chip ids have another length, the first has {len(wrong[0])} bytes",
            "A chip id of another length names no AMD processor.",
            evidence=evidence,
        )
    if masked := chips.count(_MASKED_CHIP):
        return check.failed(
            f"{masked} of {len(chips)} {'is' if masked == 1 else 'are'} 64 zero bytes",
            "Zeros are what every processor with a masked chip id reports, so this names no processor and lets any "
            "of those in.",
            evidence=evidence,
        )
    if len(set(chips)) != len(chips):
        return check.warned(
            f"{len(chips)} chip ids, {len(set(chips))} different",
            "A chip is named more than once; that is allowed and changes nothing.",
            evidence=evidence,
        )
    return check.passed(f"{len(chips)} chip ids", "Each names one AMD processor.", evidence=evidence)


def _rootfs_hash(
    bless: BlessAlternativeGuestOsVersion, evidence: tuple[str, ...], more_releases: Collection[KnownRelease]
) -> Decision:
    check = checks.PROPOSAL_ROOTFS_HASH
    value = bless.rootfs_hash
    if is_sha256(value, any_case=True):
        known = release_with_root(value.lower(), more=more_releases)
        whose = f" It is that of {known.text}, by its own kernel command line." if known else ""
        return check.passed(
            value, f"It has the form of a dm-verity SHA-256 root hash.{whose}", evidence=evidence
        )
    shown = repr(value[:80]) if value else "no root hash"
    return check.failed(
        f"{shown} ({len(value)} characters)",
        "No recovery root file system can have this root hash, so the recovery cannot work as proposed.",
        evidence=evidence,
    )


def _measurements(bless: BlessAlternativeGuestOsVersion, evidence: tuple[str, ...]) -> Decision:
    check = checks.PROPOSAL_MEASUREMENTS
    entries = bless.base_guest_launch_measurements
    if not entries:
        return check.failed(
            "no measurement", "A proposal that blesses nothing recovers nothing.", evidence=evidence
        )
    wrong = [entry for entry in entries if len(entry.measurement) != MEASUREMENT_BYTES]
    if wrong:
        return check.failed(
            f"{len(wrong)} of {len(entries)} measurements have another length, "
            f"the first has {len(wrong[0].measurement)} bytes",
            "A SEV-SNP launch measurement is a SHA-384 digest of 48 bytes; nothing else can ever match.",
            evidence=evidence,
        )
    different = len({entry.measurement for entry in entries})
    if different != len(entries):
        return check.warned(
            f"{len(entries)} measurements, {different} different",
            "A measurement is listed more than once; that changes nothing.",
            evidence=evidence,
        )
    return check.passed(f"{len(entries)} measurements", "Each is a SHA-384 digest.", evidence=evidence)
