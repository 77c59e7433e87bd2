"""The document that the steps of an audit add up to, and the record that lets it be repeated."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from importlib.metadata import version as installed
from pathlib import Path
from typing import Final, Literal

from auditkit.audit import (
    OVERLAP,
    STRICT,
    STRICT_1,
    Judgement,
    Matrix,
    Policy,
    Verdict,
    decide_depth,
    decide_matrix,
    decide_policy,
    decide_root_key,
    is_attested,
    judge,
    policy_version,
    qualifications_of,
)
from auditkit.decision import Decision
from auditkit.digests import is_commit
from auditkit.errors import AuditFailedError
from auditkit.evidence import Evidence
from auditkit.pipeline.parameters import Parameters
from auditkit.pipeline.records import (
    ProposalRecord,
    ReplayRecord,
    UnkeptRecord,
    render_record,
)
from auditkit.pipeline.redaction import redacted_parameters
from auditkit.pipeline.steps import (
    BaseImageStep,
    ChipsStep,
    ElectionStep,
    MeasurementStep,
    NodeStep,
    OverlapStep,
    ProposalStep,
    ProvenanceStep,
    RecoveryStep,
    RootsStep,
)
from auditkit.pipeline.steps.evidence_names import COMPUTED
from auditkit.report import (
    AuditDocument,
    BuildRecord,
    CommandLine,
    Deciding,
    EvidenceRecord,
    FileRecord,
    MeasuredInputs,
    OverlapRecord,
    PolicyIds,
    PolicyVerdicts,
    RootChanges,
    Run,
    Subject,
    Tally,
    Tool,
    write_report_folder,
)
from auditkit.times import rfc3339, rfc3339_if_possible, rfc3339_of_ns
from auditkit.trust import trust_named
from auditkit.version import __version__

LIBRARIES: Final = ("cbor2", "py-arkworks-bls12381", "pyblst", "sev-snp-measure")
# dfinity/ic rs/nns/governance: the topic of BlessAlternativeGuestOsVersion; others are told by number.
TOPICS: Final = {5: "node admin", 13: "IC OS version election"}


def conclude(
    parameters: Parameters,
    proposal: ProposalStep,
    base: BaseImageStep,
    measurements: MeasurementStep,
    overlap: OverlapStep,
    *,
    election: ElectionStep,
    matrix: Matrix,
    recovery: RecoveryStep | None,
    node: NodeStep | None,
    chips: ChipsStep | None,
    provenance: ProvenanceStep,
    roots: RootsStep | None,
    started: float | None = None,
    policies: PolicyIds | None = None,
    as_of: datetime | None = None,
    story: str | None = None,
) -> tuple[AuditDocument, tuple[Evidence, ...]]:
    """Sums the steps up into a document with the verdicts of both policies.

    Args:
        matrix: the settings that were measured.
        recovery, node, chips, roots: None in the audit of an election.
        policies: the versions to judge by; those of this auditkit by default.
        started: when the audit began, in seconds since 1970; when the proposal was judged by default.
        as_of: of a replay: when the audit that it repeats judged.
        story: what the case of a world to practise in tells; None for audits of mainnet.
    """
    run = _run(proposal.moment, started, as_of)
    parts = (proposal, election, base, measurements, overlap, recovery, node, chips, provenance, roots)
    steps = [step for step in parts if step is not None]
    trouble = tuple(dict.fromkeys(trouble for step in steps for trouble in step.trouble))
    evidence = tuple(item for step in steps for item in step.evidence)
    decisions = sorted(
        (
            *(decision for step in steps for decision in step.decisions),
            decide_root_key(trust_named(parameters.root_key).qualification),
            decide_policy(parameters.policy),
            decide_matrix(matrix, measurements.command_lines),
            decide_depth(parameters.depth),
        ),
        key=lambda decision: decision.number,
    )
    versions = policies or PolicyIds(strict=STRICT.id, overlap=OVERLAP.id)
    evidence = (
        *evidence,
        render_record(
            ReplayRecord(
                parameters=redacted_parameters(parameters),
                policies=versions,
                proposal=ProposalRecord(refused=proposal.refused, trouble=proposal.trouble),
                election=election.record,
                image=base.record,
                recovery=None if recovery is None else recovery.record,
                chips=None if chips is None else chips.record,
                provenance=provenance.record,
                roots=None if roots is None else roots.record,
                # what we computed from the files is not needed to repeat it
                files=tuple(
                    FileRecord.of(item)
                    for item in evidence
                    if item.content is not None and item.name != COMPUTED
                ),
                unkept=tuple(
                    UnkeptRecord.of(file.evidence, refusal=file.refusal)
                    for step in steps
                    for file in step.unkept
                ),
            )
        ),
    )
    judgements = {
        name: judge(decisions, _policy(identifier, parameters, proposal, provenance))
        for name, identifier in (("strict", versions.strict), ("overlap", versions.overlap))
        if name == "strict" or parameters.subject == "recovery"
    }
    chosen = judgements[parameters.policy]
    document = AuditDocument(
        verdict=chosen.verdict,
        qualifications=() if versions.strict == STRICT_1.id else qualifications_of(decisions),
        subject=_subject(parameters, proposal, election, base, story),
        verdicts=PolicyVerdicts(
            strict=judgements["strict"].verdict,
            overlap=judgements["overlap"].verdict if "overlap" in judgements else None,
        ),
        policies=versions,
        deciding=_deciding(chosen, decisions, trouble[0].what if trouble else ""),
        parameters=redacted_parameters(parameters),
        tool=Tool(
            name="auditkit",
            version=__version__,
            libraries={name: installed(name) for name in _libraries(parameters)},
        ),
        decisions=tuple(decisions),
        trouble=trouble,
        overlap=tuple(OverlapRecord.of(row) for row in overlap.rows),
        measured=_measured(matrix, measurements),
        chips=None if chips is None else chips.registry,
        provenance=None if provenance.attestation is None else BuildRecord.of(provenance.attestation),
        roots=None if roots is None or roots.comparison is None else RootChanges.of(roots.comparison),
        evidence=tuple(EvidenceRecord.of(item, stored=item.content is not None) for item in evidence),
        run=run,
    )
    return document, evidence


def _libraries(parameters: Parameters) -> tuple[str, ...]:
    """Those that the result rests on."""
    return LIBRARIES if parameters.provenance_source is None else (*LIBRARIES, "sigstore")


def _run(judged: datetime | None, started: float | None, as_of: datetime | None) -> Run:
    if as_of is not None:
        return Run.between(as_of.timestamp(), as_of.timestamp())
    moment = time.time() if judged is None else judged.timestamp()
    finished = max(time.time(), moment)
    run = Run.between(moment if started is None else started, finished)
    # What is over or has expired was decided as of the moment, which came after the evidence.
    return run.model_copy(update={"started": rfc3339(moment)})


def _policy(
    identifier: str, parameters: Parameters, proposal: ProposalStep, provenance: ProvenanceStep
) -> Policy:
    return policy_version(identifier).asking(
        recovery_image=parameters.recovery_image is not None,
        attestation=parameters.attestation_report is not None,
        subject=parameters.subject,
        executed=proposal.is_executed,
        chips=parameters.chips_source is not None,
        provenance=parameters.provenance_source is not None,
        attested=is_attested(provenance.decisions),
    )


def _stage(parameters: Parameters, proposal: ProposalStep) -> Literal["vote", "recover"]:
    """What the proposal was judged for; a vote where that was left open and the proposal could not be had."""
    if proposal.stage is not None:
        return proposal.stage
    return "vote" if parameters.stage == "auto" else parameters.stage


def _deciding(judgement: Judgement, decisions: Iterable[Decision], trouble: str) -> Deciding | None:
    if judgement.verdict is Verdict.PASS:
        return None
    if judgement.deciding is not None:
        return Deciding(decision=judgement.deciding.id, reason=judgement.deciding.reason)
    first = judgement.missing[0]
    why = trouble or next((decision.reason for decision in decisions if decision.id == first), "")
    reason = f"It could not be determined: {why}" if why else judgement.reason
    return Deciding(decision=first, reason=reason)


def _subject(
    parameters: Parameters,
    proposal: ProposalStep,
    election: ElectionStep,
    base: BaseImageStep,
    story: str | None,
) -> Subject:
    verification = proposal.verification
    info = verification.proposal if verification else None
    bless = proposal.bless
    tally = info.latest_tally if info else None
    elected = election.release
    given = parameters.base_version if parameters.base_version != "auto" else ""
    version = base.version or election.version or given or ""
    return Subject(
        kind=parameters.subject,
        proposal_id=parameters.proposal_id,
        proposal_title=info.proposal.title if info and info.proposal else None,
        proposal_url=info.proposal.url if info and info.proposal else None,
        proposal_summary=info.proposal.summary if info and info.proposal else None,
        status=info.status_name.lower() if info else None,
        topic=TOPICS.get(info.topic, f"topic {info.topic}") if info else None,
        proposer=info.proposer if info else None,
        base_version=version if is_commit(version) else None,
        elected_by=elected.said_by if elected else None,
        image_sha256=proposal.election.sha256_hex if proposal.election else None,
        image_urls=proposal.election.urls if proposal.election else None,
        unelects=proposal.election.versions_to_unelect if proposal.election else None,
        stage=_stage(parameters, proposal),
        policy=parameters.policy,
        certificate_time=rfc3339_of_ns(verification.time_ns) if verification else None,
        certified_by=verification.signed_by or None if verification else None,
        rootfs_hash=bless.rootfs_hash if bless else None,
        chip_ids=tuple(chip.hex() for chip in bless.chip_ids) if bless else None,
        tally=Tally(yes=tally.yes, no=tally.no, total=tally.total) if tally else None,
        deadline=rfc3339_if_possible(info.deadline_timestamp_seconds) if info else None,
        story=story,
    )


def _measured(matrix: Matrix, measurements: MeasurementStep) -> MeasuredInputs | None:
    if not measurements.computed:
        return None
    inputs = measurements.computed[0].inputs
    return MeasuredInputs(
        firmware_sha256=inputs.firmware_sha256,
        kernel_sha256=inputs.kernel_sha256,
        initrd_sha256=inputs.initrd_sha256,
        command_lines=tuple(CommandLine(name=name, value=text) for name, text in measurements.command_lines),
        vcpu_types=matrix.vcpu_types,
        vcpus=matrix.vcpus,
        guest_features=matrix.guest_features,
    )


def demand_pass(document: AuditDocument) -> None:
    """Ends a notebook on anything but PASS, after the report was written.

    Raises:
        AuditFailedError: the verdict is FAIL or TROUBLE.
    """
    if document.verdict is not Verdict.PASS:
        reason = document.deciding.reason if document.deciding else "no decision was reached"
        where = document.deciding.decision if document.deciding else ""
        raise AuditFailedError(f"the verdict is {document.claim}: {reason}", where=where or "")


def write_report(document: AuditDocument, evidence: tuple[Evidence, ...], folder: Path | str) -> Path:
    """Writes the report folder, ``audit.json`` last, and gives the path of ``report.html``."""
    files: Mapping[str, bytes | Path] = {
        item.name: item.content for item in evidence if item.content is not None
    }
    return write_report_folder(Path(folder), document, files).with_name("report.html")
