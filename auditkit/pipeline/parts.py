"""The parts of an audit, each computed once, when somebody asks for it, wherever its evidence comes from."""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Final, TypeVar

from auditkit import checks
from auditkit.audit import CertifiedDigest, Matrix, Trouble
from auditkit.decision import Qualification
from auditkit.digests import is_commit, is_sha256
from auditkit.display import one_line
from auditkit.errors import AuditkitError, EvidenceError, ParameterError, SourceError
from auditkit.evidence import Evidence
from auditkit.guestos import GuestImage
from auditkit.ic import ElectionPayload
from auditkit.pipeline.document import conclude, write_report
from auditkit.pipeline.getting import Getting
from auditkit.pipeline.parameters import Parameters
from auditkit.pipeline.records import Unkept
from auditkit.pipeline.redaction import redacted_error, redacted_parameters, redacted_text
from auditkit.pipeline.sources.chips import ChipAnswers
from auditkit.pipeline.sources.elections import ElectionAnswers
from auditkit.pipeline.sources.places import CertifiedAnswer
from auditkit.pipeline.steps import (
    ASKS,
    Asks,
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
    Step,
)
from auditkit.pipeline.steps.base import (
    WantedImage,
    unread_image,
    with_attested,
)
from auditkit.pipeline.steps.chips import (
    ChipQuestion,
    chip_question,
    decide_chip_answers,
    unasked_chips,
)
from auditkit.pipeline.steps.election import (
    decide_election,
    decide_execution,
    troubled_election,
)
from auditkit.pipeline.steps.measurements import measure_base
from auditkit.pipeline.steps.node import NO_REPORT, decide_node
from auditkit.pipeline.steps.overlap import compare_measurements
from auditkit.pipeline.steps.proposal import Question, decide_proposal
from auditkit.pipeline.steps.provenance import NOBODY_ASKED_WHO_BUILT, troubled_provenance
from auditkit.pipeline.steps.recovery import (
    NO_IMAGE,
    compare_with_base,
    unreached_recovery,
)
from auditkit.pipeline.steps.roots import unasked_roots, uncompared_roots
from auditkit.pipeline.steps.showing import html_table
from auditkit.progress import Progress, progress_here
from auditkit.report import AuditDocument, PolicyIds
from auditkit.sev import attestation
from auditkit.trust import Trust, trust_named, world_place

_Step = TypeVar("_Step", bound=Step)
_FEW: Final = ("base_version", "stage", "depth", "policy", "root_key")


