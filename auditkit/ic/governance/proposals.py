"""A proposal of the NNS, what it does, and what became of it.

Source: dfinity/ic, rs/nns/governance/canister/governance.did (``ProposalInfo``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

GET_PROPOSAL_INFO: Final = "get_proposal_info"

BLESS_ACTION: Final = "BlessAlternativeGuestOsVersion"
EXECUTE_ACTION: Final = "ExecuteNnsFunction"
ACTIONS: Final = (
    "RegisterKnownNeuron",
    "FulfillSubnetRentalRequest",
    "ManageNeuron",
    "UpdateCanisterSettings",
    "InstallCode",
    "StopOrStartCanister",
    "CreateServiceNervousSystem",
    EXECUTE_ACTION,
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
class ExecuteNnsFunction:
    """The action: call a method of an NNS canister with an argument.

    Attributes:
        nns_function: which method, as governance numbers them.
        payload: the argument; empty where a list of proposals leaves it out.
    """

    nns_function: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Proposal:
    """What was proposed.

    Attributes:
        title, url, summary: the proposer's own words; untrusted text.
        action: one of `ACTIONS`; ``unknown action #<hash>`` for a case newer than these; None when absent.
        bless: the action's content when it is `BLESS_ACTION`.
        execute: the action's content when it is `EXECUTE_ACTION`.
        self_described: how governance names the action to people, such as ``Revise Elected GuestOS Versions``; to be
            shown, never judged by.
    """

    title: str | None
    url: str
    summary: str
    action: str | None
    bless: BlessAlternativeGuestOsVersion | None
    execute: ExecuteNnsFunction | None = None
    self_described: str | None = None


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
