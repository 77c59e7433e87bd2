"""What the parts of an audit are made of, as it can be had: from the network and files, or from a record."""

from __future__ import annotations

from abc import ABC, abstractmethod

from auditkit.pipeline.steps import (
    BaseImageStep,
    ChipsStep,
    ElectionStep,
    NodeStep,
    ProposalStep,
    ProvenanceStep,
    RecoveryStep,
    RootsStep,
)
from auditkit.pipeline.steps.chips import ChipQuestion


class Getting(ABC):
    """Gets what each part of an audit needs. `auditkit.pipeline.parts` asks, each time with what came before."""

    @abstractmethod
    def _get_version(self) -> str:
        """The base release of a recovery, 40 hex digits.

        Raises:
            SourceError, EvidenceError: it cannot be found out.
        """

    @abstractmethod
    def _get_proposal(self) -> ProposalStep:
        """The proposal, as it can be had."""

    @abstractmethod
    def _get_election(self) -> ElectionStep:
        """Whether the release is elected, as far as it can be had.

        Raises:
            SourceError, EvidenceError: it cannot; that is trouble of the step.
        """

    @abstractmethod
    def _get_base(self) -> BaseImageStep:
        """The base image, as it can be had."""

    @abstractmethod
    def _get_recovery(self, place: str) -> RecoveryStep:
        """The recovery image at ``place``, as it can be had."""

    @abstractmethod
    def _get_chips(self, question: ChipQuestion) -> ChipsStep:
        """Whose the chips are, as far as it can be had."""

    @abstractmethod
    def _get_provenance(self, image: BaseImageStep) -> ProvenanceStep:
        """Who built the release of a base image, as far as it can be had.

        Raises:
            SourceError, EvidenceError: it cannot; that is trouble of the step.
        """

    @abstractmethod
    def _get_roots(self, expected: tuple[str, str]) -> RootsStep:
        """What is new in the root file system of the recovery image, as it can be had.

        Args:
            expected: the dm-verity roots of base and recovery image, 64 hex digits each.

        Raises:
            SourceError, EvidenceError: it cannot; that is told by the step.
        """

    @abstractmethod
    def _get_node(self, report: str) -> NodeStep:
        """What the node says of itself in the attestation report at ``report``, as it can be had."""
