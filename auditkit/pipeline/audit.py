"""An audit: its steps in their order, each taken once, when somebody asks for it."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self, TypeVar

from auditkit import checks
from auditkit.errors import EvidenceError, SourceError
from auditkit.evidence import Evidence, Source, is_loopback, open_image, read_bytes
from auditkit.guestos import UnknownMemberError
from auditkit.limits import LIMITS
from auditkit.pipeline.base_version import found_base_version
from auditkit.pipeline.later import Later
from auditkit.pipeline.parameters import Parameters, named_parameters
from auditkit.pipeline.parts import AuditParts
from auditkit.pipeline.records import NO_SUMS, RecoveryRecord
from auditkit.pipeline.redaction import redacted_error, redacted_place
from auditkit.pipeline.sources.builds import build_answers, released_sums
from auditkit.pipeline.sources.chips import chip_answers
from auditkit.pipeline.sources.elections import ElectionAnswers, election_answers, names_election
from auditkit.pipeline.sources.places import certified_proposal, located
from auditkit.pipeline.steps import (
    BaseImageStep,
    ChipsStep,
    ElectionStep,
    NodeStep,
    ProposalStep,
    ProvenanceStep,
    RecoveryStep,
    RootsStep,
    Step,
    refusal,
)
from auditkit.pipeline.steps.base import (
    digest_of_image,
    read_base_image,
    troubled_image,
)
from auditkit.pipeline.steps.chips import ChipQuestion, troubled_chips
from auditkit.pipeline.steps.election import (
    not_executed,
    unasked_election,
)
from auditkit.pipeline.steps.evidence_names import CHAIN, RELEASE_SUMS, REPORT
from auditkit.pipeline.steps.proposal import refused_proposal
from auditkit.pipeline.steps.proposed_image import read_proposed_image, with_served
from auditkit.pipeline.steps.provenance import build_question, decide_build, sums_beside, without_sums
from auditkit.pipeline.steps.recovery import (
    get_recovery_image,
    read_recovery_image,
    strange_recovery,
)
from auditkit.pipeline.steps.roots import compared_roots
from auditkit.progress import Progress
from auditkit.report import AuditDocument
from auditkit.trust import world_place

_Step = TypeVar("_Step", bound=Step)


class Audit(AuditParts):
    """An audit of a recovery proposal, or of a proposal that elects a release.

    Each part is computed once, when it is first asked for, with what it needs of the parts before; each shows itself in
    a notebook cell and in a terminal, and says so when an earlier part stands in its way. Trouble and failures are
    results: they are in the parts and in `document`.

    >>> from auditkit import Audit
    >>> audit = Audit.named("practice:honest")
    >>> str(audit.document.claim)
    'PASS (practice network)'
    >>> len(audit.overlap.rows)
    6

    Args:
        parameters: what to audit, and how.
        progress: is told each step and the bytes of downloads; by default whoever watches this process.

    Raises:
        ParameterError: ``parameters`` are none; or, when a part is asked for, a source makes no sense.
    """

    def __init__(self, parameters: Parameters, progress: Progress | None = None) -> None:
        super().__init__(parameters, progress)
        self._answers: Later[ElectionAnswers] | None = None
        self._recovery_file: Path | None = None
        self._kept = ExitStack()  # what keeps that file where it is, until the roots are compared
        weakref.finalize(self, self._kept.close)

    @classmethod
    def named(cls, source: str, *overrides: str, progress: Progress | None = None) -> Self:
        """The audit that a user names, as in ``auditkit audit WHAT``, with ``NAME=VALUE`` overrides.

        Args:
            source: the number of a proposal, ``election:NUMBER``, a scenario, or a file as ``./NAME`` or ``NAME.yaml``.

        Raises:
            ParameterError: it names nothing, or the parameters make no sense.
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

    def _get_proposal(self) -> ProposalStep:
        self._progress.step("asking for the proposal")
        self._ask_ahead()
        try:
            return self._decide_proposal(certified_proposal(self.parameters, self.trust))
        except SourceError as error:
            return ProposalStep(trouble=(self._trouble(error),))
        except EvidenceError as error:
            failed = refusal(redacted_error(error, self.parameters), checks.REPLY_REQUEST)
            return refused_proposal(failed, subject=self.parameters.subject)

    def _ask_ahead(self) -> None:
        """Asks about the election while the proposal is asked for, where the version is known before."""
        chosen = self.parameters
        if chosen.subject == "recovery" and chosen.election_source and chosen.base_version != "auto":
            version = chosen.base_version
            self._answers = Later(lambda: election_answers(chosen, self.trust, version))

    def _get_election(self) -> ElectionStep:
        chosen, version = self.parameters, self._version
        if chosen.subject == "election" and not self.proposal.is_executed:
            return not_executed(version)
        if chosen.election_source is None:
            return unasked_election(version, self._asks.election)
        self._progress.step("asking whether it is elected")
        asked = self._answers.result() if self._answers else election_answers(chosen, self.trust, version)
        return self._decide_election(version, asked)

    def _get_version(self) -> str:
        return found_base_version(self.parameters, self.trust, self.proposal.measurements or ())

    def _get_base(self) -> BaseImageStep:
        try:
            return self._read_base(self._version)
        except (SourceError, EvidenceError) as error:
            return troubled_image((self._trouble(error),))

    def _get_recovery(self, place: str) -> RecoveryStep:
        self._progress.step("recovery image")
        try:
            with ExitStack() as opened:
                source, origin = opened.enter_context(located(place, "recovery_image"))
                work = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="auditkit-")))
                path = get_recovery_image(source, work, self._progress)
                image = read_recovery_image(path, work, self._progress)
                step = self._compare_recovery(image, self.base, origin, source.name)
                if self.parameters.compare_roots:
                    self._recovery_file = path
                    self._kept.push(opened.pop_all())
                return step
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

    def _get_roots(self, expected: tuple[str, str]) -> RootsStep:
        self._progress.step("comparing the root file systems")
        place, recovery, image = self.parameters.base_image or "", self._recovery_file, self.base.image
        if recovery is None or image is None:
            raise SourceError("one of the images was not read")
        with (
            self._kept,
            located(place, "base_image", base_version=self._version) as (base, _),
            tempfile.TemporaryDirectory(prefix="auditkit-") as work,
        ):
            cache = None if world_place(place) is None else Path(work)
            file = open_image(base, sha256=image.sha256, cache=cache)
            return compared_roots(file.path, recovery, expected, self._progress)

    def _get_chips(self, question: ChipQuestion) -> ChipsStep:
        self._progress.step("asking whose the chips are")
        try:
            answers = chip_answers(
                self.parameters,
                self.trust,
                question.chips,
                now_ns=self.proposal.now_ns,
                progress=self._progress,
            )
            return self._decide_chips(question, answers)
        except (SourceError, EvidenceError) as error:
            return troubled_chips((self._trouble(error),))

    def _get_provenance(self, image: BaseImageStep) -> ProvenanceStep:
        self._progress.step("asking who built the release")
        sums = sums_beside(image)
        if sums is None and self.proposal.election is not None:
            sums = Evidence.of_bytes(RELEASE_SUMS, *released_sums(self.parameters, image.version or ""))
        if sums is None:
            missing = image.record.sums_missing if image.record else ""
            return without_sums(missing or NO_SUMS)
        answers = build_answers(self.parameters, self.trust, sums.sha256)
        named = names_election(self.parameters)
        question = build_question(self.proposal, self.election, image, sums, whole=answers.whole, named=named)
        return decide_build(question, answers, sums, self.trust)

    def _read_base(self, version: str) -> BaseImageStep:
        election, place = self.proposal.election, self.parameters.base_image
        if election is None:
            return self._read_base_at(place or "", version)
        if place is not None:
            return with_served(self._read_base_at(place, version), election, ())
        return read_proposed_image(
            election,
            lambda url: self._read_proposed(url, version),
            lambda url: self._digest_at(url, version),
            all_urls=self.parameters.all_urls,
            redact=self._redact,
            progress=self._progress,
        )

    def _read_base_at(self, place: str, version: str) -> BaseImageStep:
        with (
            located(place, "base_image", base_version=version) as (source, origin),
            tempfile.TemporaryDirectory(prefix="auditkit-") as work,
        ):
            return read_base_image(
                source,
                self._wanted(version),
                origin=origin,
                work=Path(work),
                cached=world_place(place) is None,
                tree=self.parameters.recovery_image is not None,
                redact=self._redact,
                progress=self._progress,
            )

    def _read_proposed(self, url: str, version: str) -> BaseImageStep:
        """The image at an address of a proposal, which is taken as it stands: no template, and no place in a world."""
        with tempfile.TemporaryDirectory(prefix="auditkit-") as work:
            return read_base_image(
                Source(url=url),
                self._wanted(version),
                origin=redacted_place(url),
                work=Path(work),
                cached=not is_loopback(url),
                tree=False,
                beside=False,
                redact=self._redact,
                progress=self._progress,
            )

    def _digest_at(self, url: str, version: str) -> str:
        with tempfile.TemporaryDirectory(prefix="auditkit-") as work:
            return digest_of_image(Source(url=url), self._wanted(version), Path(work), self._progress)


def check(
    parameters: Parameters, progress: Progress | None = None
) -> tuple[AuditDocument, tuple[Evidence, ...]]:
    """Runs every step and gives the document and the evidence it rests on.

    Raises:
        ParameterError: the parameters make no sense; everything else is in the document.
    """
    audit = Audit(parameters, progress)
    return audit.document, audit.evidence


def _attestation_file(place: str, parameter: str, name: str) -> Evidence:
    with located(place, parameter) as (source, origin):
        return Evidence.of_bytes(name, read_bytes(source, LIMITS.attestation_bytes), origin)
