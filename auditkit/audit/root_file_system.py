"""What keeps a root hash from vouching for a root file system, of the base release and of a recovery image alike."""

from __future__ import annotations

from auditkit import checks
from auditkit.decision import Check, Decision
from auditkit.guestos import VerityRoot


def usable_root(check: Check, verity: VerityRoot | None, evidence: tuple[str, ...]) -> VerityRoot | Decision:
    """The dm-verity root of an image, or what ``check`` decides without one that can be believed.

    Args:
        verity: of the image's root.img; None when it has none (a bare boot partition).
    """
    if verity is None:
        return check.skipped(
            "There is no root file system: only a boot partition was given.", evidence=evidence
        )
    if verity.problems:
        return check.failed(
            "; ".join(verity.problems)[:500],
            "The root file system's hash tree is not one that dfinity's build makes.",
            evidence=evidence,
        )
    return verity


def decide_verity(root: VerityRoot) -> Decision:
    """The one check of ``auditkit verity-hash``, of a root file system that is compared with nothing."""
    usable = usable_root(checks.ROOT_VERITY, root, ())
    if isinstance(usable, Decision):
        return usable
    if root.warnings:
        return checks.ROOT_VERITY.warned(
            "; ".join(root.warnings)[:500], "The root hash does not cover this, and nothing uses it."
        )
    return checks.ROOT_VERITY.passed(root.root_hash, "The tree is one that dfinity's build makes.")
