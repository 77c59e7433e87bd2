"""What a kept answer about a proposal says, once checks 1 to 13 hold: an election, none, or what cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from auditkit.decision import Outcome
from auditkit.errors import EvidenceError
from auditkit.ic import (
    ACTIONS,
    NNS_FUNCTION_REVISE_ELECTED,
    ElectionPayload,
    ProposalInfo,
    ProposalStatus,
    decode_election,
    verify_election,
)

FINAL: Final = frozenset({ProposalStatus.REJECTED, ProposalStatus.EXECUTED, ProposalStatus.FAILED})
"""The states that a proposal never leaves."""

_ROOT_HASH: Final = "root_hash="


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """An election of which every byte is certified: its certificate was verified with its request (checks 1 to 13).

    Attributes:
        proposal_id: its number.
        certificate: the bare certificate.
        request: the envelope of the call that it answers.
        election: what the proposal elects.
        status: where the proposal stood when the answer was signed; None for a state that this version does not know.
        executed_seconds: when it was executed, seconds since 1970; None when it was not.
    """

    proposal_id: int
    certificate: bytes
    request: bytes
    election: ElectionPayload
    status: ProposalStatus | None
    executed_seconds: int | None

    @property
    def root_hashes(self) -> frozenset[str]:
        """The root hashes that the command lines beside its measurements name, in lower case."""
        lines = (one.kernel_cmdline or "" for one in self.election.measurements or ())
        return frozenset(
            word.removeprefix(_ROOT_HASH).lower()
            for line in lines
            for word in line.split()
            if word.startswith(_ROOT_HASH)
        )


class Kind(StrEnum):
    """What a proposal is for a catalogue."""

    ELECTION = "election"
    NO_ELECTION = "no election"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class KeptProposal:
    """A verified answer about a proposal.

    Attributes:
        kind: whether it elects a version; unknown when it might, in a form that this version cannot read.
        info: the proposal.
        time_ns: when the answer was signed, nanoseconds since 1970.
        request_id: the 32-byte id of the call.
        entry: the election, for that kind alone.
        what: what it is instead, in words; empty for an election.
    """

    kind: Kind
    info: ProposalInfo
    time_ns: int
    request_id: bytes
    entry: CatalogueEntry | None
    what: str

    @property
    def is_final(self) -> bool:
        """Whether asking again would tell nothing new about elections."""
        return self.kind is not Kind.ELECTION or self.info.status in FINAL


def read_proposal(certificate: bytes, request: bytes, proposal_id: int, root_key: bytes) -> KeptProposal:
    """The proposal in a certificate, once checks 1 to 13 hold.

    Args:
        certificate: the certificate.
        request: the envelope of the call.
        proposal_id: which proposal it has to be.
        root_key: DER, 133 bytes.

    Raises:
        EvidenceError: one of the checks failed.
        ParameterError: ``root_key`` is not a key.
    """
    verified = verify_election(
        certificate, root_key=root_key, proposal_id=proposal_id, stage="vote", request=request
    )
    info = verified.proposal
    if info is None or verified.time_ns is None or verified.request_id is None:
        failed = next(decision for decision in verified.decisions if decision.outcome is Outcome.FAIL)
        raise EvidenceError(
            failed.reason.removesuffix("."),
            where=failed.id,
            expected=failed.expected,
            observed=failed.observed,
        )
    entry = None
    if verified.election is not None:
        executed = info.status is ProposalStatus.EXECUTED
        entry = CatalogueEntry(
            proposal_id=proposal_id,
            certificate=certificate,
            request=request,
            election=verified.election,
            status=info.status,
            executed_seconds=info.executed_timestamp_seconds if executed else None,
        )
    kind, what = (Kind.ELECTION, "") if entry is not None else _instead(info)
    return KeptProposal(kind, info, verified.time_ns, verified.request_id, entry, what)


def _instead(info: ProposalInfo) -> tuple[Kind, str]:
    """What a proposal is that elects no version which could be read."""
    proposal = info.proposal
    if proposal is None or proposal.action not in ACTIONS:
        return Kind.UNKNOWN, "it does something that this version does not know"
    if proposal.execute is None:
        return Kind.NO_ELECTION, f"its action is {proposal.action}"
    if proposal.execute.nns_function != NNS_FUNCTION_REVISE_ELECTED:
        return Kind.NO_ELECTION, f"it calls function {proposal.execute.nns_function} of the NNS"
    try:
        decode_election(proposal.execute.payload)
    except EvidenceError as error:
        return Kind.UNKNOWN, f"what it elects is in a form that this version does not know: {error}"
    return Kind.NO_ELECTION, "it only ends elections"
