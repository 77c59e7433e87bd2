"""The proposals of the practice network, as its governance canister knows them."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from hashlib import sha256, shake_256
from pathlib import Path
from typing import Final

from auditkit.evidence import MEASUREMENTS_NAME
from auditkit.ic import (
    BLESS_ACTION,
    BlessAlternativeGuestOsVersion,
    BlessedMeasurement,
    Proposal,
    ProposalInfo,
    ProposalStatus,
    Tally,
)
from auditkit.practice.nns.governance_reply import encode_proposal_reply
from auditkit.practice.release.published import DATA, release_folder
from auditkit.practice.scenarios import BASE_COMMIT, OTHER_COMMIT, Blessing, Scenario, scenario_of_proposal

SIXTEEN_VCPUS_FILE: Final = DATA / "base-16-vcpus.json"
_PROPOSED_SECONDS: Final = 1_790_000_000  # September 2026
_DAY: Final = 86_400
_VOTING_SECONDS: Final = 4 * _DAY
_TOTAL_VOTES: Final = 50_000_000_000_000_000  # e8s
_REJECT_COST_E8S: Final = 2_500_000_000
_PROPOSER: Final = 2_649_066_124_191_664_356
_GOVERNANCE_TOPIC, _NODE_ADMIN_TOPIC = 4, 5


def proposal_reply(proposal_id: int, now_seconds: int) -> bytes:
    """What the practice governance canister replies to ``get_proposal_info``: Candid ``(opt ProposalInfo)``.

    Args:
        proposal_id: any number; an unknown one gets an honest "no such proposal".
        now_seconds: seconds since 1970; an open proposal was made a day before.
    """
    scenario = scenario_of_proposal(proposal_id)
    if scenario is None or scenario.status is None:
        return encode_proposal_reply(None)
    info = _proposal_info(scenario, scenario.status, now_seconds)
    return encode_proposal_reply(info, generation="2026-03" if scenario.older_interface else "2026-07")


def _proposal_info(scenario: Scenario, status: ProposalStatus, now_seconds: int) -> ProposalInfo:
    is_open = status is ProposalStatus.OPEN
    begin = now_seconds // _DAY * _DAY - _DAY if is_open else _PROPOSED_SECONDS
    end = begin + _VOTING_SECONDS
    proposal = _proposal(scenario)
    return ProposalInfo(
        id=scenario.proposal_id,
        status_number=status,
        topic=_NODE_ADMIN_TOPIC if proposal.bless else _GOVERNANCE_TOPIC,
        proposer=_PROPOSER,
        proposal=proposal,
        latest_tally=_tally(status, begin if is_open else end),
        proposal_timestamp_seconds=begin,
        deadline_timestamp_seconds=end,
        decided_timestamp_seconds=0 if is_open else end,
        executed_timestamp_seconds=end if status is ProposalStatus.EXECUTED else 0,
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
    summary = "A proposal of the **practice network** of auditkit. It decides nothing."
    return Proposal("Bless a recovery GuestOS", "", summary, BLESS_ACTION, bless)


def _rootfs_hash(scenario: Scenario) -> str:
    """The root of the other release where there is a recovery image, which is made with it; else an invented one."""
    if scenario.recovered is None:
        return sha256(b"auditkit practice recovery root file system").hexdigest()
    line = _published(OTHER_COMMIT)[0].kernel_cmdline or ""
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
    base = _published(BASE_COMMIT)
    match blessing:
        case Blessing.BASE:
            return base
        case Blessing.BASE_AND_ONE:
            return (*base, replace(base[0], measurement=_invented(0)))
        case Blessing.FOREIGN:
            return tuple(replace(one, measurement=_invented(place)) for place, one in enumerate(base))
        case Blessing.SWAPPED_LABELS:
            return tuple(
                replace(one, kernel_cmdline=base[place ^ 1].kernel_cmdline) for place, one in enumerate(base)
            )
        case Blessing.UNLABELLED:
            return tuple(replace(one, kernel_cmdline=None, vcpu_type=None) for one in base)
        case Blessing.TWO_OF_SIX:
            return base[:2]
        case Blessing.OTHER_RELEASE:
            return _published(OTHER_COMMIT)
        case Blessing.SIXTEEN_VCPUS:
            return _read(SIXTEEN_VCPUS_FILE)
        case Blessing.NONE:
            return ()


def _published(commit: str) -> tuple[BlessedMeasurement, ...]:
    return _read(DATA / release_folder(commit) / MEASUREMENTS_NAME)


@cache
def _read(path: Path) -> tuple[BlessedMeasurement, ...]:
    return tuple(
        BlessedMeasurement(
            bytes(entry["measurement"]), entry["metadata"]["kernel_cmdline"], entry["metadata"]["vcpu_type"]
        )
        for entry in json.loads(path.read_bytes())["guest_launch_measurements"]
    )


def _invented(number: int) -> bytes:
    return shake_256(b"auditkit practice measurement %d" % number).digest(48)
