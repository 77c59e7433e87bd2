"""The election proposals of the practice network: those that made its registry what it is, and those of scenarios."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from auditkit.ic import ExecuteNnsFunction, ProposalStatus
from auditkit.practice.nns.election_payload import Generation, deployment_payload, election_payload
from auditkit.practice.nns.keys import KeyPair
from auditkit.practice.nns.releases import (
    Release,
    image_digest,
    invented_measurement,
    release,
    with_labels_exchanged,
)
from auditkit.practice.scenarios import (
    BASE_COMMIT,
    OTHER_COMMIT,
    RETIRED_COMMIT,
    ElectionSays,
    scenario_of_proposal,
    scenarios,
)

ELECTION_TOPIC: Final = 13
DEPLOYMENT_TOPIC: Final = 12
_REVISE_ELECTED, _DEPLOY = 38, 11
_ELECTED_SECONDS: Final = {  # August 2026 and after, a few days before recoveries are proposed
    RETIRED_COMMIT: 1_787_000_000,
    BASE_COMMIT: 1_788_000_000,
    OTHER_COMMIT: 1_789_000_000,
}
_EARLIER_SECONDS: Final = 1_786_000_000


@dataclass(frozen=True, slots=True)
class Election:
    """A proposal to elect a release.

    Attributes:
        proposal_id: its number.
        version: the release that it is about.
        status: where it is in its life.
        decided_seconds: when it was decided, seconds since 1970.
        says: what it says about the release.
        retires: the versions that it un-elects.
        generation: the form of its payload.
        scenario: the name of the scenario that it is made for; None when it is part of the world.
    """

    proposal_id: int
    version: str
    status: ProposalStatus
    decided_seconds: int
    says: ElectionSays = ElectionSays.RIGHT
    retires: tuple[str, ...] = ()
    generation: Generation = Generation.CURRENT
    scenario: str | None = None

    @property
    def is_deployment(self) -> bool:
        """Whether it is no election at all, but the use of a version."""
        return self.says is ElectionSays.OTHER_FUNCTION

    @property
    def topic(self) -> int:
        """The number of its topic."""
        return DEPLOYMENT_TOPIC if self.is_deployment else ELECTION_TOPIC

    @property
    def title(self) -> str:
        """Its title, in the words of dfinity's own."""
        if self.is_deployment:
            return f"Upgrade a practice subnet to replica version {self.version[:8]}"
        if self.says is ElectionSays.UNELECTS_ONLY:
            return "Retire IC/GuestOS revisions"
        return f"Elect new IC/GuestOS revision (commit {self.version[:8]})"

    @property
    def self_described(self) -> str:
        """What governance calls it in words."""
        return (
            "Deploy GuestOS to All Subnet Nodes" if self.is_deployment else "Revise Elected GuestOS Versions"
        )

    def execute(self, server: str) -> ExecuteNnsFunction:
        """What it executes.

        Args:
            server: the address of the release server.
        """
        if self.is_deployment:
            subnet = KeyPair("system subnet").subnet_id
            return ExecuteNnsFunction(_DEPLOY, deployment_payload(subnet, self.version))
        told = None if self.says is ElectionSays.UNELECTS_ONLY else told_release(self, server)
        payload = election_payload(told, self.retires, generation=self.generation)
        return ExecuteNnsFunction(_REVISE_ELECTED, payload)


WORLD: Final = (
    Election(
        910000,
        RETIRED_COMMIT,
        ProposalStatus.EXECUTED,
        _ELECTED_SECONDS[RETIRED_COMMIT],
        generation=Generation.BEFORE_MEASUREMENTS,
    ),
    Election(910001, BASE_COMMIT, ProposalStatus.EXECUTED, _ELECTED_SECONDS[BASE_COMMIT]),
    Election(
        910002,
        OTHER_COMMIT,
        ProposalStatus.EXECUTED,
        _ELECTED_SECONDS[OTHER_COMMIT],
        retires=(RETIRED_COMMIT,),
    ),
)
"""The elections that the registry's history is made of, in their order."""

_WITNESSES: Final = (
    Election(910003, BASE_COMMIT, ProposalStatus.EXECUTED, _EARLIER_SECONDS),  # of unelected-with-proposal
    Election(910004, BASE_COMMIT, ProposalStatus.REJECTED, _EARLIER_SECONDS),  # of witness-not-adopted
)
_BY_PROPOSAL: Final = {election.proposal_id: election for election in (*WORLD, *_WITNESSES)}


def election(proposal_id: int) -> Election | None:
    """The election with this number; None when it is none's."""
    if proposal_id in _BY_PROPOSAL:
        return _BY_PROPOSAL[proposal_id]
    scenario = scenario_of_proposal(proposal_id)
    if scenario is None or scenario.election is None or scenario.status is None:
        return None
    retires = scenario.election in (ElectionSays.RETIRES_OTHERS, ElectionSays.UNELECTS_ONLY)
    return Election(
        proposal_id,
        scenario.base_version,
        scenario.status,
        _ELECTED_SECONDS[scenario.base_version],
        scenario.election,
        (RETIRED_COMMIT,) if retires else (),
        Generation.BEFORE_CPU_TYPES if scenario.older_interface else Generation.CURRENT,
        scenario.name,
    )


def elections() -> Iterator[Election]:
    """All elections."""
    numbers = [*_BY_PROPOSAL, *(scenario.proposal_id for scenario in scenarios())]
    return (found for number in numbers if (found := election(number)) is not None)


def told_release(told: Election, server: str) -> Release:
    """The release as the proposal tells it."""
    right = release(told.version, server)
    measurements = right.measurements or ()
    match told.says:
        case ElectionSays.SAME_URL_TWICE:
            return replace(right, urls=right.urls * 2)
        case ElectionSays.URL_OF_OTHER_VERSION:
            return replace(right, urls=right.urls + release(OTHER_COMMIT, server).urls)
        case ElectionSays.NO_URL:
            return replace(right, urls=())
        case ElectionSays.FILE_URL:
            return replace(right, urls=(*right.urls, "file:///etc/hostname"))
        case ElectionSays.OTHER_DIGEST:
            return replace(right, sha256_hex=image_digest(OTHER_COMMIT))
        case ElectionSays.SHORT_DIGEST:
            return replace(right, sha256_hex=right.sha256_hex[:-1])
        case ElectionSays.NO_MEASUREMENTS:
            return replace(right, measurements=None)
        case ElectionSays.ONE_WRONG:
            wrong = replace(measurements[-1], measurement=invented_measurement(0))
            return replace(right, measurements=(*measurements[:-1], wrong))
        case ElectionSays.MISSING_CPU:
            return replace(right, measurements=measurements[:4])
        case ElectionSays.WRONG_LABEL:
            return replace(right, measurements=with_labels_exchanged(measurements))
        case _:
            return right
