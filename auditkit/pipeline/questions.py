"""Single questions about files, without a whole audit: what the commands of the same names answer."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from auditkit import checks
from auditkit.audit import (
    ATTESTATION_POLICY,
    FILES_OVERLAP_POLICY,
    PROPOSAL_POLICY,
    PROVENANCE_POLICY,
    BuildQuestion,
    Claim,
    Judgement,
    Overlap,
    Policy,
    RecoveryComparison,
    Reference,
    compare,
    compare_images_policy,
    decide_attestation,
    decide_content,
    decide_list,
    decide_overlap,
    decide_recovery,
    decide_root_key,
    decide_unknown_member_of_recovery,
    judge,
    qualifications_of,
)
from auditkit.decision import Decision
from auditkit.dependencies import require_extra
from auditkit.errors import EvidenceError
from auditkit.evidence import Evidence, Source, read_bytes
from auditkit.guestos import (
    RELEASE_BOOT_ARGS,
    GuestImage,
    UnknownMemberError,
    parse_boot_args,
)
from auditkit.ic import ProposalVerification, verify_embedded_proposal
from auditkit.limits import LIMITS
from auditkit.pipeline.sources.builds import BuildAnswers, github_attestations
from auditkit.pipeline.sources.places import read_proposal_file
from auditkit.pipeline.steps.evidence_names import IMAGE_SUMS
from auditkit.pipeline.steps.images import read_watched
from auditkit.pipeline.steps.provenance import decide_build
from auditkit.progress import Progress, progress_here
from auditkit.provenance import Attestation
from auditkit.sev import measure, measured_boot, parse_launch_measurements
from auditkit.sev.attestation import AttestationReport, TcbFloor
from auditkit.trust import MAINNET, Trust


@dataclass(frozen=True, slots=True)
class Answer:
    """What was decided about files, and the policy under which that is a verdict."""

    decisions: tuple[Decision, ...]
    policy: Policy

    @property
    def judgement(self) -> Judgement:
        """The verdict and why."""
        return judge(self.decisions, self.policy)

    @property
    def claim(self) -> Claim:
        """The verdict with its qualifications."""
        return Claim(self.judgement.verdict, qualifications_of(self.decisions))


@dataclass(frozen=True, slots=True)
class ProposalAnswer(Answer):
    """What a certified proposal says.

    Attributes:
        certificate: the bare certificate.
        verification: checks 1 to 14, as for a proposal that lies in an image.
        request: the call that it answers, as it was read and checked; None where there was none.
    """

    certificate: bytes
    verification: ProposalVerification
    request: bytes | None = None


@dataclass(frozen=True, slots=True)
class OverlapAnswer(Answer):
    """How the blessed measurements compare with a list; no rows where the proposal is not authentic."""

    rows: tuple[Overlap, ...]


@dataclass(frozen=True, slots=True)
class ImagesAnswer(Answer):
    """How two images compare; no comparison where they could not be compared."""

    comparison: RecoveryComparison | None


@dataclass(frozen=True, slots=True)
class AttestationAnswer(Answer):
    """What an attestation report says; None where the proposal is not authentic, or it is no report."""

    report: AttestationReport | None


@dataclass(frozen=True, slots=True)
class ProvenanceAnswer(Answer):
    """Who built a release; no attestation where there is no genuine one."""

    attestation: Attestation | None


def read_proposal(proposal: Path, trust: Trust = MAINNET) -> ProposalAnswer:
    """Is the certified proposal in a file authentic and executed (checks 1 to 14)?

    Args:
        proposal: the certificate; its request is the file beside it with the suffix ``.request.cbor``, if there is one.

    Raises:
        SourceError: it cannot be read.
    """
    certified = read_proposal_file(Source(path=proposal), None)
    verification = verify_embedded_proposal(
        certified.certificate, root_key=trust.root_key, request=certified.request
    )
    decisions = (*verification.decisions, decide_root_key(trust.qualification))
    return ProposalAnswer(decisions, PROPOSAL_POLICY, certified.certificate, verification, certified.request)


def compare_with_list(proposal: Path, measurements: Path, trust: Trust = MAINNET) -> OverlapAnswer:
    """Do the measurements that a proposal blesses overlap with those of a ``launch-measurements.json``?

    Raises:
        SourceError: a file cannot be read.
        EvidenceError: the list is malformed, or there are more measurements than a report can hold.
    """
    certified = read_proposal(proposal, trust)
    listed = parse_launch_measurements(read_bytes(Source(path=measurements), LIMITS.answer_bytes))
    bless = certified.verification.bless
    rows = compare(bless.base_guest_launch_measurements, listed, {}) if bless is not None else ()
    found = (*decide_content(bless, ()), *decide_overlap(rows, ())) if bless is not None else ()
    decisions = (
        *certified.verification.decisions,
        *found,
        decide_root_key(trust.qualification),
        decide_list(),
    )
    return OverlapAnswer(decisions, FILES_OVERLAP_POLICY, rows)


def compare_images(
    base: Path,
    recovery: Path,
    proposal: Path | None = None,
    trust: Trust = MAINNET,
    progress: Progress | None = None,
) -> ImagesAnswer:
    """Is the recovery image the base's boot tree and the proposal, with a root file system that the NNS blessed?

    Args:
        base, recovery: update images or bare boot partitions.
        proposal: the certified proposal; None lets the one inside the recovery image speak for itself.

    Raises:
        SourceError: a file cannot be read.
        EvidenceError: an image is malformed, or the base has none of the command lines that are measured.
    """
    progress = progress or progress_here()
    certified = read_proposal(proposal, trust) if proposal is not None else None
    bless = certified.verification.bless if certified else None

    def answer(found: Sequence[Decision], comparison: RecoveryComparison | None = None) -> ImagesAnswer:
        before = certified.verification.decisions if certified else ()
        decisions = (*before, *found, decide_root_key(trust.qualification))
        return ImagesAnswer(decisions, compare_images_policy(proposal=certified is not None), comparison)

    if certified is not None and bless is None:
        return answer(())
    first = _read_with_tree(base, progress)
    try:
        second = _read_with_tree(recovery, progress)
    except UnknownMemberError as error:
        return answer(decide_unknown_member_of_recovery(error.observed))
    if first.tree is None or second.tree is None:
        raise EvidenceError("internal error: the boot trees were not read")
    lines = parse_boot_args(first.boot.boot_args).lines
    measured = {name: lines[name].text for name in RELEASE_BOOT_ARGS if name in lines}
    if not measured:
        raise EvidenceError("the base has none of the command lines that are measured", where=str(base))
    info = certified.verification.proposal if certified else None
    reference = Reference(
        tree=first.tree,
        computed=measure(measured_boot(first.boot.firmware, first.boot.kernel, first.boot.initrd), measured),
        base_version=first.boot.version_text,
        bless=bless,
        proposal_id=info.id if info else None,
        certificate=certified.certificate if certified else None,
        root_key=trust.root_key,
    )
    comparison = decide_recovery(second, second.tree, reference)
    return answer(comparison.decisions, comparison)


def verify_attestation(
    report: Path,
    chain: Path | None,
    proposal: Path,
    trust: Trust = MAINNET,
    *,
    tcb_min: TcbFloor | None = None,
    moment: datetime | None = None,
) -> AttestationAnswer:
    """Does a chip that the proposal names run a guest that it blesses (checks 35 to 42)?

    Args:
        chain: certificates of the report; None when the report comes with them.
        tcb_min: the lowest firmware versions to accept.
        moment: as of when certificates have to be valid; now by default.

    Raises:
        SourceError: a file cannot be read.
    """
    raw = read_bytes(Source(path=report), LIMITS.attestation_bytes)
    certificates = read_bytes(Source(path=chain), LIMITS.attestation_bytes) if chain else None
    certified = read_proposal(proposal, trust)
    bless = certified.verification.bless
    if bless is None:
        found = tuple(check.skipped("The proposal is not authentic.") for check in checks.ATTESTATION_CHECKS)
        parsed = None
    else:
        attestation = decide_attestation(
            raw,
            certificates,
            bless,
            roots=trust.chip_roots,
            moment=moment or datetime.now(UTC),
            tcb_min=tcb_min,
        )
        found, parsed = attestation.decisions, attestation.report
    decisions = (*certified.verification.decisions, *found, decide_root_key(trust.qualification))
    return AttestationAnswer(decisions, ATTESTATION_POLICY, parsed)


def verify_provenance(
    sums: Path, commit: str, bundle: Path | None, trust: Trust = MAINNET
) -> ProvenanceAnswer:
    """Was a SHA256SUMS made by dfinity's release workflow, from a commit (checks 67 to 75)?

    Args:
        sums: the SHA256SUMS of a release.
        commit: the version, 40 hex digits.
        bundle: a file of attestations; None asks GitHub for them.

    Raises:
        SourceError: a file cannot be read, or GitHub not be asked; or nobody here can tell, since a form, a log or an
            authority is not known.
        ParameterError: GitHub lists none for this network.
        MissingPackageError: the extra ``provenance`` is not installed.
    """
    require_extra("sigstore")
    file = Evidence.of_bytes(IMAGE_SUMS, read_bytes(Source(path=sums), LIMITS.answer_bytes), str(sums))
    if bundle is None:
        answers = github_attestations(trust, file.sha256)
    else:
        data = read_bytes(Source(path=bundle), LIMITS.attestations_bytes)
        answers = BuildAnswers((data,), str(bundle), whole=False)
    question = BuildQuestion(commit, file.sha256, None, None, None, whole=answers.whole)
    step = decide_build(question, answers, file, trust)
    bare = tuple(replace(decision, evidence=()) for decision in step.decisions)
    decisions = (*bare, decide_root_key(trust.qualification))
    ordered = tuple(sorted(decisions, key=lambda decision: decision.number))
    return ProvenanceAnswer(ordered, PROVENANCE_POLICY, step.attestation)


def _read_with_tree(path: Path, progress: Progress) -> GuestImage:
    size = path.stat().st_size
    with tempfile.TemporaryDirectory(prefix="auditkit-") as work:
        return read_watched(
            path, f"reading {path.name}", size=size, work=Path(work), tree=True, progress=progress
        )
