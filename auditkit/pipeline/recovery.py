"""The recovery image that was published, beside the base release (checks 29 to 34)."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from auditkit import checks
from auditkit.audit import (
    Reference,
    Trouble,
    decide_recovery,
    decide_unknown_member_of_recovery,
    warn_about_plain_http,
)
from auditkit.decision import Decision
from auditkit.errors import EvidenceError, SourceError
from auditkit.evidence import Evidence, Source, open_image
from auditkit.guestos import (
    ALTERNATIVE_PROPOSAL,
    MEASURED_FILES,
    BootFiles,
    GuestImage,
    TreeComparison,
    TreeSnapshot,
    UnknownMemberError,
    read_guest_image,
)
from auditkit.limits import LIMITS
from auditkit.pipeline.parameters import Parameters
from auditkit.pipeline.record import ImageFacts, RecoveryRecord, require_same_image
from auditkit.pipeline.sources import located
from auditkit.pipeline.steps import BaseImageStep, MeasurementStep, ProposalStep, trouble_of, unreached
from auditkit.pipeline.trees_record import TreesRecord, digest_at
from auditkit.progress import Progress, progress_here
from auditkit.report import RECORD_NAME
from auditkit.trust import trust_named

RECOVERY_IMAGE = "recovery-update-img.tar.zst"
EMBEDDED_PROPOSAL = "alternative_guestos_proposal.cbor"
OWN = "recovery-"
"""Before the name of a measured file of the recovery image that is not the base's."""


