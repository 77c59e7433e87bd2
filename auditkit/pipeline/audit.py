"""An audit: its steps in their order, each taken once, when somebody asks for it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Self, TypeVar

from auditkit import checks
from auditkit.audit import Matrix, Trouble
from auditkit.errors import AuditkitError, EvidenceError, ParameterError, SourceError
from auditkit.evidence import Evidence, read_bytes
from auditkit.guestos import GuestImage, UnknownMemberError
from auditkit.ic import BlessAlternativeGuestOsVersion
from auditkit.limits import LIMITS
from auditkit.pipeline.document import conclude
from auditkit.pipeline.parameters import Parameters, named_parameters
from auditkit.pipeline.records import RecoveryRecord, Unkept
from auditkit.pipeline.redaction import redacted_error, redacted_parameters, redacted_text
from auditkit.pipeline.sources import CertifiedProposal, certified_proposal, located
from auditkit.pipeline.steps import (
    BaseImageStep,
    MeasurementStep,
    NodeStep,
    OverlapStep,
    ProposalStep,
    RecoveryStep,
    Step,
    refusal,
)
from auditkit.pipeline.steps.base_image import WantedImage, find_base_version, read_base_image, troubled_image
from auditkit.pipeline.steps.evidence_names import CHAIN, REPORT
from auditkit.pipeline.steps.measurements import measure_base
from auditkit.pipeline.steps.node import NO_REPORT, decide_node
from auditkit.pipeline.steps.overlap import compare_measurements
from auditkit.pipeline.steps.proposal import decide_proposal, refused_proposal
from auditkit.pipeline.steps.recovery import (
    NO_IMAGE,
    compare_with_base,
    read_recovery_image,
    strange_recovery,
    unreached_recovery,
)
from auditkit.pipeline.steps.showing import html_table
from auditkit.progress import Progress, progress_here
from auditkit.report import AuditDocument, PolicyIds, write_report_folder
from auditkit.sev.attestation import parse_tcb_floor
from auditkit.trust import trust_named, world_place

_Step = TypeVar("_Step", bound=Step)


class Audit:
    """An audit of a recovery proposal.

    Each part is computed once, when it is first asked for, with what it needs of the parts before; each shows itself in
    a notebook cell and in a terminal, and says so when an earlier part stands in its way. Trouble and failures are
    results: they are in the parts and in `document`.

    >>> from auditkit import Audit
    >>> audit = Audit.named("practice:honest")
    >>> str(audit.document.claim)
    'PASS (practice network), qualified: server-digest'
    >>> len(audit.overlap.rows)
    6

    Args:
        parameters: what to audit, and how.
        progress: is told each step and the bytes of downloads; by default whoever watches this process.

    Raises:
        ParameterError: ``parameters`` are none; or, when a part is asked for, a source makes no sense.
    """

    def __init__(self, parameters: Parameters, progress: Progress | None = None) -> None:
        if not isinstance(parameters, Parameters):
            raise ParameterError(
                "an audit takes Parameters",
                hint='Audit.named("practice:honest") takes a name or a parameter file',
            )
        self.parameters = parameters
        self.trust = trust_named(parameters.root_key)
        self._progress = progress or progress_here()
        self._began: float | None = time.time()
        self._as_of: datetime | None = None
        self._policies: PolicyIds | None = None

    @classmethod
    def named(cls, source: str, *overrides: str, progress: Progress | None = None) -> Self:
        """The audit of a parameter file or of ``practice:SCENARIO``, with ``NAME=VALUE`` overrides.

        Raises:
            ParameterError: there is no such scenario, or the parameters make no sense.
            SourceError: there is no such file.
        """
        return cls(named_parameters(source, overrides), progress)

    @classmethod
    def from_notebook(cls, namespace: Mapping[str, object]) -> Self:
        """The audit whose parameters the cells of a notebook set; ``namespace`` is its ``globals()``.

        Raises:
            ParameterError: a cell sets an unknown name, or the parameters make no sense.
        """
        return cls(Parameters.from_notebook(namespace))

    @cached_property
    def proposal(self) -> ProposalStep:
        """What the NNS signed (checks 1 to 17)."""
        return self._get_proposal()

    @cached_property
    def base(self) -> BaseImageStep:
        """What the base release boots (checks 18 to 22)."""
        if self.proposal.bless is None:
            return BaseImageStep.unreached(self.proposal, checks.BASE_CHECKS)
        return self._get_base(self.proposal.bless)

    @cached_property
    def measurements(self) -> MeasurementStep:
        """What the base release measures to (checks 23 and 24)."""
        return self._or_trouble(
            MeasurementStep,
            lambda: measure_base(self.base, self._matrix, self.trust.more_releases, self._progress),
        )

    @cached_property
    def overlap(self) -> OverlapStep:
        """How blessed and computed measurements compare (checks 25 to 28)."""
        return self._or_trouble(
            OverlapStep,
            lambda: compare_measurements(
                self.proposal,
                self.base,
                self.measurements,
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
    def node(self) -> NodeStep:
        """What the recovered node says of itself (checks 35 to 42)."""
        place = self.parameters.attestation_report
        if place is None:
            return NO_REPORT
        if self.proposal.bless is None:
            return NodeStep.unreached(self.proposal, checks.ATTESTATION_CHECKS)
        return self._get_node(place)

    @property
    def steps(self) -> tuple[Step, ...]:
        """All parts in their order."""
        return (self.proposal, self.base, self.measurements, self.overlap, self.recovery, self.node)

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
            f"<audit of proposal {self.parameters.proposal_id}, stage {self.parameters.stage}: "
            "ask for .document, .proposal, .base, .measurements, .overlap, .recovery or .node>"
        )

    def _repr_html_(self) -> str:
        """Every parameter, as reports show it."""
        told = redacted_parameters(self.parameters).items()
        return html_table(("parameter", "value"), [(name, _text(value)) for name, value in told])

    @cached_property
    def _concluded(self) -> tuple[AuditDocument, tuple[Evidence, ...]]:
        return conclude(
            self.parameters,
            self.proposal,
            self.base,
            self.measurements,
            self.overlap,
            matrix=self._matrix,
            recovery=self.recovery,
            node=self.node,
            started=self._began,
            policies=self._policies,
            as_of=self._as_of,
        )

    @property
    def _matrix(self) -> Matrix:
        chosen = self.parameters
        return Matrix(chosen.vcpus, chosen.vcpu_types, chosen.boot_args, chosen.guest_features)

    def _or_trouble(self, kind: type[_Step], make: Callable[[], _Step]) -> _Step:
        try:
            return make()
        except (SourceError, EvidenceError) as error:
            return kind(trouble=(self._trouble(error),))

    def _trouble(self, error: AuditkitError) -> Trouble:
        """The trouble that ``error`` is about, without places of this machine."""
        shown = redacted_error(error, self.parameters)
        return Trouble(shown.what_was_found or type(error).__name__, shown.where, shown.hint)

    # What a replay gets from a record instead.

    def _get_proposal(self) -> ProposalStep:
        self._progress.step("asking for the proposal")
        try:
            return self._decide_proposal(certified_proposal(self.parameters, self.trust))
        except SourceError as error:
            return ProposalStep(trouble=(self._trouble(error),))
        except EvidenceError as error:
            return refused_proposal(refusal(redacted_error(error, self.parameters), checks.REPLY_REQUEST))

    def _get_base(self, bless: BlessAlternativeGuestOsVersion) -> BaseImageStep:
        try:
            return self._read_base(bless)
        except (SourceError, EvidenceError) as error:
            return troubled_image((self._trouble(error),))

    def _get_recovery(self, place: str) -> RecoveryStep:
        self._progress.step("recovery image")
        try:
            with (
                located(place, "recovery_image") as (source, origin),
                tempfile.TemporaryDirectory(prefix="auditkit-") as work,
            ):
                image = read_recovery_image(source, Path(work), self._progress)
                return self._compare_recovery(image, self.base, origin, source.name)
        except UnknownMemberError as error:
            return strange_recovery(error.observed)
        except (SourceError, EvidenceError) as error:
            trouble = (self._trouble(error),)
            return RecoveryStep(trouble=trouble, record=RecoveryRecord(trouble=trouble))

    def _get_node(self, report: str) -> NodeStep:
        self._progress.step("attestation report")
        chain = self.parameters.attestation_chain
        try:
            files = [_attestation_file(report, "attestation_report", REPORT)]
            if chain is not None:
                files.append(_attestation_file(chain, "attestation_chain", CHAIN))
        except (SourceError, EvidenceError) as error:
            return NodeStep(trouble=(self._trouble(error),))
        return self._decide_node(files)

    def _decide_proposal(
        self, certified: CertifiedProposal, *, unkept: tuple[Unkept, ...] = (), moment: datetime | None = None
    ) -> ProposalStep:
        return decide_proposal(
            certified,
            proposal_id=self.parameters.proposal_id,
            stage=self.parameters.stage,
            root_key=self.trust.root_key,
            unkept=unkept,
            moment=moment,
        )

    def _read_base(self, bless: BlessAlternativeGuestOsVersion) -> BaseImageStep:
        chosen = self.parameters
        version = find_base_version(chosen.base_version, bless, self.trust.more_releases)
        with (
            located(chosen.base_image, "base_image", base_version=version) as (source, origin),
            tempfile.TemporaryDirectory(prefix="auditkit-") as work,
        ):
            return read_base_image(
                source,
                self._wanted(version),
                origin=origin,
                work=Path(work),
                cached=world_place(chosen.base_image) is None,
                tree=chosen.recovery_image is not None,
                redact=lambda text: redacted_text(text, chosen),
                progress=self._progress,
            )

    def _wanted(self, version: str) -> WantedImage:
        return WantedImage(version, self.parameters.base_image_sha256, self.parameters.boot_args)

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
            stage=self.parameters.stage,
            roots=self.trust.chip_roots,
            tcb_min=None if floor is None else parse_tcb_floor(floor),
            unkept=unkept,
        )


def check(
    parameters: Parameters, progress: Progress | None = None
) -> tuple[AuditDocument, tuple[Evidence, ...]]:
    """Runs every step and gives the document and the evidence it rests on.

    Raises:
        ParameterError: the parameters make no sense; everything else is in the document.
    """
    audit = Audit(parameters, progress)
    return audit.document, audit.evidence


def write_report(document: AuditDocument, evidence: tuple[Evidence, ...], folder: Path | str) -> Path:
    """Writes the report folder, ``audit.json`` last, and gives the path of ``report.html``."""
    files: Mapping[str, bytes | Path] = {
        item.name: item.content for item in evidence if item.content is not None
    }
    return write_report_folder(Path(folder), document, files).with_name("report.html")


def _attestation_file(place: str, parameter: str, name: str) -> Evidence:
    with located(place, parameter) as (source, origin):
        return Evidence.of_bytes(name, read_bytes(source, LIMITS.attestation_bytes), origin)


def _text(value: object) -> str:
    if value is None:
        return "none"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
