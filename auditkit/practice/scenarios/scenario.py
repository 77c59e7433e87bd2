"""What a scenario of the practice network is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

from auditkit.ic import ProposalStatus
from auditkit.practice.attested import Attested
from auditkit.practice.builds import Built
from auditkit.practice.recovered import Recovered
from auditkit.practice.release.published import release_commit
from auditkit.practice.scenarios.says import ChipsSay, ElectionSays, RegistrySays

ExpectedVerdict = Literal["PASS", "FAIL", "TROUBLE"]

BASE_COMMIT: Final = release_commit("base")
OTHER_COMMIT: Final = release_commit("other")
UNPUBLISHED_COMMIT: Final = release_commit("never published")
RETIRED_COMMIT: Final = release_commit("retired")


class Blessing(StrEnum):
    """Which measurements a proposal blesses."""

    BASE = "those of the base release"
    BASE_AND_ONE = "those of the base release, and one that nobody can explain"
    FOREIGN = "six that nobody can explain"
    SWAPPED_LABELS = "those of the base release, with the command lines of A and B exchanged"
    UNLABELLED = "those of the base release, without labels"
    TWO_OF_SIX = "two of the six of the base release"
    OTHER_RELEASE = "those of another release"
    SIXTEEN_VCPUS = "those of the base release with 16 instead of 64 vCPUs"
    NONE = "none: the proposal is a motion"


class Subnet(StrEnum):
    """Who signs the reply."""

    NNS = "the NNS itself, without a delegation, as on the mainnet"
    SHARDED = "a subnet with a delegation, its canister ranges in shards"
    FLAT = "a subnet with a delegation, its canister ranges in one list"
    FOREIGN = "a subnet whose delegation does not cover the governance canister"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One practice case: the proposal of a recovery, or of an election where `election` is given.

    Attributes:
        name: what users type.
        title: a few words.
        story: two or three sentences for a governance voter.
        proposal_id: its number in the practice NNS; 9000xx are recoveries, 9100xx elections.
        strict: the verdict under the policy ``strict``.
        overlap: the verdict under the policy ``overlap``.
        deciding_check: id of the check that decides the strict verdict: the first that fails, or for a PASS
            the one the scenario is about; None when trouble comes before any check.
        base_version: the release that the audit is about, 40 hex digits.
        stage: ``vote`` or ``recover``.
        policy: ``strict`` or ``overlap``.
        status: where the proposal is in its life; None when there is no such proposal.
        blessing: which measurements a recovery blesses.
        subnet: who signs the reply of governance.
        chip_id_bytes: length of its chip ids; 64 is right.
        tampered: whether somebody changes the reply on its way.
        older_interface: whether governance answers in its older form, without CPU types.
        recovered: what the published recovery image is; None when none is published.
        attested: what the report of the recovered node is; None when there is none.
        election: what the election proposal says; None when the proposal is that of a recovery.
        registry: what the registry says about ``base_version`` at the address of this scenario.
        chips: what the registry says about the chips that a recovery names, at the address of this scenario.
        built: what is attested of its base release; None where nobody is asked.
        parameters: parameters of its audit that are not the same in every scenario, by name.
    """

    name: str
    title: str
    story: str
    proposal_id: int
    strict: ExpectedVerdict
    overlap: ExpectedVerdict
    deciding_check: str | None
    base_version: str = BASE_COMMIT
    stage: Literal["vote", "recover"] = "recover"
    policy: Literal["strict", "overlap"] = "strict"
    status: ProposalStatus | None = ProposalStatus.EXECUTED
    blessing: Blessing = Blessing.BASE
    subnet: Subnet = Subnet.NNS
    chip_id_bytes: int = 64
    tampered: bool = False
    older_interface: bool = False
    recovered: Recovered | None = None
    attested: Attested | None = None
    election: ElectionSays | None = None
    registry: RegistrySays = RegistrySays.ELECTED
    chips: ChipsSay = ChipsSay.ONE_SUBNET
    built: Built | None = None
    parameters: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def subject(self) -> Literal["recovery", "election"]:
        """What its audit is about."""
        return "recovery" if self.election is None else "election"

    @property
    def has_own_address(self) -> bool:
        """Whether it is asked below a path of its own, where the registry says what the scenario says."""
        return (
            self.election is not None
            or self.registry is not RegistrySays.ELECTED
            or self.chips is not ChipsSay.ONE_SUBNET
            or self.built is not None
        )

    @property
    def expected_verdict(self) -> ExpectedVerdict:
        """The verdict under the scenario's own policy."""
        return self.strict if self.policy == "strict" else self.overlap