@dataclass(frozen=True, slots=True)
class RecoveryStep:
    """How the recovery image compares with the base release.

    Attributes:
        trees: every difference of the boot trees; None when they were not compared.
        record: what a replay has to know of the image, which is not kept; None when no image was given or reached.
    """

    decisions: tuple[Decision, ...] = ()
    trouble: tuple[Trouble, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    trees: TreeComparison | None = None
    record: RecoveryRecord | None = None


def check_recovery_image(
    parameters: Parameters,
    proposal: ProposalStep,
    image: BaseImageStep,
    measurements: MeasurementStep,
    progress: Progress | None = None,
) -> RecoveryStep:
    """Compares the recovery image with the base release and decides checks 29 to 34.

    Raises:
        ParameterError: the image's source makes no sense.
    """
    progress = progress or progress_here()
    if parameters.recovery_image is None or not measurements.computed:
        return _unasked(parameters, proposal, image, measurements)
    progress.step("recovery image")
    try:
        with (
            located(parameters.recovery_image, "recovery_image") as (source, origin),
            tempfile.TemporaryDirectory() as work,
        ):
            read = _read(source, Path(work), progress)
            facts = ImageFacts.of(read, origin=origin, file_name=source.name)
            return _compared(parameters, proposal, image, measurements, read=read, facts=facts)
    except UnknownMemberError as error:
        return _strange(error.observed)
    except (SourceError, EvidenceError) as error:
        trouble = (trouble_of(error, parameters),)
        return RecoveryStep(trouble=trouble, record=RecoveryRecord(trouble=trouble))


def replay_recovery(
    parameters: Parameters,
    proposal: ProposalStep,
    image: BaseImageStep,
    measurements: MeasurementStep,
    *,
    record: RecoveryRecord | None,
    files: Mapping[str, Evidence],
    given: Path | None = None,
) -> RecoveryStep:
    """The step decided anew from the values that its record holds, as the image is not kept.

    Args:
        given: the recovery image, to be read again in place of the record; it has to be the one of the record.

    Raises:
        EvidenceError: the record says nothing about the image, or contradicts itself or the evidence.
        SourceError: a file is missing that the record speaks of.
    """
    if parameters.recovery_image is None or not measurements.computed:
        return _unasked(parameters, proposal, image, measurements)
    if record is None:
        raise EvidenceError("the record says nothing about the recovery image", where=RECORD_NAME)
    if record.trouble:
        return RecoveryStep(trouble=record.trouble, record=RecoveryRecord(trouble=record.trouble))
    if record.unknown_member:
        return _strange(record.unknown_member)
    facts, trees = record.facts, record.trees
    if facts is None or trees is None or image.boot is None:
        raise EvidenceError("the record says nothing about the recovery image", where=RECORD_NAME)
    base, tree = trees.snapshots()
    for role, path in MEASURED_FILES.items():
        if digest_at(base, path) != image.boot.sha256[role]:
            raise EvidenceError(
                "the record names another boot file of the base release than the evidence holds",
                where=f"{RECORD_NAME}: {path}",
            )
    again = None if given is None else _read_again(given, facts)
    read = again or GuestImage(
        sha256=facts.sha256,
        size=facts.size,
        version_text=facts.version_text,
        verity=facts.verity,
        boot=_recorded_boot(facts, tree, image.boot, files),
        has_overlay=facts.has_overlay,
        data_behind_boot=facts.data_behind_boot,
        has_checksums=facts.has_checksums,
        entries=facts.entries,
        tree=tree,
        alternative_proposal=_recorded_proposal(tree, files),
    )
    if again is not None:
        facts = ImageFacts.of(again, origin=facts.origin, file_name=facts.file_name)
    image = replace(image, tree=image.tree or base)
    step = _compared(parameters, proposal, image, measurements, read=read, facts=facts)
    unused = {name for name in files if name.startswith(OWN)} - {item.name for item in step.evidence}
    if unused:
        raise EvidenceError(
            "the record calls a file of the recovery image the base's, and the evidence holds another",
            where=min(unused),
        )
    return step


def _read_again(path: Path, facts: ImageFacts) -> GuestImage:
    with tempfile.TemporaryDirectory(prefix="auditkit-") as work:
        read = _read(Source(path=path), Path(work), progress_here())
    require_same_image("recovery image", path, read, facts)
    return read


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


def _unasked(
    parameters: Parameters, proposal: ProposalStep, image: BaseImageStep, measurements: MeasurementStep
) -> RecoveryStep:
    """The step where there is no image, or where an earlier step kept it from being asked for."""
    if parameters.recovery_image is None:
        return RecoveryStep(
            tuple(check.skipped("No recovery image was given.") for check in checks.RECOVERY_CHECKS)
        )
    before = proposal if proposal.bless is None else image if image.boot is None else measurements
    return RecoveryStep(unreached(before, checks.RECOVERY_CHECKS))


def _strange(member: str) -> RecoveryStep:
    """The step when the image holds a file that no release holds."""
    return RecoveryStep(
        decide_unknown_member_of_recovery(member), record=RecoveryRecord(unknown_member=member)
    )


def _read(source: Source, work: Path, progress: Progress) -> GuestImage:
    found = open_image(
        source,
        sha256=None,
        cache=work,
        progress=lambda done, total: progress.bytes_done("downloading the recovery image", done, total),
    )
    size = found.path.stat().st_size
    return read_guest_image(
        found.path,
        work=work,
        tree=True,
        progress=lambda done: progress.bytes_done("reading the recovery image", done, size),
    )


def _compared(
    parameters: Parameters,
    proposal: ProposalStep,
    image: BaseImageStep,
    measurements: MeasurementStep,
    *,
    read: GuestImage,
    facts: ImageFacts,
) -> RecoveryStep:
    if image.tree is None or read.tree is None or image.boot is None:
        raise EvidenceError("internal error: a boot tree was not read")
    evidence = [Evidence(RECOVERY_IMAGE, read.sha256, read.size, facts.origin)]
    if read.alternative_proposal is not None:
        where = f"/{EMBEDDED_PROPOSAL} of {RECOVERY_IMAGE}"
        evidence.append(Evidence.of_bytes(EMBEDDED_PROPOSAL, read.alternative_proposal, where))
    evidence += [
        Evidence.of_bytes(f"{OWN}{path}", read.boot.measured[role], f"/{path} of {RECOVERY_IMAGE}")
        for role, path in MEASURED_FILES.items()
        if read.boot.sha256[role] != image.boot.sha256[role]
    ]
    reference = Reference(
        tree=image.tree,
        computed=measurements.computed,
        base_version=image.version,
        bless=proposal.bless,
        proposal_id=parameters.proposal_id,
        certificate=next((item.read(LIMITS.certificate_bytes) for item in proposal.evidence[:1]), None),
        root_key=trust_named(parameters.root_key).root_key,
    )
    comparison = decide_recovery(read, read.tree, reference, tuple(item.name for item in evidence))
    # What the NNS blessed is compared; whether others are given the same image is what http leaves open.
    decisions = tuple(
        warn_about_plain_http(decision, facts.origin)
        if decision.id == checks.RECOVERY_VERSION.id
        else decision
        for decision in comparison.decisions
    )
    return RecoveryStep(
        decisions,
        evidence=tuple(evidence),
        trees=comparison.trees,
        record=RecoveryRecord(facts=facts, trees=TreesRecord.of(image.tree, read.tree)),
    )
