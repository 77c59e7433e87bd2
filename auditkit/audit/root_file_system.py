"""What keeps a root hash from vouching for a root file system, of the base release and of a recovery image alike."""

from __future__ import annotations

from auditkit import checks
from auditkit.decision import Check, Decision
from auditkit.guestos import VerityRoot


def unusable_root(check: Check, verity: VerityRoot, evidence: tuple[str, ...]) -> Decision | None:
    """The failure of ``check`` where the dm-verity root of an image cannot be believed; None where it can."""
    if not verity.problems:
        return None
    return check.failed(
        "; ".join(verity.problems)[:500],
        "The root file system's hash tree is not one that dfinity's build makes.",
        evidence=evidence,
    )


def uncovered(verity: VerityRoot, has_overlay: bool) -> tuple[str, ...]:
    """What an update image carries beside its root file system that the root hash does not cover.

    Nothing that runs reads it in dfinity's builds, so each is worth a warning. Older releases carry an overlay.raw.
    """
    overlay = ("there is an overlay.raw in the update image",) if has_overlay else ()
    return (*verity.warnings, *overlay)


def decide_verity(root: VerityRoot) -> Decision:
    """The one check of ``auditkit verity-hash``, of a root file system that is compared with nothing."""
    if (unusable := unusable_root(checks.ROOT_VERITY, root, ())) is not None:
        return unusable
    if root.warnings:
        return checks.ROOT_VERITY.warned(
            "; ".join(root.warnings)[:500], "The root hash does not cover this, and nothing uses it."
        )
    return checks.ROOT_VERITY.passed(root.root_hash, "The tree is one that dfinity's build makes.")