class AuditParts(Getting):
    """An audit of a recovery proposal, or of a proposal that elects a release, without where its evidence comes from.

    `auditkit.pipeline.audit` gets the evidence from the network and from files, `auditkit.pipeline.replayed_audit` from
    the record of an earlier audit.
    """

    def __init__(self, parameters: Parameters, progress: Progress | None = None) -> None:
        if not isinstance(parameters, Parameters):
            raise ParameterError(
                "an audit takes Parameters",
                hint='Audit.named("practice:honest") takes a name or a parameter file',
            )
        self._parameters = parameters
        self._trust = trust_named(parameters.root_key)
        self._progress = progress or progress_here()
        self._began: float | None = time.time()
        self._as_of: datetime | None = None
        self._policies: PolicyIds | None = None

    def __setattr__(self, name: str, value: object) -> None:
        if not name.startswith("_"):  # or parts of two audits would make one report
            raise AttributeError(f"an audit cannot be changed, nor its {name}: make another one")
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        if not name.startswith("_"):  # or it would be asked for again, at another moment
            raise AttributeError(f"an audit cannot be changed, nor its {name}: make another one")
        super().__delattr__(name)

    @property
    def parameters(self) -> Parameters:
        """What was asked."""
        return self._parameters

    @property
    def trust(self) -> Trust:
        """Whom the audit believes."""
        return self._trust

    @cached_property
    def proposal(self) -> ProposalStep:
        """What the NNS signed (checks 1 to 17; of an election 1 to 13, 48 and 55 to 58)."""
        return self._get_proposal()

    @cached_property
    def election(self) -> ElectionStep:
        """Whether the NNS elected the base release (checks 49 and 50); of an election, what came of it (check 63)."""
        proposed = self.proposal.election
        if self.proposal.measurements is None or (
            proposed and not is_commit(proposed.version_to_elect or "")
        ):
            return ElectionStep.unreached(self.proposal, self._asks.election)
        try:
            return self._get_election()
        except (SourceError, EvidenceError) as error:
            return troubled_election((self._trouble(error),))

    @cached_property
    def base(self) -> BaseImageStep:
        """What the release boots (checks 18 to 22, with 51; of an election with 59)."""
        step, built = self._image, self.provenance
        if built.vouched is None or step.version is None:
            return step
        names = built.decisions[0].evidence
        return with_attested(step, self._wanted(step.version), built.vouched, names)

    @cached_property
    def provenance(self) -> ProvenanceStep:
        """Who built the release (checks 67 to 76)."""
        if self.parameters.provenance_source is None:
            return NOBODY_ASKED_WHO_BUILT
        image = self._image
        if image.record is None or image.trouble or image.version is None:
            return ProvenanceStep.unreached(image, checks.PROVENANCE_CHECKS)
        try:
            return self._get_provenance(image)
        except (SourceError, EvidenceError) as error:
            return troubled_provenance((self._trouble(error),))
        except (AuditkitError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001  (anybody wrote what is read here: no bundle may end an audit)
            return troubled_provenance((_unexpected(error),))

    @cached_property
    def _image(self) -> BaseImageStep:
        """The base image, before anybody was asked who built it."""
        proposed = self.proposal.election
        if self.proposal.measurements is None or (proposed and not _names_an_image(proposed)):
            return BaseImageStep.unreached(self.proposal, self._asks.base)
        if self.parameters.depth == "certificates":
            return unread_image(self.election.version, self._asks.base)
        return self._get_base()

    @cached_property
    def measurements(self) -> MeasurementStep:
        """What the release measures to (checks 23 and 24; of a recovery with 52)."""
        return self._or_trouble(
            MeasurementStep,
            lambda: measure_base(
                self.base, self._matrix, self.trust.more_releases, self._progress, election=self._elected
            ),
        )

    @cached_property
    def overlap(self) -> OverlapStep:
        """How the proposal's and the computed measurements compare (checks 25 to 28, 53; of an election 60 to 62)."""
        return self._or_trouble(
            OverlapStep,
            lambda: compare_measurements(
                self.proposal,
                self.base,
                self.measurements,
                election=self._elected,
                sweep_vcpus_max=self.parameters.sweep_vcpus_max,
                more_releases=self.trust.more_releases,
                progress=self._progress,
            ),
        )

    @cached_property
    def recovery(self) -> RecoveryStep:
        """How the recovery image compares with the base release (checks 29 to 34)."""
        place = self.parameters.recovery_image
        if place is None:
            return NO_IMAGE
        if not self.measurements.computed:
            return unreached_recovery(self.proposal, self.base, self.measurements)
        return self._get_recovery(place)

    @cached_property
    def roots(self) -> RootsStep:
        """What is new in the root file system of the recovery image (check 77); told, and never a verdict."""
        place, wanted = self.parameters.recovery_image, self.parameters.compare_roots
        if place is None or not wanted:
            return unasked_roots(image=place is not None)
        base, record = self.base.verity, self.recovery.record
        facts = record.facts if record else None
        if base is None or facts is None or facts.verity is None:
            return uncompared_roots("one of the images was not read, or has no root file system")
        try:
            return self._get_roots((base.root_hash, facts.verity.root_hash))
        except (SourceError, EvidenceError) as error:
            return uncompared_roots(self._trouble(error).what)

    @cached_property
    def node(self) -> NodeStep:
        """What the recovered node says of itself (checks 35 to 42)."""
        place = self.parameters.attestation_report
        if place is None:
            return NO_REPORT
        if self.proposal.bless is None:
            return NodeStep.unreached(self.proposal, checks.ATTESTATION_CHECKS)
        return self._get_node(place)

    @cached_property
    def chips(self) -> ChipsStep:
        """Whose machines the proposal names (checks 64 to 66)."""
        if self.parameters.chips_source is None:
            return unasked_chips()
        if self.proposal.bless is None:
            return ChipsStep.unreached(self.proposal, checks.CHIP_CHECKS)
        return self._get_chips(chip_question(self.parameters, self.proposal, self.node))

    @property
    def steps(self) -> tuple[Step, ...]:
        """All parts in their order; an election has neither a recovery image nor a node."""
        asked = (self.proposal, self.election, self.base, self.measurements, self.overlap)
        if self.parameters.subject == "election":
            return (*asked, self.provenance)
        return (*asked, self.recovery, self.roots, self.node, self.chips, self.provenance)

    @property
    def document(self) -> AuditDocument:
        """The verdict, every decision, and what they rest on, as ``audit.json`` tells them."""
        return self._concluded[0]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The files that the decisions rest on, with what a replay needs besides."""
        return self._concluded[1]

    def write_report(self, folder: Path | str) -> Path:
        """Writes the report folder, ``audit.json`` last, and gives the path of ``report.html``.

        Raises:
            ParameterError: the folder holds what no audit wrote.
            SourceError: it cannot be written to, or another audit writes to it.
        """
        return write_report(self.document, self.evidence, folder)

    def __repr__(self) -> str:
        return (
            f"<audit of {self.parameters.subject} proposal {self.parameters.proposal_id}, "
            f"stage {self.parameters.stage}: "
            "ask for .document, .proposal, .election, .base, .measurements, .overlap, .recovery, "
            ".roots, .node, .chips or .provenance>"
        )

    def _repr_html_(self) -> str:
        """What is audited, in a line; below it, folded, every parameter as reports show it."""
        told = redacted_parameters(self.parameters)
        few = ", ".join(f"{name} {_text(told[name])}" for name in _FEW)
        table = html_table(("parameter", "value"), [(name, _text(value)) for name, value in told.items()])
        return (
            f'<p style="overflow-wrap: anywhere">Audit of {html.escape(self.parameters.subject)} proposal '
            f"<strong>{self.parameters.proposal_id}</strong>: {html.escape(one_line(few, 600))}.</p>"
            f"<details><summary>All {len(told)} parameters</summary>{table}</details>"
        )

    @cached_property
    def _concluded(self) -> tuple[AuditDocument, tuple[Evidence, ...]]:
        return conclude(
            self.parameters,
            self.proposal,
            self.base,
            self.measurements,
            self.overlap,
            election=self.election,
            recovery=None if self.parameters.subject == "election" else self.recovery,
            node=None if self.parameters.subject == "election" else self.node,
            chips=None if self.parameters.subject == "election" else self.chips,
            provenance=self.provenance,
            roots=None if self.parameters.subject == "election" else self.roots,
            matrix=self._matrix,
            started=self._began,
            policies=self._policies,
            as_of=self._as_of,
            story=self._story,
        )

    @property
    def _matrix(self) -> Matrix:
        chosen = self.parameters
        return Matrix(chosen.vcpus, chosen.vcpu_types, chosen.boot_args, chosen.guest_features)

    @property
    def _asks(self) -> Asks:
        return ASKS[self.parameters.subject]

    @property
    def _elected(self) -> ElectionStep | None:
        """What base and proposal have to agree with; an election has nothing before it to agree with."""
        return None if self.parameters.subject == "election" else self.election

    def _or_trouble(self, kind: type[_Step], make: Callable[[], _Step]) -> _Step:
        try:
            return make()
        except (SourceError, EvidenceError) as error:
            return kind(trouble=(self._trouble(error),))

    def _trouble(self, error: AuditkitError) -> Trouble:
        """The trouble that ``error`` is about, without places of this machine."""
        shown = redacted_error(error, self.parameters)
        return Trouble(shown.what_was_found or type(error).__name__, shown.where, shown.hint)

    @cached_property
    def _version(self) -> str:
        """The release that is audited, 40 hex digits.

        Raises:
            SourceError, EvidenceError: it cannot be found out.
        """
        election = self.proposal.election
        return self._get_version() if election is None else election.version_to_elect or ""

    @property
    def _story(self) -> str | None:
        """What the case tells that the audit is about, in a world to practise in; None elsewhere.

        It is looked up and never read from a record: what a page shows under an auditor's signature is ours.
        """
        inside = world_place(self.parameters.proposal_source)
        of_this_world = inside is not None and inside.world == self.trust.name
        return inside.sources.story(inside.case) if inside and of_this_world else None

    def _decide_proposal(
        self, certified: CertifiedAnswer, *, unkept: tuple[Unkept, ...] = (), moment: datetime | None = None
    ) -> ProposalStep:
        chosen = self.parameters
        practising = self.trust.qualification is Qualification.PRACTICE_NETWORK
        question = Question(
            subject=chosen.subject,
            proposal_id=chosen.proposal_id,
            stage=chosen.stage,
            root_key=self.trust.root_key,
            base_version=chosen.base_version,
            more_releases=self.trust.more_releases,
            own_hosts=("127.0.0.1",) if practising else (),
        )
        return decide_proposal(certified, question, unkept=unkept, moment=moment)

    def _decide_election(
        self, version: str, answers: ElectionAnswers, *, unkept: tuple[Unkept, ...] = ()
    ) -> ElectionStep:
        key, now_ns, election = self.trust.root_key, self.proposal.now_ns, self.proposal.election
        if election is not None:
            executed = self.proposal.executed_ns
            return decide_execution(
                election, answers, executed_ns=executed, root_key=key, now_ns=now_ns, unkept=unkept
            )
        return decide_election(version, answers, root_key=key, now_ns=now_ns, unkept=unkept)

    def _decide_chips(self, question: ChipQuestion, answers: ChipAnswers) -> ChipsStep:
        return decide_chip_answers(
            question, answers, root_key=self.trust.root_key, now_ns=self.proposal.now_ns
        )

    def _redact(self, text: str) -> str:
        return redacted_text(text, self.parameters)

    def _wanted(self, version: str) -> WantedImage:
        chosen, election, elected = self.parameters, self.proposal.election, self.election
        if election is not None:
            digest = (election.sha256_hex or "").lower()
            certified = CertifiedDigest(digest, f"proposal {chosen.proposal_id}")
            return WantedImage(version, digest, chosen.boot_args, certified, "named by the proposal")
        release = elected.release
        left = ElectionStep.unreached(elected, (checks.ELECTION_DIGEST,)).decisions if release is None else ()
        return WantedImage(
            version,
            chosen.base_image_sha256,
            chosen.boot_args,
            CertifiedDigest(release.sha256.lower(), release.said_by)
            if release and is_sha256(release.sha256, any_case=True)
            else None,
            election=release,
            unelected=left[0].reason if left else None,
            blessed_root=self.proposal.bless.rootfs_hash if self.proposal.bless else None,
        )

    def _compare_recovery(
        self, image: GuestImage, base: BaseImageStep, origin: str, file_name: str
    ) -> RecoveryStep:
        return compare_with_base(
            image,
            self.proposal,
            base,
            self.measurements,
            origin=origin,
            file_name=file_name,
            proposal_id=self.parameters.proposal_id,
            root_key=self.trust.root_key,
        )

    def _decide_node(
        self, files: Sequence[Evidence], *, unkept: tuple[Unkept, ...] | None = None
    ) -> NodeStep:
        floor = self.parameters.tcb_min
        return decide_node(
            files,
            self.proposal,
            stage=self.proposal.stage or "recover",
            roots=self.trust.chip_roots,
            tcb_min=None if floor is None else attestation.parse_tcb_floor(floor),
            unkept=unkept,
        )


def _names_an_image(election: ElectionPayload) -> bool:
    """Whether any image could be the one of the election; check 56 says why not."""
    return is_sha256(election.sha256_hex or "", any_case=True)


def _text(value: object) -> str:
    if value is None:
        return "none"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _unexpected(error: Exception) -> Trouble:
    """The trouble that an error of ours is. Its words are those of whatever was read, and are not repeated."""
    what = f"internal error: what was said about the build could not be judged ({type(error).__name__})"
    return Trouble(what, "", "report it to the developers of auditkit, with the attestations")
