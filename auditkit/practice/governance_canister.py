"""What the practice governance canister answers to ``get_proposal_info``.

Source: dfinity/ic ``rs/nns/governance/canister/governance.did``. Only some cases of ``Action`` and of
``SuccessfulProposalExecutionValue`` are in the types that this canister writes: a reader of Candid takes a
variant with fewer cases than it knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from auditkit.ic.candid import Primitive
from auditkit.ic.governance import BLESS_ACTION, BlessAlternativeGuestOsVersion, ProposalStatus
from auditkit.practice.candid_writer import (
    BLOB,
    OptType,
    RecordType,
    VariantType,
    VecType,
    WireType,
    encode,
    record,
)

PROPOSER: Final = 2_649_066_124_191_664_356
_NAT64, _INT32, _TEXT = Primitive.NAT64, Primitive.INT32, Primitive.TEXT
_NODE_ADMIN_TOPIC: Final = 5
_GOVERNANCE_TOPIC: Final = 4
_VOTING_SECONDS: Final = 4 * 86_400
_TOTAL_VOTES: Final = 50_000_000_000_000_000
_REJECT_COST_E8S: Final = 2_500_000_000
_ACCEPTED_STATES: Final = (ProposalStatus.ACCEPTED, ProposalStatus.EXECUTED, ProposalStatus.FAILED)

_ID: Final = record(id=_NAT64)
_TALLY: Final = record(no=_NAT64, yes=_NAT64, total=_NAT64, timestamp_seconds=_NAT64)


@dataclass(frozen=True, slots=True)
class PracticeProposal:
    """A proposal of the practice network.

    Attributes:
        id: its number.
        title: the proposer's title.
        status: where it is in its life.
        proposed_seconds: seconds since 1970.
        bless: content of its action; None makes it a motion.
        older_interface: answer as governance did before ``vcpu_type`` and ``success_value`` were there.
    """

    id: int
    title: str
    status: ProposalStatus
    proposed_seconds: int
    bless: BlessAlternativeGuestOsVersion | None
    older_interface: bool = False


def encode_proposal_info(proposal: PracticeProposal | None) -> bytes:
    """The reply of ``get_proposal_info``: Candid ``(opt ProposalInfo)``; None for "no such proposal"."""
    older = proposal is not None and proposal.older_interface
    return encode(OptType(_proposal_info(older=older)), None if proposal is None else _told(proposal))


def _proposal_info(*, older: bool) -> RecordType:
    metadata: list[tuple[str | int, WireType]] = [("kernel_cmdline", OptType(_TEXT))]
    fields: list[tuple[str | int, WireType]] = [
        ("id", OptType(_ID)),
        ("status", _INT32),
        ("topic", _INT32),
        ("failure_reason", OptType(record(error_message=_TEXT, error_type=_INT32))),
        ("ballots", VecType(RecordType(((0, _NAT64), (1, record(vote=_INT32, voting_power=_NAT64)))))),
        ("proposal_timestamp_seconds", _NAT64),
        ("reward_event_round", _NAT64),
        ("deadline_timestamp_seconds", OptType(_NAT64)),
        ("failed_timestamp_seconds", _NAT64),
        ("reject_cost_e8s", _NAT64),
        ("derived_proposal_information", OptType(record())),
        ("latest_tally", OptType(_TALLY)),
        ("reward_status", _INT32),
        ("decided_timestamp_seconds", _NAT64),
        ("proposer", OptType(_ID)),
        ("executed_timestamp_seconds", _NAT64),
        ("total_potential_voting_power", OptType(_NAT64)),
    ]
    if not older:
        metadata.append(("vcpu_type", OptType(_TEXT)))
        created = record(canister_id=OptType(Primitive.PRINCIPAL))
        fields.append(("success_value", OptType(VariantType((("CreateCanisterAndInstallCode", created),)))))
    measurement = record(measurement=OptType(BLOB), metadata=OptType(RecordType(tuple(metadata))))
    bless = record(
        chip_ids=OptType(VecType(BLOB)),
        rootfs_hash=OptType(_TEXT),
        base_guest_launch_measurements=OptType(
            record(guest_launch_measurements=OptType(VecType(measurement)))
        ),
    )
    action = VariantType(
        (
            ("Motion", record(motion_text=_TEXT)),
            ("ExecuteNnsFunction", record(nns_function=_INT32, payload=BLOB)),
            (BLESS_ACTION, bless),
        )
    )
    proposed = record(
        url=_TEXT,
        title=OptType(_TEXT),
        action=OptType(action),
        summary=_TEXT,
        self_describing_action=OptType(record()),
    )
    return RecordType((*fields, ("proposal", OptType(proposed))))


def _told(proposal: PracticeProposal) -> dict[str, Any]:
    status, begin = proposal.status, proposal.proposed_seconds
    end = begin + _VOTING_SECONDS
    decided = 0 if status is ProposalStatus.OPEN else end
    if proposal.bless is None:
        action: tuple[str, Any] = ("Motion", {"motion_text": "Let nodes be recovered by practice."})
    else:
        action = (BLESS_ACTION, _told_bless(proposal.bless, older=proposal.older_interface))
    told: dict[str, Any] = {
        "id": {"id": proposal.id},
        "status": int(status),
        "topic": _GOVERNANCE_TOPIC if proposal.bless is None else _NODE_ADMIN_TOPIC,
        "failure_reason": None,
        "ballots": [],
        "proposal_timestamp_seconds": begin,
        "reward_event_round": 0,
        "deadline_timestamp_seconds": end,
        "failed_timestamp_seconds": 0,
        "reject_cost_e8s": _REJECT_COST_E8S,
        "derived_proposal_information": None,
        "latest_tally": _tally(status, decided or begin),
        "reward_status": 1,
        "decided_timestamp_seconds": decided,
        "proposer": {"id": PROPOSER},
        "executed_timestamp_seconds": decided if status is ProposalStatus.EXECUTED else 0,
        "total_potential_voting_power": _TOTAL_VOTES,
        "proposal": {
            "url": "",
            "title": proposal.title,
            "action": action,
            "summary": "A proposal of the **practice network** of auditkit. It decides nothing.",
            "self_describing_action": None,
        },
    }
    return told if proposal.older_interface else told | {"success_value": None}


def _tally(status: ProposalStatus, at: int) -> dict[str, int]:
    yes, no = (_TOTAL_VOTES // 5 * 4, 0) if status in _ACCEPTED_STATES else (0, _TOTAL_VOTES // 5 * 3)
    if status is ProposalStatus.OPEN:
        yes, no = _TOTAL_VOTES // 10, _TOTAL_VOTES // 100
    return {"yes": yes, "no": no, "total": _TOTAL_VOTES, "timestamp_seconds": at}


def _told_bless(bless: BlessAlternativeGuestOsVersion, *, older: bool) -> dict[str, Any]:
    measurements = []
    for blessed in bless.base_guest_launch_measurements:
        metadata = {"kernel_cmdline": blessed.kernel_cmdline}
        if not older:
            metadata["vcpu_type"] = blessed.vcpu_type
        unlabelled = blessed.kernel_cmdline is None and blessed.vcpu_type is None
        measurements.append(
            {"measurement": blessed.measurement, "metadata": None if unlabelled else metadata}
        )
    return {
        "chip_ids": bless.chip_ids,
        "rootfs_hash": bless.rootfs_hash,
        "base_guest_launch_measurements": {"guest_launch_measurements": measurements},
    }
