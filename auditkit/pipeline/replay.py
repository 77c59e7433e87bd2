"""An audit repeated from the evidence of an earlier one: no network, no image, the same steps.

Everything is decided anew, from the files and from what `replay.yaml` records about the images (see
`auditkit.pipeline.record`).
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from auditkit import checks
from auditkit.errors import AuditkitError, EvidenceError, SourceError
from auditkit.evidence import Evidence, digest_of_file, read_evidence, read_file
from auditkit.guestos import BootFiles, GuestImage, read_guest_image
from auditkit.limits import LIMITS
from auditkit.pipeline.attestation import CHAIN, REPORT, decide_report
from auditkit.pipeline.base_image_step import decide_image, strange_image, troubled_image, wrong_image
from auditkit.pipeline.document import conclude
from auditkit.pipeline.measurement_step import measure_base
from auditkit.pipeline.overlap_step import compare_measurements
from auditkit.pipeline.parameters import Parameters
from auditkit.pipeline.proposal_step import decide_proposal, refused_proposal
from auditkit.pipeline.record import (
    RECORD_BYTES,
    ImageFacts,
    ImageRecord,
    ReplayRecord,
    parse_record,
    require_same_image,
)
from auditkit.pipeline.recovery import replay_recovery
from auditkit.pipeline.sources import CertifiedProposal
from auditkit.pipeline.steps import (
    BOOT_ARGS,
    COMPUTED,
    FIRMWARE,
    IMAGE_SUMS,
    INITRD,
    KERNEL,
    PROPOSAL,
    PUBLISHED,
    REQUEST,
    BaseImageStep,
    ProposalStep,
    unreached,
)
from auditkit.pipeline.unkept import STAND_IN, Unkept
from auditkit.progress import Progress, progress_here
from auditkit.report import RECORD_NAME, AuditDocument, from_json
from auditkit.report.folder import DOCUMENT_NAME

_MAY_BE_UNKEPT: Final = frozenset({PROPOSAL, REQUEST, REPORT, CHAIN})


def replay(
    evidence_folder: Path,
    progress: Progress | None = None,
    *,
    moment: datetime | None = None,
    base_image: Path | None = None,
    recovery_image: Path | None = None,
) -> tuple[AuditDocument, tuple[Evidence, ...]]:
    """Repeats the audit whose evidence is in a folder.

    Args:
        base_image: the base image, to be read again in place of the record and the stored boot files.
        recovery_image: the recovery image, alike.
        moment: as of when to judge what is over and what has expired, in UTC: that of the audit, since votes end and
            certificates expire afterwards. By default that of the audit.json beside the folder, if it lists this
            folder's record; else now.

    Returns:
        The document, equal to that of the first audit outside ``run`` if this auditkit and its libraries are those of
        the first audit, and the evidence it rests on.

    Raises:
        SourceError: the folder, or a file that the record names, cannot be read.
        EvidenceError: a file is not the one in SHA256SUMS or in the record, or the record is malformed.
        ParameterError: the recorded parameters make no sense to this version.
    """
    progress = progress or progress_here()
    progress.step("reading the evidence")
    record_path = evidence_folder / RECORD_NAME
    record = parse_record(read_file(record_path, RECORD_BYTES), str(record_path))
    files = _files(record, evidence_folder)
    parameters = Parameters.from_mapping(dict(record.parameters))
    moment = moment or _moment_beside(evidence_folder)
    proposal = _proposal(parameters, record, files, moment)
    read = None if base_image is None else _read_again(base_image, record, progress)
    image = _image(parameters, record.image, proposal, files, read)
    measurements = measure_base(parameters, image, progress)
    overlap = compare_measurements(parameters, proposal, image, measurements, progress)
    recovery = replay_recovery(
        parameters,
        proposal,
        image,
        measurements,
        record=record.recovery,
        files=files,
        given=recovery_image,
    )
    kept = {name: item for name, item in files.items() if item.content is not None}
    attested = tuple(kept[name] for name in (REPORT, CHAIN) if name in kept)
    attestation = decide_report(
        parameters, proposal, attested, unkept=_unkept(record, files, (REPORT, CHAIN))
    )
    return conclude(
        parameters,
        proposal,
        image,
        measurements,
        overlap,
        recovery=recovery,
        attestation=attestation,
        policies=record.policies,
        as_of=moment,
    )


def _files(record: ReplayRecord, folder: Path) -> dict[str, Evidence]:
    """The files of the record, with their recorded origins."""
    present = read_evidence(folder)
    found: dict[str, Evidence] = {}
    for file in record.files:
        item = present.get(file.name)
        if item is None:
            raise EvidenceError("a file that the record names is missing", where=str(folder / file.name))
        if (item.sha256, item.size) != (file.sha256, file.size):
            raise EvidenceError(
                "the file is not the one in the record",
                where=str(folder / file.name),
                expected=f"{file.size} bytes with SHA-256 {file.sha256}",
                observed=f"{item.size} bytes with SHA-256 {item.sha256}",
            )
        found[file.name] = Evidence(file.name, file.sha256, file.size, file.origin, item.content)
    for file in record.unkept:
        if file.name in found or file.name not in _MAY_BE_UNKEPT:
            raise EvidenceError("the record calls a file unkept that is kept", where=file.name)
        found[file.name] = Evidence(file.name, file.sha256, file.size, file.origin)
    if odd := present.keys() - found.keys() - {RECORD_NAME, COMPUTED}:
        raise EvidenceError("the record does not know a file of the folder", where=str(folder / min(odd)))
    return found


def _content(files: dict[str, Evidence], name: str, limit: int) -> bytes:
    if name not in files:
        raise SourceError("the evidence is incomplete", where=name, hint="get the whole evidence folder")
    return STAND_IN if files[name].content is None else files[name].read(limit)


def _moment_beside(folder: Path) -> datetime | None:
    """When the report judged that has ``folder`` as its evidence; None when there is none that can be read."""
    try:
        document = from_json(read_file(folder.absolute().parent / DOCUMENT_NAME, LIMITS.report_bytes))
        record, _ = digest_of_file(folder / RECORD_NAME)
    except AuditkitError:
        return None
    listed = {item.sha256 for item in document.evidence if item.name == RECORD_NAME}
    return document.run.judged if record in listed else None


def _proposal(
    parameters: Parameters, record: ReplayRecord, files: dict[str, Evidence], moment: datetime | None
) -> ProposalStep:
    if record.proposal.trouble:
        return ProposalStep(trouble=record.proposal.trouble)
    if refused := record.proposal.refused:
        if refused.outcome != "fail" or refused.id not in {
            checks.CERTIFICATE_FORM.id,
            checks.REPLY_REQUEST.id,
        }:
            raise EvidenceError(
                "the record calls an answer refused without a failed check", where=RECORD_NAME
            )
        return refused_proposal(refused)
    unkept = _unkept(record, files, (PROPOSAL, REQUEST))
    certificate = _content(files, PROPOSAL, LIMITS.certificate_bytes)
    request = _content(files, REQUEST, LIMITS.certificate_bytes) if REQUEST in files else None
    certified = CertifiedProposal(certificate, request, files[PROPOSAL].origin)
    return decide_proposal(parameters, certified, unkept=unkept, moment=moment)


def _unkept(record: ReplayRecord, files: dict[str, Evidence], names: tuple[str, ...]) -> tuple[Unkept, ...]:
    return tuple(Unkept(files[file.name], file.refusal) for file in record.unkept if file.name in names)


def _read_again(path: Path, record: ReplayRecord, progress: Progress) -> GuestImage:
    """The base image, which has to be the one of the record.

    Raises:
        EvidenceError: it is another one, or the audit had none.
        SourceError: it cannot be read.
    """
    facts = record.image.facts if record.image else None
    if facts is None:
        raise EvidenceError("the audit came to no base image, so none can be compared", where=str(path))
    with tempfile.TemporaryDirectory(prefix="auditkit-") as work:
        base = read_guest_image(
            path,
            work=Path(work),
            tree=record.recovery is not None,
            progress=lambda done: progress.bytes_done("reading the base image", done, facts.size),
        )
    require_same_image("base image", path, base, facts)
    return base


def _image(
    parameters: Parameters,
    record: ImageRecord | None,
    proposal: ProposalStep,
    files: dict[str, Evidence],
    read: GuestImage | None,
) -> BaseImageStep:
    if proposal.bless is None:
        return BaseImageStep(decisions=unreached(proposal, checks.BASE_CHECKS))
    if record is None:
        raise EvidenceError("the record says nothing about the base image", where=RECORD_NAME)
    if record.trouble:
        return troubled_image(record.trouble)
    if record.version is None:
        raise EvidenceError("the record does not say the base version", where=RECORD_NAME)
    if parameters.base_version not in ("auto", record.version):
        raise EvidenceError(
            "the record names two base versions",
            where=RECORD_NAME,
            expected=parameters.base_version,
            observed=record.version,
        )
    sums = files.get(IMAGE_SUMS)
    if record.unknown_member:
        return strange_image(record.version, record.unknown_member, record.file_name, sums)
    if record.facts is None:
        return wrong_image(parameters, record.version, record.wrong_digest, record.file_name, sums)
    facts, boot = record.facts, None
    if read is not None:
        facts = ImageFacts.of(read, origin=facts.origin, file_name=facts.file_name)
        boot = read.boot
    step = decide_image(
        parameters,
        record.version,
        facts,
        boot or _stored_boot_files(record.facts, files),
        sums=sums,
        sums_missing=record.sums_missing,
        listing=files.get(PUBLISHED),
        published_missing=record.published_missing,
    )
    return replace(step, tree=read.tree if read is not None else None)


def _stored_boot_files(facts: ImageFacts, files: dict[str, Evidence]) -> BootFiles:
    return BootFiles(
        kernel=_content(files, KERNEL, LIMITS.kernel_bytes),
        initrd=_content(files, INITRD, LIMITS.initrd_bytes),
        firmware=_content(files, FIRMWARE, LIMITS.firmware_bytes),
        boot_args=_content(files, BOOT_ARGS, LIMITS.boot_args_bytes),
        version_text=facts.boot_version_text,
        names={},
    )
