"""An audit repeated from the evidence of an earlier one: no network, no image, the same steps.

Everything is decided anew, from the files and from what `replay.yaml` records about the images (see
`auditkit.pipeline.records`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from auditkit import checks
from auditkit.decision import Outcome
from auditkit.errors import EvidenceError, SourceError
from auditkit.evidence import Evidence, decode_chunks
from auditkit.guestos import BootFiles, GuestImage
from auditkit.limits import LIMITS
from auditkit.opening import read_file
from auditkit.pipeline.parameters import Parameters, names_no_place
from auditkit.pipeline.parts import AuditParts
from auditkit.pipeline.recorded_files import moment_beside, recorded_files
from auditkit.pipeline.records import (
    RECORD_BYTES,
    STAND_IN,
    ImageFacts,
    ImageRecord,
    ReplayRecord,
    Unkept,
    parse_record,
    require_own_words,
    require_same_image,
)
from auditkit.pipeline.sources.builds import BuildAnswers, require_own_record
from auditkit.pipeline.sources.chips import ChipAnswers, require_same_registry
from auditkit.pipeline.sources.elections import ElectionAnswers, names_election
from auditkit.pipeline.sources.places import CertifiedAnswer
from auditkit.pipeline.steps import (
    BaseImageStep,
    ChipsStep,
    ElectionStep,
    NodeStep,
    ProposalStep,
    ProvenanceStep,
    RecoveryStep,
)
from auditkit.pipeline.steps.base import (
    PublishedBeside,
    WantedImage,
    decide_image,
    strange_image,
    troubled_image,
    wrong_image,
)
from auditkit.pipeline.steps.chips import ChipQuestion, troubled_chips
from auditkit.pipeline.steps.election import (
    not_executed,
    older_record,
    troubled_election,
    unasked_election,
)
from auditkit.pipeline.steps.evidence_names import (
    BOOT_ARGS,
    BUNDLE,
    CHAIN,
    ELECTION,
    ELECTION_CHUNKS,
    ELECTION_REQUEST,
    FIRMWARE,
    IMAGE_SUMS,
    INITRD,
    KERNEL,
    PROPOSAL,
    PUBLISHED,
    RELEASE_SUMS,
    REPORT,
    REQUEST,
    ROOT_COMPARISON,
    WITNESS,
    WITNESS_REQUEST,
    chip_answer,
    chip_request,
)
from auditkit.pipeline.steps.images import read_watched
from auditkit.pipeline.steps.proposal import refused_proposal
from auditkit.pipeline.steps.proposed_image import require_own_addresses, with_served
from auditkit.pipeline.steps.provenance import (
    build_question,
    decide_build,
    sums_beside,
    troubled_provenance,
    without_sums,
)
from auditkit.pipeline.steps.recovery import (
    read_recovery_image,
    recorded_images,
    require_own_files_used,
    strange_recovery,
)
from auditkit.pipeline.steps.roots import RootsStep, compared_roots, decide_roots, uncompared_roots
from auditkit.progress import Progress, progress_here
from auditkit.report import RECORD_NAME, AuditDocument, first_fault


def replay(
    evidence_folder: Path,
    progress: Progress | None = None,
    *,
    moment: datetime | None = None,
    base_image: Path | None = None,
    recovery_image: Path | None = None,
    registry: Path | None = None,
) -> tuple[AuditDocument, tuple[Evidence, ...]]:
    """Repeats the audit whose evidence is in a folder.

    Args:
        base_image: the base image, to be read again in place of the record and the stored boot files.
        recovery_image: the recovery image, alike.
        registry: a folder with the synced registry, to look the chips up in again.
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
    audit = replayed(
        evidence_folder,
        progress,
        moment=moment,
        base_image=base_image,
        recovery_image=recovery_image,
        registry=registry,
    )
    return audit.document, audit.evidence


