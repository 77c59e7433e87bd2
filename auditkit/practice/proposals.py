"""The proposals of the practice network, as its governance canister knows them."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from hashlib import sha256, shake_256
from pathlib import Path
from typing import Final

from auditkit.ic.governance import BlessAlternativeGuestOsVersion, BlessedMeasurement, ProposalStatus
from auditkit.practice.governance_canister import PracticeProposal, encode_proposal_info
from auditkit.practice.release import MEASUREMENTS_NAME, release_folder
from auditkit.practice.scenarios import BASE_COMMIT, OTHER_COMMIT, Blessing, Scenario, scenario_of_proposal

DATA: Final = Path(__file__).parent / "data"
"""Files that travel with the package: two releases as a release server has them, and measurements."""
SIXTEEN_VCPUS_FILE: Final = DATA / "base-16-vcpus.json"
_PROPOSED_SECONDS: Final = 1_790_000_000  # September 2026
_DAY: Final = 86_400


def proposal_reply(proposal_id: int, now_seconds: int) -> bytes:
    """What the practice governance canister replies to ``get_proposal_info``: Candid ``(opt ProposalInfo)``.

    Args:
        proposal_id: any number; an unknown one gets an honest "no such proposal".
        now_seconds: seconds since 1970; an open proposal was made a day before.
    """
    scenario = scenario_of_proposal(proposal_id)
    if scenario is None or scenario.status is None:
        return encode_proposal_info(None)
    return encode_proposal_info(_proposal(scenario, now_seconds))


def _proposal(scenario: Scenario, now_seconds: int) -> PracticeProposal:
    is_open = scenario.status is ProposalStatus.OPEN
    bless = None
    if scenario.blessing is not Blessing.NONE:
        bless = BlessAlternativeGuestOsVersion(
            chip_ids=tuple(
                shake_256(b"auditkit practice chip %d" % chip).digest(scenario.chip_id_bytes)
                for chip in (1, 2)
            ),
            rootfs_hash=sha256(b"auditkit practice recovery root file system").hexdigest(),
            base_guest_launch_measurements=blessed_measurements(scenario.blessing),
        )
    return PracticeProposal(
        id=scenario.proposal_id,
        title="Bless a recovery GuestOS" if bless else "Motion: recover nodes",
        status=scenario.status or ProposalStatus.UNSPECIFIED,
        proposed_seconds=now_seconds // _DAY * _DAY - _DAY if is_open else _PROPOSED_SECONDS,
        bless=bless,
        older_interface=scenario.older_interface,
    )


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
