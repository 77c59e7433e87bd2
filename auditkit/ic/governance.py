"""What the governance canister says about a proposal.

Source: dfinity/ic, rs/nns/governance/canister/governance.did (``get_proposal_info : (nat64) -> (opt ProposalInfo)``).
Both generations of the interface are read, with and without ``success_value`` and ``vcpu_type``; fields this
module does not know are decoded and left aside.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from auditkit.errors import EvidenceError
from auditkit.ic import candid
from auditkit.ic.candid import Primitive, Typed, label_hash
from auditkit.limits import LIMITS, Limits

GET_PROPOSAL_INFO: Final = "get_proposal_info"

BLESS_ACTION: Final = "BlessAlternativeGuestOsVersion"
ACTIONS: Final = (
    "RegisterKnownNeuron",
    "FulfillSubnetRentalRequest",
    "ManageNeuron",
    "UpdateCanisterSettings",
    "InstallCode",
    "StopOrStartCanister",
    "CreateServiceNervousSystem",
    "ExecuteNnsFunction",
    "RewardNodeProvider",
    "OpenSnsTokenSwap",
    "SetSnsTokenSwapOpenTimeWindow",
    "SetDefaultFollowees",
    "RewardNodeProviders",
    "ManageNetworkEconomics",
    "ApproveGenesisKyc",
    "AddOrRemoveNodeProvider",
    "Motion",
    "DeregisterKnownNeuron",
    BLESS_ACTION,
    "TakeCanisterSnapshot",
    "LoadCanisterSnapshot",
    "CreateCanisterAndInstallCode",
)
_ACTION_NAMES: Final = MappingProxyType({label_hash(name): name for name in ACTIONS})


class ProposalStatus(IntEnum):
    """The states of a proposal, numbered as governance numbers them. An adopted one is ``ACCEPTED``."""

    UNSPECIFIED = 0
    OPEN = 1
    REJECTED = 2
    ACCEPTED = 3
    EXECUTED = 4
    FAILED = 5


@dataclass(frozen=True, slots=True)
class BlessedMeasurement:
    """A launch measurement that the proposal blesses, with what the proposal says about it.

    Attributes:
        measurement: 48 bytes in a proposal that governance accepted; empty when the field was absent.
        kernel_cmdline: the kernel command line it is said to be for; None says nothing, "" that it is empty.
        vcpu_type: the CPU type it is said to be for; None in the older interface.
    """

    measurement: bytes
    kernel_cmdline: str | None
    vcpu_type: str | None


@dataclass(frozen=True, slots=True)
class BlessAlternativeGuestOsVersion:
    """The action: these chips, when they measure one of these, may open a root file system with this hash.

    Attributes:
        chip_ids: 64 bytes each in a proposal that governance accepted; may hold duplicates; empty when
            absent.
        rootfs_hash: dm-verity root hash in hex, its length not enforced by governance; empty when absent.
        base_guest_launch_measurements: empty when absent.
    """

    chip_ids: tuple[bytes, ...]
    rootfs_hash: str
    base_guest_launch_measurements: tuple[BlessedMeasurement, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What was proposed.

    Attributes:
        title, url, summary: the proposer's own words; untrusted text.
        action: one of `ACTIONS`; ``unknown action #<hash>`` for a case newer than these; None when absent.
        bless: the action's content when it is `BLESS_ACTION`.
    """

    title: str | None
    url: str
    summary: str
    action: str | None
    bless: BlessAlternativeGuestOsVersion | None


@dataclass(frozen=True, slots=True)
class Tally:
    """Voting power for and against, in e8s, at a time in seconds since 1970."""

    yes: int
    no: int
    total: int
    timestamp_seconds: int

    def __str__(self) -> str:
        share = f" ({self.yes / self.total:.2%} of the voting power in favour)" if self.total else ""
        return f"yes {self.yes}, no {self.no}, total {self.total}{share}"


@dataclass(frozen=True, slots=True)
class ProposalInfo:
    """A proposal and what became of it. Times are seconds since 1970; 0 means "not yet".

    Attributes:
        id: the proposal's number; None when absent.
        status_number: as governance sent it; may be newer than `ProposalStatus`.
        deadline_timestamp_seconds: end of voting, None when absent.
        failure_reason: governance's message when execution failed.
        proposer: neuron id; None when absent.
    """

    id: int | None
    status_number: int
    topic: int
    proposer: int | None
    proposal: Proposal | None
    latest_tally: Tally | None
    proposal_timestamp_seconds: int
    deadline_timestamp_seconds: int | None
    decided_timestamp_seconds: int
    executed_timestamp_seconds: int
    failed_timestamp_seconds: int
    reject_cost_e8s: int
    failure_reason: str | None

    @property
    def status(self) -> ProposalStatus | None:
        """The status, or None for a number this version does not know."""
        try:
            return ProposalStatus(self.status_number)
        except ValueError:
            return None

    @property
    def status_name(self) -> str:
        """The status in a word, such as ``Open``."""
        return (
            self.status.name.capitalize()
            if self.status is not None
            else f"unknown status {self.status_number}"
        )


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
    return None if info is None else _read_info(info)


def _read_info(info: Typed) -> ProposalInfo:
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
    if action is not None:
        case, content = action.case()
        name = _ACTION_NAMES.get(case, f"unknown action #{case}")
        if name == BLESS_ACTION:
            bless = _read_bless(content)
    return Proposal(
        title=_optional_text(proposal.field("title")),
        url=proposal.field("url").text(),
        summary=proposal.field("summary").text(),
        action=name,
        bless=bless,
    )


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