def replayed(
    evidence_folder: Path,
    progress: Progress | None = None,
    *,
    moment: datetime | None = None,
    base_image: Path | None = None,
    recovery_image: Path | None = None,
    registry: Path | None = None,
) -> ReplayedAudit:
    """The same, with its parts: an audit that has its document, and arguments and errors as `replay` has."""
    progress = progress or progress_here()
    progress.step("reading the evidence")
    record_path = evidence_folder / RECORD_NAME
    record = parse_record(read_file(record_path, RECORD_BYTES), str(record_path))
    _require_own_words(record)
    if base_image is not None and (record.image is None or record.image.facts is None):
        raise EvidenceError(
            "the audit did not reach a base image, so none can be compared", where=str(base_image)
        )
    if recovery_image is not None and (record.recovery is None or record.recovery.facts is None):
        raise EvidenceError(
            "the audit did not reach a recovery image, so none can be compared", where=str(recovery_image)
        )
    if registry is not None and (record.chips is None or record.chips.registry is None):
        raise EvidenceError(
            "the audit asked no synced registry, so none can be compared", where=str(registry)
        )
    audit = ReplayedAudit(
        record,
        recorded_files(record, evidence_folder),
        moment or moment_beside(evidence_folder),
        base_image=base_image,
        recovery_image=recovery_image,
        registry=registry,
        progress=progress,
    )
    try:
        _ = audit.document
    except ValidationError as error:
        place, fault = first_fault(error)
        raise EvidenceError(
            f"what the record says makes no report: {place}: {fault}", where=RECORD_NAME
        ) from None
    audit.require_same_roots()
    return audit


