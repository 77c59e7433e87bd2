"""Which root file system a recovery image carries, and which version it says that it is (checks 33 and 34)."""

from __future__ import annotations

from auditkit import checks
from auditkit.audit.root_file_system import uncovered, unusable_root
from auditkit.decision import Decision
from auditkit.guestos import GuestImage
from auditkit.ic import BlessAlternativeGuestOsVersion


def decide_recovery_root_hash(
    image: GuestImage, bless: BlessAlternativeGuestOsVersion | None, evidence: tuple[str, ...]
) -> Decision:
    """Whether the root file system is the blessed one (check 33)."""
    check = checks.RECOVERY_ROOT_HASH
    root = image.verity
    if root is None:
        return check.skipped(
            "There is no root file system: only a boot partition was given.", evidence=evidence
        )
    if unusable := unusable_root(check, root, evidence):
        return unusable
    beside = uncovered(root, image.has_overlay)
    if bless is None:
        return check.skipped(
            f"There is no proposal to compare the root {'; '.join((root.root_hash, *beside))} with.",
            evidence=evidence,
        )
    if root.root_hash.lower() != bless.rootfs_hash.lower():
        return check.failed(
            root.root_hash,
            "The recovery image would run a different system from the one that the NNS blessed.",
            expected=bless.rootfs_hash[:200],
            evidence=evidence,
        )
    if beside:
        return check.warned(
            f"{root.root_hash}; {'; '.join(beside)}",
            "The root file system is the blessed one, but the image carries something beside it that no hash covers.",
            expected=bless.rootfs_hash,
            evidence=evidence,
        )
    return check.passed(
        root.root_hash,
        "Every block of the recovery system is under the hash that the NNS blessed.",
        expected=bless.rootfs_hash,
        evidence=evidence,
    )


def decide_recovery_version(
    image: GuestImage, base_version: str | None, evidence: tuple[str, ...]
) -> Decision:
    """Which version the image says that it is (check 34)."""
    check = checks.RECOVERY_VERSION
    shown = (
        f"VERSION.TXT {(image.version_text or 'absent')[:100]}, "
        f"version.txt {(image.boot.version_text or 'absent')[:100]}"
    )
    if base_version is not None and image.boot.version_text != base_version:
        return check.warned(
            shown,
            "The boot partition names another version than the base; this text proves nothing.",
            expected=f"version.txt {base_version}",
            evidence=evidence,
        )
    return check.passed(shown, "This is the image's own word and proves nothing.", evidence=evidence)
