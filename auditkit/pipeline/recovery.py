"""The recovery image that was published, beside the base release (checks 29 to 34)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from auditkit import checks, practice
from auditkit.audit import Reference, Trouble, decide_recovery
from auditkit.decision import Decision
from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.evidence import Evidence, Source, open_image, parse_source
from auditkit.guestos import BaseImage, TreeComparison
from auditkit.guestos import read_base_image as read_image
from auditkit.ic import named_root_key
from auditkit.limits import LIMITS
from auditkit.pipeline.parameters import Parameters
from auditkit.pipeline.record import RecoveryRecord
from auditkit.pipeline.sources import PRACTICE
from auditkit.pipeline.steps import BaseImageStep, MeasurementStep, ProposalStep, told, unreached
from auditkit.pipeline.told import told_place
from auditkit.pipeline.unkept import by_digest, is_certificate
from auditkit.practice.recovery import recovery_image as practice_recovery_image
from auditkit.progress import Progress, progress_here

RECOVERY_IMAGE = "recovery-update-img.tar.zst"
EMBEDDED_PROPOSAL = "alternative_guestos_proposal.cbor"


@dataclass(frozen=True, slots=True)
class RecoveryStep:
    """How the recovery image compares with the base release.

    Attributes:
        trees: every difference of the boot trees; None when they were not compared.
        record: what a replay takes on trust, as the image is not kept; None when no image was given or reached.
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
        with _source(parameters) as (source, origin), tempfile.TemporaryDirectory() as work:
            read = _read(source, Path(work), progress)
            return _compared(parameters, proposal, image, measurements, read=read, origin=origin)
    except (SourceError, EvidenceError) as error:
        trouble = (told(error, parameters),)
        return RecoveryStep(trouble=trouble, record=RecoveryRecord(trouble=trouble))


def replay_recovery(
    parameters: Parameters,
    proposal: ProposalStep,
    image: BaseImageStep,
    measurements: MeasurementStep,
    *,
    record: RecoveryRecord | None,
    files: Mapping[str, Evidence],
) -> RecoveryStep:
    """The step as its record has it: the image is not kept, so a replay believes what was decided about it."""
    if parameters.recovery_image is None or record is None:
        return _unasked(parameters, proposal, image, measurements)
    evidence = [Evidence(RECOVERY_IMAGE, record.sha256, record.size, record.origin)] if record.sha256 else []
    if EMBEDDED_PROPOSAL in files:
        evidence.append(files[EMBEDDED_PROPOSAL])
    return RecoveryStep(record.decisions, record.trouble, tuple(evidence), record=record)


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


@contextmanager
def _source(parameters: Parameters) -> Iterator[tuple[Source, str]]:
    place = parameters.recovery_image or ""
    if place.startswith(PRACTICE):
        scenario = practice.scenario(place.removeprefix(PRACTICE))
        if scenario.recovered is None:
            raise ParameterError("the scenario has no recovery image", where=f"recovery_image: {place}")
        with tempfile.TemporaryDirectory(prefix="auditkit-") as folder:
            yield Source(path=practice_recovery_image(scenario.recovered, Path(folder))), place
    else:
        source = parse_source(place)
        yield source, told_place(str(source))


def _read(source: Source, work: Path, progress: Progress) -> BaseImage:
    found = open_image(
        source,
        sha256=None,
        cache=work,
        progress=lambda done, total: progress.bytes_done("downloading the recovery image", done, total),
    )
    size = found.path.stat().st_size
    return read_image(
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
    read: BaseImage,
    origin: str,
) -> RecoveryStep:
    if image.tree is None or read.tree is None:
        raise EvidenceError("internal error: a boot tree was not read")
    evidence = [Evidence(RECOVERY_IMAGE, read.sha256, read.size, origin)]
    if read.alternative_proposal is not None:
        where = f"/{EMBEDDED_PROPOSAL} of {RECOVERY_IMAGE}"
        keep = Evidence.of_bytes if is_certificate(read.alternative_proposal) else by_digest
        evidence.append(keep(EMBEDDED_PROPOSAL, read.alternative_proposal, where))
    reference = Reference(
        tree=image.tree,
        computed=measurements.computed,
        base_version=image.version,
        bless=proposal.bless,
        proposal_id=parameters.proposal_id,
        certificate=next((item.read(LIMITS.certificate_bytes) for item in proposal.evidence[:1]), None),
        root_key=named_root_key(parameters.root_key),
    )
    comparison = decide_recovery(read, read.tree, reference, tuple(item.name for item in evidence))
    return RecoveryStep(
        comparison.decisions,
        evidence=tuple(evidence),
        trees=comparison.trees,
        record=RecoveryRecord(
            decisions=comparison.decisions, sha256=read.sha256, size=read.size, origin=origin
        ),
    )
