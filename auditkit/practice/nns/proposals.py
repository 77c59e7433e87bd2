"""The proposals of the practice network, as its governance canister knows them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256, shake_256
from typing import Final

from auditkit.ic import (
    BLESS_ACTION,
    EXECUTE_ACTION,
    BlessAlternativeGuestOsVersion,
    BlessedMeasurement,
    Proposal,
    ProposalInfo,
    ProposalStatus,
    Tally,
)
from auditkit.practice.nns.election_payload import Generation
from auditkit.practice.nns.elections import Election, election, elections
from auditkit.practice.nns.governance_reply import encode_proposal_reply
from auditkit.practice.nns.releases import (
    invented_measurement,
    published_measurements,
    read_measurements,
    with_labels_exchanged,
)
from auditkit.practice.release.published import DATA
from auditkit.practice.scenarios import (
    BASE_COMMIT,
    OTHER_COMMIT,
    Blessing,
    Scenario,
    scenario_of_proposal,
    scenarios,
)

SIXTEEN_VCPUS_FILE: Final = DATA / "base-16-vcpus.json"
NO_SERVER: Final = "http://127.0.0.1"
_PROPOSED_SECONDS: Final = 1_790_000_000  # September 2026
_DAY: Final = 86_400
_VOTING_SECONDS: Final = 4 * _DAY
_ELECTION_SECONDS: Final = 2 * _DAY
_TOTAL_VOTES: Final = 50_000_000_000_000_000  # e8s
_REJECT_COST_E8S: Final = 2_500_000_000
_PROPOSER: Final = 2_649_066_124_191_664_356
_GOVERNANCE_TOPIC, _NODE_ADMIN_TOPIC = 4, 5
_SUMMARY: Final = "A proposal of the **practice network** of auditkit. It decides nothing."


@dataclass(frozen=True, slots=True)
class KnownProposal:
    """A proposal that the practice governance canister knows.

    Attributes:
        info: what it says of it.
        older_interface: whether it answers in its older form.
    """

    info: ProposalInfo
    older_interface: bool = False


def proposal_reply(proposal_id: int, now_seconds: int, server: str = NO_SERVER) -> bytes:
    """What the practice governance canister replies to ``get_proposal_info``: Candid ``(opt ProposalInfo)``.

    Args:
        proposal_id: any number; an unknown one gets an honest "no such proposal".
        now_seconds: seconds since 1970; an open proposal was made a day before.
        server: the address of the release server, which election proposals name.
    """
    known = known_proposal(proposal_id, now_seconds, server)
    if known is None:
        return encode_proposal_reply(None)
    return encode_proposal_reply(known.info, generation="2026-03" if known.older_interface else "2026-07")


def known_proposal(proposal_id: int, now_seconds: int, server: str) -> KnownProposal | None:
    """The proposal with this number; None when there is none. Arguments as of `proposal_reply`."""
    found = election(proposal_id)
    if found is not None:
        return _known_election(found, now_seconds, server)
    scenario = scenario_of_proposal(proposal_id)
    if scenario is None or scenario.status is None:
        return None
    proposal = _proposal(scenario)
    topic = _NODE_ADMIN_TOPIC if proposal.bless else _GOVERNANCE_TOPIC
    times = _Times.of(scenario.status, now_seconds, _PROPOSED_SECONDS, _VOTING_SECONDS)
    info = _proposal_info(proposal_id, scenario.status, topic, proposal, times)
    return KnownProposal(info, older_interface=scenario.older_interface)


def known_proposals(now_seconds: int, server: str) -> tuple[KnownProposal, ...]:
    """All proposals, newest first. Arguments as of `proposal_reply`."""
    numbers = {one.proposal_id for one in scenarios()} | {one.proposal_id for one in elections()}
    known = (known_proposal(number, now_seconds, server) for number in sorted(numbers, reverse=True))
    return tuple(one for one in known if one is not None)


@dataclass(frozen=True, slots=True)
class _Times:
    """When a proposal was made, and when its vote ends or ended: seconds since 1970."""

    made: int
    end: int

    @classmethod
    def of(cls, status: ProposalStatus, now_seconds: int, made: int, voting: int) -> _Times:
        """An open proposal is a day old; any other was made when it is said to have been."""
        begin = now_seconds // _DAY * _DAY - _DAY if status is ProposalStatus.OPEN else made
        return cls(begin, begin + voting)


def _known_election(one: Election, now_seconds: int, server: str) -> KnownProposal:
    proposal = Proposal(
        one.title,
        "",
        _SUMMARY,
        EXECUTE_ACTION,
        None,
        execute=one.execute(server),
        self_described=one.self_described,
    )
    made = one.decided_seconds - _ELECTION_SECONDS
    times = _Times.of(one.status, now_seconds, made, _ELECTION_SECONDS)
    info = _proposal_info(one.proposal_id, one.status, one.topic, proposal, times)
    return KnownProposal(info, older_interface=one.generation is Generation.BEFORE_CPU_TYPES)


def _proposal_info(
    proposal_id: int, status: ProposalStatus, topic: int, proposal: Proposal, times: _Times
) -> ProposalInfo:
    is_open = status is ProposalStatus.OPEN
    return ProposalInfo(
        id=proposal_id,
        status_number=status,
        topic=topic,
        proposer=_PROPOSER,
        proposal=proposal,
        latest_tally=_tally(status, times.made if is_open else times.end),
        proposal_timestamp_seconds=times.made,
        deadline_timestamp_seconds=times.end,
        decided_timestamp_seconds=0 if is_open else times.end,
        executed_timestamp_seconds=times.end if status is ProposalStatus.EXECUTED else 0,
        failed_timestamp_seconds=0,
        reject_cost_e8s=_REJECT_COST_E8S,
        failure_reason=None,
    )


def _proposal(scenario: Scenario) -> Proposal:
    if scenario.blessing is Blessing.NONE:
        return Proposal("Motion: recover nodes", "", "Let nodes be recovered by *practice*.", "Motion", None)
    chips = [b"auditkit practice chip %d" % number for number in (1, 2)]
    bless = BlessAlternativeGuestOsVersion(
        chip_ids=tuple(shake_256(chip).digest(scenario.chip_id_bytes) for chip in chips),
        rootfs_hash=_rootfs_hash(scenario),
        base_guest_launch_measurements=blessed_measurements(scenario.blessing),
    )
    return Proposal("Bless a recovery GuestOS", "", _SUMMARY, BLESS_ACTION, bless)


def _rootfs_hash(scenario: Scenario) -> str:
    """The root of the other release where there is a recovery image, which is made with it; else an invented one."""
    if scenario.recovered is None:
        return sha256(b"auditkit practice recovery root file system").hexdigest()
    line = published_measurements(OTHER_COMMIT)[0].kernel_cmdline or ""
    return line.rpartition("root_hash=")[2]


def _tally(status: ProposalStatus, at_seconds: int) -> Tally:
    yes, no = _TOTAL_VOTES // 5 * 4, _TOTAL_VOTES // 100
    if status is ProposalStatus.OPEN:
        yes = _TOTAL_VOTES // 10
    elif status is ProposalStatus.REJECTED:
        yes, no = no, yes
    return Tally(yes=yes, no=no, total=_TOTAL_VOTES, timestamp_seconds=at_seconds)


def blessed_measurements(blessing: Blessing) -> tuple[BlessedMeasurement, ...]:
    """The measurements of a proposal, from ``launch-measurements.json`` of a practice release or invented."""
    base = published_measurements(BASE_COMMIT)
    match blessing:
        case Blessing.BASE:
            return base
        case Blessing.BASE_AND_ONE:
            return (*base, replace(base[0], measurement=invented_measurement(0)))
        case Blessing.FOREIGN:
            return tuple(
                replace(one, measurement=invented_measurement(place)) for place, one in enumerate(base)
            )
        case Blessing.SWAPPED_LABELS:
            return with_labels_exchanged(base)
        case Blessing.UNLABELLED:
            return tuple(replace(one, kernel_cmdline=None, vcpu_type=None) for one in base)
        case Blessing.TWO_OF_SIX:
            return base[:2]
        case Blessing.OTHER_RELEASE:
            return published_measurements(OTHER_COMMIT)
        case Blessing.SIXTEEN_VCPUS:
            return read_measurements(SIXTEEN_VCPUS_FILE)
        case Blessing.NONE:
            return ()
