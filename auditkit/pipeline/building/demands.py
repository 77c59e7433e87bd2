"""What a build demands before it writes anything: all that dfinity's build does, and that nothing else is inside."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from auditkit import checks
from auditkit.audit import (
    Policy,
    Reference,
    compare,
    decide_blessed,
    decide_boot_args,
    decide_certified_digest,
    decide_certified_measurements,
    decide_overlap,
    decide_recovery,
)
from auditkit.decision import Check, Decision, Outcome
from auditkit.digests import is_commit
from auditkit.errors import EvidenceError
from auditkit.evidence import Evidence, Source
from auditkit.guestos import (
    RELEASE_BOOT_ARGS,
    ImageKind,
    TreeSnapshot,
    image_kind,
    parse_boot_args,
    read_guest_image,
)
from auditkit.guestos.recovery import RootImage
from auditkit.ic import BlessAlternativeGuestOsVersion
from auditkit.pipeline.building.request import BuildRequest
from auditkit.pipeline.questions import ProposalAnswer
from auditkit.pipeline.sources.elections import answers_in_file
from auditkit.pipeline.steps.election import decide_election
from auditkit.sev import LaunchMeasurement, measure, measured_boot

_WAIVED: Final = frozenset(  # nobody delegates where the NNS itself signed
    check.id
    for check in (
        checks.DELEGATION_DEPTH,
        checks.DELEGATION_SIGNATURE,
        checks.DELEGATION_RANGES,
        checks.DELEGATION_SUBNET_KEY,
    )
)


def build_policy(*, elected: bool) -> Policy:
    """What `auditkit build-image` demands; what it asks needs an answer, and no option takes anything away.

    Args:
        elected: whether an answer about the election of the base release was given.
    """
    members: tuple[Check, ...] = (
        *checks.PROPOSAL_CHECKS,
        *checks.CONTENT_CHECKS,
        checks.BASE_BOOT_ARGS,
        checks.OVERLAP_ANY,
        *checks.RECOVERY_CHECKS,
        checks.SETTINGS_ROOT_KEY,
        *(checks.ELECTED_CHECKS if elected else ()),
    )
    return Policy(
        "build-image",
        1,
        "The image is the base's boot tree with an executed proposal that blesses it and its root file system.",
        members,
        frozenset(check.id for check in members) - _WAIVED,
    )


@dataclass(frozen=True, slots=True)
class Base:
    """What a build has to know of the base release, which is more than it keeps in memory.

    Attributes:
        sha256: of the whole file, 64 hex digits.
        boot: its boot partition, on disk.
        tree: its boot tree.
        computed: its launch measurements under the settings of a release.
        versions: what its version files say, that of the boot partition last.
        boot_args: check 21.
    """

    sha256: str
    boot: Path
    tree: TreeSnapshot
    computed: tuple[LaunchMeasurement, ...]
    versions: tuple[str, ...]
    boot_args: Decision


def read_base(path: Path, work: Path) -> Base:
    """Reads the base release.

    Raises:
        SourceError: it cannot be read.
        EvidenceError: it is malformed, or has none of the command lines that are measured.
    """
    kind = image_kind(path)
    image = read_guest_image(path, work=work, tree=True, whole=False)
    if image.tree is None:
        raise EvidenceError("internal error: the boot tree was not read")
    boot_args = parse_boot_args(image.boot.boot_args)
    lines = {name: boot_args.lines[name].text for name in RELEASE_BOOT_ARGS if name in boot_args.lines}
    if not lines:
        raise EvidenceError("the base has none of the command lines that are measured", where=str(path))
    boot = image.boot
    return Base(
        sha256=image.sha256,
        boot=work / "boot.img" if kind is ImageKind.UPDATE else path,
        tree=image.tree,
        computed=measure(measured_boot(boot.firmware, boot.kernel, boot.initrd), lines),
        versions=tuple(text for text in (image.version_text, boot.version_text) if text is not None),
        boot_args=decide_boot_args(boot_args, ()),
    )


def decide_made(
    boot: Path,
    root: RootImage,
    base: Base,
    certified: ProposalAnswer,
    *,
    work: Path,
    root_key: bytes,
) -> tuple[Decision, ...]:
    """Checks 21, 25 and 29 to 34 about the parts of the image before they are put together.

    Args:
        boot: the boot partition that was made.
        root: the root file system that goes in.
        certified: an authentic proposal that blesses a recovery.
        work: a folder for what has to be on disk meanwhile.
        root_key: whose signature the proposal inside has to lead to, 133 bytes of DER.
    """
    proposal, bless = certified.verification.proposal, certified.verification.bless
    if bless is None:
        raise EvidenceError("internal error: the proposal blesses nothing")
    made = read_guest_image(boot, work=work, tree=True, digest=False)
    if made.tree is None:
        raise EvidenceError("internal error: the boot tree was not read")
    image = replace(
        made,
        # What lies around the file system is not taken along, so what goes in has none of it.
        verity=replace(root.verity, warnings=()),
        version_text=root.version.decode("ascii", "replace").strip() if root.version is not None else None,
    )
    reference = Reference(
        tree=base.tree,
        computed=base.computed,
        base_version=base.versions[-1] if base.versions else None,
        bless=bless,
        proposal_id=proposal.id if proposal else None,
        certificate=certified.certificate,
        root_key=root_key,
    )
    comparison = decide_recovery(image, made.tree, reference)
    rows = compare(bless.base_guest_launch_measurements, comparison.computed, {})
    overlap = (one for one in decide_overlap(rows, ()) if one.id == checks.OVERLAP_ANY.id)
    return (base.boot_args, *overlap, *comparison.decisions)


def decide_elected_base(
    election: Path, base: Base, bless: BlessAlternativeGuestOsVersion, request: BuildRequest
) -> tuple[tuple[Decision, ...], tuple[Evidence, ...]]:
    """Checks 49 to 53, and the files that they rest on.

    Raises:
        SourceError: the answer cannot be read.
        EvidenceError: it is too large, or the base names no release that could be elected.
    """
    version = base.versions[-1].lower() if base.versions else ""
    if not is_commit(version):
        raise EvidenceError(
            "the base does not say which release it is, so nobody can tell whether that was elected",
            where=str(request.base),
            observed=version[:80] or "no version text",
        )
    step = decide_election(
        version,
        answers_in_file(Source(path=election)),
        root_key=request.trust.root_key,
        now_ns=time.time_ns(),
    )
    release = step.release
    agreement = (
        ()
        if release is None
        else (
            decide_certified_digest(base.sha256, release, ()),
            decide_certified_measurements(base.computed, release, (), release_matrix=True),
            decide_blessed(bless.base_guest_launch_measurements, release, base.computed, ()),
        )
    )
    return (*step.decisions, *agreement), step.evidence


def any_failed(decisions: Iterable[Decision]) -> bool:
    """Whether a decision failed, so that there is no use in going on."""
    return any(decision.outcome is Outcome.FAIL for decision in decisions)
