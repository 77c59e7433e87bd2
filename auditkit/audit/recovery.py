"""Whether a recovery image is the base release with the proposal added, and a blessed root (checks 29 to 34)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditkit import checks
from auditkit.audit.root_file_system import uncovered, unusable_root
from auditkit.decision import Decision, Outcome
from auditkit.errors import EvidenceError
from auditkit.guestos import (
    Difference,
    GuestImage,
    TreeComparison,
    TreeSnapshot,
    compare_trees,
    parse_boot_args,
)
from auditkit.ic import BlessAlternativeGuestOsVersion, verify_embedded_proposal
from auditkit.limits import LIMITS
from auditkit.sev import LaunchMeasurement, measure, measured_boot

Names = tuple[str, ...]
_SHOWN_METADATA = 5


@dataclass(frozen=True, slots=True)
class Reference:
    """What a recovery image is compared with.

    Attributes:
        tree: the boot tree of the base release.
        computed: the launch measurements of the base release.
        base_version: 40 hex digits; None when nobody said it.
        bless: what the authentic proposal blesses; None when no proposal was given.
        proposal_id: its number.
        certificate: the proposal's certificate.
        root_key: the key that the proposal inside the image has to be signed under.
    """

    tree: TreeSnapshot
    computed: tuple[LaunchMeasurement, ...]
    base_version: str | None
    bless: BlessAlternativeGuestOsVersion | None
    proposal_id: int | None
    certificate: bytes | None
    root_key: bytes


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
    image: GuestImage, tree: TreeSnapshot, reference: Reference, evidence: Names = ()
) -> RecoveryComparison:
    """Decides checks 29 to 34.

    Args:
        image: the recovery image.
        tree: its boot tree.
        reference: what it is compared with.
        evidence: names of the files.
    """
    trees = compare_trees(reference.tree, tree)
    proposal, embedded = _proposal(image.alternative_proposal, reference, evidence)
    bless = reference.bless or embedded
    measurements, computed = _measurements(image, reference.computed, bless, evidence)
    return RecoveryComparison(
        decisions=(
            _tree(trees, image.data_behind_boot, evidence),
            _metadata(trees, evidence),
            proposal,
            measurements,
            _root_hash(image, bless, evidence),
            _version(image, reference.base_version, evidence),
        ),
        trees=trees,
        computed=computed,
    )


def decide_unknown_member_of_recovery(name: str, evidence: Names = ()) -> tuple[Decision, ...]:
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
        check.skipped(f"Not reached: {failed.id} failed.", evidence=evidence)
        for check in checks.RECOVERY_CHECKS
        if check.id != failed.id
    )
    return (failed, *rest)


def _tree(trees: TreeComparison, data_behind: bool, evidence: Names) -> Decision:
    check = checks.RECOVERY_TREE
    found = trees.differences
    if found:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        listed = "\n".join(_listed(found[: LIMITS.compared_differences]))
        return check.failed(
            listed if len(listed) <= LIMITS.shown_characters else listed[: LIMITS.shown_characters] + " …",
            f"The recovery image boots something else than the base release: {found[0].path}{more}.",
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
            f"{trees.compared} names equal, and the proposal; data behind the boot file system",
            "The boot tree is the base's, but nothing measures what the partition holds behind its file system.",
            evidence=evidence,
        )
    return check.passed(
        f"{trees.compared} names equal, and the proposal",
        "The recovery image boots the base release, byte for byte.",
        evidence=evidence,
    )


def _listed(differences: Sequence[Difference]) -> list[str]:
    return [line for difference in differences for line in (str(difference), *difference.excerpt)]


def _metadata(trees: TreeComparison, evidence: Names) -> Decision:
    check = checks.RECOVERY_METADATA
    if not trees.metadata:
        return check.passed("all equal", "Not even a label or a time differs.", evidence=evidence)
    shown = "; ".join(str(difference) for difference in trees.metadata[:_SHOWN_METADATA])
    more = len(trees.metadata) - _SHOWN_METADATA
    return check.warned(
        shown[: LIMITS.shown_characters] + (f"; and {more} more" if more > 0 else ""),
        "Times, labels or owners differ, which building the image anew does; nothing that is measured differs.",
        evidence=evidence,
    )


def _proposal(
    embedded: bytes | None, reference: Reference, evidence: Names
) -> tuple[Decision, BlessAlternativeGuestOsVersion | None]:
    check = checks.RECOVERY_PROPOSAL
    if embedded is None:
        return check.failed("no proposal", "A node finds no proposal in this image.", evidence=evidence), None
    verification = verify_embedded_proposal(embedded, root_key=reference.root_key, request=None)
    failed = [one for one in verification.decisions if one.outcome is Outcome.FAIL]
    if failed or verification.bless is None or verification.proposal is None:
        first = failed[0] if failed else None
        return check.failed(
            f"{first.id}: {first.observed}" if first else "no proposal of this kind",
            f"The proposal inside the image fails by itself: {first.reason}"
            if first
            else "The certificate inside the image holds no such proposal.",
            evidence=evidence,
        ), None
    number = verification.proposal.id
    if reference.bless is None:
        return check.warned(
            f"proposal {number}",
            "The proposal inside the image is right by itself; none was given to compare it with.",
            evidence=evidence,
        ), verification.bless
    if number != reference.proposal_id:
        return check.failed(
            f"proposal {number}",
            "Another proposal than the audited one is inside the image.",
            expected=f"proposal {reference.proposal_id}",
            evidence=evidence,
        ), verification.bless
    if verification.bless != reference.bless:
        return check.failed(
            f"proposal {number} with other content",
            "The NNS answered differently when the image was built.",
            evidence=evidence,
        ), verification.bless
    same = embedded == reference.certificate
    return check.passed(
        f"proposal {number}, {'the same certificate' if same else 'another certificate of the same content'}",
        "The node reads the proposal that was audited here.",
        evidence=evidence,
    ), verification.bless


def _measurements(
    image: GuestImage,
    base: tuple[LaunchMeasurement, ...],
    bless: BlessAlternativeGuestOsVersion | None,
    evidence: Names,
) -> tuple[Decision, tuple[LaunchMeasurement, ...]]:
    check = checks.RECOVERY_MEASUREMENTS
    try:
        computed = _measure_like(image, base)
    except EvidenceError as error:
        return check.failed(
            str(error), "The recovery image cannot be measured as the base release is.", evidence=evidence
        ), ()
    ours, theirs = Counter(one.measurement for one in base), Counter(one.measurement for one in computed)
    if ours != theirs:
        wrong = [one for one in computed if one.measurement not in ours] or list(computed)
        return check.failed(
            f"{len(wrong)} of {len(computed)} differ, the first for {wrong[0].vcpu_type} on {wrong[0].boot_args}",
            "The recovery image does not start as the base release does, so no node would accept it.",
            evidence=evidence,
        ), computed
    if bless is None:
        return check.warned(
            f"all {len(computed)} equal",
            "They are those of the base release; there is no proposal that could bless them.",
            evidence=evidence,
        ), computed
    blessed = {entry.measurement for entry in bless.base_guest_launch_measurements}
    shared = sum(one.measurement in blessed for one in computed)
    if not shared:
        return check.failed(
            f"all {len(computed)} equal, none blessed",
            "No node that starts this image runs a blessed guest.",
            evidence=evidence,
        ), computed
    return check.passed(
        f"all {len(computed)} equal, {shared} blessed",
        "The recovery image starts as the base release does.",
        evidence=evidence,
    ), computed


def _measure_like(image: GuestImage, base: tuple[LaunchMeasurement, ...]) -> tuple[LaunchMeasurement, ...]:
    """The measurements of the image under the settings of ``base``."""
    boot_args = parse_boot_args(image.boot.boot_args)
    names = tuple(dict.fromkeys(one.boot_args for one in base))
    missing = [name for name in names if name not in boot_args.lines]
    if missing or boot_args.differences:
        raise EvidenceError(
            f"boot_args has no line {missing[0]}" if missing else boot_args.differences[0], where="boot_args"
        )
    lines: Mapping[str, str] = {name: boot_args.lines[name].text for name in names}
    return measure(
        measured_boot(image.boot.firmware, image.boot.kernel, image.boot.initrd),
        lines,
        vcpu_types=tuple(dict.fromkeys(one.vcpu_type for one in base)),
        vcpus=tuple(dict.fromkeys(one.vcpus for one in base)),
        guest_features=base[0].guest_features,
    )


def _root_hash(image: GuestImage, bless: BlessAlternativeGuestOsVersion | None, evidence: Names) -> Decision:
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
            "The recovery image would run another system than the one that the NNS blessed.",
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


def _version(image: GuestImage, base_version: str | None, evidence: Names) -> Decision:
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
