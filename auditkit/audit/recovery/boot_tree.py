"""Whether the boot tree of a recovery image is the base's with the proposal added (checks 29 and 30)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from auditkit import checks
from auditkit.decision import Decision
from auditkit.guestos import Difference, TreeComparison
from auditkit.limits import LIMITS, Limits

_SHOWN_METADATA: Final = 5


def decide_tree(
    trees: TreeComparison, data_behind: bool, evidence: tuple[str, ...], *, limits: Limits = LIMITS
) -> Decision:
    """Whether the boot tree is that of the base and holds a proposal (check 29)."""
    check = checks.RECOVERY_TREE
    found = trees.differences
    if found:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        listed = "\n".join(_listed(found[: limits.compared_differences]))
        return check.failed(
            listed if len(listed) <= limits.shown_characters else listed[: limits.shown_characters] + " …",
            f"The recovery image boots something other than the base release: {found[0].path}{more}.",
            evidence=evidence,
        )
    if not trees.has_proposal:
        return check.failed(
            f"{trees.compared} names equal, and no proposal",
            "There is no proposal inside the image, so no node would accept it as a recovery image.",
            evidence=evidence,
        )
    if data_behind:
        return check.warned(
            f"{trees.compared} names equal, and the proposal; data after the boot file system",
            "The boot tree is the base's, but nothing measures what the partition holds after its file system.",
            evidence=evidence,
        )
    return check.passed(
        f"{trees.compared} names equal, and the proposal",
        "The recovery image boots the base release, byte for byte.",
        evidence=evidence,
    )


def _listed(differences: Sequence[Difference]) -> list[str]:
    return [line for difference in differences for line in (str(difference), *difference.excerpt)]


def decide_metadata(trees: TreeComparison, evidence: tuple[str, ...], *, limits: Limits = LIMITS) -> Decision:
    """Whether the metadata of the boot tree is that of the base too (check 30)."""
    check = checks.RECOVERY_METADATA
    if not trees.metadata:
        return check.passed("all equal", "Not even a label or a time differs.", evidence=evidence)
    shown = "; ".join(str(difference) for difference in trees.metadata[:_SHOWN_METADATA])
    more = len(trees.metadata) - _SHOWN_METADATA
    return check.warned(
        shown[: limits.shown_characters] + (f"; and {more} more" if more > 0 else ""),
        "Times, labels or owners differ, which building the image anew does; nothing that is measured differs.",
        evidence=evidence,
    )
