"""Step 5: is the recovery image the base release with the proposal added, and a blessed root (checks 29 to 34)?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from auditkit import audit, checks
from auditkit.errors import EvidenceError, SourceError
from auditkit.evidence import Evidence, Source, open_image
from auditkit.guestos import (
    ALTERNATIVE_PROPOSAL,
    MEASURED_FILES,
    BootFiles,
    GuestImage,
    TreeComparison,
    TreeSnapshot,
)
from auditkit.limits import LIMITS
from auditkit.pipeline.records import ImageFacts, RecoveryRecord, TreesRecord, digest_at
from auditkit.pipeline.steps.base import BaseImageStep
from auditkit.pipeline.steps.evidence_names import EMBEDDED_PROPOSAL, OWN, RECOVERY_IMAGE
from auditkit.pipeline.steps.images import read_watched
from auditkit.pipeline.steps.measurements import MeasurementStep
from auditkit.pipeline.steps.proposal import ProposalStep
from auditkit.pipeline.steps.step import Step
from auditkit.progress import Progress
from auditkit.report import RECORD_NAME


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RecoveryStep(Step):
    """How the recovery image compares with the base release.

    Attributes:
        trees: every difference of the boot trees; None when they were not compared.
        record: what a replay has to know of the image, which is not kept; None when no image was given or reached.
    """

    title: ClassVar[str] = "The recovery image"

    trees: TreeComparison | None = None
    record: RecoveryRecord | None = None


NO_IMAGE = RecoveryStep(
    decisions=tuple(check.skipped("No recovery image was given.") for check in checks.RECOVERY_CHECKS)
)


def unreached_recovery(
    proposal: ProposalStep, base: BaseImageStep, measurements: MeasurementStep
) -> RecoveryStep:
    """The step where an earlier one kept the image from being asked for."""
    before = proposal if proposal.bless is None else base if base.boot is None else measurements
    return RecoveryStep.unreached(before, checks.RECOVERY_CHECKS)


def strange_recovery(member: str) -> RecoveryStep:
    """The step when the image holds a file that no release holds.

    Args:
        member: its name.
    """
    return RecoveryStep(
        decisions=audit.decide_unknown_member_of_recovery(member),
        record=RecoveryRecord(unknown_member=member),
    )


def get_recovery_image(source: Source, work: Path, progress: Progress) -> Path:
    """Gets the recovery image: where it is, in ``work`` if it had to be downloaded.

    Raises:
        SourceError, EvidenceError: it cannot be had.
    """
    return open_image(
        source,
        sha256=None,
        cache=work,
        progress=lambda done, total: progress.bytes_done("downloading the recovery image", done, total),
    ).path


def read_recovery_image(path: Path, work: Path, progress: Progress) -> GuestImage:
    """Reads the recovery image with its boot tree.

    Raises:
        UnknownMemberError: it holds a file that no release holds.
        SourceError, EvidenceError: it cannot be read.
    """
    label, size = "reading the recovery image", path.stat().st_size
    return read_watched(path, label, size=size, work=work, tree=True, progress=progress)


def compare_with_base(
    image: GuestImage,
    proposal: ProposalStep,
    base: BaseImageStep,
    measurements: MeasurementStep,
    *,
    origin: str,
    file_name: str,
    proposal_id: int,
    root_key: bytes,
) -> RecoveryStep:
    """Decides checks 29 to 34.

    Args:
        image: the recovery image; as the base, with its boot tree.
        origin: where it came from, as reports show it.
        file_name: the last part of that.
        proposal_id, root_key: of the proposal that has to be inside.

    Raises:
        EvidenceError: the trees take more room than those of any release.
    """
    if image.tree is None or base.image is None or base.image.tree is None:
        raise EvidenceError("internal error: a boot tree was not read")
    evidence = [Evidence(RECOVERY_IMAGE, image.sha256, image.size, origin)]
    if image.alternative_proposal is not None:
        where = f"/{EMBEDDED_PROPOSAL} of {RECOVERY_IMAGE}"
        evidence.append(Evidence.of_bytes(EMBEDDED_PROPOSAL, image.alternative_proposal, where))
    evidence += [
        Evidence.of_bytes(f"{OWN}{path}", image.boot.measured[role], f"/{path} of {RECOVERY_IMAGE}")
        for role, path in MEASURED_FILES.items()
        if image.boot.sha256[role] != base.image.boot.sha256[role]
    ]
    reference = audit.Reference(
        tree=base.image.tree,
        computed=measurements.computed,
        base_version=base.version,
        bless=proposal.bless,
        proposal_id=proposal_id,
        certificate=next((item.read(LIMITS.certificate_bytes) for item in proposal.evidence[:1]), None),
        root_key=root_key,
    )
    comparison = audit.decide_recovery(image, image.tree, reference, tuple(item.name for item in evidence))
    # What the NNS blessed is compared; whether others are given the same image is what http leaves open.
    decisions = tuple(
        audit.warn_about_plain_http(decision, origin)
        if decision.id == checks.RECOVERY_VERSION.id
        else decision
        for decision in comparison.decisions
    )
    return RecoveryStep(
        decisions=decisions,
        evidence=tuple(evidence),
        trees=comparison.trees,
        record=RecoveryRecord(
            facts=ImageFacts.of(image, origin=origin, file_name=file_name),
            trees=TreesRecord.of(base.image.tree, image.tree),
        ),
    )


def recorded_images(
    facts: ImageFacts, trees: TreesRecord, base: GuestImage, files: Mapping[str, Evidence]
) -> tuple[GuestImage, GuestImage]:
    """The base image with its boot tree, and the recovery image, as the record of an audit has them.

    Args:
        base: the base image, of which the evidence holds the boot files.
        files: the evidence.

    Raises:
        EvidenceError: the record contradicts itself or the evidence.
        SourceError: a file is missing that the record speaks of.
    """
    base_tree, tree = trees.snapshots()
    for role, path in MEASURED_FILES.items():
        if digest_at(base_tree, path) != base.boot.sha256[role]:
            raise EvidenceError(
                "the record names another boot file of the base release than the evidence holds",
                where=f"{RECORD_NAME}: {path}",
            )
    image = facts.image(
        _recorded_boot(facts, tree, base.boot, files),
        tree=tree,
        alternative_proposal=_recorded_proposal(tree, files),
    )
    return replace(base, tree=base.tree or base_tree), image


def require_own_files_used(files: Mapping[str, Evidence], step: RecoveryStep) -> None:
    """Makes sure that the evidence holds no boot file of the recovery image that its record calls the base's.

    Raises:
        EvidenceError: it does.
    """
    unused = {name for name in files if name.startswith(OWN)} - {item.name for item in step.evidence}
    if unused:
        raise EvidenceError(
            "the record says that a file of the recovery image is the base's, but the evidence holds a different one",
            where=min(unused),
        )


def _recorded_boot(
    facts: ImageFacts, tree: TreeSnapshot, base: BootFiles, files: Mapping[str, Evidence]
) -> BootFiles:
    """The measured files of the recovery image, each the base's or one of its own, by the digests of its tree."""
    content = {}
    for role, path in MEASURED_FILES.items():
        digest = digest_at(tree, path)
        content[role] = (
            base.measured[role]
            if digest == base.sha256[role]
            else _content(files, f"{OWN}{path}", digest, LIMITS.file_bytes)
        )
    return BootFiles(
        kernel=content["kernel"],
        initrd=content["initrd"],
        firmware=content["firmware"],
        boot_args=content["boot_args"],
        version_text=facts.boot_version_text,
        names={},
    )


def _recorded_proposal(tree: TreeSnapshot, files: Mapping[str, Evidence]) -> bytes | None:
    item = tree.entries.get(ALTERNATIVE_PROPOSAL)
    if item is None or item.sha256 is None:
        return None
    return _content(files, EMBEDDED_PROPOSAL, item.sha256, LIMITS.certificate_bytes)


def _content(files: Mapping[str, Evidence], name: str, digest: str, limit: int) -> bytes:
    if name not in files:
        raise SourceError("the evidence is incomplete", where=name, hint="get the whole evidence folder")
    if files[name].sha256 != digest:
        raise EvidenceError(
            "a file of the recovery image is not the one in the record",
            where=name,
            expected=f"SHA-256 {digest}",
            observed=files[name].sha256,
        )
    return files[name].read(limit)
