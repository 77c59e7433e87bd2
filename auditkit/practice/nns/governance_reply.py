"""The replies of the practice governance canister: to ``get_proposal_info`` in both generations, and to lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, TypeAlias

from auditkit.ic import (
    BLESS_ACTION,
    BlessAlternativeGuestOsVersion,
    ExecuteNnsFunction,
    Proposal,
    ProposalInfo,
)
from auditkit.ic.candid import Primitive
from auditkit.practice.nns.candid_writer import (
    BLOB,
    OptType,
    RecordType,
    VariantType,
    VecType,
    WireType,
    encode,
    record,
)

Generation: TypeAlias = Literal["2026-03", "2026-07"]

_NAT64: Final = Primitive.NAT64
_INT32: Final = Primitive.INT32
_TEXT: Final = Primitive.TEXT
_ID: Final = record(id=_NAT64)
_BALLOTS: Final = VecType(RecordType(((0, _NAT64), (1, record(vote=_INT32, voting_power=_NAT64)))))
_ERROR: Final = record(error_message=_TEXT, error_type=_INT32)
_TALLY: Final = record(no=_NAT64, yes=_NAT64, total=_NAT64, timestamp_seconds=_NAT64)

# Governance's error type "External": an execution that failed outside the governance canister.
_EXTERNAL_ERROR: Final = 10


def encode_proposal_reply(info: ProposalInfo | None, *, generation: Generation = "2026-07") -> bytes:
    """The Candid reply ``(opt ProposalInfo)``.

    Args:
        info: the proposal; None for "there is no such proposal". Of the actions that are neither
            BlessAlternativeGuestOsVersion nor ExecuteNnsFunction only the name is kept: ``Motion`` gets its motion
            text, any other name becomes a case with an empty record, and ``unknown action #N`` the case with hash N.
        generation: ``2026-07`` has the fields ``vcpu_type``, ``success_value`` and
            ``self_describing_action``, ``2026-03`` has not.
    """
    newer = generation == "2026-07"
    if info is None:
        return encode(OptType(_info_type(newer, None)), None)
    return encode(OptType(_info_type(newer, info.proposal)), _info_value(info))


def encode_list_reply(infos: Sequence[ProposalInfo]) -> bytes:
    """The Candid reply ``(record {proposal_info : vec ProposalInfo})``, in the newer generation.

    Args:
        infos: the proposals; their actions are those that the practice network has.
    """
    value = {"proposal_info": [_info_value(info) for info in infos]}
    return encode(record(proposal_info=VecType(_info_type(True, None))), value)


def _bless_type(newer: bool) -> RecordType:
    metadata = record(kernel_cmdline=OptType(_TEXT), **({"vcpu_type": OptType(_TEXT)} if newer else {}))
    measurement = record(measurement=OptType(BLOB), metadata=OptType(metadata))
    return record(
        chip_ids=OptType(VecType(BLOB)),
        rootfs_hash=OptType(_TEXT),
        base_guest_launch_measurements=OptType(
            record(guest_launch_measurements=OptType(VecType(measurement)))
        ),
    )


def _action_type(newer: bool, action: str | None) -> VariantType:
    cases: dict[str | int, WireType] = {
        BLESS_ACTION: _bless_type(newer),
        "Motion": record(motion_text=_TEXT),
        "ExecuteNnsFunction": record(nns_function=_INT32, payload=BLOB),
    }
    if action is not None:
        cases.setdefault(_case(action), RecordType(()))
    return VariantType(tuple(cases.items()))


def _case(action: str) -> str | int:
    return int(action.rpartition("#")[2]) if action.startswith("unknown action #") else action


def _info_type(newer: bool, proposal: Proposal | None) -> RecordType:
    action = _action_type(newer, proposal.action if proposal is not None else None)
    self_describing = record(type_name=OptType(_TEXT), type_description=OptType(_TEXT))
    proposal_type = record(
        url=_TEXT,
        title=OptType(_TEXT),
        action=OptType(action),
        summary=_TEXT,
        **({"self_describing_action": OptType(self_describing)} if newer else {}),
    )
    return record(
        id=OptType(_ID),
        status=_INT32,
        topic=_INT32,
        failure_reason=OptType(_ERROR),
        ballots=_BALLOTS,
        proposal_timestamp_seconds=_NAT64,
        reward_event_round=_NAT64,
        deadline_timestamp_seconds=OptType(_NAT64),
        failed_timestamp_seconds=_NAT64,
        reject_cost_e8s=_NAT64,
        derived_proposal_information=OptType(RecordType(())),
        latest_tally=OptType(_TALLY),
        reward_status=_INT32,
        decided_timestamp_seconds=_NAT64,
        proposal=OptType(proposal_type),
        proposer=OptType(_ID),
        executed_timestamp_seconds=_NAT64,
        total_potential_voting_power=OptType(_NAT64),
        **(
            {"success_value": OptType(VariantType((("CreateCanisterAndInstallCode", RecordType(())),)))}
            if newer
            else {}
        ),
    )


def _info_value(info: ProposalInfo) -> dict[str, Any]:
    tally = info.latest_tally
    return {
        "id": None if info.id is None else {"id": info.id},
        "status": info.status_number,
        "topic": info.topic,
        "failure_reason": None
        if info.failure_reason is None
        else {"error_message": info.failure_reason, "error_type": _EXTERNAL_ERROR},
        "ballots": [],
        "proposal_timestamp_seconds": info.proposal_timestamp_seconds,
        "reward_event_round": 0,
        "deadline_timestamp_seconds": info.deadline_timestamp_seconds,
        "failed_timestamp_seconds": info.failed_timestamp_seconds,
        "reject_cost_e8s": info.reject_cost_e8s,
        "derived_proposal_information": None,
        "latest_tally": None
        if tally is None
        else {
            "no": tally.no,
            "yes": tally.yes,
            "total": tally.total,
            "timestamp_seconds": tally.timestamp_seconds,
        },
        "reward_status": 1,
        "decided_timestamp_seconds": info.decided_timestamp_seconds,
        "proposal": None if info.proposal is None else _proposal_value(info.proposal),
        "proposer": None if info.proposer is None else {"id": info.proposer},
        "executed_timestamp_seconds": info.executed_timestamp_seconds,
        "total_potential_voting_power": None if tally is None else tally.total,
        "success_value": None,
    }


def _proposal_value(proposal: Proposal) -> dict[str, Any]:
    action: tuple[str | int, Any] | None = None
    if proposal.bless is not None:
        action = (BLESS_ACTION, _bless_value(proposal.bless))
    elif proposal.action == "Motion":
        action = ("Motion", {"motion_text": proposal.summary})
    elif proposal.action == "ExecuteNnsFunction":
        executed = proposal.execute or ExecuteNnsFunction(0, b"")
        action = ("ExecuteNnsFunction", {"nns_function": executed.nns_function, "payload": executed.payload})
    elif proposal.action is not None:
        action = (_case(proposal.action), {})
    return {
        "url": proposal.url,
        "title": proposal.title,
        "action": action,
        "summary": proposal.summary,
        "self_describing_action": None
        if proposal.self_described is None
        else {"type_name": proposal.self_described, "type_description": None},
    }


def _bless_value(bless: BlessAlternativeGuestOsVersion) -> dict[str, Any]:
    measurements = [
        {
            "measurement": entry.measurement,
            "metadata": None
            if entry.kernel_cmdline is None and entry.vcpu_type is None
            else {"kernel_cmdline": entry.kernel_cmdline, "vcpu_type": entry.vcpu_type},
        }
        for entry in bless.base_guest_launch_measurements
    ]
    return {
        "chip_ids": list(bless.chip_ids),
        "rootfs_hash": bless.rootfs_hash,
        "base_guest_launch_measurements": {"guest_launch_measurements": measurements},
    }
