"""Whether a recovery image is the base release with the proposal added, and a blessed root (checks 29 to 34)."""

from __future__ import annotations

from dataclasses import dataclass

from auditkit import checks
from auditkit.audit.recovery.boot_tree import decide_metadata, decide_tree
from auditkit.audit.recovery.embedded_proposal import decide_embedded_proposal
from auditkit.audit.recovery.measurements import decide_recovery_measurements
from auditkit.audit.recovery.reference import Reference
from auditkit.audit.recovery.root import decide_recovery_root_hash, decide_recovery_version
from auditkit.decision import Decision
from auditkit.guestos import GuestImage, TreeComparison, TreeSnapshot, compare_trees
from auditkit.limits import LIMITS, Limits
from auditkit.sev import LaunchMeasurement


@dataclass(frozen=True, slots=True)
class RecoveryComparison:
    """The decisions about a recovery image, and every difference of its boot tree.

    Attributes:
        decisions: checks 29 to 34, each once.
        trees: the comparison of the trees.
        computed: the launch measurements of the recovery image; empty when it cannot be measured.
    """

    decisions: tuple[Decision, ...]
    trees: TreeComparison
    computed: tuple[LaunchMeasurement, ...]


def decide_recovery(
    image: GuestImage,
    tree: TreeSnapshot,
    reference: Reference,
    evidence: tuple[str, ...] = (),
    *,
    limits: Limits = LIMITS,
) -> RecoveryComparison:
    """Decides checks 29 to 34.

    Args:
        image: the recovery image.
        tree: its boot tree.
        reference: what it is compared with.
        evidence: names of the files.
        limits: bounds on what is listed.
    """
    trees = compare_trees(reference.tree, tree)
    proposal, embedded = decide_embedded_proposal(image.alternative_proposal, reference, evidence)
    bless = reference.bless or embedded
    measurements, computed = decide_recovery_measurements(image, reference.computed, bless, evidence)
    return RecoveryComparison(
        decisions=(
            decide_tree(trees, image.data_behind_boot, evidence, limits=limits),
            decide_metadata(trees, evidence, limits=limits),
            proposal,
            measurements,
            decide_recovery_root_hash(image, bless, evidence),
            decide_recovery_version(image, reference.base_version, evidence),
        ),
        trees=trees,
        computed=computed,
    )


def decide_unknown_member_of_recovery(name: str, evidence: tuple[str, ...] = ()) -> tuple[Decision, ...]:
    """Checks 29 to 34 where the recovery image holds a file that no release holds, so that it was not read further.

    Args:
        name: of that file.
    """
    failed = checks.RECOVERY_TREE.failed(
        f"a file called {name[:100]} in the archive",
        "The recovery image holds a file that no release holds.",
        expected="boot.img, root.img and VERSION.TXT, in older images also overlay.raw",
        evidence=evidence,
    )
    rest = (
        check.not_reached(failed, evidence=evidence)
        for check in checks.RECOVERY_CHECKS
        if check.id != failed.id
    )
    return (failed, *rest)
