"""Reads what the governance canister says about a proposal.

Source: dfinity/ic, rs/nns/governance/canister/governance.did (``get_proposal_info : (nat64) -> (opt ProposalInfo)``).
Both generations of the interface are read, with and without ``success_value`` and ``vcpu_type``; fields this
module does not know are decoded and left aside.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from auditkit.errors import EvidenceError
from auditkit.ic import candid
from auditkit.ic.candid import Primitive, Typed, label_hash
from auditkit.ic.governance.proposals import (
    ACTIONS,
    BLESS_ACTION,
    EXECUTE_ACTION,
    BlessAlternativeGuestOsVersion,
    BlessedMeasurement,
    ExecuteNnsFunction,
    Proposal,
    ProposalInfo,
    Tally,
)
from auditkit.limits import LIMITS, Limits

_ACTION_NAMES: Final = MappingProxyType({label_hash(name): name for name in ACTIONS})


def decode_proposal_info(reply: bytes, *, limits: Limits = LIMITS) -> ProposalInfo | None:
    """Decodes the reply of ``get_proposal_info`` completely; None means that governance knows no such
    proposal.

    Raises:
        EvidenceError: not Candid, not one ``opt ProposalInfo``, or beyond a limit.
    """
    values = candid.decode(reply, limits=limits)
    if len(values) != 1:
        raise EvidenceError("the reply does not hold one value", expected="1", observed=str(len(values)))
    info = values[0].optional()
    return None if info is None else read_info(info)


def read_info(info: Typed) -> ProposalInfo:
    """Reads one ``ProposalInfo``.

    Raises:
        EvidenceError: a part is missing, or of another type.
    """
    proposal = info.field("proposal").optional()
    tally = info.field("latest_tally").optional()
    failure = info.field("failure_reason").optional()
    deadline = info.field("deadline_timestamp_seconds").optional()
    return ProposalInfo(
        id=_optional_id(info.field("id")),
        status_number=info.field("status").number(Primitive.INT32),
        topic=info.field("topic").number(Primitive.INT32),
        proposer=_optional_id(info.field("proposer")),
        proposal=None if proposal is None else _read_proposal(proposal),
        latest_tally=None if tally is None else _read_tally(tally),
        proposal_timestamp_seconds=_nat64(info, "proposal_timestamp_seconds"),
        deadline_timestamp_seconds=None if deadline is None else deadline.number(Primitive.NAT64),
        decided_timestamp_seconds=_nat64(info, "decided_timestamp_seconds"),
        executed_timestamp_seconds=_nat64(info, "executed_timestamp_seconds"),
        failed_timestamp_seconds=_nat64(info, "failed_timestamp_seconds"),
        reject_cost_e8s=_nat64(info, "reject_cost_e8s"),
        failure_reason=None if failure is None else failure.field("error_message").text(),
    )


def _nat64(record: Typed, name: str) -> int:
    return record.field(name).number(Primitive.NAT64)


def _optional_id(field: Typed) -> int | None:
    identifier = field.optional()
    return None if identifier is None else _nat64(identifier, "id")


def _optional_text(field: Typed) -> str | None:
    text = field.optional()
    return None if text is None else text.text()


def _read_tally(tally: Typed) -> Tally:
    return Tally(
        yes=_nat64(tally, "yes"),
        no=_nat64(tally, "no"),
        total=_nat64(tally, "total"),
        timestamp_seconds=_nat64(tally, "timestamp_seconds"),
    )


def _read_proposal(proposal: Typed) -> Proposal:
    action = proposal.field("action").optional()
    name: str | None = None
    bless: BlessAlternativeGuestOsVersion | None = None
    execute: ExecuteNnsFunction | None = None
    if action is not None:
        case, content = action.case()
        name = _ACTION_NAMES.get(case, f"unknown action #{case}")
        if name == BLESS_ACTION:
            bless = _read_bless(content)
        elif name == EXECUTE_ACTION:
            execute = ExecuteNnsFunction(
                nns_function=content.field("nns_function").number(Primitive.INT32),
                payload=content.field("payload").blob(),
            )
    return Proposal(
        title=_optional_text(proposal.field("title")),
        url=proposal.field("url").text(),
        summary=proposal.field("summary").text(),
        action=name,
        bless=bless,
        execute=execute,
        self_described=_self_described(proposal),
    )


def _self_described(proposal: Typed) -> str | None:
    """The name that governance gives the action; it decides nothing, so one of another type is none."""
    try:
        described = proposal.field("self_describing_action").optional()
        return None if described is None else _optional_text(described.field("type_name"))
    except EvidenceError:
        return None


def _read_bless(action: Typed) -> BlessAlternativeGuestOsVersion:
    chip_ids = action.field("chip_ids").optional()
    outer = action.field("base_guest_launch_measurements").optional()
    measurements = None if outer is None else outer.field("guest_launch_measurements").optional()
    return BlessAlternativeGuestOsVersion(
        chip_ids=() if chip_ids is None else tuple(chip_id.blob() for chip_id in chip_ids.elements()),
        rootfs_hash=_optional_text(action.field("rootfs_hash")) or "",
        base_guest_launch_measurements=(
            ()
            if measurements is None
            else tuple(_read_measurement(entry) for entry in measurements.elements())
        ),
    )


def _read_measurement(entry: Typed) -> BlessedMeasurement:
    measurement = entry.field("measurement").optional()
    metadata = entry.field("metadata").optional()
    return BlessedMeasurement(
        measurement=b"" if measurement is None else measurement.blob(),
        kernel_cmdline=None if metadata is None else _optional_text(metadata.field("kernel_cmdline")),
        vcpu_type=None if metadata is None else _optional_text(metadata.field("vcpu_type")),
    )