class ReplayedAudit(AuditParts):
    """An audit whose proposal, images and attestation come from a record and its files.

    What the record cannot mean is an error about the evidence, and no trouble of a step: the first audit met none.
    """

    def __init__(
        self,
        record: ReplayRecord,
        files: Mapping[str, Evidence],
        moment: datetime | None,
        *,
        base_image: Path | None,
        recovery_image: Path | None,
        registry: Path | None,
        progress: Progress,
    ) -> None:
        super().__init__(Parameters.from_mapping(dict(record.parameters)), progress)
        self._record, self._files = record, files
        self._given_base, self._given_recovery = base_image, recovery_image
        self._given_registry = registry
        self._roots_are_another_word = False
        self._as_of, self._policies, self._began = moment, record.policies, None

    @property
    def believes_the_record(self) -> bool:
        """Whether the record's word about an answer decided something, where no answer is among the evidence.

        That is what addresses of a proposal gave, that the registry was not heard beside a proposal that elected the
        release, and what a catalogue knows that holds no election of it; that nobody attested the build; whose
        machines a list made likely; and that root file systems could not be compared.
        """
        image, election = self.base.record, self.election.record
        built, chips, asked = self.provenance.record, self.chips.record, self.parameters.chips_source
        kept = {item.name for item in self.election.evidence}
        by_addresses = self.proposal.election is not None and self.parameters.base_image is None
        if image is not None and not image.trouble and (image.served or by_addresses):
            return True
        if built is not None and not built.trouble and (built.sums_missing or not built.attestations):
            return True
        listed = asked is not None and not names_no_place("chips_source", asked)
        if listed and chips is not None and not chips.trouble and chips.registry is None:
            return True
        if self._roots_are_another_word:
            return True
        if election is None or election.trouble:
            return False
        if election.unheard or (WITNESS in kept and ELECTION not in kept):
            return True
        left = {made.outcome for made in self.election.decisions if made.id == checks.ELECTION_ELECTED.id}
        return election.catalogue is not None and WITNESS not in kept and Outcome.PASS not in left

    @property
    def refuses_an_image(self) -> bool:
        """Whether an image was refused for what only the record tells of it, so that nothing of it is evidence."""
        base, recovery = self.base.record, self.recovery.record
        return (base is not None and bool(base.wrong_digest or base.unknown_member)) or (
            recovery is not None and bool(recovery.unknown_member)
        )

    def require_same_roots(self) -> None:
        """Compares the root file systems again where both images were given.

        That they can be compared, and the record says that they could not, is told: it may have been so that day.

        Raises:
            SourceError, EvidenceError: they differ otherwise than the evidence says, or cannot be compared though they
                were.
        """
        told, base, recovery = self.roots, self.base.verity, self.recovery.record
        facts = recovery.facts if recovery else None
        if self._given_base is None or self._given_recovery is None:
            return
        if self._record.roots is None or base is None or facts is None or facts.verity is None:
            return
        expected = (base.root_hash, facts.verity.root_hash)
        try:
            again = compared_roots(self._given_base, self._given_recovery, expected, self._progress)
        except (SourceError, EvidenceError):
            if told.comparison is None:
                return
            raise
        if told.comparison is None:
            self._roots_are_another_word = True
            return
        if again.comparison != told.comparison:
            raise EvidenceError("the images differ otherwise than the evidence says", where=ROOT_COMPARISON)

    def _get_proposal(self) -> ProposalStep:
        record = self._record.proposal
        if record.trouble:
            return ProposalStep(trouble=record.trouble)
        if refused := record.refused:
            if refused.outcome != "fail" or refused.id not in {
                checks.CERTIFICATE_FORM.id,
                checks.REPLY_REQUEST.id,
            }:
                raise EvidenceError(
                    "the record calls an answer refused without a failed check", where=RECORD_NAME
                )
            return refused_proposal(refused, subject=self.parameters.subject)
        certificate = self._content(PROPOSAL, LIMITS.certificate_bytes)
        request = self._content(REQUEST, LIMITS.certificate_bytes) if REQUEST in self._files else None
        certified = CertifiedAnswer(certificate, request, self._files[PROPOSAL].origin)
        return self._decide_proposal(certified, unkept=self._unkept({PROPOSAL, REQUEST}), moment=self._as_of)

    def _get_election(self) -> ElectionStep:
        record = self._record.election
        if record is None:
            return older_record(self._asks.election)
        if record.trouble:
            return troubled_election(record.trouble, record.version)
        version = self._version
        if self.proposal.election is not None and not self.proposal.is_executed:
            return not_executed(version)
        if self.parameters.election_source is None:
            return unasked_election(version, self._asks.election)
        answers = ElectionAnswers(
            self._answer(ELECTION, ELECTION_REQUEST, ELECTION_CHUNKS),
            self._answer(WITNESS, WITNESS_REQUEST),
            record.catalogue,
            record.unheard,
        )
        names = {ELECTION, ELECTION_REQUEST, WITNESS, WITNESS_REQUEST}
        return self._decide_election(version, answers, unkept=self._unkept(names))

    def _answer(self, name: str, request: str, chunks: str = "") -> CertifiedAnswer | None:
        """A certified answer among the evidence; None when there is none."""
        if name not in self._files:
            return None
        parts = decode_chunks(self._content(chunks, LIMITS.answer_bytes)) if chunks in self._files else ()
        return CertifiedAnswer(
            self._content(name, LIMITS.certificate_bytes),
            self._content(request, LIMITS.certificate_bytes) if request in self._files else None,
            self._files[name].origin,
            chunks=parts,
        )

    def _get_version(self) -> str:
        records = (self._record.election, self._record.image)
        versions = {record.version for record in records if record is not None and record.version is not None}
        if self.parameters.base_version != "auto":
            versions.add(self.parameters.base_version)
        if len(versions) > 1:
            raise EvidenceError(
                "the record names two base versions", where=RECORD_NAME, observed=", ".join(sorted(versions))
            )
        if not versions:
            raise EvidenceError("the record does not say the base version", where=RECORD_NAME)
        return versions.pop()

    def _get_base(self) -> BaseImageStep:
        record = self._record.image
        if record is None:
            raise _not_recorded("base image")
        if record.trouble:
            return troubled_image(record.trouble)
        wanted = self._wanted(self._version)
        step = self._recorded_base(record, wanted)
        election = self.proposal.election
        if election is None:
            return step
        require_own_addresses(election, record.served)
        return with_served(step, election, record.served)

    def _recorded_base(self, record: ImageRecord, wanted: WantedImage) -> BaseImageStep:
        sums, listing = self._files.get(IMAGE_SUMS), self._files.get(PUBLISHED)
        if record.unknown_member:
            return strange_image(wanted, record.unknown_member, record.file_name, sums)
        if record.facts is None:
            return wrong_image(wanted, record.wrong_digest, record.file_name, sums)
        if self._given_base is not None:
            image = self._base_again(self._given_base, record.facts)
        else:
            image = record.facts.image(self._boot_files(record.facts))
        return decide_image(
            image,
            wanted,
            PublishedBeside(sums, record.sums_missing, listing, record.published_missing),
            origin=record.facts.origin,
            file_name=record.facts.file_name,
        )

    def _get_recovery(self, place: str) -> RecoveryStep:
        record = self._record.recovery
        if record is None or self.base.image is None:
            raise _not_recorded("recovery image")
        if record.trouble:
            return RecoveryStep(trouble=record.trouble, record=record)
        if record.unknown_member:
            return strange_recovery(record.unknown_member)
        if record.facts is None or record.trees is None:
            raise _not_recorded("recovery image")
        base, image = recorded_images(record.facts, record.trees, self.base.image, self._files)
        if self._given_recovery is not None:
            image = self._recovery_again(self._given_recovery, record.facts)
        step = self._compare_recovery(
            image, replace(self.base, image=base), record.facts.origin, record.facts.file_name
        )
        require_own_files_used(self._files, step)
        return step

    def _get_node(self, report: str) -> NodeStep:
        files = [
            self._files[name]
            for name in (REPORT, CHAIN)
            if name in self._files and self._files[name].content is not None
        ]
        return self._decide_node(files, unkept=self._unkept({REPORT, CHAIN}))

    def _get_roots(self, expected: tuple[str, str]) -> RootsStep:
        record = self._record.roots
        if record is None:
            raise _not_recorded("root file systems")
        if record.missing:
            return uncompared_roots(record.missing)
        if ROOT_COMPARISON not in self._files:
            raise SourceError(
                "the evidence is incomplete", where=ROOT_COMPARISON, hint="get the whole evidence folder"
            )
        return decide_roots(self._files[ROOT_COMPARISON], expected)

    def _get_chips(self, question: ChipQuestion) -> ChipsStep:
        record = self._record.chips
        if record is None:
            raise _not_recorded("chips")
        if record.trouble:
            return troubled_chips(record.trouble)
        answers: list[CertifiedAnswer] = []
        while (
            answer := self._answer(chip_answer(len(answers) + 1), chip_request(len(answers) + 1))
        ) is not None:
            answers.append(answer)
        if record.registry is not None and answers:
            raise EvidenceError(
                "the record tells what the registry says, and there are answers about nodes besides",
                where=RECORD_NAME,
            )
        if record.registry is not None and self._given_registry is not None:
            require_same_registry(
                self._given_registry, record.registry, question.chips, self.trust, self._progress
            )
        return self._decide_chips(question, ChipAnswers(record.registry, tuple(answers)))

    def _get_provenance(self, image: BaseImageStep) -> ProvenanceStep:
        record = self._record.provenance
        if record is None:
            raise _not_recorded("build")
        if record.trouble:
            return troubled_provenance(record.trouble)
        if record.sums_missing:
            if sums_beside(image) is not None:
                raise EvidenceError(
                    "the record says that there is no SHA256SUMS, and there is", where=RECORD_NAME
                )
            return without_sums(record.sums_missing)
        sums = sums_beside(image) or self._files.get(RELEASE_SUMS)
        if sums is None:
            raise SourceError(
                "the evidence is incomplete", where=IMAGE_SUMS, hint="get the whole evidence folder"
            )
        files = (self._content(BUNDLE, LIMITS.attestations_bytes),) if BUNDLE in self._files else ()
        origin = self._files[BUNDLE].origin if BUNDLE in self._files else ""
        answers = BuildAnswers(files, origin, record.whole, record.attestations)
        require_own_record(self.parameters, self.trust, answers)
        named = names_election(self.parameters)
        question = build_question(self.proposal, self.election, image, sums, whole=record.whole, named=named)
        return decide_build(question, answers, sums, self.trust)

    def _base_again(self, path: Path, facts: ImageFacts) -> GuestImage:
        """The base image, which has to be the one of the record."""
        with tempfile.TemporaryDirectory(prefix="auditkit-") as work:
            image = read_watched(
                path,
                "reading the base image",
                size=facts.size,
                work=Path(work),
                tree=self._record.recovery is not None,
                progress=self._progress,
            )
        require_same_image("base image", path, image, facts)
        return image

    def _recovery_again(self, path: Path, facts: ImageFacts) -> GuestImage:
        with tempfile.TemporaryDirectory(prefix="auditkit-") as work:
            image = read_recovery_image(path, Path(work), self._progress)
        require_same_image("recovery image", path, image, facts)
        return image

    def _boot_files(self, facts: ImageFacts) -> BootFiles:
        return BootFiles(
            kernel=self._content(KERNEL, LIMITS.kernel_bytes),
            initrd=self._content(INITRD, LIMITS.initrd_bytes),
            firmware=self._content(FIRMWARE, LIMITS.firmware_bytes),
            boot_args=self._content(BOOT_ARGS, LIMITS.boot_args_bytes),
            version_text=facts.boot_version_text,
            names={},
        )

    def _content(self, name: str, limit: int) -> bytes:
        if name not in self._files:
            raise SourceError("the evidence is incomplete", where=name, hint="get the whole evidence folder")
        item = self._files[name]
        return STAND_IN if item.content is None else item.read(limit)

    def _unkept(self, names: Collection[str]) -> tuple[Unkept, ...]:
        return tuple(
            Unkept(self._files[file.name], file.refusal) for file in self._record.unkept if file.name in names
        )


def _require_own_words(record: ReplayRecord) -> None:
    image, election, built = record.image, record.election, record.provenance
    require_own_words(
        *((image.published_missing, image.sums_missing) if image else ()),
        *((election.unheard,) if election else ()),
        *((built.sums_missing,) if built else ()),
    )


def _not_recorded(what: str) -> EvidenceError:
    return EvidenceError(f"the record says nothing about the {what}", where=RECORD_NAME)
