"""An audit repeated from the evidence of an earlier one: no network, no image, the same steps.

Everything is recomputed but what `replay.yaml` records about the base image (see `auditkit.pipeline.record`).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

from auditkit import checks
from auditkit.errors import EvidenceError, SourceError
from auditkit.evidence import Evidence, read_evidence, read_file
from auditkit.guestos import BootFiles
from auditkit.limits import LIMITS
from auditkit.pipeline.attestation import CHAIN, REPORT, decide_report
from auditkit.pipeline.base_image_step import decide_image, troubled_image, wrong_image
from auditkit.pipeline.document import conclude
from auditkit.pipeline.measurement_step import measure_base
from auditkit.pipeline.overlap_step import compare_measurements
from auditkit.pipeline.parameters import Parameters
from auditkit.pipeline.proposal_step import decide_proposal, refused_proposal
from auditkit.pipeline.record import RECORD_BYTES, ImageRecord, ReplayRecord, parse_record
from auditkit.pipeline.recovery import EMBEDDED_PROPOSAL, replay_recovery
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
from auditkit.report import RECORD_NAME, AuditDocument

_MAY_BE_UNKEPT: Final = frozenset({PROPOSAL, REQUEST, REPORT, CHAIN, EMBEDDED_PROPOSAL})


def replay(
    evidence_folder: Path, progress: Progress | None = None, *, moment: datetime | None = None
) -> tuple[AuditDocument, tuple[Evidence, ...]]:
    """Repeats the audit whose evidence is in a folder.

    Args:
        moment: when the certificates of an attestation have to be valid, in UTC: that of the audit, so that they may
            expire afterwards; now by default.

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
    proposal = _proposal(parameters, record, files)
    image = _image(parameters, record.image, proposal, files)
    measurements = measure_base(parameters, image, progress)
    overlap = compare_measurements(parameters, proposal, image, measurements, progress)
    recovery = replay_recovery(parameters, proposal, image, measurements, record=record.recovery, files=files)
    kept = {name: item for name, item in files.items() if item.content is not None}
    attested = tuple(kept[name] for name in (REPORT, CHAIN) if name in kept)
    attestation = decide_report(
        parameters, proposal, attested, moment=moment, unkept=_unkept(record, files, (REPORT, CHAIN))
    )
    return conclude(
        parameters, proposal, image, measurements, overlap, recovery=recovery, attestation=attestation
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


def _proposal(parameters: Parameters, record: ReplayRecord, files: dict[str, Evidence]) -> ProposalStep:
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
    return decide_proposal(parameters, certified, unkept)


def _unkept(record: ReplayRecord, files: dict[str, Evidence], names: tuple[str, ...]) -> tuple[Unkept, ...]:
    return tuple(Unkept(files[file.name], file.refusal) for file in record.unkept if file.name in names)


def _image(
    parameters: Parameters, record: ImageRecord | None, proposal: ProposalStep, files: dict[str, Evidence]
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
    if record.facts is None:
        return wrong_image(parameters, record.version, record.wrong_digest, record.file_name, sums)
    boot = BootFiles(
        kernel=_content(files, KERNEL, LIMITS.file_bytes),
        initrd=_content(files, INITRD, LIMITS.file_bytes),
        firmware=_content(files, FIRMWARE, LIMITS.firmware_bytes),
        boot_args=_content(files, BOOT_ARGS, LIMITS.boot_args_bytes),
        version_text=record.facts.boot_version_text,
        names={},
    )
    return decide_image(
        parameters,
        record.version,
        record.facts,
        boot,
        sums=sums,
        listing=files.get(PUBLISHED),
        published_missing=record.published_missing,
    )
